//! The manager's own health.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// `/health`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ManagerHealth {
    /// `UP`.
    pub status: String,
    /// Its name.
    pub service: String,
    /// Milliseconds since 1970.
    pub timestamp: i64,
    /// `connected`, `disconnected` or `disabled`.
    pub consul: String,
    /// What does not work as it should, each a word or a sentence.
    pub degraded: Vec<String>,
    /// Whether it speaks HTTPS.
    pub tls: bool,
    /// Its version.
    pub version: Option<String>,
}

/// `/health/live` and `/health/ready`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ProbeAnswer {
    /// `UP` or `DOWN`.
    pub status: String,
    /// Why not.
    pub reason: Option<String>,
}

/// The certificate that a manager shows.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ServerCertificate {
    /// Its file.
    pub file: String,
    /// The names and addresses that it is for.
    pub names: Vec<String>,
    /// The last moment at which it is valid.
    pub expires_at: String,
    /// Whole days until then; below zero once it has expired.
    pub expires_in_days: i64,
    /// Whether clients must show a certificate.
    pub asks_clients: bool,
    /// What is wrong with it, or with the files that were to replace it.
    pub complaints: Vec<String>,
}

/// A certificate of an instance that is to be renewed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct InstanceCertificate {
    /// The instance.
    pub instance_id: String,
    /// The last moment at which it is valid.
    pub expires_at: String,
    /// Whole days until then; below zero once it has expired.
    pub expires_in_days: i64,
}

/// `/health/detail`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Detail {
    /// What `/health` says too.
    #[serde(flatten)]
    pub health: ManagerHealth,
    /// Since when it runs.
    pub uptime_seconds: u64,
    /// Its name among managers.
    pub name: String,
    /// Its environment.
    pub environment: String,
    /// Its region.
    pub region: String,
    /// Whether it takes part.
    pub ready: bool,
    /// Its registry.
    pub registry: Registry,
    /// The certificate that it shows, over HTTPS.
    pub certificate: Option<ServerCertificate>,
    /// Instances whose certificates are to be renewed, the most urgent first.
    pub instance_certificates: Vec<InstanceCertificate>,
    /// Why it doubts what it sees, if it does.
    pub self_doubt: Option<Value>,
    /// Now.
    pub time: String,
}

/// The registry of a manager.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Registry {
    /// Where registrations are kept.
    pub backend: String,
    /// `ok`, or what is wrong with it.
    pub store: String,
    /// Counts starts of the store.
    pub epoch: u64,
    /// Counts changes.
    pub generation: u64,
    /// How many instances it holds.
    pub instances: u64,
    /// Changes that wait for being written.
    pub waiting: u64,
    /// Instances by state.
    pub states: BTreeMap<String, u64>,
}
