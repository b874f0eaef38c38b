//! Following the journal, page by page.
//!
//! Owns the waiting: for entries, and for the time at which an incident closes. Entries are stamped before they are durable, so an
//! incident is shown as closed a moment after its time only.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use peegeeq_domain::incident::{Board, Noted, Picture, Place};
use peegeeq_domain::time::{Timestamp, millis};
use tokio::sync::watch;

use crate::clock;
use crate::registry::store::{EventPage, JournalEntry};
use crate::registry::{CatalogReader, Journal};

/// The most entries that are read at once.
const PAGE: usize = 4096;
/// The shortest time between two pictures.
const GATHER: Duration = Duration::from_millis(50);
/// The longest time between two looks at the clock, which may have been set.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// How long an entry may take from its stamp to the disk, as far as is waited for it.
const LAG: Duration = Duration::from_secs(2);

/// The one who reads.
pub(super) struct Follower {
    board: Board,
    catalog: CatalogReader,
    journal: Journal,
    shown: watch::Sender<Arc<Picture>>,
    is_complete: Arc<AtomicBool>,
    /// The last number that was read.
    read: u64,
}

impl Follower {
    pub(super) fn new(
        board: Board,
        catalog: CatalogReader,
        journal: Journal,
        shown: watch::Sender<Arc<Picture>>,
        is_complete: Arc<AtomicBool>,
    ) -> Self {
        Self { board, catalog, journal, shown, is_complete, read: 0 }
    }

    /// Runs until the registry stops.
    pub(super) async fn run(mut self) {
        loop {
            let is_current = self.read_on().await;
            if is_current {
                self.is_complete.store(true, Ordering::Release);
                self.show();
            }
            tokio::time::sleep(GATHER).await;
            if !is_current {
                continue;
            }
            let wait = self.wait();
            tokio::select! {
                goes_on = self.journal.moved() => if !goes_on { std::future::pending::<()>().await },
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Reads what there is; `false`: it could not be read now.
    async fn read_on(&mut self) -> bool {
        if self.journal.position().number > self.read + PAGE as u64 {
            // So far behind, what is shown is not how it is.
            self.is_complete.store(false, Ordering::Release);
        }
        while self.journal.position().number > self.read {
            let page = match self.journal.after(self.read, PAGE).await {
                Ok(page) => page,
                Err(error) => {
                    tracing::debug!(%error, "incidents wait for the journal: {error}");
                    return false;
                }
            };
            if page.entries.is_empty() {
                return true;
            }
            self.apply(page);
            tokio::task::yield_now().await;
        }
        true
    }

    fn apply(&mut self, page: EventPage) {
        let oldest = page.oldest.map_or(0, |oldest| oldest.number);
        if self.read == 0 && oldest > 1 {
            self.begin_with_the_unknown(page.oldest_at.unwrap_or_default());
        }
        for JournalEntry { seq, at, event } in page.entries {
            self.read = seq.number;
            if let Some(event) = event {
                self.board.apply(&Noted { place: Place { number: seq.number, epoch: seq.epoch }, at, event });
            }
        }
        self.board.forget_before(oldest);
    }

    /// Of instances that were registered before the journal begins it is taken that they were as they are now.
    fn begin_with_the_unknown(&mut self, beginning: Timestamp) {
        for entry in self.catalog.current().entries() {
            if entry.instance.registered_at < beginning {
                self.board.begin_with(entry.instance.clone());
            }
        }
    }

    fn show(&self) {
        let now = clock::wall().epoch_millis().saturating_sub_unsigned(millis(LAG));
        let picture = self.board.picture(Timestamp::from_epoch_millis(now));
        let before = self.shown.borrow().clone();
        metrics::gauge!("peegeeq_incidents_open").set(picture.open as f64);
        metrics::gauge!("peegeeq_incidents_kept").set(picture.incidents.len() as f64);
        if before.cursor != picture.cursor {
            let is_new = |id: u64| before.cursor.place.number > 0 && before.cursor.place.number < id;
            let opened = picture.incidents.iter().filter(|incident| is_new(incident.id)).count() as u64;
            metrics::counter!("peegeeq_incidents_opened_total").increment(opened);
        }
        self.shown.send_if_modified(|shown| {
            let differs = shown.incidents != picture.incidents;
            *shown = Arc::new(picture);
            differs
        });
    }

    /// Until an incident closes, or for as long as may be waited.
    fn wait(&self) -> Duration {
        let now = clock::wall().epoch_millis();
        let due = self.board.next_due().map(|due| due.epoch_millis().saturating_sub(now).max(0));
        let due = due.and_then(|due| u64::try_from(due).ok()).map(|due| Duration::from_millis(due) + LAG);
        due.map_or(LOOK_EVERY, |due| due.min(LOOK_EVERY))
    }
}
