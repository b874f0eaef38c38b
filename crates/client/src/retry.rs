//! Which calls are sent again, and when.

use std::time::Duration;

use http::StatusCode;

/// Wait before the first repetition; doubled for each further one.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// The longest wait that an answer may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// How long to wait before repetition number `number` (from 0): doubled each time, half of it drawn by lot, so that clients which
/// failed together do not come back together.
pub(crate) fn wait(number: u32) -> Duration {
    (FIRST_WAIT * 2_u32.saturating_pow(number.min(5))).mul_f64(rand::random_range(0.5..1.0))
}

/// The wait that an answer asks for, if it is one that invites to come back. A plain 503 is not: "no healthy instance" stays true
/// longer than a client waits.
pub(crate) fn asked_for(status: StatusCode, retry_after: Option<u64>) -> Option<Duration> {
    let wait = Duration::from_secs(retry_after?);
    let invites = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
    (invites && wait <= LONGEST_WAIT).then_some(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_are_bounded() {
        for number in 0..40 {
            let most = FIRST_WAIT * 2_u32.pow(number.min(5));
            assert!((most / 2..=most).contains(&wait(number)), "{number}");
        }
    }

    #[test]
    fn only_an_invitation_is_taken_up() {
        assert_eq!(asked_for(StatusCode::TOO_MANY_REQUESTS, Some(1)), Some(Duration::from_secs(1)));
        assert_eq!(asked_for(StatusCode::SERVICE_UNAVAILABLE, None), None);
        assert_eq!(asked_for(StatusCode::SERVICE_UNAVAILABLE, Some(600)), None);
        assert_eq!(asked_for(StatusCode::INTERNAL_SERVER_ERROR, Some(1)), None);
    }
}
