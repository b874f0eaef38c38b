//! One HTTP/1.1 POST over a connection of its own: for what is sent rarely, to somebody who is no instance.
//!
//! Owns the exchange. Of the answer only the status counts; its body is not read.

use std::pin::pin;

use bytes::Bytes;
use futures_util::future::{Either, select};
use http::header::{CONNECTION, CONTENT_TYPE, HOST, HeaderName, HeaderValue, USER_AGENT};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use peegeeq_domain::health::FailureKind;
use peegeeq_domain::instance::Endpoint;

use super::{Deadline, Dialer, Failure};
use crate::observations::Phases;

/// What is sent.
#[derive(Clone, Debug)]
pub struct Post<'a> {
    /// Path and query.
    pub path: &'a str,
    /// JSON.
    pub body: Bytes,
    /// Further headers.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

/// Sends, and gives the status of the answer. Redirects are answers like any other.
pub async fn post(dialer: &Dialer, endpoint: &Endpoint, post: Post<'_>, deadline: Deadline) -> Result<u16, Failure> {
    let authority = endpoint.authority();
    let stream = dialer.dial(endpoint, deadline, &mut Phases::default()).await?;
    let lost = |error: hyper::Error| Failure::new(FailureKind::Network, format!("connection to {authority} was lost: {error}"));
    let exchange = async {
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(lost)?;
        let answer = pin!(sender.send_request(request(&authority, post)?));
        let answer = match select(answer, pin!(connection)).await {
            Either::Left((answer, _)) => answer,
            // The end of the connection is told to whoever waits for the answer.
            Either::Right((_, answer)) => answer.await,
        };
        Ok(answer.map_err(lost)?.status().as_u16())
    };
    deadline.or_none(exchange).await.unwrap_or_else(|| {
        let sentence = format!("no answer of {authority} after {}ms", deadline.allowed_millis());
        Err(Failure::new(FailureKind::Timeout, sentence))
    })
}

fn request(authority: &str, post: Post<'_>) -> Result<http::Request<Full<Bytes>>, Failure> {
    const PRODUCT: &str = concat!("peegeeq-service-manager/", env!("CARGO_PKG_VERSION"));
    let mut request = http::Request::post(post.path)
        .header(HOST, authority)
        .header(USER_AGENT, HeaderValue::from_static(PRODUCT))
        .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
        .header(CONNECTION, HeaderValue::from_static("close"));
    for (name, value) in post.headers {
        request = request.header(name, value);
    }
    let refused = |error| Failure::new(FailureKind::Protocol, format!("a request to {authority} cannot be sent: {error}"));
    request.body(Full::new(post.body)).map_err(refused)
}
