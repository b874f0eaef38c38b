//! The names of the strategies.

use alloc::string::String;
use core::fmt;

/// How one of several candidates is picked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Strategy {
    /// One after the other.
    #[default]
    RoundRobin,
    /// By chance.
    Random,
    /// Always the first by id, for a primary and its backups.
    FirstAvailable,
    /// The one with the fewest requests under way for its weight.
    LeastConnections,
    /// One after the other, each as often as its weight says, evenly spread.
    WeightedRoundRobin,
    /// The faster and less busy of two.
    PeakEwma,
}

impl Strategy {
    /// All strategies.
    pub const ALL: [Self; 6] =
        [Self::RoundRobin, Self::Random, Self::FirstAvailable, Self::LeastConnections, Self::WeightedRoundRobin, Self::PeakEwma];

    /// The word used in settings and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RoundRobin => "round_robin",
            Self::Random => "random",
            Self::FirstAvailable => "first_available",
            Self::LeastConnections => "least_connections",
            Self::WeightedRoundRobin => "weighted_round_robin",
            Self::PeakEwma => "peak_ewma",
        }
    }

    /// Reads a word in any case, with `_`, `-`, blanks or nothing between its parts.
    pub fn parse(text: &str) -> Result<Self, String> {
        fn letters(text: &str) -> impl Iterator<Item = char> + '_ {
            text.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).map(|c| c.to_ascii_lowercase())
        }
        let found = Self::ALL.into_iter().find(|strategy| letters(strategy.as_str()).eq(letters(text)));
        found.ok_or_else(|| {
            "the strategy must be one of round_robin, random, first_available, least_connections, weighted_round_robin, peak_ewma".into()
        })
    }

    /// Whether weights, and so slow start, matter to it.
    pub const fn is_weighted(self) -> bool {
        matches!(self, Self::LeastConnections | Self::WeightedRoundRobin | Self::PeakEwma)
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
