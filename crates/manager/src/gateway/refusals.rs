//! The words in which a request is refused that no instance answered.

use std::fmt::Write as _;

use http::{HeaderValue, StatusCode, header};
use peegeeq_domain::federation::PhysicalHost;
use peegeeq_domain::routing::ask::AskFault;
use peegeeq_domain::routing::retry::Failure;
use peegeeq_domain::routing::table::{Excluded, Group, Unknown};
use serde_json::{Value, json};

use super::picture::Picture;
use crate::server::Refusal;

/// The most instances that are named in one answer.
const NAMED_MAX: usize = 50;

/// A refusal.
pub(super) type Refused = Box<Refusal>;

pub(super) fn fault(fault: AskFault) -> Refused {
    Refusal::new(StatusCode::BAD_REQUEST, fault.to_string())
}

pub(super) fn bad_request(message: impl Into<String>) -> Refused {
    Refusal::new(StatusCode::BAD_REQUEST, message)
}

pub(super) fn no_such_instance(instance: &str) -> Refused {
    Refusal::new(StatusCode::NOT_FOUND, format!("instance '{instance}' is not registered, or not in the chosen environment and region"))
        .with("instanceId", instance)
}

pub(super) fn no_body_setup() -> Refused {
    bad_request("the body must be a JSON object of at most 1 MB with the setup under 'setup' or 'setupId'")
}

/// Nobody has the setup: 404 if all were asked, else 503.
pub(super) fn unknown(setup: Option<&str>, unknown: &Unknown) -> Refused {
    let asked: Vec<&str> = unknown.asked.iter().map(|id| id.as_str()).take(NAMED_MAX).collect();
    let not_asked: Vec<&str> = unknown.not_asked_yet.iter().map(|id| id.as_str()).take(NAMED_MAX).collect();
    let Some(setup) = setup else {
        return unavailable("no instance is registered that could serve this request".to_owned()).with("candidates", json!([]));
    };
    let (status, message) = match (asked.is_empty(), not_asked.is_empty()) {
        (true, true) => (StatusCode::NOT_FOUND, format!("setup '{setup}' is not known: there is no instance to ask")),
        (_, true) => (StatusCode::NOT_FOUND, format!("setup '{setup}' is not known: asked {}", asked.join(", "))),
        (_, false) => {
            let message = format!("setup '{setup}' is not known to those that were asked; {} did not say yet", not_asked.join(", "));
            (StatusCode::SERVICE_UNAVAILABLE, message)
        }
    };
    let refusal = Refusal::new(status, message).with("setupId", setup).with("asked", asked).with("notAsked", not_asked);
    if status == StatusCode::SERVICE_UNAVAILABLE { retry_soon(refusal) } else { refusal }
}

/// Several databases under one id.
pub(super) fn conflict(setup: &str, groups: &[Group], picture: &Picture) -> Refused {
    let mut candidates = Vec::new();
    for group in groups {
        let database = group.database.as_ref().map(|database| {
            json!({
                "host": host(&database.host), "port": database.port,
                "database": &*database.database, "schema": &*database.schema,
            })
        });
        let members = group.seats().map(|seat| seat.index).chain(group.excluded.iter().map(|excluded| excluded.index));
        for candidate in members.filter_map(|index| picture.table.candidate(index)) {
            candidates.push(json!({
                "instanceId": candidate.id.as_str(), "environment": &*candidate.environment, "region": &*candidate.region,
                "database": database,
            }));
        }
    }
    candidates.truncate(NAMED_MAX);
    let message = format!(
        "setup '{setup}' means several databases: choose with the header X-PeeGeeQ-Instance, X-PeeGeeQ-Environment or X-PeeGeeQ-Region"
    );
    Refusal::new(StatusCode::CONFLICT, message).with("setupId", setup).with("candidates", candidates)
}

fn host(host: &PhysicalHost) -> String {
    match host {
        PhysicalHost::Named(name) => name.clone(),
        PhysicalHost::BesideInstance { instance_host, socket: None } => format!("localhost of {instance_host}"),
        PhysicalHost::BesideInstance { instance_host, socket: Some(socket) } => format!("{socket} on {instance_host}"),
    }
}

/// Somebody has it, and nobody can be sent to.
pub(super) fn nobody(setup: Option<&str>, group: &Group, picture: &Picture) -> Refused {
    let mut message = match setup {
        Some(setup) => format!("setup '{setup}' cannot be reached"),
        None => "no instance can serve this request".to_owned(),
    };
    let mut reasons = Vec::new();
    for Excluded { index, why } in group.excluded.iter().take(NAMED_MAX) {
        let Some(candidate) = picture.table.candidate(*index) else { continue };
        let separator = if reasons.is_empty() { ": " } else { "; " };
        // Writing to a string cannot fail.
        let _ = write!(message, "{separator}{}: {why}", candidate.id.as_str());
        reasons.push(json!({ "instanceId": candidate.id.as_str(), "reason": why.word(), "message": why.to_string() }));
    }
    let refusal = unavailable(message).with("candidates", reasons);
    match setup {
        Some(setup) => refusal.with("setupId", setup),
        None => refusal,
    }
}

/// All attempts failed. `attempts` are instances and what happened there.
pub(super) fn failed(failure: Failure, attempts: &[(String, String)]) -> Refused {
    let told: Vec<String> = attempts.iter().map(|(instance, what)| format!("{instance}: {what}")).collect();
    let status = StatusCode::from_u16(failure.status).unwrap_or(StatusCode::BAD_GATEWAY);
    let rows: Vec<Value> = attempts.iter().map(|(instance, what)| json!({ "instanceId": instance, "message": what })).collect();
    let mut refusal = Refusal::new(status, format!("{}; {}", told.join("; "), failure.cause)).with("attempts", rows);
    if failure.outcome_unknown {
        refusal.fields.insert("outcome".to_owned(), "unknown".into());
    } else if status == StatusCode::SERVICE_UNAVAILABLE {
        refusal = retry_soon(refusal);
    }
    refusal
}

fn unavailable(message: String) -> Refused {
    retry_soon(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, message))
}

fn retry_soon(refusal: Refused) -> Refused {
    refusal.header(header::RETRY_AFTER, HeaderValue::from_static("1"))
}
