//! Keeps the connections to instances in step with who listens and who there is.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use peegeeq_domain::catalog::{Catalog, Entry};
use peegeeq_domain::instance::InstanceId;
use tokio_util::sync::CancellationToken;

use super::Topic;
use super::hub::{Hub, Hubs};
use super::upstream::{Way, follow_until};
use crate::observations::Observations;
use crate::registry::CatalogReader;

/// How often is looked whether an instance got a setup or lost one.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// One connection: to whom, since when it lives where it does, and which stream.
type Key = (InstanceId, u64, Topic);

pub(super) struct Driver {
    hubs: Arc<Hubs>,
    catalog: CatalogReader,
    observations: Arc<Observations>,
    way: Arc<Way>,
    running: HashMap<Key, (CancellationToken, Arc<Hub>)>,
    work: FuturesUnordered<BoxFuture<'static, ()>>,
}

impl Driver {
    pub(super) fn new(hubs: Arc<Hubs>, catalog: CatalogReader, observations: Arc<Observations>, way: Way) -> Self {
        Self { hubs, catalog, observations, way: Arc::new(way), running: HashMap::new(), work: FuturesUnordered::new() }
    }

    pub(super) async fn run(mut self) {
        let mut look = tokio::time::interval(LOOK_EVERY);
        let mut registry_lives = true;
        loop {
            self.adjust();
            tokio::select! {
                () = self.hubs.changed.notified() => {}
                lives = self.catalog.changed(), if registry_lives => registry_lives = lives,
                _ = look.tick() => {}
                // One ends only after it was taken off the list.
                Some(()) = self.work.next() => {}
            }
        }
    }

    /// Ends the connections that nobody wants and begins those that are missing.
    fn adjust(&mut self) {
        let wanted = self.wanted();
        self.running.retain(|key, (cancel, hub)| {
            let goes_on = wanted.get(key).is_some_and(|(_, wanted)| Arc::ptr_eq(wanted, hub));
            if !goes_on {
                cancel.cancel();
            }
            goes_on
        });
        for (key, (entry, hub)) in wanted {
            if self.running.contains_key(&key) {
                continue;
            }
            let cancel = CancellationToken::new();
            self.running.insert(key.clone(), (cancel.clone(), hub.clone()));
            let way = self.way.clone();
            self.work.push(Box::pin(async move {
                follow_until(&cancel, &way, &entry, &key.2, &hub).await;
            }));
        }
    }

    fn wanted(&self) -> HashMap<Key, (Arc<Entry>, Arc<Hub>)> {
        let streams = self.hubs.wanted();
        if streams.is_empty() {
            return HashMap::new();
        }
        let catalog: Arc<Catalog> = self.catalog.current();
        let mut wanted = HashMap::new();
        for (topic, hub) in streams {
            for entry in catalog.entries().iter().filter(|entry| entry.is_federated() && self.has(entry, &topic)) {
                let key = (entry.id().clone(), entry.instance.incarnation.0, topic.clone());
                wanted.insert(key, (entry.clone(), hub.clone()));
            }
        }
        wanted
    }

    /// Whether an instance has what the stream is about, as far as is known.
    fn has(&self, entry: &Entry, topic: &Topic) -> bool {
        let Some(setup) = topic.setup() else { return true };
        let slots = self.observations.slots();
        let seen = slots.get(entry.id().as_str()).and_then(|slot| slot.setups());
        seen.is_none_or(|seen| seen.stale || seen.setups.iter().any(|known| &*known.id == setup))
    }
}
