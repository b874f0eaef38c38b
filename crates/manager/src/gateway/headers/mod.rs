//! Which headers pass through the gateway, and which are its own.
//!
//! Owns hygiene in both directions: hop-by-hop headers, forwarding headers, credentials, the manager's own names. Does not own
//! who the client is (`forwarded`), nor what an answer means.

mod forwarded;
mod request;
mod response;

use http::HeaderName;

pub(super) use forwarded::{Forwarded, Told};
pub(super) use request::{Dress, RequestDress, RequestHead, is_named, names_instance, wants_websocket, write_head};
pub(super) use response::{ATTEMPTS, EVIDENCE, HEDGED, is_event_stream, name as name_instance, passes_back};

/// How long the instance has for its answer, in milliseconds; also how a client says how long it waits.
pub(super) const TIMEOUT: HeaderName = HeaderName::from_static("x-request-timeout-ms");

/// Headers that concern one connection only.
fn is_hop_by_hop(name: &str) -> bool {
    matches!(
        name,
        "connection"
            | "keep-alive"
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
