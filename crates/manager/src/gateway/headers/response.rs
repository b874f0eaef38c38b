//! Headers of an answer on its way to the client.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::is_hop_by_hop;

/// Which instance answered.
const INSTANCE: HeaderName = HeaderName::from_static("x-peegeeq-instance");

/// How many attempts it took, if it was not one.
pub(in crate::gateway) const ATTEMPTS: HeaderName = HeaderName::from_static("x-peegeeq-attempts");

/// It was asked of two: which of them answered, the `first` or the `second`.
pub(in crate::gateway) const HEDGED: HeaderName = HeaderName::from_static("x-peegeeq-hedged");

/// Nobody is well: who answered was healthy last.
pub(in crate::gateway) const EVIDENCE: HeaderName = HeaderName::from_static("x-peegeeq-evidence");

/// Whether a header passes on: it does not if it concerns the connection to the instance or is the manager's to say.
pub(in crate::gateway) fn passes_back(name: &str) -> bool {
    match name.as_bytes().first() {
        Some(b'a') => !name.starts_with("access-control-"),
        Some(b'x') => !name.starts_with("x-peegeeq-"),
        _ => !is_hop_by_hop(name),
    }
}

/// Names the instance that answered.
pub(in crate::gateway) fn name(headers: &mut HeaderMap, instance: &HeaderValue) {
    headers.append(INSTANCE, instance.clone());
}

/// Whether an answer is a stream of events, which has no end of its own.
pub(in crate::gateway) fn is_event_stream(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    kind.and_then(|kind| kind.get(..17)).is_some_and(|kind| kind.eq_ignore_ascii_case(b"text/event-stream"))
}
