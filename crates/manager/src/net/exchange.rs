//! One HTTP/1.1 request and its answer over an open connection.
//!
//! Owns the limits of an answer (head, body, time), what is sent with every request, and the words for what went wrong.
//! Redirects are answers like any other: nothing here follows them. Does not own which connection is used, nor what an answer means.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use bytes::{Bytes, BytesMut};
use http::Method;
use http::header::{ACCEPT, CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use peegeeq_domain::health::FailureKind;

use super::{Deadline, Failure, Stream};
use crate::certificates;
use crate::clock;
use crate::observations::Phases;

/// The header by which managers know each other's requests and answers; its value is a manager's id.
pub const HOP_HEADER: HeaderName = HeaderName::from_static("x-peegeeq-manager-hop");

/// The most bytes that the head of an answer may take.
const HEAD_MAX: usize = 32 * 1024;

/// What a 1xx head counts at least: its status line is not seen here and may be long.
const INTERIM_COST: usize = 1024;

/// The most headers of an answer.
const HEADERS_MAX: usize = 128;

/// Who asks: sent with every request.
#[derive(Clone, Debug)]
pub struct Caller {
    manager_id: HeaderValue,
}

impl Caller {
    /// The manager of that id. Characters that no header can carry are replaced by `_`.
    pub fn new(manager_id: &str) -> Self {
        let text: String = manager_id.chars().map(|c| if c.is_ascii_graphic() { c } else { '_' }).collect();
        Self { manager_id: HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("manager")) }
    }

    /// The header that is sent with every request, for those who write requests themselves.
    pub fn hop(&self) -> (HeaderName, HeaderValue) {
        (HOP_HEADER, self.manager_id.clone())
    }
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Get<'a> {
    /// Value of the `Host` header.
    pub authority: &'a str,
    /// Path and query.
    pub path: &'a str,
    /// The most bytes of the body that are read.
    pub body_max: usize,
    /// Whether the connection should be closed afterwards.
    pub last: bool,
}

/// What is asked when it is more than a [`Get`].
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// Where to, which path, how much of the answer.
    pub get: Get<'a>,
    /// The method.
    pub method: Method,
    /// Further headers.
    pub headers: HeaderMap,
    /// The body to send; may be empty.
    pub body: Bytes,
}

impl<'a> From<Get<'a>> for Call<'a> {
    fn from(get: Get<'a>) -> Self {
        Self { get, method: Method::GET, headers: HeaderMap::new(), body: Bytes::new() }
    }
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// All headers.
    pub headers: HeaderMap,
    /// The body; empty if it was cut.
    pub body: Bytes,
    /// The body was larger than allowed, and was not kept.
    pub cut: bool,
}

/// An open connection and the protocol upon it. Nothing happens on it except while an exchange is awaited.
pub struct Link {
    sender: http1::SendRequest<Full<Bytes>>,
    connection: Pin<Box<http1::Connection<TokioIo<Stream>, Full<Bytes>>>>,
    ended: bool,
}

impl Link {
    /// Begins HTTP/1.1 on a connection. Sends nothing yet.
    pub async fn open(stream: Stream) -> Result<Self, Failure> {
        let mut protocol = http1::Builder::new();
        protocol.max_buf_size(HEAD_MAX).max_headers(HEADERS_MAX);
        let opened = protocol.handshake(TokioIo::new(stream)).await;
        let (sender, connection) = opened.map_err(|error| failure("", &error))?;
        Ok(Self { sender, connection: Box::pin(connection), ended: false })
    }

    /// Sends one request and reads the whole answer. After a failure the link must be dropped. Notes the time to the head of
    /// the answer in `phases`.
    pub async fn get(&mut self, caller: &Caller, get: Get<'_>, deadline: Deadline, phases: &mut Phases) -> Result<Answer, Failure> {
        self.call(caller, get.into(), deadline, phases).await
    }

    /// The same for any method, with headers and a body.
    pub async fn call(&mut self, caller: &Caller, call: Call<'_>, deadline: Deadline, phases: &mut Phases) -> Result<Answer, Failure> {
        let Self { sender, connection, ended } = self;
        let get = call.get;
        let request = request(caller, call)?;
        let work = exchange(sender, request, get, phases);
        match deadline.or_none(beside(connection, ended, work)).await {
            Some(answer) => answer,
            None => Err(Failure::new(FailureKind::Timeout, format!("No answer after {}ms", deadline.allowed_millis()))),
        }
    }

    /// Whether another request can be sent: the other side has not closed the connection, nor sent anything unasked.
    pub fn is_open(&mut self) -> bool {
        if !self.ended {
            let mut nobody = Context::from_waker(Waker::noop());
            self.ended = self.connection.as_mut().poll(&mut nobody).is_ready();
        }
        !self.ended && self.sender.is_ready()
    }
}

/// Runs `work`, and the connection that carries it, in one task.
async fn beside<T>(
    connection: &mut Pin<Box<http1::Connection<TokioIo<Stream>, Full<Bytes>>>>,
    ended: &mut bool,
    work: impl Future<Output = T>,
) -> T {
    let mut work = pin!(work);
    poll_fn(|cx| {
        if let Poll::Ready(done) = work.as_mut().poll(cx) {
            return Poll::Ready(done);
        }
        if !*ended {
            // How it ended is told to whoever waits for the answer.
            *ended = connection.as_mut().poll(cx).is_ready();
        }
        work.as_mut().poll(cx)
    })
    .await
}

fn request(caller: &Caller, Call { get, method, headers, body }: Call<'_>) -> Result<http::Request<Full<Bytes>>, Failure> {
    const PRODUCT: &str = concat!("peegeeq-service-manager/", env!("CARGO_PKG_VERSION"));
    let mut request = http::Request::builder()
        .method(method)
        .uri(get.path)
        .header(HOST, get.authority)
        .header(USER_AGENT, HeaderValue::from_static(PRODUCT))
        .header(ACCEPT, HeaderValue::from_static("application/json"))
        .header(HOP_HEADER, caller.manager_id.clone());
    if get.last {
        request = request.header(CONNECTION, HeaderValue::from_static("close"));
    }
    if let Some(further) = request.headers_mut() {
        further.extend(headers);
    }
    let path = get.path;
    let request = request.body(Full::new(body));
    request.map_err(|error| Failure::new(FailureKind::Protocol, format!("request for {path:?} cannot be sent: {error}")))
}

async fn exchange(
    sender: &mut http1::SendRequest<Full<Bytes>>,
    request: http::Request<Full<Bytes>>,
    get: Get<'_>,
    phases: &mut Phases,
) -> Result<Answer, Failure> {
    let began = clock::instant();
    sender.ready().await.map_err(|error| failure(get.authority, &error))?;
    let response = send(sender, request, get.authority).await?;
    phases.first_byte = Some(began.elapsed());
    let (head, body) = response.into_parts();
    let body = read(body, get.body_max).await.map_err(|error| failure(get.authority, &error))?;
    Ok(Answer { status: head.status.as_u16(), headers: head.headers, cut: body.is_none(), body: body.unwrap_or_default() })
}

/// Sends, and waits for the head of the answer. The 1xx heads before it share one limit, however many they are.
async fn send(
    sender: &mut http1::SendRequest<Full<Bytes>>,
    mut request: http::Request<Full<Bytes>>,
    authority: &str,
) -> Result<http::Response<Incoming>, Failure> {
    let interim = Arc::new(AtomicUsize::new(0));
    let counter = interim.clone();
    hyper::ext::on_informational(&mut request, move |head| {
        let headers: usize = head.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        counter.fetch_add(INTERIM_COST + headers, Ordering::Relaxed);
    });
    let mut sending = pin!(sender.send_request(request));
    poll_fn(|cx| match sending.as_mut().poll(cx) {
        Poll::Ready(answer) => Poll::Ready(answer.map_err(|error| failure(authority, &error))),
        Poll::Pending if interim.load(Ordering::Relaxed) > HEAD_MAX => Poll::Ready(Err(too_much_interim(authority))),
        Poll::Pending => Poll::Pending,
    })
    .await
}

fn too_much_interim(authority: &str) -> Failure {
    let sentence = format!("{authority} sent more than {HEAD_MAX} bytes of 1xx heads before its answer");
    Failure::new(FailureKind::Protocol, sentence)
}

/// The whole body, or `None` if it is larger than `max`: by its announced length, else by counting.
async fn read(mut body: Incoming, max: usize) -> Result<Option<Bytes>, hyper::Error> {
    let max = u64::try_from(max).unwrap_or(u64::MAX);
    if body.size_hint().lower() > max {
        return Ok(None);
    }
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        let length = first.len().max(all.len()) + data.len();
        if u64::try_from(length).unwrap_or(u64::MAX) > max {
            return Ok(None);
        }
        if first.is_empty() && all.is_empty() {
            first = data;
            continue;
        }
        if all.is_empty() {
            all.extend_from_slice(&first);
        }
        all.extend_from_slice(&data);
    }
    Ok(Some(if all.is_empty() { first } else { all.freeze() }))
}

fn failure(authority: &str, error: &hyper::Error) -> Failure {
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<io::Error>());
    if let Some(cause) = cause.filter(|cause| cause.kind() != io::ErrorKind::UnexpectedEof) {
        // In TLS 1.3 a server refuses our certificate only after the handshake.
        return match certificates::hint_of(cause) {
            Some(hint) => Failure::new(FailureKind::Tls, format!("{authority} ended the TLS connection: {cause}; {hint}")),
            None => Failure::new(FailureKind::Network, format!("Connection to {authority} was lost: {cause}")),
        };
    }
    if error.is_canceled() || error.is_closed() {
        return Failure::new(FailureKind::Network, format!("Connection to {authority} was closed before the request was sent"));
    }
    if error.is_incomplete_message() || cause.is_some() {
        return Failure::new(FailureKind::Protocol, format!("{authority} closed the connection before its answer was complete"));
    }
    let cause = std::error::Error::source(error).map(|cause| format!(" ({cause})")).unwrap_or_default();
    Failure::new(FailureKind::Protocol, format!("answer of {authority} is not valid HTTP/1.1: {error}{cause}"))
}
