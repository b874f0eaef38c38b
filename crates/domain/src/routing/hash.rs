//! Numbers from texts: the same everywhere and for ever, so that managers agree without talking to each other.

/// A number for a text (FNV-1a, then mixed).
pub(super) fn text(text: &str) -> u64 {
    mix(text.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)))
}

/// A number for two numbers in this order.
pub(super) fn join(one: u64, other: u64) -> u64 {
    mix(one.rotate_left(23) ^ other)
}

/// Spreads the bits of a number over all of it (the finish of SplitMix64).
pub(super) const fn mix(mut number: u64) -> u64 {
    number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}
