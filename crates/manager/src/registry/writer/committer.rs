//! The thread that waits for the disk, so that nobody else does.
//!
//! Owns the store, the measuring of commits, and that a failing store is not tried without end. Ends when the writer drops its end; the store is closed then.

use std::time::Duration;

use tokio::sync::mpsc;

use super::pause::Pause;
use crate::clock;
use crate::registry::store::{CommitError, Medium, Seq, Store, Write};

/// A finished commit: what was to be written, and how that went.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) writes: Vec<Write>,
    pub(super) result: Result<(), CommitError>,
    /// How far the journal reaches now.
    pub(super) position: Seq,
}

/// Commits batch after batch until there are no more.
pub(super) fn run<M: Medium>(mut store: Store<M>, mut jobs: mpsc::Receiver<Vec<Write>>, done: &mpsc::Sender<Finished>) {
    let mut pause = Pause::default();
    while let Some(writes) = jobs.blocking_recv() {
        let result = match pause.refusal(clock::instant()) {
            Some(known) => Err(known),
            None => attempt(&mut store, &mut pause, &writes),
        };
        if done.blocking_send(Finished { writes, result, position: store.last_seq() }).is_err() {
            return;
        }
    }
}

fn attempt<M: Medium>(store: &mut Store<M>, pause: &mut Pause, writes: &[Write]) -> Result<(), CommitError> {
    let begun = clock::instant();
    let result = store.commit(writes, clock::wall());
    measure(begun.elapsed(), writes, &result);
    pause.note(&result, !writes.is_empty(), clock::instant());
    result
}

fn measure(took: Duration, writes: &[Write], result: &Result<(), CommitError>) {
    if writes.is_empty() && result.is_ok() {
        return;
    }
    let outcome = result.as_ref().map_or_else(|error| error.kind.as_str(), |()| "ok");
    metrics::counter!("peegeeq_registry_commits_total", "outcome" => outcome).increment(1);
    metrics::histogram!("peegeeq_registry_commit_duration_seconds").record(took.as_secs_f64());
}
