//! The data directory: who may use it, and the file in it.
//!
//! Owns the lock and the making of the first file. A file that is there is never replaced or emptied.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use redb::backends::FileBackend;

use super::medium::Medium;
use super::{OpenError, schema};

const FILE: &str = "registry.redb";
/// The first file is made under this name and then renamed, so that a crash never leaves half a file behind.
const FILE_BEING_MADE: &str = "registry.redb.new";
const LOCK: &str = "lock";

/// The file of the store.
#[derive(Clone, Debug)]
pub struct FileMedium {
    path: PathBuf,
}

impl Medium for FileMedium {
    type Backend = FileBackend;

    fn open(&self) -> io::Result<FileBackend> {
        let file = OpenOptions::new().read(true).write(true).open(&self.path)?;
        FileBackend::new(file).map_err(io::Error::other)
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
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|error| fault(dir, error))?;
    let lock = lock(dir)?;
    let medium = FileMedium { path: dir.join(FILE) };
    match std::fs::symlink_metadata(&medium.path) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => make_file(dir, &medium.path)?,
        Err(error) => return Err(fault(&medium.path, error)),
    }
    Ok((medium, lock))
}

fn lock(dir: &Path) -> Result<DirectoryLock, OpenError> {
    let path = dir.join(LOCK);
    let fault = |error| OpenError::of(&path.display().to_string(), &redb::Error::Io(error));
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
