//! What instances say about their setups, as it comes over the wire.
//!
//! Owns the reading of three answers, lenient in everything that is not needed. Does not own what follows from them.

use std::sync::Arc;

use serde_json::Value;

use super::words::{says_well, words};
use crate::net::Answer;
use crate::observations::{Database, SetupHealth};

/// The most components that a reason names.
const COMPONENTS_TOLD_MAX: usize = 5;

/// The most characters of one component's message.
const MESSAGE_CHARACTERS_MAX: usize = 160;

/// The most characters of one component's name.
const COMPONENT_NAME_MAX: usize = 64;

/// The most characters of a whole reason.
const REASON_CHARACTERS_MAX: usize = 512;

/// The most queue names kept of one setup.
const QUEUES_MAX: usize = 1_000;

/// The most bytes of a setup's id.
const SETUP_ID_MAX: usize = 256;

/// The answer to the question for all setups.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SetupList {
    /// These, sorted.
    Ids(Vec<Arc<str>>),
    /// The instance has no such endpoint.
    NotOffered,
    /// It has, and something is wrong.
    Failed(String),
}

/// Where a setup's data lives and which queues it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Details {
    pub(super) database: Option<Database>,
    pub(super) queues: Vec<Arc<str>>,
}

/// Reads `{"count":…,"setupIds":[…]}`.
pub(super) fn list(answer: &Answer) -> SetupList {
    match (answer.status, json(answer)) {
        (404 | 405 | 501, _) | (200..300, None) if !answer.cut => SetupList::NotOffered,
        (200..300, Some(body)) => match body.get("setupIds").and_then(Value::as_array) {
            Some(ids) => SetupList::Ids(names(ids.iter())),
            None => SetupList::NotOffered,
        },
        (status, _) => SetupList::Failed(format!("list of setups not available: {}", fault(answer, status))),
    }
}

/// Reads the health of one setup: 200 or 503 with `healthy`, `status` and `components`.
pub(super) fn health(answer: &Answer) -> SetupHealth {
    if answer.status < 300 && words(&answer.body).is_some_and(|words| words.is_well() == Some(true)) {
        return SetupHealth::Up;
    }
    let says = json(answer).and_then(|body| Some((well(&body)?, body)));
    match says {
        Some((true, _)) if answer.status < 300 => SetupHealth::Up,
        Some((false, body)) => SetupHealth::Down { reason: reason(&body) },
        // Releases without the question do not even answer in JSON.
        None if matches!(answer.status, 405 | 501) || answer.status == 404 && json(answer).is_none() => SetupHealth::NotAsked,
        Some((true, _)) | None => SetupHealth::Unknown { reason: fault(answer, answer.status) },
    }
}

/// Reads where one setup's data lives.
pub(super) fn details(answer: &Answer) -> Option<Details> {
    let body = json(answer).filter(|_| (200..300).contains(&answer.status))?;
    let text = |field: &str| Some(body.get(field)?.as_str()?.chars().take(SETUP_ID_MAX).collect::<String>());
    let database = || {
        let port = u16::try_from(body.get("port")?.as_u64()?).ok()?;
        Some(Database { host: text("host")?, port, name: text("databaseName")?, schema: text("schema")? })
    };
    let queues = body.get("queueFactories").and_then(Value::as_array);
    let mut queues = queues.map(|queues| names(queues.iter())).unwrap_or_default();
    queues.truncate(QUEUES_MAX);
    Some(Details { database: database(), queues })
}

fn json(answer: &Answer) -> Option<Value> {
    serde_json::from_slice::<Value>(&answer.body).ok().filter(Value::is_object)
}

fn well(body: &Value) -> Option<bool> {
    let said = body.get("healthy").and_then(Value::as_bool);
    said.or_else(|| body.get("status").and_then(Value::as_str).map(says_well))
}

/// Texts, sorted and each once. Ids that cannot stand as one segment of a path are left out.
fn names<'a>(values: impl Iterator<Item = &'a Value>) -> Vec<Arc<str>> {
    let usable = |text: &&str| !text.is_empty() && text.len() <= SETUP_ID_MAX && !matches!(*text, "." | "..");
    let mut names: Vec<Arc<str>> = values.filter_map(Value::as_str).filter(usable).map(Arc::from).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// `component: message` of the worst components, joined.
fn reason(body: &Value) -> String {
    let Some(components) = body.get("components").and_then(Value::as_object) else {
        return "it says that it is not healthy".into();
    };
    let state = |component: &Value| component.get("state").and_then(Value::as_str).map(str::to_owned).unwrap_or_default();
    let mut bad: Vec<_> = components.iter().filter(|(_, component)| !says_well(&state(component))).collect();
    bad.sort_by_key(|(name, component)| (state(component) != "UNHEALTHY", name.as_str() != "database", name.as_str()));
    let told = bad.iter().take(COMPONENTS_TOLD_MAX).map(|(name, component)| {
        let message = component.get("message").and_then(Value::as_str).map_or_else(|| state(component), str::to_owned);
        let message: String = message.chars().take(MESSAGE_CHARACTERS_MAX).collect();
        let name: String = name.chars().take(COMPONENT_NAME_MAX).collect();
        format!("{name}: {message}")
    });
    match bad.len() {
        0 => "it says that it is not healthy".into(),
        _ => told.collect::<Vec<_>>().join("; ").chars().take(REASON_CHARACTERS_MAX).collect(),
    }
}

fn fault(answer: &Answer, status: u16) -> String {
    match answer.cut {
        true => format!("answer with HTTP status {status} is too large"),
        false if (200..300).contains(&status) => "the answer is not the expected JSON".into(),
        false => format!("HTTP status {status}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status, headers: http::HeaderMap::new(), body: body.to_owned().into(), cut: false }
    }

    #[test]
    fn lists_of_setups_as_instances_send_them() {
        let ids = |names: &[&str]| SetupList::Ids(names.iter().map(|name| Arc::from(*name)).collect());
        assert_eq!(list(&answer(200, r#"{"count":2,"setupIds":["b","a","b","..",7]}"#)), ids(&["a", "b"]));
        assert_eq!(list(&answer(200, r#"{"count":0,"setupIds":[]}"#)), ids(&[]));
        for (status, body) in [(404, ""), (405, "{}"), (200, "<html>"), (200, "[]"), (200, "{}")] {
            assert_eq!(list(&answer(status, body)), SetupList::NotOffered, "{status} {body}");
        }
        assert!(matches!(list(&answer(500, "{}")), SetupList::Failed(_)));
        assert!(matches!(list(&Answer { cut: true, ..answer(200, "") }), SetupList::Failed(_)));
    }

    #[test]
    fn health_of_a_setup_as_instances_send_it() {
        assert_eq!(health(&answer(200, r#"{"healthy":true,"status":"UP"}"#)), SetupHealth::Up);
        assert_eq!(health(&answer(200, r#"{"status":"UP"}"#)), SetupHealth::Up);
        for (status, body) in [(404, r#"{"error":"Setup not found: x"}"#), (500, "{}"), (200, "<html>"), (503, r#"{"healthy":true}"#)] {
            assert!(matches!(health(&answer(status, body)), SetupHealth::Unknown { .. }), "{status} {body}");
        }
        for (status, body) in [(405, ""), (404, "<html>"), (501, "{}")] {
            assert_eq!(health(&answer(status, body)), SetupHealth::NotAsked, "{status} {body}");
        }
        let body = r#"{"healthy":false,"status":"DOWN","components":{
            "cache":{"state":"DEGRADED","message":"old"},
            "disk":{"state":"HEALTHY"},
            "queue":{"state":"UNHEALTHY","message":"no queue"},
            "database":{"state":"UNHEALTHY","message":"Connection refused"}}}"#;
        let expected = "database: Connection refused; queue: no queue; cache: old";
        for status in [503, 200] {
            assert_eq!(health(&answer(status, body)), SetupHealth::Down { reason: expected.into() });
        }
    }

    #[test]
    fn reasons_are_cut() {
        let component = |n: usize| format!(r#""{n}{}":{{"state":"UNHEALTHY","message":"{}"}}"#, "n".repeat(9_000), "m".repeat(9_000));
        let body = |count| format!(r#"{{"healthy":false,"components":{{{}}}}}"#, (0..count).map(component).collect::<Vec<_>>().join(","));
        let length = |count| match health(&answer(503, &body(count))) {
            SetupHealth::Down { reason } => reason.chars().count(),
            other => panic!("{other:?}"),
        };
        assert_eq!((length(1), length(9)), (64 + 2 + 160, 512));
    }

    #[test]
    fn details_as_instances_send_them() {
        let body = r#"{"setupId":"alpha","status":"ACTIVE","host":"127.0.0.1","port":5432,"databaseName":"peegeeq_a","schema":"peegeeq","queueFactories":["payments","orders"]}"#;
        let found = details(&answer(200, body)).unwrap();
        assert_eq!(found.database.unwrap().name, "peegeeq_a");
        assert_eq!(found.queues, [Arc::from("orders"), Arc::from("payments")]);
        assert_eq!(details(&answer(200, "{}")).unwrap(), Details { database: None, queues: Vec::new() });
        assert_eq!(details(&answer(404, body)), None);
    }
}
