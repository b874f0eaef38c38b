//! Work that no request should do: metrics of the catalog.

use peegeeq_domain::health::HealthState;

use crate::observe::metrics::Metrics;
use crate::registry::CatalogReader;
use crate::tasks::{TaskName, Tasks};

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
