//! From what was ordered and what was observed to the five words of the guide.

use crate::instance::Presence;

/// What probes observed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    /// Never probed under its present address.
    #[default]
    Unprobed,
    /// The last probe passed.
    Passing,
    /// The last probes failed, but not yet often or long enough.
    Failing {
        /// Failures in a row, from 1.
        in_a_row: u32,
        /// Whether any probe passed before, since it was registered or last found down.
        passed_before: bool,
    },
    /// Failed often and long enough.
    Down {
        /// Failures in a row when it was found down.
        in_a_row: u32,
    },
}

impl Verdict {
    /// Failures in a row.
    pub const fn failures(self) -> u32 {
        match self {
            Self::Unprobed | Self::Passing => 0,
            Self::Failing { in_a_row, .. } | Self::Down { in_a_row } => in_a_row,
        }
    }

    /// Whether both say the same but for the number of failures, which changes with every failed probe.
    pub const fn is_same_word(self, other: Self) -> bool {
        match (self, other) {
            (Self::Failing { passed_before: one, .. }, Self::Failing { passed_before: another, .. }) => one == another,
            (Self::Unprobed, Self::Unprobed) | (Self::Passing, Self::Passing) | (Self::Down { .. }, Self::Down { .. }) => true,
            _ => false,
        }
    }

    /// Whether the instance was found down.
    pub const fn is_down(self) -> bool {
        matches!(self, Self::Down { .. })
    }

    /// The word used on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unprobed => "unprobed",
            Self::Passing => "passing",
            Self::Failing { .. } => "failing",
            Self::Down { .. } => "down",
        }
    }
}

/// The guide's five words. Derived, never stored or set by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HealthState {
    /// Responding and available for requests.
    Healthy,
    /// Failed its health checks.
    Unhealthy,
    /// Not determined.
    Unknown,
    /// Coming up.
    Starting,
    /// Going away.
    Stopping,
}

impl HealthState {
    /// All states.
    pub const ALL: [Self; 5] = [Self::Healthy, Self::Unhealthy, Self::Unknown, Self::Starting, Self::Stopping];

    /// The word used on the wire, in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
            Self::Unknown => "unknown",
            Self::Starting => "starting",
            Self::Stopping => "stopping",
        }
    }

    /// Reads the wire word, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str().eq_ignore_ascii_case(text))
    }
}

/// The state that follows from what was ordered and what was observed.
pub const fn state_of(presence: Presence, verdict: Verdict) -> HealthState {
    match (presence, verdict) {
        (Presence::Maintenance, _) => HealthState::Unknown,
        (Presence::Draining | Presence::Stopping, _) => HealthState::Stopping,
        (_, Verdict::Down { .. }) => HealthState::Unhealthy,
        (_, Verdict::Passing | Verdict::Failing { passed_before: true, .. }) => HealthState::Healthy,
        (Presence::Starting, _) => HealthState::Starting,
        (Presence::Serving, Verdict::Unprobed | Verdict::Failing { .. }) => HealthState::Unknown,
    }
}

/// Whether requests may be sent to it.
pub const fn is_routable(presence: Presence, verdict: Verdict) -> bool {
    matches!(state_of(presence, verdict), HealthState::Healthy)
}

/// Whether it is asked for its part of a federated answer: draining changes no totals, being down does.
pub const fn is_federated(verdict: Verdict) -> bool {
    !verdict.is_down()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_follow_from_presence_and_verdict() {
        let failing = |passed_before| Verdict::Failing { in_a_row: 2, passed_before };
        let down = Verdict::Down { in_a_row: 3 };
        let table = [
            (Presence::Serving, Verdict::Unprobed, "unknown"),
            (Presence::Serving, Verdict::Passing, "healthy"),
            (Presence::Serving, failing(true), "healthy"),
            (Presence::Serving, failing(false), "unknown"),
            (Presence::Serving, down, "unhealthy"),
            (Presence::Starting, Verdict::Unprobed, "starting"),
            (Presence::Starting, failing(false), "starting"),
            (Presence::Starting, Verdict::Passing, "healthy"),
            (Presence::Starting, down, "unhealthy"),
            (Presence::Draining, Verdict::Passing, "stopping"),
            (Presence::Stopping, down, "stopping"),
            (Presence::Maintenance, Verdict::Passing, "unknown"),
        ];
        for (presence, verdict, word) in table {
            assert_eq!(state_of(presence, verdict).as_str(), word, "{presence:?} {verdict:?}");
        }
    }

    #[test]
    fn state_words_are_read_in_any_case() {
        assert_eq!(HealthState::parse("HEALTHY"), Some(HealthState::Healthy));
        assert_eq!(HealthState::parse("well"), None);
    }
}
