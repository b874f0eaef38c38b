//! The one task in which the catalog changes.
//!
//! Owns the order of things: a registration is durable, then visible, then acknowledged; a verdict is visible at once
//! and durable when the disk has time. Does not own the rules of registrations (the domain does) nor files (the store).

mod announce;
mod backlog;
mod committer;
mod departed;
mod handle;
mod keepsakes;
mod pause;
mod plan;
mod task;

use peegeeq_domain::catalog::{Catalog, CatalogEvent};
use tokio::sync::{mpsc, watch};

use super::journal::Journal;
use super::reader::{CatalogReader, catalog_cell};
use super::store::{Loaded, Medium, Store};
use crate::tasks::{TaskName, Tasks};
use handle::{Doors, doors};
pub use handle::{Judgement, Registered, RegistryError, RegistryHandle, StoreStatus, Updated};
use task::{Inputs, Writer};

/// The bounds of the writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegistrySettings {
    /// The most commands that wait for a commit; one more is refused as busy.
    pub queue_max: usize,
    /// The most instances that can be registered at the same time.
    pub instances_max: usize,
    /// The most journal entries about verdicts that wait for the disk; more are counted and lost.
    pub journal_queue_max: usize,
}

/// Starts the writer and the thread that commits for it, with what the store held. Verdicts begin as unprobed.
pub fn start<M: Medium>(store: Store<M>, loaded: Loaded, settings: RegistrySettings, tasks: &Tasks) -> (RegistryHandle, CatalogReader) {
    for record in &loaded.set_aside {
        tracing::error!(instanceId = record.id, reason = record.reason, "stored registration cannot be read, it is kept but not used");
    }
    let (catalog, _) = Catalog::default().after([CatalogEvent::MembersReplaced(loaded.instances)]);
    let (publisher, reader) = catalog_cell(catalog);
    let (position_out, position) = watch::channel(store.last_seq());
    let journal = Journal::new(store.journal_reader(), position, tasks.clone());
    let (handle, Doors { commands, judgements, setups, notes, status }) = doors(settings, journal);
    let (jobs, jobs_in) = mpsc::channel(1);
    let (done_out, done) = mpsc::channel(1);
    tasks.vital_blocking(TaskName::RegistryStore, move || committer::run(store, jobs_in, &done_out));
    let writer = Writer::new(publisher, settings, status, jobs, position_out);
    let stop = tasks.stop_signal();
    tasks.vital(TaskName::RegistryWriter, writer.run(Inputs { commands, judgements, setups, notes, done }, stop));
    (handle, reader)
}

#[cfg(test)]
#[path = "tests/mod.rs"]
mod tests;
