//! The one who looks what changed.
//!
//! Owns the order in which things are told: entries are read first and the catalog after them, so that what an entry says is in
//! the rows that are told before it. Gathers for a moment when much happens.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use peegeeq_domain::catalog::{Catalog, Entry};
use peegeeq_domain::incident::Picture;
use peegeeq_domain::instance::InstanceId;

use super::ring::{IncidentNews, Told};
use super::{Follows, Render, Shared};
use crate::registry::CatalogReader;
use crate::registry::store::JournalEntry;

/// The shortest time between two batches.
const GATHER: Duration = Duration::from_millis(50);
/// How often it is looked whether reasons and setups changed, of which nobody tells.
const STANDING_EVERY: Duration = Duration::from_millis(500);
/// The most entries of one batch.
const ENTRIES_MAX: usize = 512;

/// Follows the catalog, the journal and the observations.
pub(super) struct Follower {
    shared: Arc<Shared>,
    catalog: CatalogReader,
    follows: Follows,
    render: Arc<dyn Render>,
    known: Known,
    incidents: KnownIncidents,
    standing: u64,
}

impl Follower {
    pub(super) fn new(shared: Arc<Shared>, catalog: CatalogReader, follows: Follows, render: Arc<dyn Render>) -> Self {
        let known = shared.ring().known();
        Self { shared, catalog, follows, render, known, incidents: KnownIncidents::default(), standing: 0 }
    }

    /// Runs until the registry stops.
    pub(super) async fn run(mut self) {
        let mut look = tokio::time::interval(STANDING_EVERY);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            self.tell().await;
            tokio::time::sleep(GATHER).await;
            tokio::select! {
                goes_on = self.catalog.changed() => if !goes_on { std::future::pending::<()>().await },
                goes_on = self.follows.journal.moved() => if !goes_on { std::future::pending::<()>().await },
                goes_on = self.follows.incidents.changed() => if goes_on.is_err() { std::future::pending::<()>().await },
                _ = look.tick() => {}
            }
        }
    }

    /// Tells all that happened since the last time.
    async fn tell(&mut self) {
        loop {
            let position = self.shared.ring().position().number;
            let entries = if self.follows.journal.position().number > position { self.entries(position).await } else { Vec::new() };
            let more = entries.len() == ENTRIES_MAX;
            let standing = self.follows.observations.standing();
            let again = std::mem::replace(&mut self.standing, standing) != standing;
            let catalog = self.catalog.current();
            let changed = changed(&mut self.known, &catalog, again, &*self.render);
            let entries = entries.into_iter().map(|entry| (self.render.entry(&entry), entry)).map(|(json, entry)| (entry, json)).collect();
            let incidents = if more { IncidentNews::default() } else { self.incidents() };
            let told = {
                let mut ring = self.shared.ring();
                ring.tell(catalog.generation().0, changed, entries, incidents).then(|| ring.head())
            };
            if let Some(head) = told {
                self.shared.head.send_replace(head);
            }
            if !more {
                return;
            }
        }
    }

    /// The incidents that are others than they were told.
    fn incidents(&mut self) -> IncidentNews {
        let picture = self.follows.incidents.borrow_and_update().clone();
        changed_incidents(&mut self.incidents, &picture, &*self.render)
    }

    /// A journal that cannot be read now is read at the next look: nothing is lost, it is late.
    async fn entries(&self, after: u64) -> Vec<JournalEntry> {
        match self.follows.journal.after(after, ENTRIES_MAX).await {
            Ok(page) => page.entries,
            Err(error) => {
                tracing::debug!(%error, "updates wait for the journal: {error}");
                Vec::new()
            }
        }
    }
}

/// The rows that were told, as far as it must be known to see what changed.
pub(super) type Known = BTreeMap<InstanceId, (Arc<Entry>, u64)>;

/// Which rows are others than they were told, noted as told. `again`: also those of which the catalog says nothing new.
pub(super) fn changed(known: &mut Known, catalog: &Catalog, again: bool, render: &dyn Render) -> Vec<(InstanceId, Option<Told>)> {
    let mut changed = Vec::new();
    for entry in catalog.entries() {
        let before = known.get(entry.id());
        let same = before.is_some_and(|(told, _)| Arc::ptr_eq(told, entry));
        let stands = || before.is_some_and(|(_, standing)| *standing == render.standing(entry.id()));
        if same && (!again || stands()) {
            continue;
        }
        let row = render.row(entry);
        known.insert(entry.id().clone(), (entry.clone(), row.standing));
        changed.push((entry.id().clone(), Some(Told { entry: entry.clone(), row })));
    }
    let gone = known.extract_if(.., |id, _| catalog.get(id.as_str()).is_none());
    changed.extend(gone.map(|(id, _)| (id, None)));
    changed
}

/// The open incidents that were told, by their versions.
pub(super) type KnownIncidents = BTreeMap<u64, u64>;

/// Which open incidents are new or others than they were told, and which closed since, noted as told. Those that were closed when
/// they were first seen are not news.
pub(super) fn changed_incidents(known: &mut KnownIncidents, picture: &Picture, render: &dyn Render) -> IncidentNews {
    let mut news = IncidentNews::default();
    for incident in &picture.incidents {
        let before = known.get(&incident.id).copied();
        let is_open = incident.closed_at.is_none();
        if before == Some(incident.version) || (before.is_none() && !is_open) {
            continue;
        }
        if is_open {
            known.insert(incident.id, incident.version);
        } else {
            known.remove(&incident.id);
        }
        news.told.push((incident.clone(), render.incident(incident)));
    }
    // One that is not there any more turned out to be another, which names it.
    let gone = known.extract_if(.., |id, _| picture.incidents.binary_search_by_key(id, |incident| incident.id).is_err());
    news.gone.extend(gone.map(|(id, _)| id));
    news
}
