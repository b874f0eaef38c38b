//! What would become of a request.

use std::collections::BTreeMap;

use peegeeq_domain::routing::explain::Outcome;
use serde::Serialize;
use utoipa::ToSchema;

use super::TableView;
use super::groups::GroupView;
use crate::clock;
use crate::gateway::{Asked, Explained, Resort};

/// The request that is asked about. Body of `POST /api/v1/routing/explain`.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body: it is read field by field, so that all faults are told at once")]
pub struct ExplainRequest {
    /// Its method; `GET` if not said.
    #[schema(examples("POST"))]
    method: Option<String>,
    /// Its path and query.
    #[schema(examples("/api/v1/queues/orders-setup/orders/messages"))]
    path: String,
    /// Its headers: explicit choices and an `Idempotency-Key` count.
    headers: Option<BTreeMap<String, String>>,
    /// The setup in its body, where the path does not say it.
    setup: Option<String>,
}

/// What would become of a request.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RouteView {
    /// Its method.
    pub method: String,
    /// Its path and query.
    pub path: String,
    /// What it needs: `setup`, `setup-in-body`, `setup-of-store`, `new-setup`, `owner`, `any-instance`, `chosen-instance`; or
    /// `manager` if the manager answers itself.
    pub need: &'static str,
    /// The setup it is for.
    pub setup_id: Option<String>,
    /// The queue in it, if the path says so.
    pub queue: Option<String>,
    /// `read` or `write`.
    pub effect: &'static str,
    /// It may be sent to another instance although the first may have acted on it.
    pub may_repeat: bool,
    /// Its answer goes on and on.
    pub stream: bool,
    /// The strategy in force; null if the manager answers itself.
    pub strategy: Option<&'static str>,
    /// What the strategy was chosen by: `usual`, `environment`, `reads`, `writes` or `streams`.
    pub strategy_from: &'static str,
    /// Requests for the same go to the same instance, whatever the strategy.
    pub affinity: bool,
    /// What came out: `picked`, `last-resort`, `nobody`, `conflict`, `unknown`, `no-such-instance` or `manager`.
    pub outcome: &'static str,
    /// What came out, as a sentence.
    pub sentence: String,
    /// Status of the answer, if no instance gets the request.
    pub status: Option<u16>,
    /// Who gets it.
    pub chosen: Option<ChosenView>,
    /// The groups that were found; more than one is a conflict.
    pub groups: Vec<GroupView>,
    /// The table by which it was decided.
    pub table: TableView,
    /// When.
    pub timestamp: String,
}

/// Who gets a request.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChosenView {
    /// Its id.
    pub instance_id: String,
}

impl RouteView {
    /// What the gateway told.
    pub fn of(asked: &Asked, told: &Explained) -> Self {
        let explanation = told.explanation.as_ref();
        Self {
            method: asked.method.to_string(),
            path: asked.uri.to_string(),
            need: told.need,
            setup_id: told.setup.clone(),
            queue: told.queue.clone(),
            effect: if told.is_read { "read" } else { "write" },
            may_repeat: told.may_repeat,
            stream: told.is_stream,
            strategy: explanation.map(|explanation| explanation.strategy.as_str()),
            strategy_from: told.strategy_from.as_str(),
            affinity: told.has_affinity,
            outcome: explanation.map_or("manager", |explanation| word(&explanation.outcome)),
            sentence: sentence(told),
            status: told.refusal.as_ref().map(|refusal| refusal.status.as_u16()),
            chosen: told.chosen.as_ref().map(|id| ChosenView { instance_id: id.to_string() }),
            groups: explanation.map_or_else(Vec::new, |explanation| explanation.groups.iter().map(GroupView::of).collect()),
            table: TableView::of(&told.table),
            timestamp: clock::iso(clock::wall()),
        }
    }
}

const fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Picked(_) => "picked",
        Outcome::LastResort(_) => "last-resort",
        Outcome::Nobody(_) => "nobody",
        Outcome::Conflict => "conflict",
        Outcome::Unknown(_) => "unknown",
        Outcome::NoSuchInstance => "no-such-instance",
    }
}

fn sentence(told: &Explained) -> String {
    let Some(explanation) = &told.explanation else { return "the manager answers it itself".to_owned() };
    if let Some(refusal) = &told.refusal {
        let looked =
            if matches!(explanation.outcome, Outcome::Unknown(_)) { "; a real request has all instances asked once more" } else { "" };
        return format!("{}{looked}", refusal.message);
    }
    let Some(chosen) = &told.chosen else { return "nobody gets it".to_owned() };
    match told.resort {
        Some(Resort::AboutSetup) => {
            format!("it goes to {chosen} although the setup is not well there, because it is about the setup itself")
        }
        Some(Resort::BestEvidence) => format!("nobody is well, and it goes to {chosen}, which was healthy last"),
        None if told.owner_is_known => format!("it goes to {chosen}, which is known to own it"),
        None if told.need == "owner" => format!("it is not known who owns it: all that have the setup are asked, {chosen} first"),
        None => format!("it goes to {chosen}"),
    }
}
