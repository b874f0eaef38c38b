//! The words with which instances describe rows, read in every spelling seen across their releases.
//!
//! Does not own the rows, nor how the words are written in our own answers.

/// What an instance says about a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum QueueStatus {
    /// Messages are delivered.
    Active,
    /// Somebody stopped delivery.
    Paused,
    /// Nothing to deliver.
    Idle,
    /// The instance reports a fault.
    Error,
    /// No word, or one we do not know.
    #[default]
    Unknown,
}

impl QueueStatus {
    /// Reads the word in any case.
    pub fn read(word: &str) -> Self {
        let is = |known: &str| word.trim().eq_ignore_ascii_case(known);
        match () {
            () if is("active") => Self::Active,
            () if is("paused") => Self::Paused,
            () if is("idle") => Self::Idle,
            () if is("error") => Self::Error,
            () => Self::Unknown,
        }
    }

    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Idle => "idle",
            Self::Error => "error",
            Self::Unknown => "unknown",
        }
    }
}

/// What an instance says about a consumer group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum GroupStatus {
    /// It takes messages.
    Active,
    /// Somebody stopped it.
    Paused,
    /// Its heartbeat is overdue.
    Dead,
    /// It was ended.
    Cancelled,
    /// No word, or one we do not know.
    #[default]
    Unknown,
}

impl GroupStatus {
    /// Reads the word in any case.
    pub fn read(word: &str) -> Self {
        let is = |known: &str| word.trim().eq_ignore_ascii_case(known);
        match () {
            () if is("active") => Self::Active,
            () if is("paused") => Self::Paused,
            () if is("dead") => Self::Dead,
            () if is("cancelled") || is("canceled") => Self::Cancelled,
            () => Self::Unknown,
        }
    }

    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
        }
    }
}

/// What an instance says about an event store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum StoreStatus {
    /// It can be read and appended to.
    Active,
    /// The instance reports a fault.
    Error,
    /// No word, or one we do not know.
    #[default]
    Unknown,
}

impl StoreStatus {
    /// Reads the word in any case.
    pub fn read(word: &str) -> Self {
        let is = |known: &str| word.trim().eq_ignore_ascii_case(known);
        match () {
            () if is("active") || is("healthy") => Self::Active,
            () if is("error") => Self::Error,
            () => Self::Unknown,
        }
    }

    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Error => "error",
            Self::Unknown => "unknown",
        }
    }
}

/// How a queue is built in PostgreSQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Implementation {
    /// LISTEN/NOTIFY on a queue table.
    Native,
    /// A transactional outbox.
    Outbox,
}

impl Implementation {
    /// Reads `native`, `peegeeq-native`, `NATIVE_QUEUE` and the same for `outbox`, in any case.
    pub fn read(word: &str) -> Option<Self> {
        let core = word.trim().split(['-', '_']).find(|piece| !piece.eq_ignore_ascii_case("peegeeq"))?;
        match () {
            () if core.eq_ignore_ascii_case("native") => Some(Self::Native),
            () if core.eq_ignore_ascii_case("outbox") => Some(Self::Outbox),
            () => None,
        }
    }

    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Outbox => "outbox",
        }
    }
}

/// A status word boiled down to the two columns that answers count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Condition {
    /// Counted as healthy or active.
    Good,
    /// Counted as unhealthy or inactive.
    Bad,
    /// Counted in neither column.
    Unknown,
}

/// How many rows, or names, are in which condition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConditionCounts {
    /// Healthy or active.
    pub good: u64,
    /// Unhealthy or inactive.
    pub bad: u64,
    /// Nobody knows.
    pub unknown: u64,
}

impl ConditionCounts {
    /// Bad if anything is, else good if anything is, else unknown.
    pub(super) const fn worst(&self) -> Condition {
        match (self.bad, self.good) {
            (0, 0) => Condition::Unknown,
            (0, _) => Condition::Good,
            (_, _) => Condition::Bad,
        }
    }

    pub(super) fn add(&mut self, condition: Condition) {
        match condition {
            Condition::Good => self.good += 1,
            Condition::Bad => self.bad += 1,
            Condition::Unknown => self.unknown += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn implementations_are_known_by_all_their_names() {
        for word in ["native", "peegeeq-native", "NATIVE_QUEUE", "Native"] {
            assert_eq!(Implementation::read(word), Some(Implementation::Native), "{word}");
        }
        assert_eq!(Implementation::read("OUTBOX_QUEUE"), Some(Implementation::Outbox));
        for word in ["", "peegeeq", "kafka"] {
            assert_eq!(Implementation::read(word), None, "{word}");
        }
    }

    #[test]
    fn unknown_words_are_unknown_not_wrong() {
        assert_eq!(QueueStatus::read("ACTIVE"), QueueStatus::Active);
        assert_eq!(QueueStatus::read("melting"), QueueStatus::Unknown);
        assert_eq!(GroupStatus::read("Dead"), GroupStatus::Dead);
        assert_eq!(StoreStatus::read(""), StoreStatus::Unknown);
    }
}
