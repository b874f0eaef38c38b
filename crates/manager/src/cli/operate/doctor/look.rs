//! What the doctor looks at, all asked before anything is judged.

use peegeeq_service_manager_client::models::federation::Overview;
use peegeeq_service_manager_client::models::instances::Instance;
use peegeeq_service_manager_client::models::manager::Detail;
use peegeeq_service_manager_client::{Client, Error, Filter, Query, requests};
use serde_json::Value;

use crate::cli::operate::connect::Target;
use crate::cli::operate::failure::{Failure, UNREACHABLE};
use crate::config::{self, ConfigFault, Loaded, RawArgs};

/// One look at a set-up.
pub(in crate::cli::operate) struct Look {
    pub(super) target: Target,
    /// The manager's own health; the sentence why not.
    pub(super) detail: Result<Detail, String>,
    /// Whether no answer came at all.
    pub(super) is_away: bool,
    pub(super) instances: Result<Vec<Instance>, String>,
    pub(super) overview: Result<Overview, String>,
    /// The manager's own metrics.
    pub(super) metrics: Result<String, String>,
    /// Whether somebody without a token may look; none where it could not be tried.
    pub(super) is_open: Option<bool>,
    /// The strategy, on managers that route.
    pub(super) routing: Option<Value>,
    /// How many managers there are, on managers that know others.
    pub(super) managers: Option<usize>,
    /// The settings on this machine.
    pub(super) settings: Result<Loaded, Vec<ConfigFault>>,
    /// This machine's clock minus the manager's, in seconds.
    pub(super) clock_off: Option<i64>,
}

impl Look {
    pub(super) async fn take(client: &Client, target: Target, settings: &RawArgs) -> Self {
        let detail = client.health_detail().await;
        let clock_off = detail
            .as_ref()
            .ok()
            .filter(|detail| detail.health.timestamp > 0)
            .map(|detail| (crate::clock::wall().epoch_millis() - detail.health.timestamp) / 1000);
        let is_reached = !matches!(&detail, Err(Error::Unreachable { .. } | Error::Timeout { .. }));
        let routing = if is_reached { client.routing().await.ok() } else { None };
        let managers = if is_reached { managers(client).await } else { None };
        let is_open = if is_reached { is_open(&target).await } else { None };
        let folder = std::env::current_dir().unwrap_or_default();
        Self {
            instances: plain(client.list_instances(&Filter::default()).await).map(|list| list.instances),
            overview: plain(client.overview(&Query::default()).await),
            metrics: plain(client.metrics_text().await),
            detail: plain(detail),
            is_away: !is_reached,
            settings: config::load(settings, &config::process_environment, &folder),
            target,
            is_open,
            routing,
            managers,
            clock_off,
        }
    }

    /// Without an answer every item would say the same. What can be said is whether a manager started here would come up.
    pub(super) fn unreachable(&self) -> Option<Failure> {
        let why = self.detail.as_ref().err().filter(|_| self.is_away)?;
        let settings = match &self.settings {
            Ok(_) => "the settings on this machine have no faults: start it, or give its address (--server, --context)".to_owned(),
            Err(faults) => {
                let list: String = faults.iter().map(|fault| format!("\n  - {fault}")).collect();
                format!("a manager started here would refuse to start:{list}")
            }
        };
        Some(Failure::new(UNREACHABLE, format!("{why}\n{settings}")))
    }

    /// Whether the settings here are those of the manager that was asked: only then do they tell about it.
    pub(super) fn local(&self) -> Option<&Loaded> {
        let loaded = self.settings.as_ref().ok()?;
        let is_here = ["127.0.0.1", "localhost", "[::1]"].iter().any(|host| self.target.server.contains(host));
        let is_port = self.target.server.ends_with(&format!(":{}", loaded.config.server.port));
        (is_here && is_port).then_some(loaded)
    }

    /// Whether the address leads to this machine only.
    pub(super) fn is_loopback(&self) -> bool {
        ["//127.", "//localhost", "//[::1]"].iter().any(|start| self.target.server.contains(start))
    }

    pub(super) fn introduction(&self) -> String {
        match &self.detail {
            Ok(detail) => {
                let version = detail.health.version.as_deref().unwrap_or("of an unknown version");
                format!("PeeGeeQ Service Manager {version} at {}, running for {} s", self.target.server, detail.uptime_seconds)
            }
            Err(why) => format!("{}: {why}", self.target.server),
        }
    }
}

fn plain<T>(outcome: Result<T, Error>) -> Result<T, String> {
    outcome.map_err(|error| error.to_string())
}

async fn managers(client: &Client) -> Option<usize> {
    let answer: Value = client.call(peegeeq_service_manager_client::Request::get("/api/v1/managers")).await.ok()?;
    answer.get("managers").and_then(Value::as_array).map(Vec::len)
}

/// Asks for the list without a token.
async fn is_open(target: &Target) -> Option<bool> {
    let mut builder = Client::builder(&*target.server).retries(0);
    if let Some(file) = &target.ca_file {
        builder = builder.ca_file(file);
    }
    match builder.build().ok()?.ask(requests::list_instances(&Filter { page_size: Some(1), ..Filter::default() })).await {
        Ok(_) => Some(true),
        Err(Error::Api(error)) if matches!(error.status, 401 | 403) => Some(false),
        Err(_) => None,
    }
}
