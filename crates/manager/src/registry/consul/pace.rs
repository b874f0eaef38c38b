//! How often Consul is asked: the rules of its index, a least distance between questions, and waiting after failures.
//!
//! Owns these numbers, as pure functions of what came back. Does not own clocks nor random numbers: they are handed in.

use std::time::Duration;

/// The least time from the begin of one question to the begin of the next.
const DISTANCE_MIN: Duration = Duration::from_millis(100);
/// What an answer adds to that for each started MiB, because reading it costs Consul and us.
const DISTANCE_PER_MIB: Duration = Duration::from_millis(100);
/// The first wait after a failure.
const BACK_OFF_FIRST: Duration = Duration::from_millis(250);
/// The longest.
const BACK_OFF_MAX: Duration = Duration::from_secs(10);

/// Where a chain of blocking queries stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Position {
    index: Option<u64>,
    last: u64,
}

/// What an answer's index says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moved {
    /// Nothing changed: the wait was over.
    Not,
    /// Something may have changed.
    On,
    /// It is lower than before: Consul lost what it held, or another one answers.
    Back,
}

impl Position {
    /// The index to wait upon; `None`: ask without waiting.
    pub(super) fn wait_for(self) -> Option<u64> {
        self.index
    }

    /// Takes the index of an answer. One that went back is not waited upon; 0 is read as 1, because waiting upon 0 does not wait.
    pub(super) fn take(&mut self, index: u64) -> Moved {
        let index = index.max(1);
        let before = std::mem::replace(&mut self.last, index);
        let waited = std::mem::replace(&mut self.index, (index >= before).then_some(index));
        match waited {
            _ if index < before => Moved::Back,
            Some(waited) if waited == index => Moved::Not,
            _ => Moved::On,
        }
    }

    /// The next question does not wait: a Consul that began anew would let it wait in vain.
    pub(super) fn reset(&mut self) {
        self.index = None;
    }
}

/// How long to wait after a question that took `took` and brought `bytes` before the next one.
pub(super) fn distance(took: Duration, bytes: usize) -> Duration {
    let mib = u32::try_from(bytes >> 20).unwrap_or(u32::MAX);
    (DISTANCE_MIN + DISTANCE_PER_MIB.saturating_mul(mib)).saturating_sub(took)
}

/// How long to wait after `failures` in a row; `random` from 0 to 1 spreads managers over the upper half of it.
pub(super) fn back_off(failures: u32, random: f64) -> Duration {
    let whole = BACK_OFF_FIRST.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(BACK_OFF_MAX);
    whole / 2 + (whole / 2).mul_f64(random.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_follows_the_rules_of_blocking_queries() {
        let mut position = Position::default();
        assert_eq!(position.wait_for(), None);
        assert_eq!((position.take(0), position.wait_for()), (Moved::On, Some(1)), "0 would not wait");
        assert_eq!((position.take(7), position.wait_for()), (Moved::On, Some(7)));
        assert_eq!((position.take(7), position.wait_for()), (Moved::Not, Some(7)));
        assert_eq!((position.take(3), position.wait_for()), (Moved::Back, None), "begin again");
        assert_eq!((position.take(3), position.wait_for()), (Moved::On, Some(3)));
    }

    #[test]
    fn questions_keep_their_distance_and_failures_wait_longer_and_longer() {
        assert_eq!(distance(Duration::ZERO, 10), Duration::from_millis(100));
        assert_eq!(distance(Duration::from_secs(55), 10), Duration::ZERO);
        assert_eq!(distance(Duration::from_millis(40), 3 << 20), Duration::from_millis(360));
        assert_eq!(back_off(1, 0.0), Duration::from_millis(125));
        assert_eq!(back_off(2, 1.0), Duration::from_millis(500));
        assert_eq!(back_off(u32::MAX, 1.0), BACK_OFF_MAX);
    }
}
