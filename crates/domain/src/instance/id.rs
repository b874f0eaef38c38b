//! The name of an instance, which is the only key the product uses for it.

use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;

/// The most characters an id may have.
const CHARACTERS_MAX: usize = 128;

/// The name of one registered PeeGeeQ instance: 1 to 128 characters, any Unicode except control characters,
/// invisible characters and characters that change the direction of text.
///
/// Three words are refused because they are, or could be read as, something else in a path: `.`, `..`, `register`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceId(Arc<str>);

impl InstanceId {
    /// Reads an id, or says which rule it breaks.
    pub fn parse(text: &str) -> Result<Self, String> {
        match broken_rule(text) {
            Some(rule) => Err(rule.into()),
            None => Ok(Self(text.into())),
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

impl core::borrow::Borrow<str> for InstanceId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

fn broken_rule(text: &str) -> Option<&'static str> {
    if text.trim().is_empty() {
        return Some("instanceId is required");
    }
    if text.chars().count() > CHARACTERS_MAX {
        return Some("instanceId must be at most 128 characters long");
    }
    if matches!(text, "." | ".." | "register") {
        return Some("instanceId must not be '.', '..' or 'register'");
    }
    if text.chars().any(char::is_control) {
        return Some("instanceId must not contain control characters");
    }
    if text.chars().any(is_deceptive) {
        return Some("instanceId must not contain zero-width or bidirectional control characters");
    }
    None
}

/// Characters that are not seen, or that reorder what is seen: two ids that look alike would differ.
pub(super) fn is_deceptive(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}'
        | '\u{FFF0}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_what_people_name_things() {
        for id in ["peegeeq-prod-01", "a b", "a/b", "ä", "100%", "x+y", "emoji 🐘", &"x".repeat(128), "a..b"] {
            assert_eq!(InstanceId::parse(id).expect(id).as_str(), id);
        }
    }

    #[test]
    fn names_the_rule_that_is_broken() {
        let rule = |id: &str| InstanceId::parse(id).expect_err(id);
        assert_eq!(rule(""), "instanceId is required");
        assert_eq!(rule(" \t"), "instanceId is required");
        assert!(rule(&"ä".repeat(129)).contains("128"));
        for id in [".", "..", "register"] {
            assert!(rule(id).contains("must not be"), "{id}");
        }
        assert!(rule("a\nb").contains("control"));
        for id in ["a\u{200B}b", "a\u{202E}b", "\u{FEFF}a", "a\u{2066}b"] {
            assert!(rule(id).contains("zero-width"), "{id:?}");
        }
    }
}
