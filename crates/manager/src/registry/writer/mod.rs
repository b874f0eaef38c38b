//! The one task in which the catalog changes.
//!
//! Owns the order of things: a registration is durable, then visible, then acknowledged; a verdict is visible at once
//! and durable when the disk has time. Does not own the rules of registrations (the domain does) nor files (the store).

mod announce;
mod backlog;
mod committer;
mod departed;
mod handle;
mod pause;
mod plan;
mod shared;
mod sharing;
mod task;

use peegeeq_domain::catalog::{Catalog, CatalogEvent};
use tokio::sync::{mpsc, watch};

use super::consul::{self, ConsulSettings};
use super::journal::Journal;
use super::reader::{CatalogReader, catalog_cell};
use super::store::{Loaded, Medium, Store};
use crate::net::Client;
use crate::tasks::{TaskName, Tasks};
use handle::{ConsulEnd, Doors, doors};
pub use handle::{Judgement, Kept, Registered, RegistryError, RegistryHandle, StoreStatus, Updated};
use shared::Shared;
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

/// Starts the writer of an embedded registry, and the thread that commits for it, with what the store held.
pub fn start<M: Medium>(store: Store<M>, loaded: Loaded, settings: RegistrySettings, tasks: &Tasks) -> (RegistryHandle, CatalogReader) {
    start_in(store, loaded, settings, None, tasks)
}

/// Starts the writer of a registry that lies in Consul, if there is one, else here. What the store held is shown until Consul was
/// read. Verdicts begin as unprobed.
pub fn start_in<M: Medium>(
    store: Store<M>,
    loaded: Loaded,
    settings: RegistrySettings,
    consul: Option<(Client, ConsulSettings)>,
    tasks: &Tasks,
) -> (RegistryHandle, CatalogReader) {
    for record in &loaded.set_aside {
        tracing::error!(instanceId = record.id, reason = record.reason, "stored registration cannot be read, it is kept but not used");
    }
    let (catalog, _) = Catalog::default().after([CatalogEvent::MembersReplaced(loaded.instances)]);
    let (publisher, reader) = catalog_cell(catalog);
    let (position_out, position) = watch::channel(store.last_seq());
    let journal = Journal::new(store.journal_reader(), position, tasks.clone());
    let link = consul.map(|(client, settings)| consul::start(client, settings, reader.clone(), tasks));
    let end = link.as_ref().map(|link| ConsulEnd {
        wanted: link.wanted.clone(),
        status: link.status.clone(),
        holdings: link.holdings.clone(),
        catalog: reader.clone(),
    });
    let (handle, Doors { commands, judgements, notes, status }) = doors(settings, journal, end);
    let (jobs, jobs_in) = mpsc::channel(1);
    let (done_out, done) = mpsc::channel(1);
    tasks.vital_blocking(TaskName::RegistryStore, move || committer::run(store, jobs_in, &done_out));
    let (shared, heard, answers) = match link {
        Some(consul::Link { heard, jobs, answers, status, holdings, own_node, .. }) => {
            (Some(Shared::new(own_node, holdings, status, jobs)), heard, answers)
        }
        // Nobody will ever send.
        None => (None, mpsc::channel(1).1, mpsc::channel(1).1),
    };
    let writer = Writer::new(publisher, settings, status, jobs, position_out, shared);
    let stop = tasks.stop_signal();
    tasks.vital(TaskName::RegistryWriter, writer.run(Inputs { commands, judgements, notes, done, heard, answers }, stop));
    (handle, reader)
}

#[cfg(test)]
#[path = "tests/mod.rs"]
mod tests;
