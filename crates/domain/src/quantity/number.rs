//! Decimal numbers read exactly, without passing through a float.
//!
//! Owns the digits in front of a unit. Does not own units.

use super::QuantityFault;

/// Digits after the decimal point that are kept; more are checked and dropped.
const PLACES: u32 = 9;
/// The denominator of [`Decimal::billionths`].
const BILLION: u128 = 1_000_000_000;
/// The most digits before the decimal point, leading zeros aside: enough for every `u64`.
const WHOLE_DIGITS_MAX: usize = 20;

/// A non-negative decimal number with nine places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    whole: u128,
    billionths: u128,
}

impl Decimal {
    /// This number times `unit`, rounded half up; `None` if it does not fit.
    pub(super) fn times(self, unit: u64) -> Option<u64> {
        let unit = u128::from(unit);
        let fraction = (self.billionths * unit + BILLION / 2) / BILLION;
        u64::try_from(self.whole.checked_mul(unit)?.checked_add(fraction)?).ok()
    }

    /// This number divided by `parts`, rounded half up; `None` if it does not fit.
    pub(super) fn divided_by(self, parts: u64) -> Option<u64> {
        let parts = u128::from(parts) * BILLION;
        let billionths = self.whole * BILLION + self.billionths;
        u64::try_from((billionths + parts / 2) / parts).ok()
    }
}

/// Reads the number that `text` opens with; what follows it is handed back.
pub(super) fn leading(text: &str) -> Result<(Decimal, &str), QuantityFault> {
    let text = text.trim_start();
    let text = match text.as_bytes().first() {
        None => return Err(QuantityFault::Empty),
        Some(b'-') => return Err(QuantityFault::Negative),
        Some(b'+') => &text[1..],
        Some(_) => text,
    };
    let (whole, rest) = digits(text);
    let (fraction, rest) = rest.strip_prefix('.').map_or(("", rest), digits);
    if whole.is_empty() && fraction.is_empty() {
        return Err(QuantityFault::NotANumber);
    }
    let whole = whole.trim_start_matches('0');
    if whole.len() > WHOLE_DIGITS_MAX {
        return Err(QuantityFault::TooLarge);
    }
    Ok((Decimal { whole: value(whole), billionths: billionths(fraction) }, rest))
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}

fn value(digits: &str) -> u128 {
    digits.bytes().fold(0, |sum, digit| sum * 10 + u128::from(digit - b'0'))
}

fn billionths(digits: &str) -> u128 {
    let kept = &digits[..digits.len().min(PLACES as usize)];
    value(kept) * 10u128.pow(PLACES - kept.len() as u32)
}
