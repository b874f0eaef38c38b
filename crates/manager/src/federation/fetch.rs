//! One request to one instance, in the words of federation.
//!
//! Owns the step from what went wrong on the way to why a source gave nothing. Does not own connections.

use std::time::Duration;

use bytes::Bytes;
use peegeeq_domain::federation::FetchFailure;
use peegeeq_domain::health::FailureKind;
use peegeeq_domain::instance::Endpoint;
use peegeeq_domain::time::millis;

use crate::net::{Answer, Client, Deadline, FetchError, Limits};

/// The limits of one fetch.
#[derive(Clone, Copy, Debug)]
pub(super) struct FetchLimits {
    /// For the whole fetch.
    pub(super) timeout: Duration,
    /// The most bytes of the answer's body.
    pub(super) body_max: usize,
}

/// What an instance answered, whatever its status.
#[derive(Clone, Debug)]
pub(super) struct Fetched {
    /// The status.
    pub(super) status: u16,
    /// The body, whole.
    pub(super) body: Bytes,
}

/// Asks `endpoint` for `path`, from any runtime. An answer with an unwelcome status is an answer.
pub(super) async fn fetch(client: &Client, endpoint: &Endpoint, path: &'static str, limits: FetchLimits) -> Result<Fetched, FetchFailure> {
    let asked = client.get(endpoint, path, client_limits(limits));
    // The client keeps the deadline itself; this one holds even if its work is not reached in time.
    let answer = tokio::time::timeout(limits.timeout, asked).await.map_err(|_| late(limits))?;
    fetched(answer, limits)
}

/// As [`fetch`], in a task of the background runtime.
pub(super) async fn fetch_in_place(
    client: &Client,
    endpoint: &Endpoint,
    path: &'static str,
    limits: FetchLimits,
) -> Result<Fetched, FetchFailure> {
    fetched(client.get_in_place(endpoint, path, client_limits(limits)).await, limits)
}

fn client_limits(limits: FetchLimits) -> Limits {
    Limits { deadline: Deadline::within(limits.timeout), body_max: limits.body_max }
}

fn fetched(answer: Result<Answer, FetchError>, limits: FetchLimits) -> Result<Fetched, FetchFailure> {
    match answer {
        Ok(answer) => Ok(Fetched { status: answer.status, body: answer.body }),
        Err(error) => Err(failure(error, limits)),
    }
}

fn late(limits: FetchLimits) -> FetchFailure {
    FetchFailure::Timeout { after_millis: millis(limits.timeout) }
}

fn failure(error: FetchError, limits: FetchLimits) -> FetchFailure {
    match (error.kind, error.status) {
        (FailureKind::Refused, _) => FetchFailure::Refused,
        (FailureKind::Timeout, _) => late(limits),
        // A head and no body: the body was longer than is read.
        (FailureKind::Protocol, Some(_)) => FetchFailure::TooLarge { limit: limits.body_max as u64 },
        (FailureKind::Protocol | FailureKind::Body, None) => FetchFailure::BadBody { reason: error.sentence },
        (FailureKind::Local, _) => FetchFailure::Busy,
        _ => FetchFailure::Unreachable(error.sentence),
    }
}
