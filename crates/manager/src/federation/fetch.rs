//! What the room needs of the way out: one request to one instance, with a deadline and a limit.
//!
//! Owns the words for what went wrong on the way. Does not own connections.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use peegeeq_domain::federation::FetchFailure;
use peegeeq_domain::instance::Endpoint;

/// The limits of one fetch.
#[derive(Clone, Copy, Debug)]
pub struct FetchLimits {
    /// For the whole fetch.
    pub timeout: Duration,
    /// The most bytes of the answer's body.
    pub body_max: usize,
}

/// What an instance answered, whatever its status.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The status.
    pub status: u16,
    /// The body, whole.
    pub body: Bytes,
}

/// Asks instances. An answer with an unwelcome status is an answer.
pub trait Fetch: Send + Sync + 'static {
    /// Asks `endpoint` for `path`, with a query if there is one in it.
    fn get<'a>(&'a self, endpoint: &'a Endpoint, path: &'static str, limits: FetchLimits) -> BoxFuture<'a, Result<Fetched, FetchFailure>>;
}
