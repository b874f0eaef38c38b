//! Answers that succeeded: JSON from a shape, and JSON put together from prepared pieces.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use http_body::{Frame, SizeHint};
use serde::Serialize;

use super::error::ApiError;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A JSON answer with status 200.
pub(super) fn ok(body: &impl Serialize) -> Response {
    with_status(StatusCode::OK, body)
}

/// A JSON answer.
pub(super) fn with_status(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(text) => bytes(status, Bytes::from(text)),
        Err(error) => ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, format!("internal error: the answer cannot be written: {error}"))
            .into_response(),
    }
}

/// An answer of prepared JSON.
pub(super) fn bytes(status: StatusCode, text: Bytes) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    response
}

/// An answer of prepared JSON in several pieces, which are not copied together.
pub fn pieces(pieces: impl AsRef<[Bytes]> + AsMut<[Bytes]> + Unpin + Send + 'static) -> Response {
    let mut response = Response::new(Body::new(Pieces::new(pieces)));
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    response
}

/// A body of prepared pieces with a known length.
struct Pieces<P> {
    pieces: P,
    /// The next piece that is not empty, if there is one.
    next: usize,
    length: u64,
}

impl<P: AsRef<[Bytes]>> Pieces<P> {
    fn new(pieces: P) -> Self {
        let length = pieces.as_ref().iter().map(|piece| piece.len() as u64).sum();
        let mut body = Self { pieces, next: 0, length };
        body.skip_empty();
        body
    }

    fn skip_empty(&mut self) {
        while self.pieces.as_ref().get(self.next).is_some_and(Bytes::is_empty) {
            self.next += 1;
        }
    }
}

impl<P: AsRef<[Bytes]> + AsMut<[Bytes]> + Unpin> http_body::Body for Pieces<P> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let body = &mut *self;
        let piece = body.pieces.as_mut().get_mut(body.next).map(std::mem::take);
        body.length -= piece.as_ref().map_or(0, |piece| piece.len() as u64);
        body.skip_empty();
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.next == self.pieces.as_ref().len()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length)
    }
}
