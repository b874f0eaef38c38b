//! The body of an answer as a whole: an object, an error, or nonsense.

use peegeeq_domain::federation::FetchFailure;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::lenient::{Lenient, first_text};

/// The most characters of an instance's own words that are handed on.
const REASON_CHARACTERS_MAX: usize = 300;

/// The text of an answer that opens like a JSON object. Whether it is one shows when it is read.
pub(super) fn require_object(body: &[u8]) -> Result<&str, FetchFailure> {
    let text = std::str::from_utf8(body).map_err(|_| bad("it is not UTF-8 text"))?;
    let trimmed = text.trim_ascii();
    if trimmed.is_empty() {
        return Err(bad("it is empty"));
    }
    match trimmed.as_bytes().first() {
        Some(b'{') => Ok(trimmed),
        Some(b'<') => Err(bad("it is HTML instead of a JSON object")),
        Some(b'[') => Err(bad("it is a JSON array instead of a JSON object")),
        _ => Err(bad("it is not a JSON object")),
    }
}

/// Fails unless the answer is a JSON object from its first to its last byte.
pub(in crate::federation) fn check_object(body: &[u8]) -> Result<(), FetchFailure> {
    serde_json::from_str::<&RawValue>(require_object(body)?).map(drop).map_err(|error| broken(&error))
}

/// A body that is not JSON.
pub(super) fn broken(error: &serde_json::Error) -> FetchFailure {
    bad(format!("it is broken JSON: {error}"))
}

/// A body that makes no sense.
pub(super) fn bad(reason: impl Into<String>) -> FetchFailure {
    FetchFailure::BadBody { reason: reason.into() }
}

/// What an instance says about its refusal, if it says something readable: shortened, on one line.
pub(in crate::federation) fn refusal(body: &[u8]) -> Option<String> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Refusal<'a> {
        #[serde(borrow)]
        error: Lenient<'a>,
        #[serde(borrow)]
        message: Lenient<'a>,
    }
    let said: Refusal<'_> = serde_json::from_slice(body).ok()?;
    let reason = first_text(&[&said.error, &said.message])?;
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    Some(reason.chars().map(plain).take(REASON_CHARACTERS_MAX).collect())
}
