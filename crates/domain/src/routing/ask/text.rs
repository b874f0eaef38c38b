//! The text of a path: its segments, and percent-decoding exactly once.
//!
//! Owns which encodings are refused. Does not own what the segments mean.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// Why a path or a query cannot be routed: every one of them is answered with 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AskFault {
    /// `%2F` or `%5C`, or a plain `\`: instances and proxies disagree about where such a segment ends.
    EncodedSeparator,
    /// `.` or `..`, however written.
    DotSegment,
    /// Two slashes in a row.
    EmptySegment,
    /// A NUL or another control character, however written.
    ControlCharacter,
    /// A `%` that is not followed by two hexadecimal digits.
    BrokenEncoding,
    /// The decoded bytes are not UTF-8.
    NotUtf8,
}

impl fmt::Display for AskFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EncodedSeparator => "the path holds an encoded '/' or '\\', which instances read in different ways",
            Self::DotSegment => "the path holds a '.' or '..' segment",
            Self::EmptySegment => "the path holds '//'",
            Self::ControlCharacter => "the path holds a control character",
            Self::BrokenEncoding => "the path holds a '%' that is not followed by two hexadecimal digits",
            Self::NotUtf8 => "the path is not UTF-8 after decoding",
        })
    }
}

/// Refuses what two readers of the path could take for different things.
pub(super) fn check(path: &str) -> Result<(), AskFault> {
    let mut after_slash = false;
    let is_plain = path.bytes().all(|byte| {
        let is_slash = byte == b'/';
        let plain = PLAIN[usize::from(byte)] && !(is_slash && after_slash);
        after_slash = is_slash;
        plain
    });
    if is_plain { Ok(()) } else { check_closely(path) }
}

/// Bytes with which nothing is wrong wherever they stand, but for a slash after another.
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0x20;
    while byte < 256 {
        plain[byte] = !matches!(byte as u8, b'%' | b'.' | b'\\' | 0x7F);
        byte += 1;
    }
    plain
};

/// The slow way, for what is out of the ordinary.
fn check_closely(path: &str) -> Result<(), AskFault> {
    let (mut previous, mut dots) = (0, false);
    for byte in path.bytes() {
        match byte {
            b'%' => return check_encoded(path),
            b'\\' => return Err(AskFault::EncodedSeparator),
            b'/' if previous == b'/' => return Err(AskFault::EmptySegment),
            0..=0x1F | 0x7F => return Err(AskFault::ControlCharacter),
            _ => {
                dots |= byte == b'.' && previous == b'/';
                previous = byte;
            }
        }
    }
    if dots { check_dots(path) } else { Ok(()) }
}

/// The slowest, for the few paths with a `%` in them.
fn check_encoded(path: &str) -> Result<(), AskFault> {
    for segment in path.split('/').skip(1) {
        for byte in decoded(segment) {
            match byte? {
                b'/' | b'\\' => return Err(AskFault::EncodedSeparator),
                0..=0x1F | 0x7F => return Err(AskFault::ControlCharacter),
                _ => {}
            }
        }
    }
    let empty = path.contains("//");
    if empty { Err(AskFault::EmptySegment) } else { check_dots(path) }
}

fn check_dots(path: &str) -> Result<(), AskFault> {
    let dots = path.split('/').any(|segment| spells(segment, ".") || spells(segment, ".."));
    if dots { Err(AskFault::DotSegment) } else { Ok(()) }
}

/// The bytes of a text, decoded once.
fn decoded(text: &str) -> impl Iterator<Item = Result<u8, AskFault>> + '_ {
    let mut bytes = text.bytes();
    core::iter::from_fn(move || {
        let byte = bytes.next()?;
        if byte != b'%' {
            return Some(Ok(byte));
        }
        let mut digit = || bytes.next().and_then(|digit| char::from(digit).to_digit(16));
        let (high, low) = (digit(), digit());
        Some(high.zip(low).map(|(high, low)| (high * 16 + low) as u8).ok_or(AskFault::BrokenEncoding))
    })
}

/// A segment decoded once; nothing is copied where nothing is encoded.
pub(super) fn decode(segment: &str) -> Result<Cow<'_, str>, AskFault> {
    if !segment.contains('%') {
        return Ok(Cow::Borrowed(segment));
    }
    owned(decoded(segment).collect())
}

/// A value of a query decoded once, with `+` for a blank.
pub(super) fn decode_value(value: &str) -> Result<Cow<'_, str>, AskFault> {
    if !value.contains(['%', '+']) {
        return Ok(Cow::Borrowed(value));
    }
    owned(decoded(&value.replace('+', " ")).collect())
}

fn owned(bytes: Result<Vec<u8>, AskFault>) -> Result<Cow<'static, str>, AskFault> {
    String::from_utf8(bytes?).map(Cow::Owned).map_err(|_| AskFault::NotUtf8)
}

/// Whether a segment is this word, however it is encoded: what an instance would read as the word is the word.
pub(super) fn spells(segment: &str, word: &str) -> bool {
    if !segment.contains('%') {
        return segment == word;
    }
    decoded(segment).eq(word.bytes().map(Ok))
}

/// The value of a parameter of a query, as written.
pub(super) fn parameter<'a>(query: Option<&'a str>, name: &str) -> Option<&'a str> {
    let pairs = query?.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.into_iter().find(|(key, _)| spells(key, name)).map(|(_, value)| value)
}
