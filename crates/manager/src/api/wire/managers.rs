//! The managers of a cluster and the settings of one, as the API shows them.

use serde::Serialize;
use utoipa::ToSchema;

use super::super::state::Setting;
use super::status::RegistryDetail;

/// `GET /api/v1/managers`
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ManagersAnswer {
    /// `Managers retrieved successfully`
    pub message: &'static str,
    /// The managers, the one that answers first.
    pub managers: Vec<ManagerView>,
    /// How many.
    pub count: usize,
    /// When.
    pub timestamp: String,
}

/// One manager.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ManagerView {
    /// Names this process: another start has another one. Requests it sends on carry it.
    pub id: String,
    /// Whether it is the one that answers.
    #[serde(rename = "self")]
    pub is_self: bool,
    /// Whether it decides what one alone must decide; null where the registry lies in Consul and others may decide too.
    pub leader: Option<bool>,
    /// What `service.name` says.
    pub name: String,
    /// Version of its program.
    pub version: &'static str,
    /// When it started, ISO 8601.
    pub started_at: String,
    /// Where it listens.
    pub address: String,
    /// Its environment.
    pub environment: String,
    /// Its region.
    pub region: String,
    /// Whether it takes part: false while it stops.
    pub ready: bool,
    /// What does not work as it should, one sentence each.
    pub degraded: Vec<String>,
    /// Its registry.
    pub registry: RegistryDetail,
}

/// `GET /api/v1/managers/self/settings`
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ManagerSettings {
    /// `Settings retrieved successfully`
    pub message: &'static str,
    /// Whose they are.
    pub id: String,
    /// Every setting, in the order of the documentation.
    pub settings: Vec<SettingView>,
    /// How many.
    pub count: usize,
    /// When.
    pub timestamp: String,
}

/// One setting.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SettingView {
    /// Its name.
    pub key: String,
    /// Its value as it was written, or what holds by default. Secrets are stars.
    pub value: String,
    /// Who said so: `default`, a file, a variable of the environment, or the command line.
    pub origin: String,
    /// Whether nobody said anything.
    pub is_default: bool,
}

impl SettingView {
    /// How a setting looks.
    pub fn of(setting: &Setting) -> Self {
        let Setting { key, value, origin } = setting.clone();
        Self { key, value, is_default: origin.is_none(), origin: origin.unwrap_or_else(|| "default".to_owned()) }
    }
}
