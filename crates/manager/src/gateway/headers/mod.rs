//! Which headers pass through the gateway, and which are its own.
//!
//! Owns hygiene in both directions: hop-by-hop headers, forwarding headers, credentials, the manager's own names. Does not own
//! who the client is (`forwarded`), nor what an answer means.

mod forwarded;
mod request;
mod response;

use http::{HeaderMap, HeaderName, HeaderValue, header};

pub(super) use forwarded::{Forwarded, Told};
pub(super) use request::{Dress, RequestDress, dress, millis, names_instance, wants_websocket};
pub(super) use response::{ATTEMPTS, EVIDENCE, HEDGED, clean as clean_answer, is_event_stream};

/// How long the instance has for its answer, in milliseconds; also how a client says how long it waits.
pub(super) const TIMEOUT: HeaderName = HeaderName::from_static("x-request-timeout-ms");

/// Says by which headers of one connection the others are named, then forgets all of them. `true`: `close` was among them.
fn drop_connection(headers: &mut HeaderMap) -> bool {
    if !headers.contains_key(header::CONNECTION) {
        return false;
    }
    let mut closes = false;
    let values: Vec<HeaderValue> = headers.get_all(header::CONNECTION).iter().cloned().collect();
    headers.remove(header::CONNECTION);
    for token in values.iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b',')).map(<[u8]>::trim_ascii) {
        closes |= token.eq_ignore_ascii_case(b"close");
        if let Ok(name) = HeaderName::from_bytes(token) {
            headers.remove(name);
        }
    }
    closes
}

/// Removes every header that `dropped` names. Most messages have none.
fn drop_all(headers: &mut HeaderMap, dropped: impl Fn(&str) -> bool) {
    while let Some(name) = headers.keys().find(|name| dropped(name.as_str())).cloned() {
        headers.remove(name);
    }
}

/// Headers that concern one connection only.
fn is_hop_by_hop(name: &str) -> bool {
    matches!(
        name,
        "keep-alive"
            | "proxy-connection"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
            | "http2-settings"
    )
}

#[cfg(test)]
mod tests;
