//! The journal as the rest of the program sees it: how far it reaches, and pages of it.
//!
//! Owns that reading neither holds up the writer nor a worker: it happens on threads that may block, a few at a time. Does not own
//! what is written.

use std::sync::Arc;
use std::time::Duration;

use peegeeq_domain::catalog::Catalog;
use peegeeq_domain::history::Past;
use peegeeq_domain::time::Timestamp;
use tokio::sync::{Semaphore, watch};

use super::store::{EventPage, EventQuery, JournalEntry, JournalReader, Life, Picture, PictureError, ReadError, Seq};
use crate::tasks::Tasks;

/// The most callers whose pages are read at the same time.
const READERS_MAX: usize = 4;
/// How long a caller waits for its turn.
const TURN_TIMEOUT: Duration = Duration::from_secs(2);

/// Why there is no page.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// Too many read already.
    #[error("too many readers of the journal at once; try again in a moment")]
    Busy,
    /// The store does not give it.
    #[error(transparent)]
    Failed(#[from] ReadError),
    /// The manager is stopping.
    #[error("the manager is stopping")]
    Stopping,
}

/// Reads the journal and waits for more. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Journal {
    reader: JournalReader,
    position: watch::Receiver<Seq>,
    turns: Arc<Semaphore>,
    tasks: Tasks,
}

impl Journal {
    pub(super) fn new(reader: JournalReader, position: watch::Receiver<Seq>, tasks: Tasks) -> Self {
        Self { reader, position, turns: Arc::new(Semaphore::new(READERS_MAX)), tasks }
    }

    /// The last entry that is durable. What it says is in the catalog before it is here.
    pub fn position(&self) -> Seq {
        *self.position.borrow()
    }

    /// Waits until the position is another than when this handle last waited. `false`: the registry stopped.
    pub async fn moved(&mut self) -> bool {
        self.position.changed().await.is_ok()
    }

    /// A page, for a caller who waits for its turn.
    pub async fn page(&self, query: EventQuery) -> Result<EventPage, JournalError> {
        self.read(move |reader| reader.page(&query)).await
    }

    /// The entries of these numbers, as far as they are kept, for a caller who waits for its turn.
    pub async fn entries(&self, numbers: Vec<u64>) -> Result<Vec<JournalEntry>, JournalError> {
        self.read(move |reader| reader.entries(&numbers)).await
    }

    /// Entries after a number, in order, at most `limit`: for the one task that follows the journal, which needs no turn.
    pub async fn after(&self, number: u64, limit: usize) -> Result<EventPage, JournalError> {
        let reader = self.reader.clone();
        let read = self.tasks.short_blocking(move || reader.after(number, limit)).await;
        Ok(read.map_err(|_| JournalError::Stopping)??)
    }

    /// What is remembered of one instance, at least from `from` on if the journal reaches so far; `now` is what is true now.
    pub async fn life(&self, id: String, from: Timestamp, now: Past) -> Result<Life, JournalError> {
        self.read(move |reader| reader.life(&id, from, &now)).await
    }

    /// All instances as they were at a time; `now` is what is true now.
    pub async fn picture(&self, at: Timestamp, now: Arc<Catalog>) -> Result<Result<Picture, PictureError>, JournalError> {
        self.read(move |reader| reader.picture(at, &now)).await
    }

    /// Any reading, for a caller who waits for its turn.
    pub(in crate::registry) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&JournalReader) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, JournalError> {
        let turn = tokio::time::timeout(TURN_TIMEOUT, self.turns.clone().acquire_owned()).await;
        let turn = turn.map_err(|_| JournalError::Busy)?.map_err(|_| JournalError::Stopping)?;
        let reader = self.reader.clone();
        let read = self.tasks.short_blocking(move || {
            let _in_turn = turn;
            work(&reader)
        });
        Ok(read.await.map_err(|_| JournalError::Stopping)??)
    }
}
