//! Amounts survive being printed and read, and no input makes one that is not a number.

use peegeeq_domain::quantity::{ByteSize, Millis, QuantityFault, Rate, Ratio, two_decimals};
use proptest::prelude::*;

/// Numbers of every magnitude, not only huge ones.
fn any_magnitude() -> impl Strategy<Value = u64> {
    (any::<u64>(), 0u32..64).prop_map(|(number, shift)| number >> shift)
}

/// Whether two numbers differ by no more than half of the last printed digit: at worst a tenth in twenty.
fn within_rounding(read: u64, original: u64) -> bool {
    u128::from(read.abs_diff(original)) * 20 <= u128::from(original)
}

proptest! {
    #[test]
    fn a_printed_size_reads_back_within_rounding(bytes in any_magnitude()) {
        let printed = ByteSize::from_bytes(bytes).to_string();
        let read: ByteSize = printed.parse().expect("what is printed can be read");
        prop_assert!(within_rounding(read.bytes(), bytes), "{bytes} → {printed} → {}", read.bytes());
        prop_assert_eq!(read.to_string(), printed, "printing again changes nothing");
    }

    #[test]
    fn plain_bytes_are_read_exactly(bytes in any::<u64>()) {
        prop_assert_eq!(bytes.to_string().parse(), Ok(ByteSize::from_bytes(bytes)));
    }

    #[test]
    fn a_printed_span_reads_back_within_rounding(micros in any_magnitude()) {
        let printed = Millis::from_micros(micros).to_string();
        let read: Millis = printed.parse().expect("what is printed can be read");
        prop_assert!(within_rounding(read.micros(), micros), "{micros} → {printed} → {}", read.micros());
        prop_assert_eq!(read.to_string(), printed, "printing again changes nothing");
    }

    #[test]
    fn no_text_panics_or_becomes_a_number_it_is_not(text in "(?s)\\PC{0,12}|[-+]?[0-9.eEinfNa]{0,24} ?[a-zA-Zµ%/]{0,4}") {
        let _ = text.parse::<ByteSize>();
        let _ = text.parse::<Millis>();
        for number in [Rate::parse(&text).map(Rate::per_second), Ratio::parse(&text).map(Ratio::share)].into_iter().flatten() {
            prop_assert!(number.is_finite() && number.is_sign_positive(), "{text} became {number}");
        }
    }

    #[test]
    fn negative_sizes_are_refused(bytes in 1u64..) {
        prop_assert_eq!(format!("-{bytes}").parse::<ByteSize>(), Err(QuantityFault::Negative));
    }

    #[test]
    fn floats_become_amounts_only_if_they_are_some(number in any::<f64>()) {
        let usable = number.is_finite() && number >= 0.0;
        prop_assert_eq!(Rate::new(number).is_ok(), usable);
        prop_assert_eq!(Ratio::new(number).is_ok(), usable);
        prop_assert!(usable || ByteSize::from_f64(number).is_err());
        prop_assert!(usable || Millis::from_millis_f64(number).is_err());
        if let Ok(ratio) = Ratio::new(number) {
            prop_assert!(ratio.percent().is_finite());
        }
        if usable {
            prop_assert!((two_decimals(number) - number).abs() <= (number.abs() * 4.0 * f64::EPSILON).max(0.005001));
        }
    }

    #[test]
    fn sizes_add_exactly_or_not_at_all(a in any::<u64>(), b in any::<u64>()) {
        let (left, right) = (ByteSize::from_bytes(a), ByteSize::from_bytes(b));
        prop_assert_eq!(left.checked_add(right).map(ByteSize::bytes), a.checked_add(b));
        prop_assert_eq!(left.saturating_add(right).bytes(), a.saturating_add(b));
    }
}
