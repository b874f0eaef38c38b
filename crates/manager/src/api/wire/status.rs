//! The manager's own health, as the guide and its probes ask for it.

use serde::Serialize;
use utoipa::ToSchema;

/// `GET /health`. The timestamp is a number here, and text everywhere else, as in the original.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ManagerHealth {
    /// `UP`, as long as it answers at all.
    pub status: &'static str,
    /// `peegeeq-service-manager`, whatever its name: other managers know it by this.
    pub service: &'static str,
    /// Milliseconds since 1970.
    pub timestamp: i64,
    /// `connected`, `disconnected` or `disabled`.
    pub consul: &'static str,
    /// What does not work as it should, one sentence each.
    pub degraded: Vec<String>,
    /// Whether it speaks HTTPS.
    pub tls: bool,
    /// Version of the manager.
    pub version: &'static str,
}

/// `GET /health/live` and `GET /health/ready`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProbeAnswer {
    /// `UP` or `DOWN`.
    pub status: &'static str,
    /// Why it is down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// What does not work although it takes part: `registry-writes` when the store refuses changes, `health-verdicts` when nobody
    /// is found down because the fault is probably the manager's own. `/health` says more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub degraded: Vec<&'static str>,
}

/// `GET /health/detail`
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HealthDetail {
    /// As in `/health`.
    #[serde(flatten)]
    pub health: ManagerHealth,
    /// Seconds since the start.
    pub uptime_seconds: u64,
    /// What `service.name` says.
    pub name: String,
    /// The manager's environment.
    pub environment: String,
    /// The manager's region.
    pub region: String,
    /// Whether it takes part: false while it stops.
    pub ready: bool,
    /// The registry.
    pub registry: RegistryDetail,
    /// The certificate that it shows to clients; null over plain HTTP.
    pub certificate: Option<ServerCertificate>,
    /// Instances whose certificates are to be renewed, at most 100.
    pub instance_certificates: Vec<InstanceCertificate>,
    /// Why health transitions are frozen, if they are.
    pub self_doubt: Option<String>,
    /// When this answer was made.
    pub time: String,
}

/// The certificate of the manager, in `/health/detail`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServerCertificate {
    /// The file that it came from.
    pub file: String,
    /// The names and addresses that it is for.
    pub names: Vec<String>,
    /// The last moment at which it is valid.
    pub expires_at: String,
    /// Whole days until then; below zero once it has expired.
    pub expires_in_days: i64,
    /// When it was taken from its file.
    pub loaded_at: String,
    /// When its files were last looked at.
    pub looked_at: String,
    /// Whether clients must show a certificate.
    pub asks_clients: bool,
    /// What is wrong with it, or with the files that were to replace it.
    pub complaints: Vec<String>,
}

/// A certificate of an instance that is to be renewed, in `/health/detail`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InstanceCertificate {
    /// The instance.
    pub instance_id: String,
    /// The last moment at which it is valid.
    pub expires_at: String,
    /// Whole days until then; below zero once it has expired.
    pub expires_in_days: i64,
}

/// The registry, in `/health/detail`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RegistryDetail {
    /// `embedded` or `consul`
    pub backend: &'static str,
    /// `ok`, or what fails.
    pub store: String,
    /// Counts openings of the store.
    pub epoch: u64,
    /// Number of the catalog.
    pub generation: u64,
    /// Registered instances.
    pub instances: usize,
    /// Orders that wait for a commit.
    pub waiting: usize,
    /// Instances by state.
    pub states: std::collections::BTreeMap<&'static str, usize>,
    /// Consul, if the registry lies there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consul: Option<ConsulDetail>,
}

/// Consul, in `/health/detail`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConsulDetail {
    /// `host:port` of the agent that is asked.
    pub agent: String,
    /// Whether the last question was answered.
    pub connected: bool,
    /// Whether Consul's servers have a leader; null while it does not answer.
    pub leader_known: Option<bool>,
    /// Milliseconds since the whole catalog was last read; null before the first time.
    pub age_ms: Option<i64>,
    /// The index of the last answer.
    pub index: u64,
    /// Registrations known here that Consul lost.
    pub missing: usize,
    /// Entries of Consul that cannot be used.
    pub set_aside: usize,
    /// Since when and why it does not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}
