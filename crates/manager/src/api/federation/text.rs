//! Writing JSON piece by piece, for answers that are kept as text.

use serde::Serialize;

/// A JSON object or array that is being written.
#[derive(Debug, Default)]
pub(in crate::api) struct JsonText(Vec<u8>);

/// Beyond this many bytes no further elements are written: the answer is too long to be given whole.
const BYTES_MAX: usize = 64_000_000;

impl JsonText {
    /// Text with room for so many bytes.
    pub(in crate::api) fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    /// Adds text that is known to be JSON in its place.
    pub(in crate::api) fn raw(&mut self, text: &[u8]) -> &mut Self {
        self.0.extend_from_slice(text);
        self
    }

    /// Adds a value.
    pub(in crate::api) fn value(&mut self, value: &impl Serialize) -> &mut Self {
        let before = self.0.len();
        if serde_json::to_writer(&mut self.0, value).is_err() {
            // Our shapes have text keys and no failing parts, so this is a fault of ours; the rest stays readable.
            self.0.truncate(before);
            self.raw(b"null");
        }
        self
    }

    /// Adds a field behind others.
    pub(in crate::api) fn field(&mut self, name: &str, value: &impl Serialize) -> &mut Self {
        self.key(name).value(value)
    }

    /// Adds the name of a field behind others; its value must follow.
    pub(in crate::api) fn key(&mut self, name: &str) -> &mut Self {
        self.raw(b",\"").raw(name.as_bytes()).raw(b"\":")
    }

    /// Adds an array, the elements written one by one.
    pub(in crate::api) fn array<T>(&mut self, elements: impl IntoIterator<Item = T>, mut write: impl FnMut(&mut Self, T)) -> &mut Self {
        self.raw(b"[");
        for (number, element) in elements.into_iter().enumerate() {
            if self.is_too_long() {
                break;
            }
            if number > 0 {
                self.raw(b",");
            }
            write(self, element);
        }
        self.raw(b"]")
    }

    /// Whether it is so long that elements may have been left out.
    pub(in crate::api) fn is_too_long(&self) -> bool {
        self.0.len() > BYTES_MAX
    }

    /// The text.
    pub(in crate::api) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writing_ends_where_a_text_is_too_long() {
        let mut text = JsonText::default();
        let mut written = 0;
        text.array(0..100, |text, _| {
            written += 1;
            text.raw(&[b' '; 1_000_000]);
        });
        assert!(text.is_too_long() && written < 70, "{written}");
        assert!(!JsonText::default().is_too_long());
    }
}
