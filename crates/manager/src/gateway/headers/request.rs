//! The head of a request on its way to an instance.
//!
//! Owns what of the client's headers passes, and what the instance is told. They are written as bytes in one pass: a map would
//! be built to be read once.

use std::io::Write as _;
use std::time::Duration;

use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};

use super::{TIMEOUT, Told, is_hop_by_hop};
use crate::net::HOP_HEADER;
use crate::server::{Mark, Marks};

/// What is kept back for the way of an answer: an instance answers within this much less than the manager has left.
const MARGIN: Duration = Duration::from_millis(50);

/// What does not change between requests.
#[derive(Debug)]
pub(in crate::gateway) struct Dress {
    /// Who this manager is.
    manager: HeaderValue,
    /// Whether the client's credentials are sent on.
    credentials: bool,
    /// The usual time limit.
    timeout: Duration,
    /// What most requests end with: this manager, the usual time limit, and the end of the head.
    usual_end: Box<[u8]>,
}

impl Dress {
    /// The dress of a manager whose requests usually have `timeout`.
    pub(in crate::gateway) fn new(manager_id: &str, credentials: bool, timeout: Duration) -> Self {
        let manager = HeaderValue::try_from(manager_id).unwrap_or(HeaderValue::from_static("manager"));
        let mut end = Vec::new();
        field(&mut end, HOP_HEADER.as_str(), manager.as_bytes());
        field(&mut end, TIMEOUT.as_str(), millis(timeout).to_string().as_bytes());
        end.extend_from_slice(b"\r\n");
        Self { manager, credentials, timeout, usual_end: end.into() }
    }
}

/// What belongs to one request.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct RequestDress {
    pub(in crate::gateway) told: Told,
    /// The time that the client left.
    pub(in crate::gateway) timeout: Duration,
    /// The connection is to be switched.
    pub(in crate::gateway) websocket: bool,
    /// The body was read: nobody is asked whether it may be sent.
    pub(in crate::gateway) is_read: bool,
}

/// The head of a request as the client sent it, to be written for an instance.
#[derive(Clone, Copy)]
pub(in crate::gateway) struct RequestHead<'a> {
    pub(in crate::gateway) method: &'a Method,
    pub(in crate::gateway) target: &'a Uri,
    pub(in crate::gateway) headers: &'a HeaderMap,
    pub(in crate::gateway) marks: Marks,
}

/// Writes a head: what the client says less what must not pass, and what the instance is told. `length` is that of the body;
/// none if it comes in chunks. `host` is the instance's.
pub(in crate::gateway) fn write_head(
    out: &mut Vec<u8>,
    request: &RequestHead<'_>,
    host: &HeaderValue,
    length: Option<u64>,
    dress: &Dress,
    own: &RequestDress,
) {
    out.extend_from_slice(request.method.as_str().as_bytes());
    out.push(b' ');
    out.extend_from_slice(request.target.path_and_query().map_or("/", PathAndQuery::as_str).as_bytes());
    out.extend_from_slice(b" HTTP/1.1\r\nhost: ");
    out.extend_from_slice(host.as_bytes());
    out.extend_from_slice(b"\r\n");
    let facts = write_clients(out, request, dress, own);
    match length {
        None => out.extend_from_slice(b"transfer-encoding: chunked\r\n"),
        // Writing to a vector cannot fail.
        Some(length) if length > 0 || facts.has_length => _ = write!(out, "content-length: {length}\r\n"),
        Some(_) => {}
    }
    if own.websocket {
        out.extend_from_slice(b"connection: upgrade\r\nupgrade: websocket\r\n");
    }
    out.extend_from_slice(&own.told.written);
    if own.timeout == dress.timeout && !request.marks.has(Mark::Hop) {
        out.extend_from_slice(&dress.usual_end);
        return;
    }
    let before = request.headers.get_all(HOP_HEADER).iter().map(HeaderValue::as_bytes);
    field(out, HOP_HEADER.as_str(), &before.chain([dress.manager.as_bytes()]).collect::<Vec<_>>().join(&b", "[..]));
    let _ = write!(out, "{TIMEOUT}: {}\r\n\r\n", millis(own.timeout));
}

/// What was seen while the client's headers were written.
#[derive(Default)]
struct Facts {
    /// The client told a length.
    has_length: bool,
}

/// Writes the client's headers that pass.
fn write_clients(out: &mut Vec<u8>, request: &RequestHead<'_>, dress: &Dress, own: &RequestDress) -> Facts {
    let mut facts = Facts::default();
    let named = request.marks.has(Mark::Connection);
    for (name, value) in request.headers {
        let text = name.as_str();
        let passes = match text {
            "host" => false,
            "content-length" => {
                facts.has_length = true;
                false
            }
            "authorization" | "cookie" => dress.credentials,
            "expect" => !own.is_read,
            _ => *name != TIMEOUT && !is_hop_by_hop(text) && !is_ours(text),
        };
        if passes && !(named && is_named(request.headers, name)) {
            field(out, text, value.as_bytes());
        }
    }
    facts
}

fn field(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// Whether `Connection` names a header as one that concerns the connection alone.
pub(in crate::gateway) fn is_named(headers: &HeaderMap, name: &HeaderName) -> bool {
    let tokens = headers.get_all(header::CONNECTION).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    tokens.map(<[u8]>::trim_ascii).any(|token| token.eq_ignore_ascii_case(name.as_str().as_bytes()))
}

/// What the client may not say, because the manager does, or because other servers read it as something it is not: with an
/// underscore a name may be taken for the one with a hyphen.
fn is_ours(name: &str) -> bool {
    name.starts_with("x-forwarded-") || name.starts_with("x-peegeeq-") || matches!(name, "forwarded" | "x-real-ip") || name.contains('_')
}

fn millis(timeout: Duration) -> u64 {
    let left = timeout.saturating_sub(MARGIN).max(Duration::from_millis(1));
    u64::try_from(left.as_millis()).unwrap_or(u64::MAX)
}

/// Whether a request asks for a WebSocket. Nothing else is switched to: `h2c` would be a way around every check.
pub(in crate::gateway) fn wants_websocket(method: &Method, headers: &HeaderMap) -> bool {
    let Some(upgrade) = headers.get(header::UPGRADE) else { return false };
    let names =
        |value: &HeaderValue| value.as_bytes().split(|byte| *byte == b',').any(|token| token.trim_ascii().eq_ignore_ascii_case(b"upgrade"));
    method == Method::GET
        && upgrade.as_bytes().eq_ignore_ascii_case(b"websocket")
        && headers.get_all(header::UPGRADE).iter().nth(1).is_none()
        && headers.get_all(header::CONNECTION).iter().any(names)
}

/// The header of an explicit choice, if it is there once and readable; `Err` if it is there otherwise.
pub(in crate::gateway) fn names_instance<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, ()> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = std::str::from_utf8(value.as_bytes()).map_err(|_| ())?.trim();
    if values.next().is_some() || text.is_empty() { Err(()) } else { Ok(Some(text)) }
}
