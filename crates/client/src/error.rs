//! What can go wrong with a call, and on which side.

use bytes::Bytes;
use serde::Deserialize;

/// Why a call gave no answer that can be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What the caller gave cannot be used: an address, a token, a file. Nothing was sent.
    #[error("{0}")]
    Usage(String),
    /// No connection, or it broke. With `sent`, the manager may have acted on the request.
    #[error("cannot reach the manager at {server}: {reason}")]
    Unreachable {
        /// Its address.
        server: String,
        /// What happened.
        reason: String,
        /// Whether the request had been given to the connection.
        sent: bool,
    },
    /// No answer in time. The manager may have acted on the request.
    #[error("the manager at {server} gave no answer within {millis} ms")]
    Timeout {
        /// Its address.
        server: String,
        /// How long was waited.
        millis: u128,
    },
    /// The manager, or something before it, said no.
    #[error(transparent)]
    Api(Box<ApiError>),
    /// An answer that is not what this client knows.
    #[error("the answer of {server} to {path} cannot be read: {reason}")]
    Unreadable {
        /// Who answered.
        server: String,
        /// What was asked.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// The manager's envelope of an error.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{error} (status {status})")]
pub struct ApiError {
    /// Status code.
    pub status: u16,
    /// The sentence.
    pub error: String,
    /// Field by field, when several things are wrong with a request.
    pub details: Vec<Detail>,
    /// To find the request in the manager's log.
    pub request_id: Option<String>,
    /// Seconds after which another try makes sense.
    pub retry_after: Option<u64>,
    /// Whether the body was the manager's envelope. If not, something before the manager answered, or it is no manager.
    pub is_envelope: bool,
    /// The body as sent: some answers carry more than the envelope.
    pub body: Bytes,
}

/// What is wrong with one field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Detail {
    /// Its name.
    pub field: String,
    /// What is wrong.
    pub message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    error: String,
    #[serde(default)]
    details: Vec<Detail>,
    #[serde(default)]
    request_id: Option<String>,
}

impl From<ApiError> for Error {
    fn from(error: ApiError) -> Self {
        Self::Api(Box::new(error))
    }
}

impl ApiError {
    /// Reads the envelope; a body that is none is kept beside a plain sentence.
    pub(crate) fn new(status: http::StatusCode, retry_after: Option<u64>, body: Bytes) -> Self {
        let plain = || Envelope {
            error: format!("{} without an explanation", status.canonical_reason().unwrap_or("an unknown status")),
            details: Vec::new(),
            request_id: None,
        };
        let read = serde_json::from_slice::<Envelope>(&body);
        let is_envelope = read.is_ok();
        let Envelope { error, details, request_id } = read.unwrap_or_else(|_| plain());
        Self { status: status.as_u16(), error, details, request_id, retry_after, is_envelope, body }
    }
}
