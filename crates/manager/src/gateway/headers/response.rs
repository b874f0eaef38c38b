//! Headers of an answer on its way to the client.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::{drop_all, drop_connection, is_hop_by_hop};

/// Which instance answered.
const INSTANCE: HeaderName = HeaderName::from_static("x-peegeeq-instance");

/// How many attempts it took, if it was not one.
pub(in crate::gateway) const ATTEMPTS: HeaderName = HeaderName::from_static("x-peegeeq-attempts");

/// It was asked of two: which of them answered, the `first` or the `second`.
pub(in crate::gateway) const HEDGED: HeaderName = HeaderName::from_static("x-peegeeq-hedged");

/// Nobody is well: who answered was healthy last.
pub(in crate::gateway) const EVIDENCE: HeaderName = HeaderName::from_static("x-peegeeq-evidence");

/// Takes off what concerns the connection to the instance or is the manager's to say, and names the instance. `true`: the
/// connection is not to be used again.
pub(in crate::gateway) fn clean(headers: &mut HeaderMap, instance: &HeaderValue) -> bool {
    let last = drop_connection(headers);
    if headers.contains_key(header::TRANSFER_ENCODING) {
        // The coding went before; a length beside it would be another reading of the same bytes.
        headers.remove(header::CONTENT_LENGTH);
    }
    drop_all(headers, |name| is_hop_by_hop(name) || name.starts_with("access-control-") || name.starts_with("x-peegeeq-"));
    headers.insert(INSTANCE, instance.clone());
    last
}

/// Whether an answer is a stream of events, which has no end of its own.
pub(in crate::gateway) fn is_event_stream(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    kind.and_then(|kind| kind.get(..17)).is_some_and(|kind| kind.eq_ignore_ascii_case(b"text/event-stream"))
}
