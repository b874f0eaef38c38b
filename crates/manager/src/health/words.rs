//! The few words of a health answer that mean something, read without building the rest of it.
//!
//! Owns the short way for answers as instances really send them, ten thousand times a minute, and the long way for all
//! others. Both give the same words.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;

/// What a health answer says. A field that is not of its kind is as good as absent.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Words<'a> {
    #[serde(default, borrow)]
    pub(super) status: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    pub(super) service: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) healthy: Option<bool>,
}

impl Words<'_> {
    /// Whether it calls itself well; `None` if it says nothing about that.
    pub(super) fn is_well(&self) -> Option<bool> {
        self.healthy.or_else(|| self.status.as_deref().map(says_well))
    }
}

/// The words of an answer that is JSON; of JSON that is no object, none are said.
pub(super) fn words(body: &[u8]) -> Option<Words<'_>> {
    // An array would be read as the fields in their order.
    let is_object = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    let short = is_object.then(|| serde_json::from_slice::<Words<'_>>(body).ok()).flatten();
    short.or_else(|| long(body))
}

/// For fields of another kind and for fields said twice, of which the last counts.
fn long(body: &[u8]) -> Option<Words<'_>> {
    let value = serde_json::from_slice::<Value>(body).ok()?;
    let text = |field: &str| value.get(field).and_then(Value::as_str).map(|text| Cow::Owned(text.to_owned()));
    Some(Words { status: text("status"), service: text("service"), healthy: value.get("healthy").and_then(Value::as_bool) })
}

/// Whether a `status` in a health answer means well.
pub(super) fn says_well(status: &str) -> bool {
    ["UP", "HEALTHY", "OK", "PASS"].iter().any(|word| word.eq_ignore_ascii_case(status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_way_says_what_the_long_way_says() {
        let bodies = [
            r#"{"status":"UP","service":"x","healthy":true,"components":{"a":[1,{"status":"DOWN"}]}}"#,
            r#"{"status":"U\u0050"}"#,
            r#"{"status":null,"healthy":null}"#,
            r#" {"service":"s"} "#,
            "{}",
        ];
        for body in bodies {
            let short = serde_json::from_slice::<Words<'_>>(body.as_bytes()).expect(body);
            assert_eq!(Some(short), long(body.as_bytes()), "{body}");
        }
        for other in [r#"{"status":"UP","status":"DOWN"}"#, r#"{"status":true}"#, "[\"UP\"]", "7", "null"] {
            assert_eq!(words(other.as_bytes()), long(other.as_bytes()), "{other}");
            assert!(words(other.as_bytes()).is_some(), "{other}");
        }
        assert_eq!(words(b"<html>"), None);
        assert_eq!(words(br#"{"status":"UP","status":"DOWN"}"#).expect("JSON").status.as_deref(), Some("DOWN"));
    }
}
