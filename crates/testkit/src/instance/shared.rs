//! Owns one simulated instance as its connections share it: memory, counters, signals, and how a request is
//! answered or deliberately not. Does not own listeners.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, VARY};
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Incoming};
use tokio::sync::watch;

use super::answering;
use super::answers::{Answer, health};
use super::body::FakeBody;
use super::ledger::{Ledger, SeenRequest};
use super::memory::Memory;
use super::mode::Mode;

/// Bodies of requests are read up to this many bytes.
const MOST_REQUEST_BODY: usize = 1_048_576;

/// One instance, shared by its connections and handles.
pub(crate) struct Shared {
    pub(crate) name: String,
    memory: Mutex<Memory>,
    pub(crate) ledger: Ledger,
    /// Counts changes of mode: those who hang look again.
    pub(crate) mode_changes: watch::Sender<u64>,
    /// Counts cuts: connections made before a cut end at it.
    pub(crate) cuts: watch::Sender<u64>,
}

impl Shared {
    pub(crate) fn new(name: String, memory: Memory) -> Arc<Self> {
        Arc::new(Self {
            name,
            memory: Mutex::new(memory),
            ledger: Ledger::default(),
            mode_changes: watch::Sender::new(0),
            cuts: watch::Sender::new(0),
        })
    }

    /// The memory stays usable after a closure of a test has failed in it.
    pub(crate) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_mode(&self, mode: Mode) {
        let below_http = mode.is_below_http();
        let before = self.memory().set_mode(mode);
        self.mode_changes.send_modify(|count| *count += 1);
        if below_http || before.is_below_http() {
            self.cut();
        }
    }

    pub(crate) fn cut(&self) {
        self.cuts.send_modify(|count| *count += 1);
    }

    /// Answers one request. An error ends the connection without an answer.
    pub(crate) async fn serve(&self, request: Request<Incoming>) -> io::Result<Response<FakeBody>> {
        let (parts, body) = request.into_parts();
        let (path, method) = (parts.uri.path().to_owned(), parts.method.clone());
        let body = read(body).await?;
        let started = Instant::now();
        let seen = SeenRequest { method: parts.method, target: parts.uri.to_string(), headers: parts.headers, body: body.clone() };
        let _in_flight = self.ledger.arrived(&path, seen);
        let response = self.behave(&method, &path, &body).await?;
        self.ledger.answered(&path, &method, response.status().as_u16(), started.elapsed());
        Ok(response)
    }

    async fn behave(&self, method: &Method, path: &str, body: &[u8]) -> io::Result<Response<FakeBody>> {
        let mut changes = self.mode_changes.subscribe();
        loop {
            let mode = self.memory().mode_of(path);
            match mode {
                Mode::Normal | Mode::DatabaseDown => {}
                Mode::HealthDown if path == "/health" => {
                    return Ok(response(health::process_down()));
                }
                Mode::HealthDown => {}
                Mode::Slow(delay) => tokio::time::sleep(delay).await,
                Mode::Reply(canned) => return Ok(canned.response()),
                Mode::Raw(_) | Mode::Reset => return Err(io::ErrorKind::ConnectionReset.into()),
                Mode::Hang => {
                    // The sender lives in `self`, so waiting cannot fail.
                    let _ = changes.changed().await;
                    continue;
                }
            }
            let answer = answering::answer(&mut self.memory(), &self.ledger, method, path, body);
            return Ok(response(answer));
        }
    }
}

async fn read(body: Incoming) -> io::Result<Bytes> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let collected = Limited::new(body, MOST_REQUEST_BODY).collect().await;
    collected.map(|whole| whole.to_bytes()).map_err(io::Error::other)
}

fn response(answer: Answer) -> Response<FakeBody> {
    let mut response = Response::new(FakeBody::whole(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or_default();
    let headers = response.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("origin"));
    if let Some(content_type) = answer.content_type {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    if let Some((name, value)) = answer.extra {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}
