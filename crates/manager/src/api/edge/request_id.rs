//! The name of a request: the caller's, if it gave a decent one, or ours.

use std::cell::Cell;

use http::{HeaderMap, HeaderName, HeaderValue};

/// The header that carries the name both ways.
pub(super) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The name of a request.
#[derive(Clone, Debug)]
pub(super) struct RequestId(HeaderValue);

thread_local! {
    /// Random at the thread's first request, then counted: names must differ, not surprise.
    static NEXT: Cell<u64> = Cell::new(rand::random());
}

impl RequestId {
    /// The name in `headers` if it is 1 to 64 letters, digits, `-`, `_`, `.` or `:`; a new one otherwise.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let decent = |value: &&HeaderValue| {
            let bytes = value.as_bytes();
            (1..=64).contains(&bytes.len()) && bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(b))
        };
        Self(headers.get(&HEADER).filter(decent).cloned().unwrap_or_else(fresh))
    }

    /// A new one.
    pub(super) fn new() -> Self {
        Self(fresh())
    }

    /// The name as text.
    pub(super) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or("-")
    }

    /// The name as header value.
    pub(super) fn value(&self) -> HeaderValue {
        self.0.clone()
    }
}

fn fresh() -> HeaderValue {
    let number = NEXT.with(|next| {
        let number = next.get();
        next.set(number.wrapping_add(0x9E37_79B9_7F4A_7C15));
        number
    });
    let mut text = [0_u8; 16];
    for (index, place) in text.iter_mut().enumerate() {
        let nibble = (number >> (60 - 4 * index)) & 0xF;
        *place = b"0123456789abcdef"[usize::try_from(nibble).unwrap_or(0)];
    }
    HeaderValue::from_bytes(&text).unwrap_or(HeaderValue::from_static("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decent_name_is_kept_and_another_replaced() {
        let with = |text: &'static str| RequestId::of(&HeaderMap::from_iter([(HEADER, HeaderValue::from_static(text))]));
        assert_eq!(with("abc-1.2:3_4").as_str(), "abc-1.2:3_4");
        for bad in ["", "a b", "a\"b", "<x>", "0123456789012345678901234567890123456789012345678901234567890123456789"] {
            let id = with(bad);
            assert_eq!(id.as_str().len(), 16, "{bad}");
        }
        assert_ne!(RequestId::of(&HeaderMap::new()).as_str(), RequestId::of(&HeaderMap::new()).as_str());
    }
}
