//! Bodies that are read before a request is sent: where the setup stands in them, or because they may have to be sent twice.
//!
//! Owns the bounds of that.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body::Body as _;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use peegeeq_domain::routing::ask::SETUP_FIELDS;
use serde_json::Value;

use super::refusals::{self, Refused};
use crate::net::Deadline;
use crate::server::Refusal;

/// The most bytes of a body that is read beforehand.
pub(super) const READ_MAX: usize = 1 << 20;

/// The most bytes of a body that is kept so that it can be sent again.
const REPLAY_MAX: u64 = 256 << 10;

/// Whether a body is known to be small enough to be kept.
pub(super) fn is_small(body: &Incoming) -> bool {
    body.size_hint().upper().is_some_and(|upper| upper <= REPLAY_MAX)
}

/// Reads a whole body.
pub(super) async fn whole(body: Incoming, within: Duration) -> Result<Bytes, Refused> {
    let close = |refusal: Refused| refusal.header(header::CONNECTION, HeaderValue::from_static("close"));
    match Deadline::within(within).or_none(Limited::new(body, READ_MAX).collect()).await {
        Some(Ok(collected)) => Ok(collected.to_bytes()),
        Some(Err(error)) if error.is::<LengthLimitError>() => {
            let message = format!("the body is larger than the {READ_MAX} bytes that are read here to find the setup in it");
            Err(close(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, message)))
        }
        Some(Err(error)) => Err(close(refusals::bad_request(format!("the body could not be read: {error}")))),
        None => Err(close(Refusal::new(StatusCode::REQUEST_TIMEOUT, "the body took too long"))),
    }
}

/// The setup that a JSON body names.
pub(super) fn setup_in(body: &Bytes) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    SETUP_FIELDS.iter().find_map(|field| body.get(field)?.as_str()).filter(|setup| !setup.is_empty()).map(str::to_owned)
}

/// Whether the client waits for `100 Continue` before it sends the body.
pub(super) fn waits(headers: &HeaderMap) -> bool {
    headers.contains_key(header::EXPECT)
}
