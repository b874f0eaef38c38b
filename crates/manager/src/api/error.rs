//! The one error envelope: what happened, which side, what to do; with a request id.
//!
//! Owns the shape of every error answer. Does not own which error is given when.

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};
use peegeeq_domain::instance::Fault;
use serde::Serialize;
use utoipa::ToSchema;

use crate::clock;
use crate::server::Refusal;

/// One thing that was wrong with a request.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Detail {
    /// Name of the field, as it was written in the request.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

impl From<Fault> for Detail {
    fn from(fault: Fault) -> Self {
        Self { field: fault.field, message: fault.message }
    }
}

/// Body of every error answer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErrorBody {
    /// What happened and what to do, as one sentence.
    #[schema(examples("instance 'ghost' is not registered"))]
    pub error: String,
    /// When, ISO 8601 in UTC; on the instances' own paths a number, as theirs.
    #[schema(value_type = String)]
    pub timestamp: serde_json::Value,
    /// The HTTP status.
    #[schema(examples(404))]
    pub status: u16,
    /// Names this request in the manager's log; also in the header `x-request-id`.
    pub request_id: String,
    /// All faults of the request, where it had any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Detail>,
    /// Further fields of this kind of error.
    #[serde(flatten)]
    pub extra: serde_json::Map<String, serde_json::Value>,
}

/// An error answer before it has its request id: the edge writes the body.
#[derive(Clone, Debug)]
pub struct ApiError {
    status: StatusCode,
    message: String,
    /// Boxed, so that a result that may be an error stays small.
    parts: Box<Parts>,
}

#[derive(Clone, Debug, Default)]
struct Parts {
    details: Vec<Detail>,
    extra: serde_json::Map<String, serde_json::Value>,
    behind: Vec<Bytes>,
    headers: Vec<(HeaderName, HeaderValue)>,
    numeric_time: bool,
}

impl ApiError {
    /// An error with a sentence.
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), parts: Box::default() }
    }

    /// 400 with a sentence.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// 404 for an id that is not registered.
    pub fn unknown_instance(id: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("instance '{id}' is not registered"))
    }

    /// 503: busy, try again soon.
    pub fn busy(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, message).header(http::header::RETRY_AFTER, HeaderValue::from_static("1"))
    }

    /// 400 for faults of fields: one is told in the original's words, several together.
    pub fn faults(faults: Vec<Fault>) -> Self {
        let message = match &faults[..] {
            [only] => only.sentence.map_or_else(|| only.message.clone(), str::to_owned),
            _ => "Validation failed".to_owned(),
        };
        let mut error = Self::bad_request(message);
        error.parts.details = faults.into_iter().map(Detail::from).collect();
        error
    }

    /// Adds a field to the body.
    #[must_use]
    pub fn with(mut self, field: &str, value: impl Into<serde_json::Value>) -> Self {
        self.parts.extra.insert(field.to_owned(), value.into());
        self
    }

    /// Adds the fields of a JSON object that is already written, in pieces. It must not have the fields of an error, but for
    /// the time, which then stands for that of the error.
    #[must_use]
    pub fn before(mut self, object: Vec<Bytes>) -> Self {
        self.parts.behind = object;
        self
    }

    /// Tells the time as instances do on their paths: a number, milliseconds since 1970.
    #[must_use]
    pub fn numeric_time(mut self) -> Self {
        self.tell_numeric_time();
        self
    }

    /// The same, for an error that is already on its way.
    pub fn tell_numeric_time(&mut self) {
        self.parts.numeric_time = true;
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.parts.headers.push((name, value));
        self
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The sentence.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Everything that was wrong, in one line: for places that have no fields to show.
    pub fn sentences(&self) -> String {
        match &self.parts.details[..] {
            [] | [_] => self.message.clone(),
            several => several.iter().map(|detail| detail.message.clone()).collect::<Vec<_>>().join("; "),
        }
    }

    /// The body, now that the request has a name.
    pub(super) fn body(self, request_id: &str) -> Vec<u8> {
        if !self.parts.behind.is_empty() {
            return self.body_before(request_id);
        }
        let body = ErrorBody {
            error: self.message,
            timestamp: if self.parts.numeric_time { clock::wall().epoch_millis().into() } else { clock::iso(clock::wall()).into() },
            status: self.status.as_u16(),
            request_id: request_id.to_owned(),
            details: self.parts.details,
            extra: self.parts.extra,
        };
        serde_json::to_vec(&body).unwrap_or_else(|_| br#"{"error":"internal error","status":500}"#.to_vec())
    }
}

impl ApiError {
    /// The error's own fields, and behind them those that were written already.
    fn body_before(self, request_id: &str) -> Vec<u8> {
        let own = serde_json::json!({ "error": self.message, "status": self.status.as_u16(), "requestId": request_id });
        let mut body = own.to_string().into_bytes();
        body.reserve(self.parts.behind.iter().map(Bytes::len).sum());
        body.pop();
        body.push(b',');
        let start = body.len();
        self.parts.behind.iter().for_each(|piece| body.extend_from_slice(piece));
        // The brace that opens what was written.
        body.remove(start);
        body
    }
}

impl From<Refusal> for ApiError {
    fn from(Refusal { status, message, fields, headers }: Refusal) -> Self {
        let mut error = Self::new(status, message);
        (error.parts.extra, error.parts.headers) = (fields, headers);
        error
    }
}

impl IntoResponse for ApiError {
    /// An answer without a body that carries the error along; see [`super::edge`].
    fn into_response(self) -> Response {
        let mut response = Response::new(axum::body::Body::empty());
        *response.status_mut() = self.status;
        for (name, value) in &self.parts.headers {
            response.headers_mut().append(name.clone(), value.clone());
        }
        response.extensions_mut().insert(self);
        response
    }
}
