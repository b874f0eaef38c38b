//! Work that no request should do: metrics of the catalog, folding of histograms.

use std::time::Duration;

use peegeeq_domain::health::HealthState;

use crate::observe::metrics::Metrics;
use crate::registry::CatalogReader;
use crate::tasks::{TaskName, Tasks};

/// How often histograms are folded together.
const FOLD_EVERY: Duration = Duration::from_secs(5);

/// Starts the task that keeps the gauges of the catalog.
pub(super) fn start(tasks: &Tasks, catalog: CatalogReader, metrics: Option<Metrics>) {
    let stop = tasks.stop_signal();
    let Some(metrics) = metrics else { return };
    tasks.vital(TaskName::CatalogMetrics, async move {
        tokio::select! {
            () = stop.cancelled() => {}
            () = follow(catalog, metrics) => {}
        }
    });
}

async fn follow(mut catalog: CatalogReader, metrics: Metrics) {
    let mut fold = tokio::time::interval(FOLD_EVERY);
    show(&catalog);
    loop {
        tokio::select! {
            _ = fold.tick() => metrics.fold(),
            goes_on = catalog.changed() => {
                show(&catalog);
                if !goes_on {
                    std::future::pending::<()>().await;
                }
            }
        }
    }
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
