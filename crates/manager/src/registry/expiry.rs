//! The end of orders that say when they end.
//!
//! Owns waiting for it, and ordering it at the writer like anybody else, so that it is durable and journalled. An order that was
//! changed meanwhile has another revision and is left alone.

use std::time::Duration;

use peegeeq_domain::catalog::Catalog;
use peegeeq_domain::instance::{Instance, InstanceId, Patch, Revision, Said, Verb};
use peegeeq_domain::time::Timestamp;

use super::{CatalogReader, RegistryError, RegistryHandle};
use crate::clock;
use crate::tasks::{TaskName, Tasks};

/// How long it is waited at most before the calendar is looked at again: it may have been set.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// How long it is waited before a disk that refused is asked again.
const TRY_AGAIN: Duration = Duration::from_secs(1);
/// Who ends an order that is over.
const WHO: &str = "manager";

/// Starts the task.
pub fn start(registry: RegistryHandle, catalog: CatalogReader, tasks: &Tasks) {
    let stop = tasks.stop_signal();
    tasks.vital(TaskName::OrderExpiry, async move {
        tokio::select! {
            () = stop.cancelled() => {}
            () = run(&registry, catalog) => {}
        }
    });
}

async fn run(registry: &RegistryHandle, mut catalog: CatalogReader) {
    loop {
        let wait = lift(registry, &catalog.current()).await;
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            goes_on = catalog.changed() => if !goes_on { std::future::pending::<()>().await },
        }
    }
}

/// Lifts what is over, and says how long to wait.
async fn lift(registry: &RegistryHandle, catalog: &Catalog) -> Duration {
    let now = clock::wall();
    let mut wait = LOOK_AGAIN;
    for entry in catalog.entries() {
        let Some(until) = end_of(&entry.instance) else { continue };
        if until > now {
            wait = wait.min(span(now, until));
        } else if !expire(registry, entry.id().clone(), entry.instance.revision).await {
            wait = TRY_AGAIN;
        }
    }
    wait
}

async fn expire(registry: &RegistryHandle, id: InstanceId, revision: Revision) -> bool {
    let patch = Patch { order: Some(Said::plain(Verb::Expire, WHO.into())), ..Patch::default() };
    match registry.change(id.clone(), patch, Some(revision), Some(WHO.into())).await {
        Ok(updated) => {
            tracing::info!(
                instanceId = id.as_str(),
                presence = updated.before.presence.as_str(),
                "order is over, instance takes part again"
            );
            true
        }
        Err(RegistryError::NotFound | RegistryError::RevisionMismatch { .. }) => true,
        Err(error) => {
            tracing::debug!(instanceId = id.as_str(), %error, "order is over but cannot be lifted yet: {error}");
            false
        }
    }
}

fn end_of(instance: &Instance) -> Option<Timestamp> {
    instance.order.as_ref()?.until
}

fn span(now: Timestamp, until: Timestamp) -> Duration {
    Duration::from_millis(u64::try_from(until.epoch_millis().saturating_sub(now.epoch_millis())).unwrap_or(0))
}
