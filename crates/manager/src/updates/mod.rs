//! Live updates: what changed in the catalog and what was journalled, told to every subscriber in order.
//!
//! Owns one picture of the rows that subscribers were told, and a bounded ring of what was told since. Each change is rendered
//! once for all who look at everything. Whoever is too slow, or comes back too late, is given the picture anew: nothing is kept
//! for a single subscriber. Does not own the shape of a row or an entry (those are handed in), nor HTTP.
//!
//! The place of everything told is a position of the journal. A row is told with the position up to which entries were told
//! before it, and the entry that says why follows: so a position that a subscriber brings back covers all rows before it. Rows
//! told after it may be told again, as they are now, and never as they were; an entry is told exactly once.

mod event;
mod follow;
mod ring;
mod subscription;
#[cfg(test)]
mod tests;
mod view;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use peegeeq_domain::catalog::Entry;
use peegeeq_domain::incident::{Incident, Picture};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::observations::Observations;
use crate::registry::store::{JournalEntry, Seq};
use crate::registry::{CatalogReader, Journal};
use crate::tasks::{TaskName, Tasks};
use ring::Ring;
pub use subscription::{Delivery, Subscription};
pub use view::{Topics, View};

/// The bounds of the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpdatesSettings {
    /// The most subscribers at a time; one more is refused.
    pub subscribers_max: usize,
    /// The most bytes of what was told that are kept for those who are behind.
    pub buffer_bytes_max: usize,
}

/// A row as subscribers see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its JSON.
    pub json: Bytes,
    /// Differs when anything but the time of a check does, beside what the catalog says.
    pub standing: u64,
}

/// Writes rows and entries. The shapes are not this room's.
pub trait Render: Send + Sync + 'static {
    /// One instance as it is now.
    fn row(&self, entry: &Entry) -> Row;
    /// One journal entry as JSON.
    fn entry(&self, entry: &JournalEntry) -> Bytes;
    /// One incident as JSON.
    fn incident(&self, incident: &Incident) -> Bytes;
}

/// No more subscribers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The limit is reached.
    #[error("too many subscribers")]
    Full,
    /// The manager is stopping.
    #[error("the manager is stopping")]
    Stopping,
}

/// Where subscribers come from. Cheap to clone.
#[derive(Clone, Debug)]
pub struct UpdatesHandle {
    catalog: CatalogReader,
    shared: Arc<Shared>,
}

/// What the follower writes and subscribers read.
#[derive(Debug)]
struct Shared {
    ring: Mutex<Ring>,
    /// Number of the next batch.
    head: watch::Sender<u64>,
    closing: CancellationToken,
    subscribers: AtomicUsize,
    subscribers_max: usize,
}

impl Shared {
    fn new(ring: Ring, subscribers_max: usize) -> Self {
        let head = watch::Sender::new(ring.head());
        Self { ring: Mutex::new(ring), head, closing: CancellationToken::new(), subscribers: AtomicUsize::new(0), subscribers_max }
    }

    /// Held for as long as it takes to copy pointers.
    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of the allowed subscribers; dropping it frees the place.
#[derive(Debug)]
struct Place(Arc<Shared>);

impl Drop for Place {
    fn drop(&mut self) {
        let left = self.0.subscribers.fetch_sub(1, Ordering::AcqRel) - 1;
        metrics::gauge!("peegeeq_updates_subscribers").set(left as f64);
    }
}

impl UpdatesHandle {
    /// A subscriber with a view, which comes back to `since` if it was here before.
    pub fn subscribe(&self, view: View, since: Option<Seq>) -> Result<Subscription, Refused> {
        if self.shared.closing.is_cancelled() {
            return Err(Refused::Stopping);
        }
        let before = self.shared.subscribers.fetch_add(1, Ordering::AcqRel);
        let place = Place(self.shared.clone());
        if before >= self.shared.subscribers_max {
            return Err(Refused::Full);
        }
        metrics::gauge!("peegeeq_updates_subscribers").set((before + 1) as f64);
        Ok(Subscription::new(place, view, since, self.catalog.current().generation().0))
    }

    /// Ends every subscription: the manager is about to close its connections.
    pub fn close(&self) {
        self.shared.closing.cancel();
    }
}

/// What is followed beside the catalog.
pub struct Follows {
    /// What was last seen.
    pub observations: Arc<Observations>,
    /// What happened.
    pub journal: Journal,
    /// What failed together.
    pub incidents: watch::Receiver<Arc<Picture>>,
}

/// Starts following the catalog, the journal and the incidents.
pub fn start(settings: UpdatesSettings, catalog: CatalogReader, follows: Follows, render: Arc<dyn Render>, tasks: &Tasks) -> UpdatesHandle {
    // The position first: what the catalog shows later may be told again, but nothing before it is missing.
    let position = follows.journal.position();
    let ring = Ring::new(&catalog.current(), &*render, position, settings.buffer_bytes_max);
    let shared = Arc::new(Shared::new(ring, settings.subscribers_max));
    let (stop, closing) = (tasks.stop_signal(), shared.closing.clone());
    let follower = follow::Follower::new(shared.clone(), catalog.clone(), follows, render);
    tasks.vital(TaskName::Updates, async move {
        tokio::select! {
            () = stop.cancelled() => closing.cancel(),
            () = follower.run() => {}
        }
    });
    UpdatesHandle { catalog, shared }
}
