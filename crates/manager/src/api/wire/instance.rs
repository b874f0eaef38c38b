//! One instance as the list and the single read show it.

use std::collections::BTreeMap;

use peegeeq_domain::catalog::Entry;
use peegeeq_domain::health::HealthState;
use peegeeq_domain::instance::Order;
use serde::Serialize;
use utoipa::ToSchema;

use crate::clock;
use crate::observations::{Checkup, SetupHealth, SetupsSeen};

/// One instance.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InstanceView<'a> {
    /// Its name.
    pub instance_id: &'a str,
    /// DNS name or address; IPv6 without brackets.
    pub host: &'a str,
    /// TCP port.
    pub port: u16,
    /// `http` or `https`.
    pub scheme: &'a str,
    /// Version of its software, `unknown` if it did not say.
    pub version: &'a str,
    /// Environment, `default` if it did not say.
    pub environment: &'a str,
    /// Region, `default` if it did not say.
    pub region: &'a str,
    /// Whether `status` is `healthy`.
    pub healthy: bool,
    /// `healthy`, `unhealthy`, `unknown`, `starting` or `stopping`.
    pub status: &'a str,
    /// Why it is in that state, in words; null while healthy.
    pub status_reason: Option<String>,
    /// Its setups that do not work or are gone; their numbers are unknown although the instance answers.
    pub troubled_setups: Vec<&'a str>,
    /// What was ordered: `starting`, `serving`, `draining`, `stopping` or `maintenance`.
    pub presence: &'a str,
    /// The operator's order behind the presence; null when there is none.
    pub order: Option<OrderView<'a>>,
    /// Failed checks in a row.
    pub consecutive_failures: u32,
    /// Share of traffic relative to others; 0: nothing new.
    pub weight: u16,
    /// Counts changes of the registration.
    pub revision: u64,
    /// When the id was first registered, ISO 8601.
    pub registered_at: String,
    /// When it was last checked, ISO 8601; null before the first check.
    pub last_health_check: Option<String>,
    /// `scheme://host:port`
    pub base_url: String,
    /// Root of its management API.
    pub management_url: String,
    /// What is asked for health.
    pub health_url: String,
    /// Its labels.
    pub metadata: BTreeMap<&'a str, &'a str>,
}

/// An operator's order in force.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderView<'a> {
    /// Why, if that was said.
    pub reason: Option<&'a str>,
    /// Who gave it: the name of a token, or `anonymous`.
    pub by: &'a str,
    /// Since when, ISO 8601.
    pub since: String,
    /// When it ends by itself, ISO 8601; null: never.
    pub until: Option<String>,
    /// When draining: until when what is running may go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<String>,
}

impl<'a> OrderView<'a> {
    /// How an order looks.
    pub fn of(order: &'a Order) -> Self {
        Self {
            reason: order.reason.as_deref(),
            by: &order.by,
            since: clock::iso(order.since),
            until: order.until.map(clock::iso),
            deadline: order.deadline.map(clock::iso),
        }
    }
}

/// One setup of an instance.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetupView {
    /// Its id, unique only within the instance.
    pub setup_id: String,
    /// `up`, `down`, `unknown` or `missing`.
    pub status: &'static str,
    /// Why it is not up.
    pub reason: Option<String>,
}

impl<'a> InstanceView<'a> {
    /// How `entry` looks, with its last checkup.
    pub fn of(entry: &'a Entry, checkup: Option<&Checkup>, setups: Option<&'a SetupsSeen>) -> Self {
        let (instance, state) = (&*entry.instance, entry.state());
        let registration = &instance.registration;
        let (endpoint, labels) = (&registration.endpoint, &registration.labels);
        Self {
            instance_id: registration.id.as_str(),
            host: endpoint.host.as_str(),
            port: endpoint.port.get(),
            scheme: endpoint.scheme.as_str(),
            version: &labels.version,
            environment: &labels.environment,
            region: &labels.region,
            healthy: state == HealthState::Healthy,
            status: state.as_str(),
            status_reason: reason(entry, checkup),
            troubled_setups: setups.map(troubled).unwrap_or_default(),
            presence: instance.presence.as_str(),
            order: instance.order.as_ref().map(OrderView::of),
            consecutive_failures: checkup.map_or(entry.verdict.failures(), |checkup| checkup.consecutive_failures),
            weight: registration.weight.get(),
            revision: instance.revision.0,
            registered_at: clock::iso(instance.registered_at),
            last_health_check: checkup.map(|checkup| clock::iso(checkup.at)),
            base_url: endpoint.base_url(),
            management_url: endpoint.management_url(),
            health_url: instance.health_url(),
            metadata: labels.metadata.iter().map(|(key, value)| (&**key, &**value)).collect(),
        }
    }
}

fn troubled(seen: &SetupsSeen) -> Vec<&str> {
    let in_trouble = seen.setups.iter().filter(|setup| setup.missing || matches!(setup.health, SetupHealth::Down { .. }));
    in_trouble.map(|setup| &*setup.id).collect()
}

/// Why an instance is in its state, unless it is simply well.
fn reason(entry: &Entry, checkup: Option<&Checkup>) -> Option<String> {
    use peegeeq_domain::health::Verdict;
    use peegeeq_domain::instance::Presence;
    let failure = checkup.and_then(|checkup| checkup.failure.as_ref()).map(|failure| failure.sentence.clone());
    let ordered = match entry.instance.presence {
        Presence::Draining => Some("draining was ordered"),
        Presence::Stopping => Some("stopping was ordered"),
        Presence::Maintenance => Some("maintenance was ordered"),
        Presence::Starting | Presence::Serving => None,
    };
    match (ordered, entry.verdict) {
        (Some(words), _) => Some(entry.instance.order.as_ref().map_or_else(|| words.to_owned(), |order| in_words(words, order))),
        (None, Verdict::Passing) => None,
        (None, Verdict::Unprobed) => Some("not checked yet".to_owned()),
        (None, Verdict::Failing { .. } | Verdict::Down { .. }) => failure,
    }
}

/// An order as a sentence: `draining was ordered by ann: new disk`.
fn in_words(ordered: &str, order: &Order) -> String {
    let until = order.until.map(|until| format!(" until {}", clock::iso(until))).unwrap_or_default();
    let reason = order.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("{ordered} by {}{until}{reason}", order.by)
}

/// How the setups of an instance look.
pub fn setup_views(seen: &SetupsSeen) -> Vec<SetupView> {
    let view = |setup: &crate::observations::SetupSeen| {
        let (status, reason) = match &setup.health {
            _ if setup.missing => (
                "missing",
                Some(
                    "seen earlier on this instance and now gone: attach it again with POST /api/v1/database-setup/connect at the instance"
                        .to_owned(),
                ),
            ),
            SetupHealth::Up => ("up", None),
            SetupHealth::Down { reason } => ("down", Some(reason.clone())),
            SetupHealth::Unknown { reason } => ("unknown", Some(reason.clone())),
            SetupHealth::NotAsked => ("unknown", Some("not asked yet, or the instance has no such question".to_owned())),
        };
        SetupView { setup_id: setup.id.to_string(), status, reason }
    };
    seen.setups.iter().map(view).collect()
}
