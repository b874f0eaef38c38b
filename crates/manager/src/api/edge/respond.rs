//! What every answer gets on its way out: its error body, its common headers, the end of its request.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body::{Frame, SizeHint};

use super::super::error::ApiError;
use super::request_id::{HEADER, RequestId};
use crate::server::{BodyError, InRequest};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-cache");

/// The body of an answer; the request ends when it is sent or dropped.
#[derive(Debug)]
pub struct AnswerBody<R> {
    body: Whose<R>,
    _in_request: InRequest,
}

/// Whose body it is.
#[derive(Debug)]
pub(super) enum Whose<R> {
    /// The manager's own.
    Own(Body),
    /// That of the front before the router.
    Fronts(R),
}

impl<R> http_body::Body for AnswerBody<R>
where
    R: http_body::Body<Data = Bytes, Error: Into<BodyError>> + Unpin,
{
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut self.body {
            Whose::Own(body) => Pin::new(body).poll_frame(cx).map(|frame| frame.map(|frame| frame.map_err(Into::into))),
            Whose::Fronts(body) => Pin::new(body).poll_frame(cx).map(|frame| frame.map(|frame| frame.map_err(Into::into))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.body {
            Whose::Own(body) => body.is_end_stream(),
            Whose::Fronts(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.body {
            Whose::Own(body) => body.size_hint(),
            Whose::Fronts(body) => body.size_hint(),
        }
    }
}

/// The answer of the front before the router: its headers are its own, but for the request's name.
pub(super) fn pass<R>(mut response: Response<R>, id: &RequestId, in_request: InRequest) -> Response<AnswerBody<R>> {
    response.headers_mut().insert(HEADER, id.value());
    response.map(|body| AnswerBody { body: Whose::Fronts(body), _in_request: in_request })
}

/// Writes the error body if the answer is an error, and the headers every answer has.
pub(super) fn finish<R>(mut response: Response<Body>, id: &RequestId, in_request: InRequest) -> Response<AnswerBody<R>> {
    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        log(&error, id);
        *response.body_mut() = Body::from(error.body(id.as_str()));
        response.headers_mut().insert(header::CONTENT_TYPE, JSON);
        // The router counted the body that was not there yet.
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    let headers = response.headers_mut();
    headers.insert(HEADER, id.value());
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    headers.entry(header::CACHE_CONTROL).or_insert(NO_STORE);
    response.map(|body| AnswerBody { body: Whose::Own(body), _in_request: in_request })
}

/// The answer to what never became a request.
pub(super) fn refusal(error: ApiError, id: &RequestId) -> Response<Vec<u8>> {
    let status = error.status();
    log(&error, id);
    let mut response = Response::new(error.body(id.as_str()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, JSON);
    headers.insert(HEADER, id.value());
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    response
}

/// An error of ours is worth a line; one of the caller's is told to the caller.
fn log(error: &ApiError, id: &RequestId) {
    let (status, message) = (error.status().as_u16(), error.message());
    // 503 is an ordinary answer, told to whoever polls while nobody is healthy.
    if error.status().is_server_error() && error.status() != StatusCode::SERVICE_UNAVAILABLE {
        tracing::warn!(requestId = id.as_str(), status, "answered {status}: {message}");
    } else {
        tracing::debug!(requestId = id.as_str(), status, "answered {status}: {message}");
    }
}
