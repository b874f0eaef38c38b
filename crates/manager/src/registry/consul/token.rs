//! The token for Consul: a value, or a file that is read again when it changes.
//!
//! Owns when the file is read. A file that cannot be read any more leaves the last token in force, because rotating writes it anew.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// The most bytes of a token's file.
const FILE_MAX: u64 = 4096;

/// Gives the token that is valid now.
#[derive(Debug)]
pub(super) struct Token {
    value: Option<String>,
    file: Option<PathBuf>,
    read: Mutex<Read>,
}

#[derive(Debug, Default)]
struct Read {
    changed: Option<(SystemTime, u64)>,
    token: Option<String>,
}

impl Token {
    pub(super) fn new(value: Option<String>, file: Option<PathBuf>) -> Self {
        Self { value, file, read: Mutex::default() }
    }

    /// The token, `None` if there is to be none, or why there is none.
    pub(super) fn current(&self) -> Result<Option<String>, String> {
        let Some(file) = &self.file else { return Ok(self.value.clone()) };
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let found = std::fs::metadata(file).and_then(|found| Ok((found.modified()?, found.len())));
        match found {
            Ok(changed) if read.changed == Some(changed) => {}
            Ok(changed) => match read_token(file, changed.1) {
                Ok(token) => *read = Read { changed: Some(changed), token: Some(token) },
                Err(reason) if read.token.is_none() => return Err(reason),
                Err(reason) => tracing::debug!("{reason}; the last token stays in force"),
            },
            Err(error) if read.token.is_none() => return Err(format!("consul.token.file {} cannot be read: {error}", file.display())),
            Err(_) => {}
        }
        Ok(read.token.clone())
    }
}

fn read_token(file: &Path, length: u64) -> Result<String, String> {
    let shown = file.display();
    if length > FILE_MAX {
        return Err(format!("consul.token.file {shown} has {length} bytes, which no token has"));
    }
    let text = std::fs::read_to_string(file).map_err(|error| format!("consul.token.file {shown} cannot be read: {error}"))?;
    let token = text.trim();
    if token.is_empty() { Err(format!("consul.token.file {shown} is empty")) } else { Ok(token.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_again_when_it_changes_and_its_last_token_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        let token = Token::new(None, Some(path.clone()));
        assert!(token.current().expect_err("no file yet").contains("cannot be read"));
        std::fs::write(&path, "first\n").expect("a file");
        assert_eq!(token.current(), Ok(Some("first".to_owned())));
        std::fs::write(&path, "the second").expect("a file");
        assert_eq!(token.current(), Ok(Some("the second".to_owned())));
        std::fs::write(&path, "").expect("a file");
        assert_eq!(token.current(), Ok(Some("the second".to_owned())), "it is being written anew");
        std::fs::remove_file(&path).expect("it was there");
        assert_eq!(token.current(), Ok(Some("the second".to_owned())));
    }
}
