//! Owns waiting for a state: asks again and again until it holds or a deadline passes.
//! Does not own what is asked.

use std::fmt::Display;
use std::future::Future;
use std::panic::Location;
use std::time::Duration;

use tokio::time::Instant;

const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// A duration in whole seconds.
#[must_use]
pub fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A duration in milliseconds.
#[must_use]
pub fn millis(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// Waits until `predicate` answers `Ok`, and returns what it answered.
///
/// The predicate is asked for the present state, not for a change, so nothing that happened between two questions
/// is missed. `Err` carries the present status in words; the last one is part of the panic message. One question
/// that does not come back is cut off at the deadline too.
///
/// # Panics
///
/// When `deadline` passes first. The message names `what`, the caller's line and the last status.
#[track_caller]
pub fn wait_until<Ask, Answer, Value, Status>(what: &str, deadline: Duration, predicate: Ask) -> impl Future<Output = Value>
where
    Ask: FnMut() -> Answer,
    Answer: Future<Output = Result<Value, Status>>,
    Status: Display,
{
    let caller = Location::caller();
    let what = what.to_owned();
    async move {
        match poll_until(deadline, predicate).await {
            Ok(value) => value,
            Err(last) => {
                panic!("{what}: not within {deadline:?} (waited at {caller}); last status: {last}")
            }
        }
    }
}

async fn poll_until<Ask, Answer, Value, Status>(deadline: Duration, mut predicate: Ask) -> Result<Value, String>
where
    Ask: FnMut() -> Answer,
    Answer: Future<Output = Result<Value, Status>>,
    Status: Display,
{
    let end = Instant::now() + deadline;
    let mut last = "never asked".to_owned();
    let mut pause = FIRST_PAUSE;
    loop {
        match tokio::time::timeout_at(end, predicate()).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(status)) => last = status.to_string(),
            Err(_) => {
                return Err(format!("the last question was never answered; before it: {last}"));
            }
        }
        if Instant::now() + pause >= end {
            return Err(last);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[tokio::test]
    async fn returns_what_the_predicate_found() {
        let asked = Cell::new(0);
        let found = wait_until("third time lucky", secs(5), || async {
            asked.set(asked.get() + 1);
            if asked.get() == 3 { Ok(asked.get()) } else { Err(format!("asked {}", asked.get())) }
        })
        .await;
        assert_eq!(found, 3);
    }

    #[tokio::test]
    #[should_panic(expected = "last status: still cold")]
    async fn panics_with_the_last_status() {
        wait_until("warm", millis(30), || async { Err::<(), _>("still cold") }).await;
    }

    #[tokio::test]
    #[should_panic(expected = "never answered")]
    async fn a_question_without_end_is_cut_off() {
        wait_until("an answer", millis(30), std::future::pending::<Result<(), String>>).await;
    }
}
