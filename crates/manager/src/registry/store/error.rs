//! What can go wrong with the store, in sentences for people.
//!
//! Owns the kinds and what to do about each. Does not own the wire form of errors.

use std::io::ErrorKind;
use std::path::PathBuf;

/// Why the store could not be opened. Each text says what happened and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Another manager uses the directory.
    #[error("data directory {} is in use by another manager{}; stop that one, or give this one its own data.dir", dir.display(), process(pid))]
    InUse {
        /// The directory.
        dir: PathBuf,
        /// Process id of the other manager, if it could be read.
        pid: Option<u32>,
    },
    /// The path of the data directory leads over something else.
    #[error("data.dir names {}, but {} is {what}: move that away, or point data.dir at a directory", dir.display(), at.display())]
    NotADirectory {
        /// The directory that was asked for.
        dir: PathBuf,
        /// The part of the path that is no directory.
        at: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// The directory is not there and cannot be made.
    #[error("the data directory {} is not there and cannot be made ({reason}): make it for the user that runs the manager, or point data.dir elsewhere", dir.display())]
    NotMade {
        /// The directory.
        dir: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The directory is there, and this user may not use it.
    #[error("the data directory {} may not be read and written by this user ({reason}): give it to the user that runs the manager (chown, chmod u+rwx), or point data.dir elsewhere", dir.display())]
    Denied {
        /// The directory.
        dir: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The file has no content.
    #[error("registry file {file} is empty; put a backup in its place, or move it away to begin with an empty registry")]
    Empty {
        /// The file.
        file: String,
    },
    /// The file is something else.
    #[error("{file} is not a registry file of this product; move it away, or point data.dir elsewhere; it was not touched")]
    Foreign {
        /// The file.
        file: String,
    },
    /// The file is ours, and broken.
    #[error(
        "registry file {file} is damaged ({reason}); put a backup in its place, or move it away to begin with an empty registry; it was not touched"
    )]
    Damaged {
        /// The file.
        file: String,
        /// What was found.
        reason: String,
    },
    /// A later version wrote the file.
    #[error(
        "registry file {file} has format {found}, and this version reads up to format {known}; start the version that wrote it, or a newer one; it was not touched"
    )]
    Newer {
        /// The file.
        file: String,
        /// Its format, as it is written there.
        found: String,
        /// The highest format this version reads.
        known: u64,
    },
    /// Nothing can be written there.
    #[error(
        "the registry cannot be written at {file} ({reason}); make it readable and writable for this user, or point data.dir elsewhere"
    )]
    ReadOnly {
        /// The file or directory.
        file: String,
        /// What the system said.
        reason: String,
    },
    /// There is no space.
    #[error("no space is left for the registry at {file} ({reason}); free some, or point data.dir elsewhere")]
    Full {
        /// The file or directory.
        file: String,
        /// What the system said.
        reason: String,
    },
    /// Anything else.
    #[error("the registry at {file} cannot be opened: {reason}; check the disk and data.dir")]
    Other {
        /// The file or directory.
        file: String,
        /// What the system said.
        reason: String,
    },
}

fn process(pid: &Option<u32>) -> String {
    pid.map(|pid| format!(" (process {pid})")).unwrap_or_default()
}

impl OpenError {
    /// The error for a failed operation on `file`.
    pub(super) fn of(file: &str, error: &redb::Error) -> Self {
        let (file, reason) = (file.to_owned(), error.to_string());
        match kind_of(error) {
            CommitErrorKind::Full => Self::Full { file, reason },
            CommitErrorKind::ReadOnly => Self::ReadOnly { file, reason },
            CommitErrorKind::Other if is_damage(error) => Self::Damaged { file, reason },
            CommitErrorKind::Other => Self::Other { file, reason },
        }
    }
}

/// Which remedy a failed commit needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CommitErrorKind {
    /// Space.
    Full,
    /// Permission, or a file system mounted for writing.
    ReadOnly,
    /// A look at the disk.
    Other,
}

impl CommitErrorKind {
    /// The word used in metrics and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::ReadOnly => "read-only",
            Self::Other => "other",
        }
    }
}

/// A batch was not made durable. The next commit verifies the file before it writes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct CommitError {
    /// The kind.
    pub kind: CommitErrorKind,
    /// What happened and what to do.
    pub sentence: String,
}

impl CommitError {
    /// The file is open, and is not at its path any more.
    pub(super) fn displaced(file: &str, reason: &str) -> Self {
        let sentence = format!(
            "the registry file {file} was removed or replaced while the manager ran ({reason}), so nothing written to it would last; put the same file back, or restart the manager to begin with what lies there"
        );
        Self { kind: CommitErrorKind::Other, sentence }
    }

    pub(super) fn of(file: &str, error: &redb::Error) -> Self {
        let kind = kind_of(error);
        let advice = match kind {
            CommitErrorKind::Full => "free some space",
            CommitErrorKind::ReadOnly => "make it writable for this user",
            CommitErrorKind::Other => "check the disk",
        };
        Self { kind, sentence: format!("the registry could not be written to {file} ({error}); {advice} and try again") }
    }
}

fn kind_of(error: &redb::Error) -> CommitErrorKind {
    let redb::Error::Io(error) = error else { return CommitErrorKind::Other };
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => CommitErrorKind::Full,
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => CommitErrorKind::ReadOnly,
        _ => CommitErrorKind::Other,
    }
}

fn is_damage(error: &redb::Error) -> bool {
    match error {
        redb::Error::Io(error) => matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::InvalidData),
        redb::Error::Corrupted(_) | redb::Error::UpgradeRequired(_) | redb::Error::RepairAborted => true,
        _ => false,
    }
}
