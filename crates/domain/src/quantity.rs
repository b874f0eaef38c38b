//! Amounts with a unit: how they are read from what instances write, added, and printed the way the guide prints them.
//!
//! Owns sizes, spans, rates and shares, and why a text is not one of them. Does not own which field holds which amount.

mod number;
mod rate;
mod size;
mod span;

use core::fmt;

pub use rate::{Rate, Ratio};
pub use size::ByteSize;
pub use span::Millis;

/// Why a text or a number is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QuantityFault {
    /// There was nothing but blanks.
    Empty,
    /// No digits where a number was expected; `NaN` and `inf` are not numbers either.
    NotANumber,
    /// Less than zero.
    Negative,
    /// A number followed by a unit that nobody knows.
    UnknownUnit,
    /// More than the type can hold.
    TooLarge,
}

impl fmt::Display for QuantityFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the amount is empty",
            Self::NotANumber => "the amount is not a finite number",
            Self::Negative => "the amount is negative",
            Self::UnknownUnit => "the unit of the amount is unknown",
            Self::TooLarge => "the amount is too large",
        })
    }
}

impl core::error::Error for QuantityFault {}

/// Rounds a finite, non-negative number to two decimals, as the guide prints averages (`15.07`).
///
/// Numbers too large to have two decimals come back unchanged, and so do those that are not finite or are negative.
pub fn two_decimals(value: f64) -> f64 {
    /// From here on neighbouring floats are more than a hundredth apart.
    const LIMIT: f64 = 9_007_199_254_740_992.0 / 100.0;
    if (0.0..LIMIT).contains(&value) { ((value * 100.0 + 0.5) as u64) as f64 / 100.0 } else { value }
}

/// A float as a whole number, rounded half up.
fn number_to_u64(number: f64) -> Result<u64, QuantityFault> {
    match number {
        number if !number.is_finite() => Err(QuantityFault::NotANumber),
        number if number < 0.0 => Err(QuantityFault::Negative),
        number if number >= u64::MAX as f64 => Err(QuantityFault::TooLarge),
        // Adding a half to a float above 2^52 could only round it to a neighbour; such floats are whole anyway.
        number if number >= 4_503_599_627_370_496.0 => Ok(number as u64),
        number => Ok((number + 0.5) as u64),
    }
}

/// Writes `tenths / 10` with one decimal, and without it when it is zero: `2.8GB`, `45GB`.
fn write_tenths(f: &mut fmt::Formatter<'_>, tenths: u64, unit: &str) -> fmt::Result {
    match tenths % 10 {
        0 => write!(f, "{}{unit}", tenths / 10),
        tenth => write!(f, "{}.{tenth}{unit}", tenths / 10),
    }
}

#[cfg(test)]
mod tests {
    use super::two_decimals;

    #[test]
    fn averages_are_rounded_as_the_guide_prints_them() {
        assert_eq!(two_decimals(45.2 / 3.0), 15.07);
        assert_eq!(two_decimals((45.2 + 32.1) / 2.0), 38.65);
        assert_eq!(two_decimals(0.0), 0.0);
        assert_eq!(two_decimals(f64::MAX), f64::MAX);
    }
}
