//! The bytes of a file that a setting names.

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Larger files hold something else.
const BYTES_MAX: u64 = 1 << 20;

/// What a file held when it was read, and which setting named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// The setting.
    pub setting: &'static str,
    /// The file.
    pub path: PathBuf,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Contents {
    /// Reads the file that `setting` names. The error is a sentence.
    pub fn read(setting: &'static str, path: &Path) -> Result<Self, String> {
        let fault = |why: &dyn std::fmt::Display| format!("{setting}: {} cannot be read: {why}", path.display());
        let file = std::fs::File::open(path).map_err(|error| fault(&error))?;
        let mut bytes = Vec::new();
        file.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| fault(&error))?;
        if bytes.len() as u64 > BYTES_MAX {
            return Err(fault(&"it is larger than 1 MB, so it is no PEM file of certificates or keys"));
        }
        Ok(Self { setting, path: path.to_owned(), bytes })
    }

    /// A sentence about this file.
    pub(super) fn fault(&self, why: impl std::fmt::Display) -> String {
        format!("{}: {} {why}", self.setting, self.path.display())
    }
}

/// Whether every user of this machine may read the file, as nobody should a key.
pub fn is_readable_by_all(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o004 != 0)
}
