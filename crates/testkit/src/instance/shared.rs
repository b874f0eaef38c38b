//! Owns one simulated instance as its connections share it: memory, counters, signals, and how a request is
//! answered or deliberately not. Does not own listeners.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, VARY};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Incoming};
use serde_json::json;
use tokio::sync::watch;

use super::answering::{self, Ask};
use super::answers::{Answer, errors, health};
use super::body::FakeBody;
use super::endpoint::Endpoint;
use super::ledger::{Ledger, SeenRequest};
use super::line::{Exchange, How, Line, Phase, Sent};
use super::memory::Memory;
use super::mode::Mode;
use super::samples::scramble;
use super::sockets::Channel;
use super::streams;

/// Bodies of requests are read up to this many bytes.
const MOST_REQUEST_BODY: usize = 64 * 1_048_576;

/// One instance, shared by its connections and handles.
pub(crate) struct Shared {
    pub(crate) name: String,
    memory: Mutex<Memory>,
    pub(crate) ledger: Ledger,
    /// Counts changes of mode: those who hang look again.
    pub(crate) mode_changes: watch::Sender<u64>,
    /// Counts cuts: connections made before a cut end at it.
    pub(crate) cuts: watch::Sender<u64>,
    /// Counts cuts of connections without a request.
    pub(crate) idle_cuts: watch::Sender<u64>,
    /// Streams that are open.
    pub(crate) streams: AtomicUsize,
    /// Metrics streams that are open, by client.
    pub(crate) watchers: Mutex<HashMap<IpAddr, usize>>,
    pub(crate) close_one_in: AtomicU64,
    answers: AtomicU64,
    /// Milliseconds between frames; 0 as a real instance.
    pace: AtomicU64,
}

impl Shared {
    pub(crate) fn new(name: String, memory: Memory) -> Arc<Self> {
        Arc::new(Self {
            name,
            memory: Mutex::new(memory),
            ledger: Ledger::default(),
            mode_changes: watch::Sender::new(0),
            cuts: watch::Sender::new(0),
            idle_cuts: watch::Sender::new(0),
            streams: AtomicUsize::new(0),
            watchers: Mutex::default(),
            close_one_in: AtomicU64::new(0),
            answers: AtomicU64::new(0),
            pace: AtomicU64::new(0),
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

    pub(crate) fn set_pace(&self, every: Duration) {
        self.pace.store(u64::try_from(every.as_millis()).unwrap_or(u64::MAX).max(1), Ordering::Relaxed);
    }

    /// The pause between the frames of a stream, where a real instance makes one of `normally`.
    pub(crate) fn pace(&self, normally: Duration) -> Duration {
        match self.pace.load(Ordering::Relaxed) {
            0 => normally,
            millis => Duration::from_millis(millis),
        }
    }

    /// Whether the answer just given is followed by the end of its connection.
    pub(crate) fn ends_connection(&self) -> bool {
        let one_in = self.close_one_in.load(Ordering::Relaxed);
        let number = self.answers.fetch_add(1, Ordering::Relaxed);
        one_in > 0 && scramble(number).is_multiple_of(one_in)
    }

    /// Answers one request. An error ends the connection without an answer, or hands it over.
    pub(crate) async fn serve(self: &Arc<Self>, line: &Arc<Line>, request: Request<Incoming>) -> io::Result<Response<Sent>> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path().to_owned();
        let mut exchange = Exchange::begin(self, line, &path);
        let seen =
            SeenRequest { method: parts.method.clone(), target: parts.uri.to_string(), headers: parts.headers.clone(), body: Bytes::new() };
        let _in_flight = self.ledger.arrived(&path, seen);
        let mode = self.memory().take_mode(&path);
        if let Mode::Script(script) = mode {
            exchange.finish();
            return Err(line.hand_over(How::Script(script), parts));
        }
        line.set_phase(Phase::Open);
        let body = read(body).await?;
        self.ledger.body(&path, &body);
        let outcome = self.behave(mode, line, &parts, &body).await;
        let answered = match outcome {
            Ok(answered) => answered,
            Err(error) => {
                exchange.finish();
                return Err(error);
            }
        };
        let (status, began) = (answered.status().as_u16(), exchange.began());
        self.ledger.answered(&path, &parts.method, status, began.elapsed());
        Ok(answered.map(|body| Sent::new(body, exchange)))
    }

    async fn behave(self: &Arc<Self>, mode: Mode, line: &Arc<Line>, parts: &Parts, body: &Bytes) -> io::Result<Response<FakeBody>> {
        let (path, mut mode) = (parts.uri.path(), mode);
        let mut changes = self.mode_changes.subscribe();
        loop {
            match mode {
                Mode::Normal | Mode::DatabaseDown => {}
                Mode::HealthDown if path == "/health" => {
                    return Ok(response(health::process_down()));
                }
                Mode::HealthDown => {}
                Mode::Slow(delay) => tokio::time::sleep(delay).await,
                Mode::Reply(canned) => return Ok(canned.response()),
                Mode::Echo => return Ok(response(echo(parts, body))),
                Mode::Bytes(count) => return Ok(Response::new(FakeBody::Filling(count))),
                // The body is read already: a script that begins now has nothing to read.
                Mode::Raw(_) | Mode::Reset | Mode::Script(_) => return Err(io::ErrorKind::ConnectionReset.into()),
                Mode::Hang => {
                    // The sender lives in `self`, so waiting cannot fail.
                    let _ = changes.changed().await;
                    mode = self.memory().take_mode(path);
                    continue;
                }
            }
            return self.normally(line, parts, body);
        }
    }

    /// As a real instance: a stream, a WebSocket, or an answer.
    fn normally(self: &Arc<Self>, line: &Arc<Line>, parts: &Parts, body: &Bytes) -> io::Result<Response<FakeBody>> {
        if let Some(channel) = Channel::of(parts.uri.path()) {
            if !channel.is_asked_for(parts) {
                let sentence = Bytes::from_static(b"Can \"Upgrade\" only to \"WebSocket\".");
                return Ok(response(Answer::bytes(400, "text/plain", sentence)));
            }
            return Err(line.hand_over(How::Socket(channel), parts.clone()));
        }
        if parts.method == Method::GET
            && let Some(Endpoint::Events(events)) = Endpoint::of(parts.uri.path())
        {
            return Ok(match streams::open(self, line.peer, events, parts) {
                Ok(body) => streams::response(body),
                Err(refusal) => response(refusal),
            });
        }
        Ok(response(self.normal_answer(parts, body)))
    }

    /// The normal answer, with whatever it changes.
    pub(crate) fn normal_answer(&self, parts: &Parts, body: &Bytes) -> Answer {
        let ask = Ask {
            method: &parts.method,
            path: parts.uri.path(),
            query: parts.uri.query().unwrap_or_default(),
            headers: &parts.headers,
            body,
        };
        answering::answer(&mut self.memory(), &self.ledger, &ask)
    }

    /// Counts a metrics stream of a client, unless it has as many as it may.
    pub(crate) fn watch(self: &Arc<Self>, peer: IpAddr, most: usize) -> Result<Watching, Answer> {
        let mut watchers = self.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        let open = watchers.entry(peer).or_default();
        if *open >= most {
            return Err(errors::timed(429, "Too many SSE connections from this client", self.memory().view().now));
        }
        *open += 1;
        Ok(Watching { shared: self.clone(), peer })
    }
}

/// A metrics stream that counts until it is dropped.
pub(crate) struct Watching {
    shared: Arc<Shared>,
    peer: IpAddr,
}

impl Drop for Watching {
    fn drop(&mut self) {
        let mut watchers = self.shared.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = watchers.get_mut(&self.peer) {
            *open = open.saturating_sub(1);
        }
    }
}

fn echo(parts: &Parts, body: &Bytes) -> Answer {
    let headers: Vec<_> =
        parts.headers.iter().map(|(name, value)| json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())])).collect();
    let seen = json!({
        "method": parts.method.as_str(), "target": parts.uri.to_string(), "version": format!("{:?}", parts.version),
        "headers": headers, "body": String::from_utf8_lossy(body),
    });
    Answer::json(200, &seen)
}

async fn read(body: Incoming) -> io::Result<Bytes> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let collected = Limited::new(body, MOST_REQUEST_BODY).collect().await;
    collected.map(|whole| whole.to_bytes()).map_err(io::Error::other)
}

fn response(answer: Answer) -> Response<FakeBody> {
    let mut response = Response::new(FakeBody::whole(answer.body.clone()));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or_default();
    for (name, value) in headers(&answer) {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn headers(answer: &Answer) -> impl Iterator<Item = (HeaderName, &'static str)> {
    let content_type = answer.content_type.map(|value| (CONTENT_TYPE, value));
    let extra = answer.extra.map(|(name, value)| (HeaderName::from_static(name), value));
    std::iter::once((VARY, "origin")).chain(content_type).chain(extra)
}

/// The head and the body of an answer as they go over the wire.
pub(crate) fn render(answer: &Answer) -> (Bytes, Bytes) {
    let status = StatusCode::from_u16(answer.status).unwrap_or_default();
    let mut head = format!("HTTP/1.1 {} {}\r\n", answer.status, status.canonical_reason().unwrap_or_default());
    for (name, value) in headers(answer) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", answer.body.len()));
    (head.into(), answer.body.clone())
}
