//! The JSON shapes: what goes over the wire, in the guide's and the original's spelling.
//!
//! Owns names and types of fields. Does not own values: each shape is built from domain types, which never leak out.

pub mod event;
pub mod federation;
pub mod health;
pub mod incident;
pub mod instance;
pub mod management;
pub mod managers;
pub mod order;
pub mod registration;
pub mod routing;
pub mod status;
pub mod words;

/// A text as one segment of a path.
pub(super) fn path_segment(text: &str) -> percent_encoding::PercentEncode<'_> {
    const KEPT: percent_encoding::AsciiSet = percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    percent_encoding::utf8_percent_encode(text, &KEPT)
}
