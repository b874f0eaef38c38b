//! A point in time by which a piece of work must be done, together with how long that was.
//!
//! Owns the pair, so that "timeout after 5000ms" names the time that was really allowed. Does not own any clock.

use std::future::Future;
use std::time::Duration;

use crate::clock;

/// When to give up, and how long was allowed.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    at: tokio::time::Instant,
    allowed: Duration,
}

impl Deadline {
    /// Ends after `allowed` from now.
    pub fn within(allowed: Duration) -> Self {
        Self { at: clock::instant() + allowed, allowed }
    }

    /// The same, or `allowed` from now if that is sooner.
    #[must_use]
    pub fn but_at_most(self, allowed: Duration) -> Self {
        let sooner = Self::within(allowed);
        if sooner.at < self.at { sooner } else { self }
    }

    /// The share of the time left that one of `attempts` equal attempts may take.
    #[must_use]
    pub(crate) fn share(self, attempts: usize) -> Self {
        let parts = u32::try_from(attempts.max(1)).unwrap_or(u32::MAX);
        Self { at: clock::instant() + self.left() / parts, allowed: self.allowed }
    }

    /// How long was allowed in all, in whole milliseconds.
    pub fn allowed_millis(self) -> u128 {
        self.allowed.as_millis()
    }

    /// How long is left; zero once it has passed.
    pub fn left(self) -> Duration {
        self.at.saturating_duration_since(clock::instant())
    }

    /// What `work` answers, or `None` if the deadline passes first.
    pub async fn or_none<T>(self, work: impl Future<Output = T>) -> Option<T> {
        tokio::time::timeout_at(self.at, work).await.ok()
    }
}
