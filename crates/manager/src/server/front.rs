//! What stands between the edge and the manager's own routes: it may claim requests and answer them by itself.
//!
//! Owns the words in which the edge and such a front talk, so that neither room names the other. Does not own what is
//! claimed, nor how it is answered.

use std::future::Future;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::{Marks, Peer};

/// An error of a body, as hyper takes it.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// Where a clone of a service runs.
#[derive(Clone, Debug)]
pub struct Place {
    /// The worker's number, from 0.
    pub worker: usize,
    /// The signal at which streams without an end must end.
    pub stopping: CancellationToken,
}

/// Claims requests before they reach the router, and answers them. Every worker has a clone.
pub trait Front: Clone + Send + Sync + 'static {
    /// Body of the answers.
    type Body: http_body::Body<Data = Bytes, Error: Into<BodyError>> + Send + 'static;

    /// Whether the request is this one's, by its head alone. Called once per request: it must cost next to nothing.
    fn claims<B>(&self, request: &Request<B>) -> bool;

    /// The same for one worker.
    #[must_use]
    fn for_worker(&self, place: &Place) -> Self;

    /// Answers a claimed request whose caller may do what it asks.
    fn answer(
        &self,
        request: Request<Incoming>,
        marks: Marks,
        peer: Peer,
    ) -> impl Future<Output = Result<Response<Self::Body>, Box<Refusal>>> + Send;
}

/// Why a claimed request gets no answer of its own: the edge writes it in the one envelope of errors.
#[derive(Debug)]
pub struct Refusal {
    /// The status.
    pub status: StatusCode,
    /// The sentence for people.
    pub message: String,
    /// Further fields of the body.
    pub fields: Map<String, Value>,
    /// Further headers.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

impl Refusal {
    /// A refusal with a sentence.
    pub fn new(status: StatusCode, message: impl Into<String>) -> Box<Self> {
        Box::new(Self { status, message: message.into(), fields: Map::new(), headers: Vec::new() })
    }

    /// Adds a field to the body.
    #[must_use]
    pub fn with(mut self: Box<Self>, field: &str, value: impl Into<Value>) -> Box<Self> {
        self.fields.insert(field.to_owned(), value.into());
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self: Box<Self>, name: HeaderName, value: HeaderValue) -> Box<Self> {
        self.headers.push((name, value));
        self
    }
}
