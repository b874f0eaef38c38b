//! What is said about a configuration: where a value came from, what is wrong, what is worth a warning.
//!
//! Owns these sentences' form. Does not own the checks.

use std::fmt;
use std::path::PathBuf;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// `-Dkey=value`; the text is `-Dkey` as it was typed.
    Define(String),
    /// The bare number on the command line.
    PortArgument,
    /// This environment variable.
    Environment(String),
    /// This configuration file.
    File(PathBuf),
    /// Nobody said anything.
    Default,
}

impl Origin {
    /// The origin within a sentence: `in config.json`.
    pub fn place(&self) -> String {
        match self {
            Self::Define(_) | Self::PortArgument => format!("on the command line ({self})"),
            Self::Environment(name) => format!("in the environment variable {name}"),
            Self::File(path) => format!("in {}", path.display()),
            Self::Default => "by default".to_owned(),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Define(typed) => out.write_str(typed),
            Self::PortArgument => out.write_str("port argument"),
            Self::Environment(name) => write!(out, "environment {name}"),
            Self::File(path) => write!(out, "{}", path.display()),
            Self::Default => out.write_str("default"),
        }
    }
}

/// One thing that is wrong with a configuration. Shown as one line: what is wrong, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFault {
    /// The setting, or the unknown name; none when a whole file cannot be read.
    pub key: Option<String>,
    /// Where the wrong value stands; none when several values contradict each other.
    pub origin: Option<Origin>,
    /// What is wrong.
    pub problem: String,
    /// What is allowed or what to do.
    pub advice: String,
}

impl fmt::Display for ConfigFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.problem)?;
        if let Some(origin) = &self.origin {
            write!(out, " {}", origin.place())?;
        }
        write!(out, "; {}", self.advice)
    }
}

/// A name that is no setting.
pub(super) fn unknown(name: &str, origin: &Origin) -> ConfigFault {
    ConfigFault {
        key: Some(name.to_owned()),
        origin: Some(origin.clone()),
        problem: format!("unknown setting {}", shown(name)),
        advice: super::names::advice(name),
    }
}

/// A value that its setting does not take.
pub(super) fn refused(key: &str, origin: &Origin, value: &str, allowed: &str) -> ConfigFault {
    ConfigFault {
        key: Some(key.to_owned()),
        origin: Some(origin.clone()),
        problem: format!("{key} is '{}'", shown(value)),
        advice: format!("allowed: {allowed}"),
    }
}

/// Values that are fine each but not together.
pub(super) fn contradiction(key: &str, problem: String, advice: String) -> ConfigFault {
    ConfigFault { key: Some(key.to_owned()), origin: None, problem, advice }
}

/// A file that cannot be used at all.
pub(super) fn unusable(key: Option<&str>, origin: Option<Origin>, problem: String, advice: &str) -> ConfigFault {
    ConfigFault { key: key.map(str::to_owned), origin, problem, advice: advice.to_owned() }
}

/// A value as it may be printed: control characters escaped, credentials hidden, at most 80 characters.
pub(super) fn shown(value: &str) -> String {
    let hidden = hide_credentials(value);
    let mut text: String = hidden.chars().take(80).flat_map(escaped).collect();
    if hidden.chars().count() > 80 {
        text.push('…');
    }
    text
}

/// The same value with what looks like a credential in an address replaced by stars.
pub(super) fn hide_credentials(value: &str) -> String {
    let mut hidden = value.to_owned();
    if let Some(start) = hidden.find("://").map(|at| at + 3)
        && let Some(end) = hidden[start..].find('@')
    {
        hidden.replace_range(start..start + end, "***");
    }
    for word in ["token=", "password="] {
        if let Some(start) = hidden.to_ascii_lowercase().find(word).map(|at| at + word.len()) {
            let end = hidden[start..].find(['&', ' ', ',']).map_or(hidden.len(), |at| start + at);
            hidden.replace_range(start..end, "***");
        }
    }
    hidden
}

fn escaped(letter: char) -> impl Iterator<Item = char> {
    let keep = !letter.is_control();
    keep.then_some(letter).into_iter().chain((!keep).then(|| letter.escape_default()).into_iter().flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_and_control_characters_are_not_printed() {
        assert_eq!(shown("http://ops:s3cret@consul:8500/?token=abc&x=1"), "http://***@consul:8500/?token=***&x=1");
        assert_eq!(shown("a\nb\u{1b}[31m"), "a\\nb\\u{1b}[31m");
        assert_eq!(shown(&"x".repeat(90)).chars().count(), 81);
    }
}
