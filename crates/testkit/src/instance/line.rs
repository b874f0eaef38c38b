//! Owns what is known about one connection while hyper speaks on it: whether a request is under way, whether it is to end,
//! and what takes it over. Does not own the socket.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use http::request::Parts;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::Notify;

use super::body::FakeBody;
use super::script::Script;
use super::shared::Shared;
use super::sockets::Channel;

/// Something other than an answer in HTTP.
pub(crate) enum How {
    /// Steps written by a test.
    Script(Arc<Script>),
    /// A WebSocket.
    Socket(Channel),
}

/// What hyper may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The head of the next request.
    Head,
    /// Nothing, until it is decided who answers.
    Closed,
    /// Everything.
    Open,
}

/// One connection.
pub(crate) struct Line {
    pub(crate) peer: IpAddr,
    busy: AtomicBool,
    /// Told when the connection is to end without a word.
    pub(crate) closing: Notify,
    takeover: Mutex<Option<(How, Parts)>>,
    phase: Mutex<Phase>,
    /// Woken when more may be read.
    pub(crate) reader: AtomicWaker,
}

impl Line {
    pub(crate) fn new(peer: IpAddr) -> Arc<Self> {
        Arc::new(Self {
            peer,
            busy: AtomicBool::new(false),
            closing: Notify::new(),
            takeover: Mutex::default(),
            phase: Mutex::new(Phase::Head),
            reader: AtomicWaker::new(),
        })
    }

    pub(crate) fn phase(&self) -> Phase {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_phase(&self, phase: Phase) {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = phase;
        self.reader.wake();
    }

    /// Whether a request is under way.
    pub(crate) fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Relaxed)
    }

    /// Hands the connection over; the returned error makes hyper let go of it.
    pub(crate) fn hand_over(&self, how: How, parts: Parts) -> io::Error {
        *self.takeover.lock().unwrap_or_else(PoisonError::into_inner) = Some((how, parts));
        io::ErrorKind::Interrupted.into()
    }

    /// What the connection was handed over to, if it was.
    pub(crate) fn taken(&self) -> Option<(How, Parts)> {
        self.takeover.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// One request under way, until its answer is given to the kernel or its client is gone.
pub(crate) struct Exchange {
    shared: Arc<Shared>,
    line: Arc<Line>,
    path: String,
    began: Instant,
    finished: bool,
}

impl Exchange {
    pub(crate) fn begin(shared: &Arc<Shared>, line: &Arc<Line>, path: &str) -> Self {
        line.busy.store(true, Ordering::Relaxed);
        Self { shared: shared.clone(), line: line.clone(), path: path.to_owned(), began: Instant::now(), finished: false }
    }

    /// When it began.
    pub(crate) fn began(&self) -> Instant {
        self.began
    }

    /// It came to an end that was not the client's doing.
    pub(crate) fn finish(&mut self) {
        self.finished = true;
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.line.busy.store(false, Ordering::Relaxed);
        self.line.set_phase(Phase::Head);
        if !self.finished {
            self.shared.ledger.departed(&self.path, self.began);
        } else if self.shared.ends_connection() {
            self.line.closing.notify_one();
        }
    }
}

/// A body on its way, with the exchange it belongs to.
pub(crate) struct Sent {
    body: FakeBody,
    exchange: Exchange,
}

impl Sent {
    pub(crate) fn new(body: FakeBody, exchange: Exchange) -> Self {
        Self { body, exchange }
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        if self.body.is_end_stream() {
            self.exchange.finish();
        }
    }
}

impl Body for Sent {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.exchange.finish();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
