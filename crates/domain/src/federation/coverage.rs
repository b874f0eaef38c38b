//! How much of the cluster an answer speaks for.

use super::{Part, SourceStatus};

/// How much of the cluster an answer speaks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Instances that were asked.
    pub asked: usize,
    /// Of those: gave an answer, degraded ones included.
    pub answered: usize,
    /// Of the answered: gave less than they have.
    pub degraded: usize,
    /// Of the asked: gave nothing.
    pub failed: usize,
    /// Instances that were not even asked, because they are down or the manager is busy.
    pub skipped: usize,
    /// Attachments of setups to instances whose data is in the answer.
    pub setups_known: usize,
    /// Attachments of setups to instances whose data is not: database down, setup missing, instance failed.
    pub setups_unknown: usize,
}

impl Coverage {
    /// Whether the answer speaks for everything there is.
    pub const fn complete(&self) -> bool {
        self.degraded == 0 && self.failed == 0 && self.skipped == 0 && self.setups_unknown == 0
    }

    pub(super) fn of<T, A>(parts: &[Part<T, A>], (setups_known, setups_unknown): (usize, usize)) -> Self {
        let mut coverage = Self { setups_known, setups_unknown, ..Self::default() };
        for part in parts {
            let skipped = part.outcome.as_ref().is_err_and(|failure| !failure.was_asked());
            let status = part.status();
            coverage.skipped += usize::from(skipped);
            coverage.asked += usize::from(!skipped);
            coverage.answered += usize::from(status != SourceStatus::Failed);
            coverage.degraded += usize::from(status == SourceStatus::Degraded);
            coverage.failed += usize::from(status == SourceStatus::Failed && !skipped);
        }
        coverage
    }
}
