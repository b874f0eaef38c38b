//! Owns the two ways instances write a time: milliseconds since 1970 and ISO 8601 text in UTC.
//! Does not own durations or timers.

use std::time::{SystemTime, UNIX_EPOCH};

/// A moment, as nanoseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment(u128);

impl Moment {
    /// The moment of the call.
    pub(crate) fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Self(since.map_or(0, |elapsed| elapsed.as_nanos()))
    }

    /// A moment given in milliseconds since 1970.
    pub(crate) fn from_millis(millis: u64) -> Self {
        Self(u128::from(millis) * 1_000_000)
    }

    /// Milliseconds since 1970.
    pub(crate) fn millis(self) -> u64 {
        u64::try_from(self.0 / 1_000_000).unwrap_or(u64::MAX)
    }

    /// Nanoseconds since 1970, without the high bits that never change.
    pub(crate) fn nanos(self) -> u64 {
        (self.0 & u128::from(u64::MAX)) as u64
    }

    /// Text with nine digits of a second, as Java writes the present.
    pub(crate) fn iso_nanos(self) -> String {
        self.iso(9, 1)
    }

    /// Text with six digits of a second, as times that come out of PostgreSQL look.
    pub(crate) fn iso_micros(self) -> String {
        self.iso(6, 1_000)
    }

    /// Text with whole seconds, as the guide writes times.
    pub(crate) fn iso_seconds(self) -> String {
        let (date, seconds) = self.date_and_second();
        format!("{date}T{}Z", clock(seconds))
    }

    fn iso(self, digits: usize, divisor: u128) -> String {
        let (date, seconds) = self.date_and_second();
        let fraction = (self.0 % 1_000_000_000) / divisor;
        format!("{date}T{}.{fraction:0digits$}Z", clock(seconds))
    }

    fn date_and_second(self) -> (String, u64) {
        let seconds = u64::try_from(self.0 / 1_000_000_000).unwrap_or(u64::MAX);
        let (year, month, day) = civil_date(seconds / 86_400);
        (format!("{year:04}-{month:02}-{day:02}"), seconds % 86_400)
    }
}

fn clock(second_of_day: u64) -> String {
    let (hour, rest) = (second_of_day / 3_600, second_of_day % 3_600);
    format!("{hour:02}:{:02}:{:02}", rest / 60, rest % 60)
}

fn is_leap(year: u64) -> bool {
    (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400)
}

/// Gregorian year, month and day of a number of days since 1970.
///
/// Counts years and months: a few hundred steps at most for any date this crate meets, and easy to see right.
fn civil_date(mut days: u64) -> (u64, usize, u64) {
    let mut year = 1970;
    loop {
        let length = if is_leap(year) { 366 } else { 365 };
        if days < length || year >= 9_999 {
            break;
        }
        days -= length;
        year += 1;
    }
    let february = if is_leap(year) { 29 } else { 28 };
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    for (index, length) in lengths.into_iter().enumerate() {
        if days < length {
            return (year, index + 1, days + 1);
        }
        days -= length;
    }
    (year, 12, 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments_are_written_as_captured() {
        let captured = Moment(1_795_423_060_707_164_010);
        assert_eq!(captured.iso_nanos(), "2026-11-23T08:37:40.707164010Z");
        assert_eq!(captured.iso_micros(), "2026-11-23T08:37:40.707164Z");
        assert_eq!(captured.iso_seconds(), "2026-11-23T08:37:40Z");
        assert_eq!(captured.millis(), 1_795_423_060_707);
    }

    #[test]
    fn leap_days_and_year_ends_are_right() {
        let day = |days: u64| Moment::from_millis(days * 86_400_000).iso_seconds();
        assert_eq!(day(0), "1970-01-01T00:00:00Z");
        assert_eq!(day(11_016), "2000-02-29T00:00:00Z");
        assert_eq!(day(19_722), "2023-12-31T00:00:00Z");
        assert_eq!(day(19_723), "2024-01-01T00:00:00Z");
    }
}
