//! A signed webhook: transitions are sent to one receiver, at least once each and in order.
//!
//! Owns the position up to which the receiver has all, which is kept in a file, so that a restart loses nothing. The queue is the
//! journal itself: what the receiver does not take waits there, up to a bound, and what falls out of the bound is told as a gap.
//! Does not own the shape of an entry (that is handed in), nor connections (the dialer does, with its checks).

mod position;
mod sender;
mod signature;
mod target;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::net::Dialer;
use crate::registry::Journal;
use crate::registry::store::JournalEntry;
use crate::tasks::{TaskName, Tasks};
use position::PositionFile;
use sender::Sender;
pub use signature::Secret;
pub use target::Target;

/// The settings of the webhook.
#[derive(Clone, Debug)]
pub struct WebhookSettings {
    /// Where deliveries go.
    pub target: Target,
    /// The file with the secret, which is read for every delivery.
    pub secret_file: PathBuf,
    /// The longest time for one delivery.
    pub timeout: Duration,
    /// The most entries of the journal that wait.
    pub queue_max: u64,
    /// The folder in which the position is kept.
    pub data_dir: PathBuf,
    /// Name of this manager.
    pub manager: String,
}

/// Writes an entry as JSON.
pub type RenderEntry = Arc<dyn Fn(&JournalEntry) -> Bytes + Send + Sync>;

/// Begins to send, from where the last life of the manager left off.
pub fn start(settings: WebhookSettings, journal: Journal, dialer: Arc<Dialer>, render: RenderEntry, tasks: &Tasks) {
    let file = PositionFile::new(&settings.data_dir, tasks.clone());
    let sender = Sender::new(settings, journal, dialer, render, file);
    let stop = tasks.stop_signal();
    tasks.vital(TaskName::Webhook, async move {
        tokio::select! {
            () = stop.cancelled() => {}
            () = sender.run() => {}
        }
    });
}
