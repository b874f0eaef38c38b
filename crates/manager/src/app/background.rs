//! Work that no request should do: metrics of the catalog, and the webhook.

use std::sync::Arc;
use std::time::Duration;

use peegeeq_domain::health::HealthState;

use crate::api::updates::Rows;
use crate::config::Config;
use crate::net::Dialer;
use crate::observations::Observations;
use crate::observe::metrics::Metrics;
use crate::registry::{CatalogReader, Journal};
use crate::tasks::{TaskName, Tasks};
use crate::updates::Render;
use crate::webhook::{self, Secret, Target, WebhookSettings};

/// What the webhook needs, if there is one. An error says what of it is no good.
pub(super) fn webhook(config: &Config) -> Result<Option<WebhookSettings>, String> {
    let Some(url) = &config.webhook.url else { return Ok(None) };
    let file = config.webhook.secret_file.clone();
    let secret_file = file.ok_or_else(|| "webhook.url needs webhook.secret.file, with which deliveries are signed".to_owned())?;
    Secret::read(&secret_file)?;
    Ok(Some(WebhookSettings {
        target: Target::parse(url)?,
        secret_file,
        timeout: config.webhook.timeout,
        queue_max: config.webhook.queue_max,
        data_dir: config.registry.data_dir.clone(),
        manager: config.identity.name.clone(),
    }))
}

/// Starts the webhook, with entries in the shape of the API.
pub(super) fn send(settings: WebhookSettings, journal: Journal, dialer: Arc<Dialer>, observations: &Arc<Observations>, tasks: &Tasks) {
    let rows = Rows { observations: observations.clone(), stable_after: Duration::ZERO };
    webhook::start(settings, journal, dialer, Arc::new(move |entry| rows.entry(entry)), tasks);
}

/// Starts the task that keeps the gauges of the catalog.
pub(super) fn start(tasks: &Tasks, catalog: CatalogReader, metrics: Option<&Metrics>) {
    let stop = tasks.stop_signal();
    if metrics.is_none() {
        return;
    }
    tasks.vital(TaskName::CatalogMetrics, async move {
        tokio::select! {
            () = stop.cancelled() => {}
            () = follow(catalog) => {}
        }
    });
}

async fn follow(mut catalog: CatalogReader) {
    show(&catalog);
    while catalog.changed().await {
        show(&catalog);
    }
    show(&catalog);
    std::future::pending::<()>().await;
}

fn show(catalog: &CatalogReader) {
    let current = catalog.current();
    let mut counts = [0_u32; HealthState::ALL.len()];
    for entry in current.entries() {
        let state = entry.state();
        if let Some(place) = HealthState::ALL.iter().position(|known| *known == state) {
            counts[place] += 1;
        }
    }
    for (state, count) in HealthState::ALL.into_iter().zip(counts) {
        metrics::gauge!("peegeeq_instances", "state" => state.as_str()).set(f64::from(count));
    }
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; generations stay far below 2^53")]
    metrics::gauge!("peegeeq_catalog_generation").set(current.generation().0 as f64);
}
