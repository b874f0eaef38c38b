//! How long a failing store is left in peace.
//!
//! Owns the waits between attempts and what is said meanwhile. An attempt reads and writes the whole file, which would
//! keep an ailing disk busy if every order caused one. Does not own the attempts.

use std::time::Duration;

use tokio::time::Instant;

use crate::registry::store::CommitError;

/// The longest wait between two attempts.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// Attempts that failed in a row, and when the next one may be.
#[derive(Debug, Default)]
pub(super) struct Pause {
    failures: u32,
    known: Option<(Instant, CommitError)>,
}

impl Pause {
    /// What to say instead of trying, if it is too early.
    pub(super) fn refusal(&self, now: Instant) -> Option<CommitError> {
        self.known.as_ref().filter(|(until, _)| now < *until).map(|(_, error)| error.clone())
    }

    /// An attempt is over. The first failure allows another attempt at once; then it is 1, 2, 4 … 30 s. Only an attempt
    /// that had something to write (`wrote`) ends the row: a full disk may well let the store come back and then refuse
    /// the first record.
    pub(super) fn note(&mut self, result: &Result<(), CommitError>, wrote: bool, now: Instant) {
        match result {
            Ok(()) => {
                self.known = None;
                self.failures = if wrote { 0 } else { self.failures };
            }
            Err(error) => {
                let wait = self.failures.checked_sub(1).map_or(Duration::ZERO, |doublings| Duration::from_secs(1 << doublings.min(5)));
                self.known = Some((now + wait.min(WAIT_MAX), error.clone()));
                self.failures = self.failures.saturating_add(1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::store::CommitErrorKind;

    #[test]
    fn waits_double_up_to_thirty_seconds_until_something_was_written() {
        let (mut pause, mut now) = (Pause::default(), crate::clock::instant());
        let failed = Err(CommitError { kind: CommitErrorKind::Full, sentence: "no space".into() });
        for seconds in [0, 1, 2, 4, 8, 16, 30, 30] {
            pause.note(&failed, true, now);
            let wait = Duration::from_secs(seconds);
            assert_eq!(pause.refusal(now).is_some(), seconds > 0);
            now += wait;
            assert_eq!(pause.refusal(now), None);
            assert!(wait.is_zero() || pause.refusal(now - Duration::from_millis(1)) == failed.clone().err());
        }
        pause.note(&Ok(()), false, now);
        assert_eq!(pause.refusal(now), None);
        pause.note(&failed, true, now);
        assert!(pause.refusal(now).is_some(), "coming back without writing anything ended the row");
        pause.note(&Ok(()), true, now);
        pause.note(&failed, true, now);
        assert_eq!(pause.refusal(now), None);
    }
}
