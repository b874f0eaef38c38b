//! Numbers that have a fraction and are never negative, infinite or undefined: rates and shares.

use super::QuantityFault;

/// So many times a second; finite and not negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Rate(f64);

impl Rate {
    /// A rate, unless the number is negative or not finite.
    pub fn new(per_second: f64) -> Result<Self, QuantityFault> {
        finite(per_second).map(Self)
    }

    /// Reads `45.2`, `45.2/s`, `45.2 per second`.
    pub fn parse(text: &str) -> Result<Self, QuantityFault> {
        let text = text.trim();
        let number = ["/s", "/sec", "per second"].iter().find_map(|unit| text.strip_suffix(unit)).unwrap_or(text);
        Self::new(float(number)?)
    }

    /// `count` events in `span`; `None` if no time passed.
    pub fn of(count: u64, span: super::Millis) -> Option<Self> {
        if span.micros() == 0 { None } else { Self::new(count as f64 / span.seconds()).ok() }
    }

    /// Times a second.
    pub const fn per_second(self) -> f64 {
        self.0
    }

    /// The sum, held at the largest finite number.
    pub fn saturating_add(self, other: Self) -> Self {
        Self((self.0 + other.0).min(f64::MAX))
    }
}

/// A share of a whole, 1 being all of it; finite and not negative. Sums of shares may exceed 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Ratio(f64);

impl Ratio {
    /// A share where 1 is all, unless the number is negative or not finite.
    pub fn new(share: f64) -> Result<Self, QuantityFault> {
        finite(share).map(Self)
    }

    /// A share where 100 is all.
    pub fn from_percent(percent: f64) -> Result<Self, QuantityFault> {
        finite(percent / 100.0).map(Self)
    }

    /// Reads `0.185` and `18.5%`.
    pub fn parse(text: &str) -> Result<Self, QuantityFault> {
        let text = text.trim();
        match text.strip_suffix('%') {
            Some(percent) => Self::from_percent(float(percent)?),
            None => Self::new(float(text)?),
        }
    }

    /// `part` of `whole`; `None` if the whole is nothing.
    pub fn of(part: u64, whole: u64) -> Option<Self> {
        if whole == 0 { None } else { Some(Self(part as f64 / whole as f64)) }
    }

    /// The share where 1 is all.
    pub const fn share(self) -> f64 {
        self.0
    }

    /// The share where 100 is all, held at the largest finite number.
    pub fn percent(self) -> f64 {
        (self.0 * 100.0).min(f64::MAX)
    }
}

fn finite(number: f64) -> Result<f64, QuantityFault> {
    match number {
        number if !number.is_finite() => Err(QuantityFault::NotANumber),
        number if number < 0.0 => Err(QuantityFault::Negative),
        // Turns -0.0 into 0.0, which prints without a sign.
        number => Ok(number + 0.0),
    }
}

fn float(text: &str) -> Result<f64, QuantityFault> {
    match text.trim() {
        "" => Err(QuantityFault::Empty),
        text => text.parse().map_err(|_| QuantityFault::NotANumber),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Millis;
    use super::*;

    #[test]
    fn reads_numbers_with_and_without_a_unit() {
        for text in ["45.2", " 45.2/s", "45.2 per second"] {
            assert_eq!(Rate::parse(text).map(Rate::per_second), Ok(45.2));
        }
        assert_eq!(Ratio::parse("18.5%").map(Ratio::share), Ok(0.185));
        assert_eq!(Ratio::parse("0.02").map(Ratio::percent), Ok(2.0));
    }

    #[test]
    fn refuses_what_is_no_amount() {
        for text in ["NaN", "inf", "-inf", "fast"] {
            assert!(Rate::parse(text).is_err(), "{text}");
            assert!(Ratio::parse(text).is_err(), "{text}");
        }
        assert_eq!(Rate::new(-0.1), Err(QuantityFault::Negative));
        assert_eq!(Rate::parse(""), Err(QuantityFault::Empty));
        assert!(Rate::new(-0.0).expect("zero").per_second().is_sign_positive());
    }

    #[test]
    fn dividing_by_nothing_gives_nothing() {
        assert_eq!(Rate::of(5, Millis::default()), None);
        assert_eq!(Ratio::of(0, 0), None);
        assert_eq!(Rate::of(5, Millis::from_millis(500)).map(Rate::per_second), Some(10.0));
        let most = Rate::new(f64::MAX).expect("finite");
        assert_eq!(most.saturating_add(most), most);
    }
}
