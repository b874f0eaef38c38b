//! HTTP/1.1 as the gateway speaks it to instances: heads and bodies, in both directions, without a connection.
//!
//! Owns reading the head of an answer, telling where its body ends, and writing a request. Does not own the connection
//! (`link`), nor which headers pass (`headers`). It is our own because hyper's client costs half of a routed request: it
//! hands requests and answers through channels, and needs a map of headers where bytes are enough.

mod body;
mod head;
mod out;

pub(super) use body::AnswerBody;
pub(super) use head::{AnswerHead, read as read_head};
pub(super) use out::{Out, OutFault};

/// Why what an instance sent is not HTTP/1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Nonsense(pub(super) &'static str);
