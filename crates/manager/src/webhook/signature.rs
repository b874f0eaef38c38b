//! How a delivery is signed.
//!
//! The signature is the HMAC-SHA256 of the timestamp, a dot and the body, under the secret: who replays an old delivery cannot
//! change its time, and a receiver refuses what is old. `docs/adr/0012-journal.md` shows how to verify it.

use std::fmt;
use std::fmt::Write as _;
use std::path::Path;

use aws_lc_rs::hmac;

/// Fewer bytes than this are no secret.
const BYTES_MIN: usize = 16;
/// More than this are no secret either, but another file.
const BYTES_MAX: u64 = 4096;

/// A secret. Never shown.
pub struct Secret(hmac::Key);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secret {
    /// Reads it from a file; white space around it does not count. Blocks.
    pub fn read(file: &Path) -> Result<Self, String> {
        let fault = |error: std::io::Error| format!("webhook.secret.file {} cannot be read: {error}", file.display());
        if std::fs::metadata(file).map_err(fault)?.len() > BYTES_MAX {
            return Err(format!("webhook.secret.file {} has more than {BYTES_MAX} bytes", file.display()));
        }
        let bytes = std::fs::read(file).map_err(fault)?;
        let secret = bytes.trim_ascii();
        if secret.len() < BYTES_MIN {
            return Err(format!("webhook.secret.file {} must hold at least {BYTES_MIN} bytes", file.display()));
        }
        Ok(Self::of(secret))
    }

    fn of(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// The signature of a body sent at a time, in seconds since 1970: `v1=` and 64 digits.
    pub fn sign(&self, timestamp: i64, body: &[u8]) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(timestamp.to_string().as_bytes());
        context.update(b".");
        context.update(body);
        let mut text = "v1=".to_owned();
        for byte in context.sign().as_ref() {
            // Writing to memory cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_openssl_says() {
        // printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac 'a secret of some length'
        let expected = "v1=e09db3ce6e6e8f9b633a62851e5074a9e9148ac19b1c0e1a8f7c352380be630b";
        assert_eq!(Secret::of(b"a secret of some length").sign(1_700_000_000, br#"{"a":1}"#), expected);
    }

    #[test]
    fn a_secret_is_long_enough_and_never_shown() {
        let file = std::env::temp_dir().join(format!("webhook-secret-{}", std::process::id()));
        std::fs::write(&file, "short\n").expect("written");
        assert!(Secret::read(&file).is_err());
        std::fs::write(&file, "a secret of some length\n").expect("written");
        let secret = Secret::read(&file).expect("a secret");
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(secret.sign(1, b"x"), Secret::of(b"a secret of some length").sign(1, b"x"), "the line's end is no part of it");
        std::fs::remove_file(&file).expect("removed");
        assert!(Secret::read(&file).is_err());
    }
}
