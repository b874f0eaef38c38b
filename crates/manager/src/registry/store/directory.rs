//! The data directory: who may use it, and the file in it.
//!
//! Owns the lock and the making of the first file. A file that is there is never replaced or emptied.

use std::fs::{DirBuilder, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use redb::backends::FileBackend;

use super::medium::Medium;
use super::{OpenError, schema};

const FILE: &str = "registry.redb";
/// The first file is made under this name and then renamed, so that a crash never leaves half a file behind.
const FILE_BEING_MADE: &str = "registry.redb.new";
const LOCK: &str = "lock";

/// The file of the store. The one that is opened first is the only one that is ever used.
#[derive(Debug)]
pub struct FileMedium {
    path: PathBuf,
    opened: OnceLock<Identity>,
}

/// Tells files apart whatever their names are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    fn of(metadata: &Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino() }
    }
}

impl Medium for FileMedium {
    type Backend = FileBackend;

    fn open(&self) -> io::Result<FileBackend> {
        let file = OpenOptions::new().read(true).write(true).open(&self.path)?;
        let found = Identity::of(&file.metadata()?);
        if *self.opened.get_or_init(|| found) != found {
            return Err(io::Error::other("another file lies there than the one this manager opened"));
        }
        FileBackend::new(file).map_err(io::Error::other)
    }

    fn displacement(&self) -> Option<String> {
        match std::fs::metadata(&self.path) {
            Ok(found) if self.opened.get().is_none_or(|opened| *opened == Identity::of(&found)) => None,
            Ok(_) => Some("another file lies there".into()),
            Err(error) => Some(error.to_string()),
        }
    }

    fn name(&self) -> String {
        self.path.display().to_string()
    }
}

/// Holds the directory until it is dropped or the process ends, however it ends.
#[derive(Debug)]
pub(super) struct DirectoryLock {
    _file: File,
}

/// Takes the directory for this process, and makes sure that there is a file in it.
pub(super) fn lock_and_prepare(dir: &Path) -> Result<(FileMedium, DirectoryLock), OpenError> {
    let fault = |path: &Path, error| OpenError::of(&path.display().to_string(), &redb::Error::Io(error));
    if let Some(error) = obstacle(dir) {
        return Err(error);
    }
    make_directory(dir).map_err(|error| unmade(dir, error))?;
    let lock = lock(dir)?;
    let medium = FileMedium { path: dir.join(FILE), opened: OnceLock::new() };
    match std::fs::symlink_metadata(&medium.path) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => make_file(dir, &medium.path)?,
        Err(error) => return Err(fault(&medium.path, error)),
    }
    Ok((medium, lock))
}

/// What stands where the directory, or one on its way, should be.
fn obstacle(dir: &Path) -> Option<OpenError> {
    let (at, found) = dir.ancestors().find_map(|path| Some((path, std::fs::metadata(path).ok()?)))?;
    let what = if found.is_file() { "a file" } else { "not a directory" };
    (!found.is_dir()).then(|| OpenError::NotADirectory { dir: dir.to_owned(), at: at.to_owned(), what })
}

fn unmade(dir: &Path, error: io::Error) -> OpenError {
    let is_full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
    match error.kind() {
        _ if is_full => OpenError::of(&dir.display().to_string(), &redb::Error::Io(error)),
        io::ErrorKind::PermissionDenied if dir.exists() => OpenError::Denied { dir: dir.to_owned(), reason: error.to_string() },
        _ => OpenError::NotMade { dir: dir.to_owned(), reason: error.to_string() },
    }
}

/// Makes the directory, and makes its name durable: a file is only found again if every directory on its way is.
fn make_directory(dir: &Path) -> io::Result<()> {
    let parents = parents_of_missing(dir);
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    parents.iter().try_for_each(|parent| File::open(parent)?.sync_all())
}

/// The directories that get a new entry when `dir` is made, the deepest first; none if it is there.
fn parents_of_missing(dir: &Path) -> Vec<&Path> {
    let missing = dir.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists());
    missing.filter_map(Path::parent).map(|parent| if parent.as_os_str().is_empty() { Path::new(".") } else { parent }).collect()
}

fn lock(dir: &Path) -> Result<DirectoryLock, OpenError> {
    let path = dir.join(LOCK);
    let fault = |error: io::Error| match error.kind() {
        io::ErrorKind::PermissionDenied => OpenError::Denied { dir: dir.to_owned(), reason: error.to_string() },
        _ => OpenError::of(&path.display().to_string(), &redb::Error::Io(error)),
    };
    let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).clone();
    let mut file = options.open(&path).map_err(fault)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(OpenError::InUse { dir: dir.to_owned(), pid: pid_in(file) }),
        Err(TryLockError::Error(error)) => return Err(fault(error)),
    }
    file.set_len(0).and_then(|()| write!(file, "{}", std::process::id())).map_err(fault)?;
    Ok(DirectoryLock { _file: file })
}

fn pid_in(file: File) -> Option<u32> {
    let mut text = String::new();
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn make_file(dir: &Path, path: &Path) -> Result<(), OpenError> {
    let making = dir.join(FILE_BEING_MADE);
    let made =
        make_empty(&making).and_then(|()| std::fs::rename(&making, path).and_then(|()| File::open(dir)?.sync_all()).map_err(Into::into));
    made.map_err(|error: redb::Error| OpenError::of(&path.display().to_string(), &error))
}

fn make_empty(making: &Path) -> Result<(), redb::Error> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o600).open(making)?;
    schema::initialise(FileBackend::new(file)?)?;
    Ok(File::open(making)?.sync_all()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_directory_that_gets_an_entry_is_synced() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("deep/data");
        assert_eq!(parents_of_missing(&dir), [&*parent.path().join("deep"), parent.path()]);
        make_directory(&dir).unwrap();
        assert!(parents_of_missing(&dir).is_empty());
        assert_eq!(parents_of_missing(Path::new("no-such-directory")), [Path::new(".")]);
    }
}
