//! Values of time. Nobody asks the time here: both kinds are handed in by the caller.
//!
//! Owns the two kinds of instant and their arithmetic. Does not own clocks or text formats.

use core::ops::Add;
use core::time::Duration;

/// A point on the process's own clock, which never jumps: milliseconds since an arbitrary start.
///
/// Used for everything that is *measured*: intervals, deadlines, spans between failures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(u64);

impl Moment {
    /// A moment `millis` milliseconds after the clock's start.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the clock's start.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Time passed since `earlier`; zero if `earlier` lies in the future.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(millis(span)))
    }
}

/// A point in the calendar: milliseconds since 1970-01-01T00:00:00 UTC. Shown to people, never used to measure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// A timestamp `millis` milliseconds after the epoch (before it, if negative).
    pub const fn from_epoch_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn epoch_millis(self) -> i64 {
        self.0
    }
}

/// Whole milliseconds of a duration, saturating.
pub const fn millis(span: Duration) -> u64 {
    let whole = span.as_millis();
    if whole > u64::MAX as u128 { u64::MAX } else { whole as u64 }
}
