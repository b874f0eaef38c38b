//! Spans of time as instances report them: response times, processing times, uptimes.
//!
//! Does not own instants (`time`), nor the spans that the manager itself measures (`core::time::Duration`).

use core::fmt;
use core::str::FromStr;

use super::number::{Decimal, leading};
use super::{QuantityFault, write_tenths};

/// A span of time in milliseconds, kept to the microsecond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis {
    micros: u64,
}

impl Millis {
    /// A span of whole milliseconds, held at the longest span there is (584,000 years).
    pub const fn from_millis(millis: u64) -> Self {
        Self { micros: millis.saturating_mul(1000) }
    }

    /// A span of whole microseconds.
    pub const fn from_micros(micros: u64) -> Self {
        Self { micros }
    }

    /// A span from a float of milliseconds, rounded to the microsecond.
    pub fn from_millis_f64(millis: f64) -> Result<Self, QuantityFault> {
        super::number_to_u64(millis * 1000.0).map(Self::from_micros)
    }

    /// A span from a float of seconds, rounded to the microsecond.
    pub fn from_seconds_f64(seconds: f64) -> Result<Self, QuantityFault> {
        super::number_to_u64(seconds * 1_000_000.0).map(Self::from_micros)
    }

    /// The span in microseconds.
    pub const fn micros(self) -> u64 {
        self.micros
    }

    /// The span in milliseconds; finite, with a fraction.
    pub fn millis(self) -> f64 {
        self.micros as f64 / 1000.0
    }

    /// The span in seconds; finite, with a fraction.
    pub fn seconds(self) -> f64 {
        self.micros as f64 / 1_000_000.0
    }
}

impl FromStr for Millis {
    type Err = QuantityFault;

    /// Reads `125ms`, `2.5s`, `1h 2m`, `0d 1h 2m`; a number without a unit is milliseconds.
    fn from_str(text: &str) -> Result<Self, QuantityFault> {
        let (number, mut rest) = leading(text)?;
        if rest.trim().is_empty() {
            return number.times(1000).map(Self::from_micros).ok_or(QuantityFault::TooLarge);
        }
        let mut total = take_unit(number, &mut rest)?;
        while !rest.trim().is_empty() {
            let (number, after) = leading(rest)?;
            rest = after;
            total = total.checked_add(take_unit(number, &mut rest)?).ok_or(QuantityFault::TooLarge)?;
        }
        Ok(Self { micros: total })
    }
}

/// Takes the unit off the front of `rest` and gives `number` of it in microseconds.
fn take_unit(number: Decimal, rest: &mut &str) -> Result<u64, QuantityFault> {
    let text = rest.trim_start();
    let (unit, after) = text.split_at(text.find(|c: char| !c.is_alphabetic()).unwrap_or(text.len()));
    *rest = after;
    let micros = match unit.to_lowercase().as_str() {
        "ns" | "nanos" => return number.divided_by(1000).ok_or(QuantityFault::TooLarge),
        "us" | "µs" | "μs" | "micros" => 1,
        "ms" | "millis" | "millisecond" | "milliseconds" => 1000,
        "s" | "sec" | "secs" | "second" | "seconds" => 1_000_000,
        "m" | "min" | "mins" | "minute" | "minutes" => 60_000_000,
        "h" | "hour" | "hours" => 3_600_000_000,
        "d" | "day" | "days" => 86_400_000_000,
        _ => return Err(QuantityFault::UnknownUnit),
    };
    number.times(micros).ok_or(QuantityFault::TooLarge)
}

impl fmt::Display for Millis {
    /// The largest unit that says enough: `35us`, `8.9ms`, `125ms`, `2.5s`, `1m 2s`, `1h 2m`, `3d 4h`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.micros == 0 {
            return f.write_str("0ms");
        }
        if self.micros < 1000 {
            return write!(f, "{}us", self.micros);
        }
        match self.in_units_of(100) {
            tenths @ 0..100 => return write_tenths(f, tenths, "ms"),
            _ if self.in_units_of(1000) < 1000 => return write!(f, "{}ms", self.in_units_of(1000)),
            _ => {}
        }
        if self.in_units_of(100_000) < 600 {
            return write_tenths(f, self.in_units_of(100_000), "s");
        }
        let (seconds, minutes, hours) = (self.in_units_of(1_000_000), self.in_units_of(60_000_000), self.in_units_of(3_600_000_000));
        match () {
            () if seconds < 3600 => write_pair(f, (seconds / 60, "m"), (seconds % 60, "s")),
            () if minutes < 1440 => write_pair(f, (minutes / 60, "h"), (minutes % 60, "m")),
            () => write_pair(f, (hours / 24, "d"), (hours % 24, "h")),
        }
    }
}

impl Millis {
    /// How many units of so many microseconds, rounded half up.
    const fn in_units_of(self, micros: u64) -> u64 {
        self.micros / micros + (self.micros % micros >= micros / 2) as u64
    }
}

fn write_pair(f: &mut fmt::Formatter<'_>, large: (u64, &str), small: (u64, &str)) -> fmt::Result {
    write!(f, "{}{}", large.0, large.1)?;
    if small.0 > 0 {
        write!(f, " {}{}", small.0, small.1)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn micros(text: &str) -> u64 {
        text.parse::<Millis>().expect(text).micros()
    }

    #[test]
    fn reads_what_instances_write() {
        assert_eq!(micros("125ms"), 125_000);
        assert_eq!(micros("15 ms"), 15_000);
        assert_eq!(micros("2.5s"), 2_500_000);
        assert_eq!(micros("1h 2m"), 3_720_000_000);
        assert_eq!(micros("0d 0h 7m"), 420_000_000);
        assert_eq!(micros("163575"), 163_575_000);
        assert_eq!(micros("8.921482625"), 8_921);
        assert_eq!(micros("1500ns"), 2);
        assert_eq!(micros("35µs"), 35);
    }

    #[test]
    fn says_why_a_text_is_no_span() {
        let fault = |text: &str| text.parse::<Millis>().expect_err(text);
        assert_eq!(fault(""), QuantityFault::Empty);
        assert_eq!(fault("-5ms"), QuantityFault::Negative);
        assert_eq!(fault("NaN"), QuantityFault::NotANumber);
        assert_eq!(fault("5 fortnights"), QuantityFault::UnknownUnit);
        assert_eq!(fault("1h 2"), QuantityFault::UnknownUnit);
        assert_eq!(fault("1h x"), QuantityFault::NotANumber);
        assert_eq!(fault("999999999999999d"), QuantityFault::TooLarge);
        assert_eq!(Millis::from_seconds_f64(f64::INFINITY), Err(QuantityFault::NotANumber));
        assert_eq!(Millis::from_millis_f64(-0.1), Err(QuantityFault::Negative));
    }

    #[test]
    fn prints_the_unit_that_says_enough() {
        for text in ["0ms", "35us", "8.9ms", "15ms", "125ms", "250ms", "2.5s", "1m 2s", "1h 2m", "3d 4h", "1h"] {
            assert_eq!(text.parse::<Millis>().expect(text).to_string(), text);
        }
        for (micros, text) in [(999_900, "1s"), (59_980_000, "1m"), (3_599_800_000, "1h"), (9_960, "10ms")] {
            assert_eq!(Millis::from_micros(micros).to_string(), text);
        }
    }
}
