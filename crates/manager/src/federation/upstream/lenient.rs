//! Values of JSON as instances really write them: numbers as text, text as numbers, `null`, or something else altogether.
//!
//! Owns the rule that a strange value is "not said" instead of an error. Does not own which field holds what.

use std::borrow::Cow;
use std::fmt;

use peegeeq_domain::quantity::{ByteSize, Millis, Rate, Ratio};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A number or a text, or nothing of use.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Lenient<'a> {
    /// `null`, absent, `true`, an array, an object.
    #[default]
    Nothing,
    /// A whole number that is not negative.
    Whole(u64),
    /// Another number.
    Float(f64),
    /// A text.
    Text(Cow<'a, str>),
}

impl<'a> Lenient<'a> {
    /// As a count: fractions are rounded; negative, infinite and undefined numbers are not counts.
    pub(super) fn count(&self) -> Option<u64> {
        let float = |number: f64| ByteSize::from_f64(number).ok().map(ByteSize::bytes);
        match self {
            Self::Nothing => None,
            Self::Whole(number) => Some(*number),
            Self::Float(number) => float(*number),
            Self::Text(text) => {
                let text = text.trim();
                text.parse().ok().or_else(|| float(text.parse().ok()?))
            }
        }
    }

    /// As so many a second.
    pub(super) fn rate(&self) -> Option<Rate> {
        match self {
            Self::Text(text) => Rate::parse(text).ok(),
            other => Rate::new(other.float()?).ok(),
        }
    }

    /// As a share of one, like an error rate.
    pub(super) fn share(&self) -> Option<Ratio> {
        match self {
            Self::Text(text) => Ratio::parse(text).ok(),
            other => Ratio::new(other.float()?).ok(),
        }
    }

    /// As a share in percent, like the guide's `cpuUsage`.
    pub(super) fn percent(&self) -> Option<Ratio> {
        match self {
            Self::Text(text) => Ratio::from_percent(text.trim().trim_end_matches('%').trim_end().parse().ok()?).ok(),
            other => Ratio::from_percent(other.float()?).ok(),
        }
    }

    /// As a span; a number is milliseconds.
    pub(super) fn millis(&self) -> Option<Millis> {
        match self {
            Self::Text(text) => text.parse().ok(),
            other => Millis::from_millis_f64(other.float()?).ok(),
        }
    }

    /// As a size; a number is bytes.
    pub(super) fn size(&self) -> Option<ByteSize> {
        match self {
            Self::Text(text) => text.parse().ok(),
            other => other.count().map(ByteSize::from_bytes),
        }
    }

    /// As text that says something; a number is taken in its own spelling.
    pub(super) fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Nothing => None,
            Self::Whole(number) => Some(number.to_string().into()),
            Self::Float(number) => Some(number.to_string().into()),
            Self::Text(text) => Some(Cow::Borrowed(&**text)).filter(|text| !text.trim().is_empty()),
        }
    }

    /// Whether something was said.
    pub(super) fn is_said(&self) -> bool {
        *self != Self::Nothing
    }

    fn float(&self) -> Option<f64> {
        match self {
            Self::Whole(number) => Some(*number as f64),
            Self::Float(number) => Some(*number),
            Self::Nothing | Self::Text(_) => None,
        }
    }
}

/// The first count that was said.
pub(super) fn first_count(candidates: &[&Lenient<'_>]) -> Option<u64> {
    candidates.iter().find_map(|candidate| candidate.count())
}

/// The first text that was said.
pub(super) fn first_text<'v>(candidates: &[&'v Lenient<'_>]) -> Option<Cow<'v, str>> {
    candidates.iter().find_map(|candidate| candidate.text())
}

impl<'de: 'a, 'a> Deserialize<'de> for Lenient<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LenientVisitor)
    }
}

struct LenientVisitor;

impl<'de> Visitor<'de> for LenientVisitor {
    type Value = Lenient<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Lenient::Nothing)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Lenient::Nothing)
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Lenient::Whole(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(u64::try_from(number).map_or(Lenient::Float(number as f64), Lenient::Whole))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Lenient::Float(number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Lenient::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Lenient::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        while sequence.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Lenient::Nothing)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Lenient::Nothing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Lenient<'_> {
        serde_json::from_str(text).expect(text)
    }

    #[test]
    fn counts_are_read_from_whatever_was_written() {
        for (text, count) in [
            ("42", Some(42)),
            ("\"42\"", Some(42)),
            ("\" 42 \"", Some(42)),
            ("41.6", Some(42)),
            ("\"41.6\"", Some(42)),
            ("4294967297", Some(4_294_967_297)),
            ("18446744073709551615", Some(u64::MAX)),
            ("1e3", Some(1000)),
            ("-1", None),
            ("-0.4", None),
            ("18446744073709551616", None),
            ("1e300", None),
            ("\"NaN\"", None),
            ("\"inf\"", None),
            ("\"many\"", None),
            ("\"\"", None),
            ("null", None),
            ("true", None),
            ("[1]", None),
            ("{\"a\":1}", None),
        ] {
            assert_eq!(read(text).count(), count, "{text}");
        }
    }

    #[test]
    fn amounts_with_units_are_read() {
        assert_eq!(read("\"1.2GB\"").size().map(ByteSize::bytes), Some(1_200_000_000));
        assert_eq!(read("512").size().map(ByteSize::bytes), Some(512));
        assert_eq!(read("\"0d 1h 2m\"").millis().map(Millis::seconds), Some(3720.0));
        assert_eq!(read("1500").millis().map(Millis::seconds), Some(1.5));
        assert_eq!(read("\"45.2\"").rate().map(Rate::per_second), Some(45.2));
        assert_eq!(read("\"18.5%\"").percent().map(Ratio::share), Some(0.185));
        assert_eq!(read("18.5").percent().map(Ratio::percent), Some(18.5));
        assert_eq!(read("0.02").share().map(Ratio::share), Some(0.02));
        assert_eq!(read("-3").rate(), None);
        assert_eq!(read("\"NaN\"").rate(), None);
    }

    #[test]
    fn names_may_be_numbers_and_must_say_something() {
        assert_eq!(read("\"a\\u0062\"").text().as_deref(), Some("ab"));
        assert_eq!(read("7").text().as_deref(), Some("7"));
        assert_eq!(read("\"  \"").text(), None);
        assert_eq!(read("null").text(), None);
    }
}
