//! Incidents: the one task that reads the whole journal once, and follows it from there.
//!
//! Owns the picture that everybody sees, and when time changes it. Does not own what an incident is (`peegeeq_domain::incident`),
//! nor the journal: a manager that starts again reads it again, and finds the same incidents.

mod follow;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use peegeeq_domain::incident::{Board, Picture, Rules};
use tokio::sync::watch;

use crate::registry::{CatalogReader, Journal};
use crate::tasks::{TaskName, Tasks};
use follow::Follower;

/// Reads the incidents. Cheap to clone.
#[derive(Clone, Debug)]
pub struct IncidentsHandle {
    picture: watch::Receiver<Arc<Picture>>,
    is_complete: Arc<AtomicBool>,
    stable_after: Duration,
}

impl IncidentsHandle {
    /// The incidents now.
    pub fn picture(&self) -> Arc<Picture> {
        self.picture.borrow().clone()
    }

    /// The same, for those who wait for the next.
    pub fn follow(&self) -> watch::Receiver<Arc<Picture>> {
        self.picture.clone()
    }

    /// Whether the journal was read to its end since the start.
    pub fn is_complete(&self) -> bool {
        self.is_complete.load(Ordering::Acquire)
    }

    /// How long nothing must be bad before an incident closes.
    pub fn stable_after(&self) -> Duration {
        self.stable_after
    }
}

/// Begins to read the journal.
pub fn start(rules: Rules, catalog: CatalogReader, journal: Journal, tasks: &Tasks) -> IncidentsHandle {
    let (shown, picture) = watch::channel(Arc::<Picture>::default());
    let is_complete = Arc::<AtomicBool>::default();
    let follower = Follower::new(Board::new(rules), catalog, journal, shown, is_complete.clone());
    let stop = tasks.stop_signal();
    tasks.vital(TaskName::Incidents, async move {
        tokio::select! {
            () = stop.cancelled() => {}
            () = follower.run() => {}
        }
    });
    IncidentsHandle { picture, is_complete, stable_after: rules.stable_after }
}
