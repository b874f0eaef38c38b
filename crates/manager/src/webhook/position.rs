//! The position up to which the receiver has all, in a file of its own.
//!
//! Owns that the file holds either the old position or the new one, never half of one.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::registry::store::Seq;
use crate::tasks::Tasks;

/// Its name in the data folder.
const NAME: &str = "webhook.position";

/// The file.
#[derive(Clone, Debug)]
pub(super) struct PositionFile {
    path: PathBuf,
    tasks: Tasks,
}

impl PositionFile {
    pub(super) fn new(folder: &Path, tasks: Tasks) -> Self {
        Self { path: folder.join(NAME), tasks }
    }

    /// Reads the position; `None`: nothing was delivered yet, or the file says nothing that can be understood.
    pub(super) async fn read(&self) -> Option<Seq> {
        let path = self.path.clone();
        let read = self.tasks.short_blocking(move || fs::read_to_string(path).ok()).await;
        Seq::parse(read.ok()??.trim())
    }

    /// Does something that blocks; `None`: the manager is stopping.
    pub(super) async fn blocking<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        self.tasks.short_blocking(work).await.ok()
    }

    /// Writes the position. What cannot be written is delivered again after a restart, and not lost.
    pub(super) async fn write(&self, position: Seq) {
        let path = self.path.clone();
        let written = self.tasks.short_blocking(move || replace(&path, &position.to_string())).await;
        match written {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the position of the webhook cannot be written: {error}"),
            Err(error) => tracing::error!(%error, "the position of the webhook was not written: {error}"),
        }
    }
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    let beside = path.with_extension("position.new");
    let mut file = File::create(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}
