//! Sizes in bytes.
//!
//! Printed decimally: the guide's own example divides `2.8GB` by three and gets `933MB`, which only holds with 1000 MB
//! in a GB. `GiB` and its kin are read with their binary meaning.

use core::fmt;
use core::str::FromStr;

use super::number::leading;
use super::{QuantityFault, write_tenths};

/// The decimal units that are printed, from the smallest that has one.
const UNITS: [&str; 7] = ["B", "KB", "MB", "GB", "TB", "PB", "EB"];

/// A number of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(u64);

impl ByteSize {
    /// A size of `bytes` bytes.
    pub const fn from_bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// A size from a number of bytes that arrived as a float; the fraction of a byte is rounded.
    pub fn from_f64(bytes: f64) -> Result<Self, QuantityFault> {
        super::number_to_u64(bytes).map(Self)
    }

    /// The size in bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }

    /// The sum, or `None` if it does not fit into 64 bits.
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// The sum, held at the largest size there is.
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl FromStr for ByteSize {
    type Err = QuantityFault;

    /// Reads `2.5GB`, `933MB`, `1.2 GiB`, `512 mb`, `10 bytes` and plain numbers of bytes, in any case.
    fn from_str(text: &str) -> Result<Self, QuantityFault> {
        let (number, unit) = leading(text)?;
        let factor = factor(unit.trim()).ok_or(QuantityFault::UnknownUnit)?;
        number.times(factor).map(Self).ok_or(QuantityFault::TooLarge)
    }
}

/// Bytes in one unit: `KB` and `K` are a thousand, `KiB` and `Ki` are 1024.
fn factor(unit: &str) -> Option<u64> {
    if ["", "b", "byte", "bytes"].iter().any(|word| unit.eq_ignore_ascii_case(word)) {
        return Some(1);
    }
    let letter = unit.chars().next()?.to_ascii_uppercase();
    let power = "KMGTPE".chars().position(|prefix| prefix == letter)? as u32 + 1;
    match unit[1..].to_ascii_lowercase().as_str() {
        "" | "b" => Some(1000u64.pow(power)),
        "i" | "ib" => Some(1u64 << (10 * power)),
        _ => None,
    }
}

impl fmt::Display for ByteSize {
    /// One decimal below a hundred of a unit, none from there on: `2.8GB`, `45GB`, `933MB`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = u128::from(self.0);
        let mut unit = 1u128;
        for name in UNITS {
            let tenths = (bytes * 10 + unit / 2) / unit;
            if tenths < 1000 {
                return write_tenths(f, tenths as u64, name);
            }
            let whole = (bytes + unit / 2) / unit;
            if whole < 1000 {
                return write!(f, "{whole}{name}");
            }
            unit *= 1000;
        }
        // Cannot be reached: the largest size is 18.4EB.
        write!(f, "{bytes}B")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn bytes(text: &str) -> u64 {
        text.parse::<ByteSize>().expect(text).bytes()
    }

    #[test]
    fn reads_what_instances_write() {
        assert_eq!(bytes("2.5GB"), 2_500_000_000);
        assert_eq!(bytes("933MB"), 933_000_000);
        assert_eq!(bytes("1.2 GiB"), 1_288_490_189);
        assert_eq!(bytes(" 512 mb "), 512_000_000);
        assert_eq!(bytes("10 bytes"), 10);
        assert_eq!(bytes("21090992"), 21_090_992);
        assert_eq!(bytes("18446744073709551615"), u64::MAX);
        assert_eq!(bytes(".5k"), 500);
    }

    #[test]
    fn says_why_a_text_is_no_size() {
        let fault = |text: &str| text.parse::<ByteSize>().expect_err(text);
        assert_eq!(fault("  "), QuantityFault::Empty);
        assert_eq!(fault("-1GB"), QuantityFault::Negative);
        for text in ["NaN", "inf", "GB", ".", "+"] {
            assert_eq!(fault(text), QuantityFault::NotANumber, "{text}");
        }
        for text in ["1 parsec", "1,5GB", "1e9", "5 µB", "2..5GB", "1KBx"] {
            assert_eq!(fault(text), QuantityFault::UnknownUnit, "{text}");
        }
        for text in ["19EB", "18446744073709551616", "99999999999999999999999GB"] {
            assert_eq!(fault(text), QuantityFault::TooLarge, "{text}");
        }
        assert_eq!(ByteSize::from_f64(f64::NAN), Err(QuantityFault::NotANumber));
        assert_eq!(ByteSize::from_f64(1e30), Err(QuantityFault::TooLarge));
        assert_eq!(ByteSize::from_f64(1.5e9), Ok(ByteSize(1_500_000_000)));
    }

    #[test]
    fn prints_as_the_guide_does() {
        let printed = |text: &str| ByteSize(bytes(text)).to_string();
        for text in ["2.8GB", "933MB", "45GB", "15GB", "4.3GB", "12.5GB", "0B", "999B"] {
            assert_eq!(printed(text), text);
        }
        assert_eq!(ByteSize(2_800_000_000 / 3).to_string(), "933MB");
        assert_eq!(ByteSize(999_950_000).to_string(), "1GB");
        assert_eq!(ByteSize(u64::MAX).to_string(), "18.4EB");
    }

    #[test]
    fn adds_without_wrapping() {
        let (one, most) = (ByteSize(1), ByteSize(u64::MAX));
        assert_eq!(one.checked_add(one), Some(ByteSize(2)));
        assert_eq!(one.checked_add(most), None);
        assert_eq!(one.saturating_add(most), most);
    }
}
