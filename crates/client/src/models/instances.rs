//! Instances: as registered, as listed, as checked.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::words::{Presence, Scheme, Status};

/// `GET /api/v1/instances`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct InstanceList {
    /// The instances.
    pub instances: Vec<Instance>,
    /// How many stand in this answer.
    pub count: u64,
    /// How many the filter lets through, on all pages.
    pub matched_instances: Option<u64>,
    /// How many are registered.
    pub total_instances: Option<u64>,
    /// When the answer was made.
    pub timestamp: String,
}

/// `GET /api/v1/instances/{id}`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct InstanceRead {
    /// The instance.
    pub instance: Instance,
    /// When the answer was made.
    pub timestamp: String,
}

/// An instance.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Instance {
    /// Its id.
    pub instance_id: String,
    /// Name or address.
    pub host: String,
    /// Port of its API.
    pub port: u16,
    /// How it is spoken to.
    pub scheme: Scheme,
    /// Its version, as registered.
    pub version: String,
    /// Its environment.
    pub environment: String,
    /// Its region.
    pub region: String,
    /// Whether work is sent to it.
    pub healthy: bool,
    /// Its state.
    pub status: Status,
    /// Why, when it is not healthy.
    pub status_reason: Option<String>,
    /// Setups on it that do not work.
    pub troubled_setups: Vec<String>,
    /// What was ordered for it.
    pub presence: Presence,
    /// Failed probes in a row.
    pub consecutive_failures: u32,
    /// Its share of requests, relative to others.
    pub weight: Option<u32>,
    /// Counts changes of the registration.
    pub revision: Option<u64>,
    /// When it was registered.
    pub registered_at: Option<String>,
    /// When it was last probed.
    pub last_health_check: Option<String>,
    /// Its address.
    pub base_url: Option<String>,
    /// Where its health is asked for.
    pub health_url: Option<String>,
    /// The order in force, of managers that take orders.
    pub order: Option<OrderInForce>,
    /// What else was said of it.
    pub metadata: BTreeMap<String, String>,
}

/// A registration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Registration {
    /// Its id, 1 to 128 characters.
    pub instance_id: String,
    /// Name or address.
    pub host: String,
    /// Port of its API.
    pub port: u16,
    /// `http` (default) or `https`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheme: Option<Scheme>,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Its region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// What else is to be said of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// Its share of requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
    /// What is ordered for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presence: Option<Presence>,
    /// Where its health is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health_path: Option<String>,
    /// The status that counts as healthy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health_status: Option<u16>,
}

impl Registration {
    /// With what must be said.
    pub fn new(instance_id: impl Into<String>, host: impl Into<String>, port: u16) -> Self {
        Self { instance_id: instance_id.into(), host: host.into(), port, ..Self::default() }
    }

    /// With an environment and a region.
    #[must_use]
    pub fn label(mut self, environment: impl Into<String>, region: impl Into<String>) -> Self {
        self.environment = Some(environment.into());
        self.region = Some(region.into());
        self
    }
}

/// A change. What is not said stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Update {
    /// All metadata, in place of what was there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<BTreeMap<String, String>>,
    /// Its share of requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
    /// What is ordered for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presence: Option<Presence>,
    /// Only if the registration is still this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
}

/// Drain, maintenance, or their end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// Why, for others who look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it ends by itself, as ISO 8601.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// After how long it ends by itself, such as `30m`.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub lasting: Option<String>,
    /// When draining: until when what is running may go on, as ISO 8601 or a span.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<String>,
    /// Only if the registration is still this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
}

/// The answer to an order.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Ordered {
    /// The manager's sentence.
    pub message: String,
    /// Its id.
    pub instance_id: String,
    /// Whether anything changed: the same order again changes nothing.
    pub changed: bool,
    /// What is ordered now.
    pub presence: Presence,
    /// The state that follows.
    pub status: Status,
    /// The order in force.
    pub order: Option<OrderInForce>,
    /// The revision it has now.
    pub revision: Option<u64>,
}

/// An order that stands.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct OrderInForce {
    /// Why.
    pub reason: Option<String>,
    /// By whom.
    pub by: Option<String>,
    /// Since when.
    pub since: Option<String>,
    /// When it ends by itself.
    pub until: Option<String>,
    /// Until when what is running may go on.
    pub deadline: Option<String>,
}

/// The answer to a registration or a change.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Registered {
    /// The manager's sentence.
    pub message: String,
    /// Its id.
    pub instance_id: String,
    /// The revision it has now.
    pub revision: Option<u64>,
    /// Fields that mean nothing to the manager.
    pub ignored_fields: Vec<String>,
}

/// The answer to a deregistration.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Deregistered {
    /// The manager's sentence.
    pub message: String,
    /// Its id.
    pub instance_id: String,
    /// `deregistered`.
    pub status: String,
}

/// The outcome of a check.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct HealthCheck {
    /// Its id.
    pub instance_id: String,
    /// `healthy` or `unhealthy`: this check alone.
    pub health: String,
    /// Whether this check went well.
    pub successful: bool,
    /// The state of the instance.
    pub status: Status,
    /// What went wrong.
    pub error_message: Option<String>,
    /// The kind of what went wrong.
    pub error_kind: Option<String>,
    /// Status with which the instance answered.
    pub http_status: Option<u16>,
    /// Failed probes in a row.
    pub consecutive_failures: u32,
    /// How long it took.
    pub phases: Phases,
    /// The instance's own answer.
    pub health_data: Option<Value>,
    /// Its setups, where they are known.
    pub setups: Option<Vec<SetupHealth>>,
    /// When it was checked.
    pub check_time: String,
}

/// Milliseconds from the beginning of a check.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Phases {
    /// Until there was a connection.
    pub connect_ms: Option<f64>,
    /// Until the answer began.
    pub first_byte_ms: Option<f64>,
    /// Until it was whole.
    pub total_ms: Option<f64>,
}

/// A setup on an instance.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SetupHealth {
    /// Its id.
    pub setup_id: String,
    /// `up`, `down`, `missing`, `unknown`.
    pub status: String,
    /// Why.
    pub reason: Option<String>,
}
