//! One HTTP/1.1 connection to an instance, driven by the task of the request that uses it.
//!
//! Owns the protocol on the connection and how many bytes came since the request was sent. Nothing happens on it except
//! while it is polled: no task, no wake across threads. Does not own which connection is used, nor when to give up.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use bytes::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::request_body::RequestBody;
use crate::net::Stream;

/// Bytes beyond the largest head that may come before the head is whole: 1xx heads, and the beginning of the body.
const BESIDE_HEAD: usize = 64 << 10;

/// An open connection and the protocol upon it.
pub(super) struct Link {
    pub(super) sender: http1::SendRequest<RequestBody>,
    connection: http1::Connection<TokioIo<Counted>, RequestBody>,
    received: Arc<AtomicUsize>,
    bell: Arc<Bell>,
    waker: Waker,
    head_max: usize,
    ended: bool,
    /// The other side said that this answer is its last.
    pub(super) last: bool,
}

impl Link {
    /// Begins HTTP/1.1 on a connection. Sends nothing yet.
    pub(super) async fn open(stream: Stream, head_max: usize) -> hyper::Result<Box<Self>> {
        let received = Arc::new(AtomicUsize::new(0));
        let mut protocol = http1::Builder::new();
        // Any other number of headers than the usual 100 would cost an allocation of several KB for each answer.
        protocol.max_buf_size(head_max.max(8192));
        let counted = Counted { stream, received: received.clone() };
        let (sender, connection) = protocol.handshake(TokioIo::new(counted)).await?;
        let bell = Arc::new(Bell::default());
        let waker = bell.clone().into();
        Ok(Box::new(Self { sender, connection, received, bell, waker, head_max, ended: false, last: false }))
    }

    /// Lets the connection go on. How it ended is told to whoever waits for the answer or reads its body.
    pub(super) fn drive(&mut self, cx: &mut Context<'_>) {
        if !self.ended {
            self.bell.answered_by(cx.waker());
            self.ended = Pin::new(&mut self.connection).poll(&mut Context::from_waker(&self.waker)).is_ready();
        }
    }

    /// Does what may wake the connection, without waking the task: it is awake, and drives the connection afterwards if
    /// that is worth anything.
    pub(super) fn quietly<T>(&self, what: impl FnOnce() -> T) -> T {
        self.bell.muted.store(true, Ordering::Relaxed);
        let done = what();
        self.bell.muted.store(false, Ordering::Relaxed);
        done
    }

    /// Whether another request can be sent: the other side has not closed the connection, nor sent anything unasked.
    pub(super) fn is_open(&mut self) -> bool {
        self.drive(&mut Context::from_waker(Waker::noop()));
        !self.ended && self.sender.is_ready()
    }

    /// Forgets what came for earlier requests.
    pub(super) fn begin(&mut self) {
        self.received.store(0, Ordering::Relaxed);
    }

    /// Whether nothing came since the request was sent.
    pub(super) fn is_untouched(&self) -> bool {
        self.received.load(Ordering::Relaxed) == 0
    }

    /// Whether more came than any head may take, while the head is still not whole: a flood of 1xx heads.
    pub(super) fn is_flooded(&self) -> bool {
        self.received.load(Ordering::Relaxed) > self.head_max + BESIDE_HEAD
    }

    /// Ready when the connection was switched to another protocol, or ended.
    pub(super) fn poll_switched(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.drive(cx);
        if self.ended { Poll::Ready(()) } else { Poll::Pending }
    }

    /// The bare connection after it was switched to another protocol, and what came on it already.
    pub(super) fn into_stream(self: Box<Self>) -> (Stream, Bytes) {
        let parts = self.connection.into_parts();
        (parts.io.into_inner().stream, parts.read_buf)
    }
}

/// How the connection wakes the task that drives it at present. It stays the same from task to task, so that the socket need
/// not be told of a new waker for every request.
struct Bell {
    task: Mutex<Waker>,
    /// Whoever would be woken is awake.
    muted: AtomicBool,
}

impl Default for Bell {
    fn default() -> Self {
        Self { task: Mutex::new(Waker::noop().clone()), muted: AtomicBool::new(false) }
    }
}

impl Bell {
    fn answered_by(&self, task: &Waker) {
        self.task.lock().unwrap_or_else(PoisonError::into_inner).clone_from(task);
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.muted.load(Ordering::Relaxed) {
            self.task.lock().unwrap_or_else(PoisonError::into_inner).wake_by_ref();
        }
    }
}

/// A stream that counts what is read from it.
struct Counted {
    stream: Stream,
    received: Arc<AtomicUsize>,
}

impl AsyncRead for Counted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        // Only the task that drives the connection writes here: no need to lock the bus.
        let received = self.received.load(Ordering::Relaxed).saturating_add(buffer.filled().len() - before);
        self.received.store(received, Ordering::Relaxed);
        read
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
