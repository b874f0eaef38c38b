//! What a setting is: its names, what it accepts, and what is written about it.
//!
//! Owns the row type of the table in `settings.rs`. Does not own the rows, nor reading values.

/// One row of the settings table.
#[derive(Debug)]
pub(super) struct Setting {
    /// The name in documents, in dotted lower case: `health.check.interval`.
    pub(super) key: &'static str,
    /// Further dotted names for `-D` and `config.json`; spellings in camel case need no entry here.
    pub(super) aliases: &'static [&'static str],
    /// Further environment variables, beside the one made from the key.
    pub(super) variables: &'static [&'static str],
    /// What is accepted.
    pub(super) kind: Kind,
    /// What holds when nobody says anything.
    pub(super) default: Default,
    /// One or two sentences for people: what the setting does.
    pub(super) doc: &'static str,
    /// What happens at the extreme, or when the limit is reached; empty where there is none.
    pub(super) limit: &'static str,
}

/// What a setting accepts. Limits are inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A whole number.
    Number {
        /// What is counted.
        unit: Unit,
        /// Smallest accepted value.
        min: u64,
        /// Largest accepted value.
        max: u64,
    },
    /// A number of bytes: `65536`, `64KB`, `100MB`, `1GB`; a KB is 1,024 bytes.
    Bytes {
        /// Smallest accepted value.
        min: u64,
        /// Largest accepted value.
        max: u64,
    },
    /// `true` or `false`.
    Switch,
    /// One of a few words, in any case.
    Choice(&'static [&'static str]),
    /// 1 to 128 characters, none of them a control character.
    Text,
    /// A file or folder; relative to the working directory.
    Path,
    /// An IP address to listen on, or `localhost`.
    Address,
    /// A comma-separated list, or a JSON array of texts.
    Items(ItemRule),
    /// An array of registration objects; only possible in `config.json`.
    Registrations,
}

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Milliseconds.
    Milliseconds,
    /// Days of 24 hours.
    Days,
    /// Hundredths.
    Percent,
    /// A TCP port.
    Port,
    /// Things.
    Count,
}

/// What each item of a list has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ItemRule {
    /// A host name or address as in a `Host` header, without a port.
    HostName,
    /// An IP network such as `10.0.0.0/8`, or a single address.
    Network,
    /// An origin such as `https://ops.example.com`, `http://localhost:*`, or `*`.
    Origin,
}

/// What holds when nobody says anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Default {
    /// This value, written as one would write it.
    Is(&'static str),
    /// No value; the text says for people what that means.
    Unset(&'static str),
}

impl Setting {
    /// A row without special names.
    pub(super) const fn new(key: &'static str, kind: Kind, default: Default, doc: &'static str, limit: &'static str) -> Self {
        Self { key, aliases: &[], variables: &[], kind, default, doc, limit }
    }

    /// The same row, reachable under further dotted names.
    pub(super) const fn also(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    /// The same row, reachable through further environment variables.
    pub(super) const fn variables(mut self, variables: &'static [&'static str]) -> Self {
        self.variables = variables;
        self
    }

    /// Every environment variable that sets this; none for what only a file can say.
    pub(super) fn environment_names(&self) -> Vec<String> {
        if self.kind == Kind::Registrations {
            return Vec::new();
        }
        let own = std::iter::once(super::names::variable_of(self.key));
        own.chain(self.variables.iter().map(|name| (*name).to_owned())).collect()
    }
}

impl Kind {
    /// What is accepted, as the end of a sentence that begins with "allowed:".
    pub(super) fn allowed(self) -> String {
        match self {
            Self::Number { unit, min, max } => format!("a whole number{} from {min} to {max}", unit.phrase()),
            Self::Bytes { min, max } => {
                format!("a size such as 65536, 64KB or 100MB, from {} to {}", bytes_text(min), bytes_text(max))
            }
            Self::Switch => "true or false".to_owned(),
            Self::Choice(words) => words.join(", "),
            Self::Text => "1 to 128 characters without control characters".to_owned(),
            Self::Path => "a path of 1 to 4096 characters".to_owned(),
            Self::Address => "an IP address such as 127.0.0.1, 0.0.0.0 or ::, or localhost".to_owned(),
            Self::Items(rule) => format!("{}, separated by commas, at most {MOST_ITEMS}", rule.phrase()),
            Self::Registrations => "an array of registration objects in config.json".to_owned(),
        }
    }
}

/// Longest list a setting takes.
pub(super) const MOST_ITEMS: usize = 256;

impl Unit {
    const fn phrase(self) -> &'static str {
        match self {
            Self::Milliseconds => " of milliseconds",
            Self::Days => " of days",
            Self::Percent => " of percent",
            Self::Port | Self::Count => "",
        }
    }
}

impl ItemRule {
    const fn phrase(self) -> &'static str {
        match self {
            Self::HostName => "host names without a port",
            Self::Network => "IP networks such as 169.254.10.0/24, or addresses",
            Self::Origin => "origins such as https://ops.example.com or http://localhost:*, or *",
        }
    }
}

/// A number of bytes in the largest unit that divides it.
pub(super) fn bytes_text(bytes: u64) -> String {
    for (unit, size) in [("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)] {
        if bytes >= size && bytes.is_multiple_of(size) {
            return format!("{}{unit}", bytes / size);
        }
    }
    bytes.to_string()
}
