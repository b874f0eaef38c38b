//! The head of an answer.
//!
//! Owns what of it is refused, what of it passes on, and what it says of the body. Whatever two readers could read
//! differently is refused: an answer that ends elsewhere for the client would be taken for the next one.

use std::mem::MaybeUninit;

use bytes::{Buf, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::{AnswerBody, Nonsense};
use crate::gateway::headers::passes_back;

/// The most headers that an answer may have.
const HEADERS_MAX: usize = 100;

/// The head of an answer.
#[derive(Debug)]
pub(in crate::gateway) struct AnswerHead {
    pub(in crate::gateway) status: StatusCode,
    /// Those that pass on to the client.
    pub(in crate::gateway) headers: HeaderMap,
    pub(in crate::gateway) body: AnswerBody,
    /// The connection is not to be used again.
    pub(in crate::gateway) last: bool,
}

/// What its headers say of the body and of the connection.
#[derive(Default)]
struct Said {
    length: Option<u64>,
    chunked: bool,
    closes: bool,
    /// Names of headers that concern the connection alone.
    named: Vec<HeaderName>,
}

/// Takes a head from the front of `buffer`, if it is whole. `headless`: the request was `HEAD`, whose answers have no body.
pub(in crate::gateway) fn read(buffer: &mut BytesMut, headless: bool) -> Result<Option<AnswerHead>, Nonsense> {
    if matches!(buffer.first(), Some(b'\r' | b'\n')) {
        // The parser would pass over empty lines: they belong to no answer.
        return Err(Nonsense("it begins with an empty line"));
    }
    let mut fields = [const { MaybeUninit::uninit() }; HEADERS_MAX];
    let mut answer = httparse::Response::new(&mut []);
    let parsed = httparse::ParserConfig::default().parse_response_with_uninit_headers(&mut answer, buffer, &mut fields);
    let length = match parsed {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(Nonsense("it has too many headers")),
        Err(httparse::Error::Version) => return Err(Nonsense("its version is not HTTP/1.1")),
        Err(httparse::Error::Status) => return Err(Nonsense("its status is not a number of three digits")),
        Err(_) => return Err(Nonsense("its head is malformed")),
    };
    let status = answer.code.and_then(|code| StatusCode::from_u16(code).ok()).ok_or(Nonsense("its status is not one"))?;
    let (mut said, mut headers) = (Said::default(), HeaderMap::with_capacity(answer.headers.len() + ADDED));
    for field in answer.headers.iter() {
        let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| Nonsense("the name of a header is malformed"))?;
        if said.passes(&name, field.value)? {
            let value = HeaderValue::from_bytes(field.value).map_err(|_| Nonsense("the value of a header is malformed"))?;
            headers.append(name, value);
        }
    }
    let is_new = answer.version == Some(1);
    if has_bare_line_feed(&buffer[..length]) {
        return Err(Nonsense("a line of its head ends without a carriage return"));
    }
    buffer.advance(length);
    for name in &said.named {
        headers.remove(name);
    }
    if said.chunked {
        // The coding goes first; a length beside it would be another reading of the same bytes.
        headers.remove(header::CONTENT_LENGTH);
    }
    let (body, announced) = (said.body(status, headless), said.chunked || said.length.is_some_and(|length| length > 0));
    if status.is_informational() && announced {
        return Err(Nonsense("a 1xx head announces a body"));
    }
    let is_empty = status == StatusCode::NO_CONTENT;
    if is_empty {
        headers.remove(header::CONTENT_LENGTH);
    }
    let two_readings = (said.chunked && said.length.is_some()) || (is_empty && announced);
    let last = said.closes || !is_new || two_readings || matches!(body, AnswerBody::UntilClose);
    Ok(Some(AnswerHead { status, headers, body, last }))
}

/// Whether a line feed stands without a carriage return before it: others read on there. In one pass without branches.
fn has_bare_line_feed(head: &[u8]) -> bool {
    let pairs = head.iter().zip(head.get(1..).unwrap_or_default());
    pairs.fold(false, |found, (before, byte)| found | ((*byte == b'\n') & (*before != b'\r')))
}

/// Room for what the manager adds to an answer.
const ADDED: usize = 4;

impl Said {
    /// Whether a header passes on, after what it says was noted.
    fn passes(&mut self, name: &HeaderName, value: &[u8]) -> Result<bool, Nonsense> {
        match name.as_str() {
            "content-length" => {
                let length = decimal(value).ok_or(Nonsense("its Content-Length is not a number"))?;
                if self.length.replace(length).is_some_and(|before| before != length) {
                    return Err(Nonsense("it has several lengths"));
                }
                Ok(true)
            }
            "transfer-encoding" => {
                if self.chunked || !value.trim_ascii().eq_ignore_ascii_case(b"chunked") {
                    return Err(Nonsense("its Transfer-Encoding is not 'chunked'"));
                }
                self.chunked = true;
                Ok(false)
            }
            "connection" => {
                for token in value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
                    self.closes |= token.eq_ignore_ascii_case(b"close");
                    self.named.extend(HeaderName::from_bytes(token));
                }
                Ok(false)
            }
            name => Ok(passes_back(name)),
        }
    }

    fn body(&self, status: StatusCode, headless: bool) -> AnswerBody {
        let none = headless || status.is_informational() || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        match self.length {
            _ if none => AnswerBody::Ended,
            _ if self.chunked => AnswerBody::chunked(),
            Some(length) => AnswerBody::of_length(length),
            None => AnswerBody::UntilClose,
        }
    }
}

/// A number as `Content-Length` holds it: digits and nothing else.
fn decimal(text: &[u8]) -> Option<u64> {
    let digits = text.trim_ascii();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(text: &str) -> Result<Option<AnswerHead>, Nonsense> {
        read(&mut BytesMut::from(text), false)
    }

    fn body_of(head: &str) -> AnswerBody {
        reads(&format!("HTTP/1.1 {head}\r\n\r\n")).expect("HTTP").expect("a whole head").body
    }

    #[test]
    fn a_head_says_where_its_body_ends() {
        assert_eq!(body_of("200 OK\r\ncontent-length: 7"), AnswerBody::of_length(7));
        assert_eq!(body_of("200 OK\r\ncontent-length: 7\r\ncontent-length: 7"), AnswerBody::of_length(7));
        assert_eq!(body_of("200 OK\r\nTransfer-Encoding: Chunked\r\ncontent-length: 7"), AnswerBody::chunked());
        assert_eq!(body_of("200 OK"), AnswerBody::UntilClose);
        for none in ["204 No Content\r\ncontent-length: 7", "304 Not Modified\r\ncontent-length: 7", "100 Continue"] {
            assert_eq!(body_of(none), AnswerBody::Ended, "{none}");
        }
        assert!(reads("HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n").expect("HTTP").expect("whole").headers.is_empty());
        let asked_for_the_head = read(&mut BytesMut::from("HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n"), true);
        let head = asked_for_the_head.expect("HTTP").expect("whole");
        assert_eq!((head.body, &head.headers["content-length"]), (AnswerBody::Ended, &HeaderValue::from_static("7")));
    }

    #[test]
    fn what_has_two_readings_is_refused() {
        for head in [
            "HTTP/1.1 200 OK\r\ncontent-length: 7\r\ncontent-length: 8\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: +7\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 7, 7\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: \r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: identity\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: -0\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 0x7\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked, chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked;q=1\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: \x0bchunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length : 7\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length\t: 7\r\n\r\n",
            "HTTP/1.1 200 OK\r\n content-length: 7\r\n\r\n",
            "HTTP/1.1 200 OK\r\n: 7\r\n\r\n",
            "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
            "HTTP/1.1 200 OK\r\na\0: b\r\n\r\n",
            "HTTP/1.1 200 O\0K\r\n\r\n",
            // One line for some, two for others.
            "HTTP/1.1 200 OK\ncontent-length: 7\n\n",
            "HTTP/1.1 200 OK\r\na: b\ncontent-length: 7\r\n\r\n",
            "HTTP/1.1 200 OK\r\na: b\r\n\n",
            "HTTP/1.1 200 OK\r\na: b\rcontent-length: 7\r\n\r\n",
            "HTTP/1.1 200 O\rK\r\n\r\n",
            "\r\nHTTP/1.1 200 OK\r\n\r\n",
            "\nHTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1  200 OK\r\n\r\n",
            "HTTP/1.1 20 OK\r\n\r\n",
            "HTTP/1.1 -20 OK\r\n\r\n",
            "HTTP/1.1 2OO OK\r\n\r\n",
            "HTTP/1.1 200OK\r\n\r\n",
            "HTTP/1.2 200 OK\r\n\r\n",
            "http/1.1 200 OK\r\n\r\n",
            "HTTP/1.1\r\n\r\n",
            // A body where none can be.
            "HTTP/1.1 100 Continue\r\ncontent-length: 7\r\n\r\n",
            "HTTP/1.1 103 Early Hints\r\ntransfer-encoding: chunked\r\n\r\n",
            "HTTP/1.1 101 Switching Protocols\r\ncontent-length: 7\r\n\r\n",
            "HTTP/1.1 200 OK\r\na: b\r\n c: d\r\n\r\n",
            "HTTP/1.1 200 OK\r\na: b\0c\r\n\r\n",
            "HTTP/1.1 2000 OK\r\n\r\n",
            "HTTP/1.1 099 OK\r\n\r\n",
            "HTTP/2.0 200 OK\r\n\r\n",
            "what?\r\n\r\n",
        ] {
            assert!(reads(head).is_err(), "{head:?}");
        }
    }

    #[test]
    fn an_answer_loses_what_is_the_managers_to_say() {
        let text = "HTTP/1.1 200 OK\r\nconnection: keep-alive, x-hop\r\nx-hop: 1\r\nkeep-alive: 5\r\naccess-control-allow-origin: *\r\n\
                    x-peegeeq-instance: forged\r\nx-peegeeq-manager-hop: m\r\nEtag: 1\r\nset-cookie: a\r\nset-cookie: b\r\ncontent-length: 0\r\n\r\nrest";
        let mut buffer = BytesMut::from(text);
        let head = read(&mut buffer, false).expect("HTTP").expect("whole");
        let mut names: Vec<_> = head.headers.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["content-length", "etag", "set-cookie", "set-cookie"]);
        assert_eq!((&buffer[..], head.last), (&b"rest"[..], false));
    }

    #[test]
    fn a_connection_is_used_again_only_if_both_sides_know_where_the_answer_ended() {
        let is_last = |head: &str| reads(&format!("{head}\r\n\r\n")).expect("HTTP").expect("whole").last;
        assert!(!is_last("HTTP/1.1 200 OK\r\ncontent-length: 7"));
        assert!(!is_last("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked"));
        assert!(!is_last("HTTP/1.1 204 No Content\r\ncontent-length: 0") && !is_last("HTTP/1.1 304 Not Modified\r\ncontent-length: 7"));
        for last in [
            "HTTP/1.1 200 OK",
            "HTTP/1.0 200 OK\r\ncontent-length: 7",
            "HTTP/1.1 200 OK\r\ncontent-length: 7\r\nconnection: Close",
            "HTTP/1.1 200 OK\r\ncontent-length: 7\r\ntransfer-encoding: chunked",
            "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked",
            "HTTP/1.1 200 OK\r\ncontent-length: 7\r\nconnection: keep-alive\r\nconnection: x, close",
            "HTTP/1.1 204 No Content\r\ncontent-length: 7",
            "HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked",
        ] {
            assert!(is_last(last), "{last}");
        }
    }

    #[test]
    fn half_a_head_is_waited_for() {
        let whole = "HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n";
        for end in 0..whole.len() {
            assert!(matches!(reads(&whole[..end]), Ok(None)), "{end}");
        }
        assert!(matches!(reads(whole), Ok(Some(_))));
    }
}
