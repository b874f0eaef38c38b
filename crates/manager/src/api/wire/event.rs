//! One journal entry as events, history and live updates show it.

use peegeeq_domain::health::Verdict;
use peegeeq_domain::instance::{Instance, Verb};
use peegeeq_domain::journal::{JournalEvent, TroubledSetup};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::instance::OrderView;
use crate::clock;
use crate::registry::store::JournalEntry;

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventView {
    /// Its place in the journal: `<epoch>:<seq>`.
    #[schema(examples("3:1742"))]
    pub id: String,
    /// When, ISO 8601.
    pub at: String,
    /// What kind of thing: `instance.registered`, `instance.updated`, `instance.deregistered`, `instance.verdict`,
    /// `instance.setups` (which setups of it are in trouble now), `operator.drain`, `operator.maintenance`, `operator.resume`, `operator.expired`, `manager.started`, `manager.stopped`, `manager.doubt`, `manager.trust`, `journal.gap`; `unknown` when
    /// another version wrote it.
    pub kind: &'static str,
    /// The instance it is about, if it is about one.
    pub instance_id: Option<String>,
    /// A sentence for people.
    pub summary: String,
    /// What is known of it, by kind.
    #[schema(value_type = Object)]
    pub details: Value,
}

impl EventView {
    /// How an entry looks.
    pub fn of(entry: &JournalEntry) -> Self {
        let event = entry.event.as_ref();
        Self {
            id: entry.seq.to_string(),
            at: clock::iso(entry.at),
            kind: event.map_or("unknown", JournalEvent::kind),
            instance_id: event.and_then(JournalEvent::instance).map(ToString::to_string),
            summary: event.map_or_else(|| "another version of the manager wrote this entry".to_owned(), summary),
            details: event.map_or(Value::Null, details),
        }
    }
}

fn summary(event: &JournalEvent) -> String {
    let by = |by: &Option<std::sync::Arc<str>>| by.as_deref().map(|by| format!(" by {by}")).unwrap_or_default();
    let why = |reason: &Option<std::sync::Arc<str>>| reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    match event {
        JournalEvent::ManagerStarted { version } => format!("manager {version} started"),
        JournalEvent::ManagerStopped => "the manager stopped".to_owned(),
        JournalEvent::Registered { id, endpoint, by: who, .. } => format!("{id} was registered{} at {endpoint}", by(who)),
        JournalEvent::Updated { id, endpoint, by: who, .. } => format!("{id} was changed{}; it is at {endpoint}", by(who)),
        JournalEvent::Ordered { id, verb, by, reason, .. } => match verb {
            Verb::Drain => format!("{by} ordered {id} to drain{}", why(reason)),
            Verb::Maintenance => format!("{by} took {id} out for maintenance{}", why(reason)),
            Verb::Resume => format!("{by} let {id} take part again{}", why(reason)),
            Verb::Expire => format!("what was ordered for {id} is over, it takes part again"),
        },
        JournalEvent::Deregistered { id, by: who } => format!("{id} was deregistered{}", by(who)),
        JournalEvent::VerdictChanged { id, from, to, evidence } => {
            format!("{id} went from {} to {}: {evidence}", from.as_str(), to.as_str())
        }
        JournalEvent::SetupsChanged { id, troubled, .. } => setups_sentence(id.as_str(), troubled),
        JournalEvent::Doubted { reason, .. } => format!("the manager does not trust its own checks: {reason}"),
        JournalEvent::Trusted => "the manager trusts its checks again".to_owned(),
        JournalEvent::Gap { lost } => format!("{lost} entries were lost because the disk was too slow"),
    }
}

fn details(event: &JournalEvent) -> Value {
    match event {
        JournalEvent::ManagerStarted { version } => json!({ "version": version }),
        JournalEvent::Registered { endpoint, instance, by, .. } => {
            json!({ "endpoint": endpoint, "by": by, "registration": instance.as_deref().map(registration) })
        }
        JournalEvent::Updated { revision, endpoint, presence, instance, by, .. } => json!({
            "revision": revision.0,
            "endpoint": endpoint,
            "presence": presence.as_str(),
            "by": by,
            "registration": instance.as_deref().map(registration),
        }),
        JournalEvent::Ordered { by, reason, instance, .. } => json!({
            "by": by,
            "reason": reason,
            "presence": instance.as_deref().map(|instance| instance.presence.as_str()),
            "order": instance.as_deref().and_then(|instance| instance.order.as_ref()).map(OrderView::of),
        }),
        JournalEvent::Deregistered { by, .. } => json!({ "by": by }),
        JournalEvent::ManagerStopped => json!({}),
        JournalEvent::VerdictChanged { from, to, evidence, .. } => {
            json!({ "from": verdict(*from), "to": verdict(*to), "evidence": evidence })
        }
        JournalEvent::SetupsChanged { troubled, seen, .. } => {
            json!({ "seen": seen, "troubled": troubled.iter().map(troubled_setup).collect::<Vec<_>>() })
        }
        JournalEvent::Doubted { reason, hosts_are_silent } => json!({ "reason": reason, "hostsAreSilent": hosts_are_silent }),
        JournalEvent::Trusted => json!({}),
        JournalEvent::Gap { lost } => json!({ "lost": lost }),
    }
}

fn setups_sentence(id: &str, troubled: &[TroubledSetup]) -> String {
    match troubled {
        [] => format!("all setups of {id} work"),
        [one] => {
            let how = if one.is_missing { "is missing" } else { "does not work" };
            format!("setup '{}' of {id} {how}: {}", one.setup, one.reason)
        }
        [first, rest @ ..] => format!("setup '{}' of {id} and {} more do not work: {}", first.setup, rest.len(), first.reason),
    }
}

fn troubled_setup(troubled: &TroubledSetup) -> Value {
    let state = if troubled.is_missing { "missing" } else { "down" };
    json!({ "setupId": troubled.setup, "database": troubled.database, "state": state, "reason": troubled.reason })
}

fn verdict(verdict: Verdict) -> Value {
    json!({ "verdict": verdict.as_str(), "failures": verdict.failures() })
}

/// What was registered, in the words of a registration.
fn registration(instance: &Instance) -> Value {
    let (registration, labels) = (&instance.registration, &instance.registration.labels);
    json!({
        "host": registration.endpoint.host.as_str(),
        "port": registration.endpoint.port,
        "scheme": registration.endpoint.scheme.as_str(),
        "weight": registration.weight.get(),
        "version": labels.version,
        "environment": labels.environment,
        "region": labels.region,
        "metadata": labels.metadata,
        "presence": instance.presence.as_str(),
        "revision": instance.revision.0,
    })
}
