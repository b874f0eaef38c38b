//! Where the body of an answer ends.
//!
//! Owns taking it from what was read: by its length, in chunks, or until the connection closes. Trailers are read and
//! dropped: they were announced to nobody.

use bytes::{Buf, Bytes, BytesMut};

use super::Nonsense;

/// The most bytes of chunk extensions and trailers in one body.
const BESIDE_DATA_MAX: u32 = 16 << 10;

/// What is still to come of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum AnswerBody {
    /// Nothing.
    Ended,
    /// So many bytes, at least one.
    Length(u64),
    /// Chunks.
    Chunked(Chunks),
    /// Everything until the connection closes.
    UntilClose,
}

impl AnswerBody {
    pub(in crate::gateway) fn of_length(length: u64) -> Self {
        if length == 0 { Self::Ended } else { Self::Length(length) }
    }

    pub(in crate::gateway) fn chunked() -> Self {
        Self::Chunked(Chunks { place: Place::Size { size: 0, digits: false }, beside: 0 })
    }

    /// Whether nothing more will come.
    pub(in crate::gateway) fn is_ended(&self) -> bool {
        matches!(self, Self::Ended)
    }

    /// The next data that is in `buffer` already. None: it ended, or more must be read.
    pub(in crate::gateway) fn next(&mut self, buffer: &mut BytesMut) -> Result<Option<Bytes>, Nonsense> {
        match self {
            Self::Ended => Ok(None),
            Self::Length(_) | Self::UntilClose if buffer.is_empty() => Ok(None),
            Self::UntilClose => Ok(Some(buffer.split().freeze())),
            Self::Length(left) => {
                let data = take(buffer, left);
                if *left == 0 {
                    *self = Self::Ended;
                }
                Ok(Some(data))
            }
            Self::Chunked(chunks) => {
                let data = chunks.next(buffer)?;
                if chunks.place == Place::End {
                    *self = Self::Ended;
                }
                Ok(data)
            }
        }
    }

    /// The connection was closed. Whether that is a proper end.
    pub(in crate::gateway) fn close(&mut self) -> bool {
        // One that broke off never ends: a connection with such a body does not rest.
        let is_proper = matches!(self, Self::Ended | Self::UntilClose);
        if is_proper {
            *self = Self::Ended;
        }
        is_proper
    }
}

/// At most `left` bytes from the front, and what is left then.
fn take(buffer: &mut BytesMut, left: &mut u64) -> Bytes {
    let length = usize::try_from(*left).map_or(buffer.len(), |left| left.min(buffer.len()));
    *left -= length as u64;
    buffer.split_to(length).freeze()
}

/// A body in chunks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::gateway) struct Chunks {
    place: Place,
    /// Bytes of extensions and trailers so far.
    beside: u32,
}

/// What comes next in a body of chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Size {
        size: u64,
        digits: bool,
    },
    SizeBlank {
        size: u64,
    },
    Extension {
        size: u64,
    },
    SizeLineFeed {
        size: u64,
    },
    Data {
        left: u64,
    },
    DataReturn,
    DataLineFeed,
    Trailer,
    InTrailer,
    TrailerLineFeed,
    LastLineFeed,
    End,
    /// Told when the data before it was taken.
    Broken(&'static str),
}

impl Chunks {
    fn next(&mut self, buffer: &mut BytesMut) -> Result<Option<Bytes>, Nonsense> {
        self.skim(buffer);
        match &mut self.place {
            Place::Broken(why) => Err(Nonsense(why)),
            Place::Data { left } if !buffer.is_empty() => {
                let data = take(buffer, left);
                if *left == 0 {
                    self.place = Place::DataReturn;
                    // The end is told together with the last data if it is there.
                    self.skim(buffer);
                }
                Ok(Some(data))
            }
            _ => Ok(None),
        }
    }

    /// Goes on to the next data, or to the end.
    fn skim(&mut self, buffer: &mut BytesMut) {
        let mut passed = 0;
        for byte in buffer.iter() {
            if matches!(self.place, Place::Data { .. } | Place::End | Place::Broken(_)) {
                break;
            }
            passed += 1;
            self.place = self.after(*byte);
        }
        buffer.advance(passed);
    }

    fn after(&mut self, byte: u8) -> Place {
        match (self.place, byte) {
            // A size of nothing but zeros has no end of its own.
            (Place::Size { size: 0, digits: true }, b'0') => self.aside(Place::Size { size: 0, digits: true }),
            (Place::Size { size, .. }, digit) if digit.is_ascii_hexdigit() => longer(size, digit),
            (Place::Size { size, digits: true }, b'\r') => Place::SizeLineFeed { size },
            (Place::Size { size, digits: true } | Place::SizeBlank { size }, b' ' | b'\t') => self.aside(Place::SizeBlank { size }),
            (Place::Size { size, digits: true } | Place::SizeBlank { size }, b';') => self.aside(Place::Extension { size }),
            (Place::SizeBlank { size } | Place::Extension { size }, b'\r') => Place::SizeLineFeed { size },
            (Place::Extension { size }, byte) if byte != b'\n' => self.aside(Place::Extension { size }),
            (Place::SizeLineFeed { size: 0 }, b'\n') => Place::Trailer,
            (Place::SizeLineFeed { size }, b'\n') => Place::Data { left: size },
            (Place::DataReturn, b'\r') => Place::DataLineFeed,
            (Place::DataLineFeed, b'\n') => Place::Size { size: 0, digits: false },
            (Place::Trailer, b'\r') => Place::LastLineFeed,
            (Place::InTrailer, b'\r') => Place::TrailerLineFeed,
            (Place::Trailer | Place::InTrailer, byte) if byte != b'\n' => self.aside(Place::InTrailer),
            (Place::TrailerLineFeed, b'\n') => Place::Trailer,
            (Place::LastLineFeed, b'\n') => Place::End,
            _ => Place::Broken("a chunk is malformed"),
        }
    }

    fn aside(&mut self, next: Place) -> Place {
        self.beside += 1;
        if self.beside > BESIDE_DATA_MAX { Place::Broken("its chunks have too much beside their data") } else { next }
    }
}

/// The size with one more digit.
fn longer(size: u64, digit: u8) -> Place {
    let digit = char::from(digit).to_digit(16).unwrap_or(0);
    match size.checked_mul(16) {
        Some(size) => Place::Size { size: size | u64::from(digit), digits: true },
        None => Place::Broken("a chunk is larger than can be"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The data of a chunked body that comes in pieces of so many bytes, and what came behind it.
    fn unchunked(text: &[u8], piece: usize) -> Result<(Vec<u8>, Vec<u8>), &'static str> {
        let (mut body, mut buffer, mut data) = (AnswerBody::chunked(), BytesMut::new(), Vec::new());
        for piece in text.chunks(piece) {
            buffer.extend_from_slice(piece);
            while let Some(more) = body.next(&mut buffer).map_err(|Nonsense(why)| why)? {
                assert!(!more.is_empty(), "no data is no piece");
                data.extend_from_slice(&more);
            }
        }
        if body.is_ended() { Ok((data, buffer.to_vec())) } else { Err("not ended") }
    }

    #[test]
    fn chunks_are_taken_apart_however_they_come() {
        let text = b"5;name=\"x\"\r\nhello\r\n00A \r\n, world!!!\r\n0\r\nTrailer: 1\r\nOther: 2\r\n\r\nnext";
        for piece in 1..text.len() {
            let (data, behind) = unchunked(text, piece).expect("chunks");
            assert_eq!(data, b"hello, world!!!", "{piece}");
            assert!(b"next".ends_with(&behind[..]) || behind == b"next", "{piece}: {behind:?}");
        }
        assert_eq!(unchunked(b"0\r\n\r\n", 1), Ok((vec![], vec![])));
    }

    #[test]
    fn what_is_no_chunk_is_refused() {
        for text in [
            "\r\n",
            "x\r\n",
            "-1\r\n",
            "0x1\r\n",
            "1\nx\r\n0\r\n\r\n",
            "1 1\r\nx\r\n0\r\n\r\n",
            "1\r\nxx\r\n0\r\n\r\n",
            "1\r\nx\n0\r\n\r\n",
            ";\r\n",
            "10000000000000000\r\n",
            "1;a\nb\r\nx\r\n",
            "0\r\nA: b\n\r\n",
            "0\r\n\n",
            "+1\r\nx\r\n",
            " 1\r\nx\r\n",
            "1\r\r\nx\r\n",
            "1;a\rb\r\nx\r\n",
            "1\0\r\nx\r\n",
            "1\r\nx1\r\ny\r\n",
            "0\r\nA: b\rC: d\r\n\r\n",
        ] {
            for piece in [1, 64] {
                let outcome = unchunked(text.as_bytes(), piece);
                assert!(outcome.as_ref().is_err_and(|why| *why != "not ended"), "{text:?}: {outcome:?}");
            }
        }
        let (much, small) = ("y".repeat(20_000), "1;yyyyyyyyyyyyyyyyyyy\r\nx\r\n".repeat(1000));
        let (zeros, trailers) = ("0".repeat(20_000), "a: b\r\n".repeat(5000));
        for text in [format!("1;{much}\r\nx\r\n"), small, format!("0\r\n{trailers}\r\n"), format!("{zeros}1\r\nx\r\n"), "1 ".repeat(2)] {
            for piece in [1, 1000] {
                let outcome = unchunked(text.as_bytes(), piece);
                assert!(outcome.is_err_and(|why| why != "not ended"), "{}", &text[..text.len().min(40)]);
            }
        }
    }

    #[test]
    fn a_broken_chunk_is_told_after_the_data_before_it() {
        let (mut body, mut buffer) = (AnswerBody::chunked(), BytesMut::from("1\r\nx\r\nwhat\r\n"));
        assert_eq!(body.next(&mut buffer), Ok(Some(Bytes::from_static(b"x"))));
        assert!(body.next(&mut buffer).is_err());
        assert!(!body.is_ended());
    }

    #[test]
    fn a_length_is_kept_to() {
        let (mut body, mut buffer) = (AnswerBody::of_length(5), BytesMut::from("hel"));
        assert_eq!(body.next(&mut buffer), Ok(Some(Bytes::from_static(b"hel"))));
        assert_eq!(body.next(&mut buffer), Ok(None));
        assert!(!body.is_ended());
        buffer.extend_from_slice(b"lo, and more");
        assert_eq!(body.next(&mut buffer), Ok(Some(Bytes::from_static(b"lo"))));
        assert!(body.is_ended());
        assert_eq!(&buffer[..], b", and more");
        assert!(AnswerBody::of_length(0).is_ended());
        let mut broken_off = AnswerBody::of_length(1);
        assert!(!broken_off.close() && !broken_off.is_ended(), "it was not all");
        assert!(AnswerBody::UntilClose.close());
    }
}
