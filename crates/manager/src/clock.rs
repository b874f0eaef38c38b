//! The only file that reads a clock.
//!
//! Owns "now" in both kinds. Tests on paused time work, because the monotonic clock is tokio's.

use std::cell::Cell;
use std::sync::LazyLock;

use peegeeq_domain::time::{Moment, Timestamp};

static START: LazyLock<tokio::time::Instant> = LazyLock::new(instant);

/// Now, on the clock that never jumps.
pub fn now() -> Moment {
    moment(instant())
}

/// A moment as a [`Moment`].
pub fn moment(instant: tokio::time::Instant) -> Moment {
    let elapsed = instant.saturating_duration_since(*START);
    Moment::from_millis(u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX))
}

/// The same moment as tokio's timers understand it.
pub fn at(moment: Moment) -> tokio::time::Instant {
    *START + std::time::Duration::from_millis(moment.as_millis())
}

/// Now, for spans shorter than a millisecond.
#[expect(clippy::disallowed_methods, reason = "this is the file that reads the clock")]
pub fn instant() -> tokio::time::Instant {
    tokio::time::Instant::now()
}

/// Now, in the calendar.
#[expect(clippy::disallowed_methods, reason = "this is the file that reads the clock")]
pub fn wall() -> Timestamp {
    Timestamp::from_epoch_millis(chrono::Utc::now().timestamp_millis())
}

/// ISO 8601 in UTC with milliseconds, as every answer but `/health` writes times.
pub fn iso(at: Timestamp) -> String {
    let time = chrono::DateTime::from_timestamp_millis(at.epoch_millis()).unwrap_or_default();
    time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// Reads a time in ISO 8601 with its offset from UTC.
pub fn parse_iso(text: &str) -> Option<Timestamp> {
    let time = chrono::DateTime::parse_from_rfc3339(text).ok()?;
    Some(Timestamp::from_epoch_millis(time.timestamp_millis()))
}

/// Length of what [`iso`] writes for the present.
pub const ISO_LENGTH: usize = 24;

thread_local! {
    /// The last millisecond that was written on this thread: a busy one answers many requests in it.
    static WRITTEN: Cell<(i64, [u8; ISO_LENGTH])> = const { Cell::new((i64::MIN, [b'0'; ISO_LENGTH])) };
}

/// Now, as [`iso`] writes it.
pub fn iso_now() -> [u8; ISO_LENGTH] {
    let now = wall();
    let (at, text) = WRITTEN.get();
    if at == now.epoch_millis() {
        return text;
    }
    let mut text = [b'0'; ISO_LENGTH];
    for (place, byte) in text.iter_mut().zip(iso(now).bytes()) {
        *place = byte;
    }
    WRITTEN.set((now.epoch_millis(), text));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_the_guide_does() {
        assert_eq!(iso(Timestamp::from_epoch_millis(1_753_369_200_123)), "2025-07-24T15:00:00.123Z");
        assert_eq!(iso(Timestamp::from_epoch_millis(i64::MAX)), "1970-01-01T00:00:00.000Z");
        assert_eq!(parse_iso("2025-07-24T17:00:00.123+02:00"), Some(Timestamp::from_epoch_millis(1_753_369_200_123)));
        assert_eq!(parse_iso("yesterday"), None);
    }

    #[test]
    fn now_is_written_as_every_time_is() {
        for _ in 0..1000 {
            let (before, now, after) = (iso(wall()), iso_now(), iso(wall()));
            let now = std::str::from_utf8(&now).expect("text");
            assert!(before.as_str() <= now && now <= after.as_str(), "{before} {now} {after}");
        }
    }
}
