//! Known setups on their way into the store, and those who wait until they are there.
//!
//! Owns that one batch is under way at a time, only the latest of each instance waits, and what the store refused is tried
//! again. The number of instances bounds it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use peegeeq_domain::instance::InstanceId;
use peegeeq_domain::time::Moment;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::Remember;
use super::handle::{Noted, Unwritten};
use crate::clock;
use crate::registry::KnownSetups;
use crate::tasks::Tasks;

/// The most records in one batch, so that many of them delay no registration.
const BATCH_MAX: usize = 256;

/// What was refused is tried again after this time.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// What waits, and the batch under way.
pub(super) struct Remembering {
    remember: Remember,
    tasks: Tasks,
    waiting: BTreeMap<InstanceId, Waiting>,
    /// Brings what the store refused.
    under_way: Option<JoinHandle<Vec<Arc<KnownSetups>>>>,
    not_before: Moment,
    /// Those who wait until nothing waits.
    flushing: Vec<oneshot::Sender<()>>,
}

struct Waiting {
    known: Arc<KnownSetups>,
    noted: Vec<Noted>,
}

impl Remembering {
    pub(super) fn new(remember: Remember, tasks: Tasks) -> Self {
        let not_before = Moment::default();
        Self { remember, tasks, waiting: BTreeMap::new(), under_way: None, not_before, flushing: Vec::new() }
    }

    /// Adds what is known by now of an instance, in place of what waited. `noted` hear when that is written, or refused.
    pub(super) fn push(&mut self, known: KnownSetups, noted: Vec<Noted>) {
        let known = Arc::new(known);
        let waiting = self.waiting.entry(known.instance.clone()).or_insert_with(|| Waiting { known: known.clone(), noted: Vec::new() });
        waiting.known = known;
        waiting.noted.extend(noted);
    }

    /// Tells `done`, by dropping it, once all that was pushed is written or something is refused.
    pub(super) fn flush(&mut self, done: oneshot::Sender<()>) {
        self.flushing.push(done);
    }

    /// Begins the next batch, unless one is under way or it is too early.
    pub(super) fn advance(&mut self, now: Moment) {
        if self.under_way.is_some() {
            return;
        }
        if self.waiting.is_empty() {
            self.flushing.clear();
            return;
        }
        if now < self.not_before && self.flushing.is_empty() && self.waiting.values().all(|waiting| waiting.noted.is_empty()) {
            return;
        }
        let mut batch = Vec::with_capacity(self.waiting.len().min(BATCH_MAX));
        let mut noted = Vec::new();
        while batch.len() < BATCH_MAX {
            let Some((_, waiting)) = self.waiting.pop_first() else { break };
            batch.push(waiting.known);
            noted.extend(waiting.noted);
        }
        let writing = (self.remember)(batch.clone());
        self.under_way = Some(self.tasks.short(async move {
            let written = writing.await.map_err(Unwritten::Refused);
            for waiting in noted {
                // Who stopped waiting misses nothing.
                let _ = waiting.send(written.clone());
            }
            if written.is_ok() { Vec::new() } else { batch }
        }));
    }

    /// Waits until the batch under way is over; for ever if there is none. Dropping the future loses nothing.
    pub(super) async fn over(&mut self) {
        let refused = match &mut self.under_way {
            Some(batch) => batch.await.unwrap_or_default(),
            None => std::future::pending().await,
        };
        self.under_way = None;
        if refused.is_empty() {
            return;
        }
        self.flushing.clear();
        self.not_before = clock::now() + AGAIN_AFTER;
        for known in refused {
            self.waiting.entry(known.instance.clone()).or_insert(Waiting { known, noted: Vec::new() });
        }
    }
}
