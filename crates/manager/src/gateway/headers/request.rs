//! Headers of a request on its way to an instance.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use super::{TIMEOUT, Told, drop_all, drop_connection, is_hop_by_hop};
use crate::net::HOP_HEADER;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const UPGRADE: HeaderValue = HeaderValue::from_static("upgrade");
const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");
const CHUNKED: HeaderValue = HeaderValue::from_static("chunked");

/// What is kept back for the way of an answer: an instance answers within this much less than the manager has left.
const MARGIN: Duration = Duration::from_millis(50);

/// As many headers as are put on.
const ADDED: usize = 9;

/// What does not change between requests.
#[derive(Debug)]
pub(in crate::gateway) struct Dress {
    /// Who this manager is.
    pub(in crate::gateway) manager: HeaderValue,
    /// Whether the client's credentials are sent on.
    pub(in crate::gateway) credentials: bool,
    /// The usual time limit, and how it is written.
    pub(in crate::gateway) timeout: (Duration, HeaderValue),
}

impl Dress {
    /// The dress of a manager whose requests usually have `timeout`.
    pub(in crate::gateway) fn new(manager_id: &str, credentials: bool, timeout: Duration) -> Self {
        let manager = HeaderValue::try_from(manager_id).unwrap_or(HeaderValue::from_static("manager"));
        Self { manager, credentials, timeout: (timeout, millis(timeout)) }
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
    /// The body has no length beforehand.
    pub(in crate::gateway) chunked: bool,
}

/// Takes off what must not pass and puts on what the instance is told.
pub(in crate::gateway) fn dress(headers: &mut HeaderMap, dress: &Dress, request: RequestDress) {
    let managers = managers(headers, &dress.manager);
    drop_connection(headers);
    drop_all(headers, |name| is_hop_by_hop(name) || is_ours(name) || (!dress.credentials && matches!(name, "authorization" | "cookie")));
    headers.reserve(ADDED);
    headers.insert(FORWARDED_FOR, request.told.addresses);
    headers.insert(FORWARDED_PROTO, request.told.proto);
    headers.insert(FORWARDED_HOST, request.told.host);
    headers.insert(header::FORWARDED, request.told.forwarded);
    headers.insert(HOP_HEADER, managers);
    let (usual, written) = &dress.timeout;
    headers.insert(TIMEOUT, if request.timeout == *usual { written.clone() } else { millis(request.timeout) });
    if request.chunked {
        headers.insert(header::TRANSFER_ENCODING, CHUNKED);
    }
    if request.websocket {
        headers.insert(header::CONNECTION, UPGRADE);
        headers.insert(header::UPGRADE, WEBSOCKET);
    }
}

/// What the client may not say, because the manager does, or because other servers read it as something it is not: with an
/// underscore a name may be taken for the one with a hyphen.
fn is_ours(name: &str) -> bool {
    name.starts_with("x-forwarded-") || name.starts_with("x-peegeeq-") || matches!(name, "forwarded" | "x-real-ip") || name.contains('_')
}

/// This manager, after those that passed the request before.
fn managers(headers: &HeaderMap, own: &HeaderValue) -> HeaderValue {
    if !headers.contains_key(HOP_HEADER) {
        return own.clone();
    }
    let before = headers.get_all(HOP_HEADER).iter().map(HeaderValue::as_bytes);
    let all: Vec<&[u8]> = before.chain([own.as_bytes()]).collect();
    HeaderValue::from_bytes(&all.join(&b", "[..])).unwrap_or_else(|_| own.clone())
}

pub(in crate::gateway) fn millis(timeout: Duration) -> HeaderValue {
    let left = timeout.saturating_sub(MARGIN).max(Duration::from_millis(1));
    HeaderValue::from(u64::try_from(left.as_millis()).unwrap_or(u64::MAX))
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
