//! What a connection is doing, so that slow and idle ones can be ended.
//!
//! Owns three questions: has a request head been arriving for too long, has nothing been asked for too long, has the
//! client not taken our bytes for too long. Does not own the limits, nor what happens then.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU32, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http::StatusCode;
use peegeeq_domain::time::{Moment, millis};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::last_words;
use super::linger::Left;
use crate::clock;

/// "Not since anything": no moment is this late.
const NEVER: u64 = u64::MAX;

/// Times of one connection, noted by its stream and by the requests in it.
#[derive(Debug)]
pub(super) struct Activity {
    head_began: AtomicU64,
    idle_since: AtomicU64,
    write_stuck_since: AtomicU64,
    requests: AtomicU32,
    /// The last four bytes that were read.
    tail: AtomicU32,
    /// Bytes read since the present request began.
    read_in_request: AtomicU64,
    /// The status of hyper's own answer to what is no request, which was held back; 0: none was.
    held_back: AtomicU16,
    /// What is read are frames of HTTP/2, whose heads are not told from the rest here.
    is_frames: bool,
}

/// How the end of a request is told from what is pipelined behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// It ends with an empty line: it has no body, or one in chunks.
    EmptyLine,
    /// It ends with a body of so many bytes. Those that came together with the head are not told from further ones.
    Counted(u64),
    /// It is one of several in frames: nothing is told from the bytes.
    Frames,
}

/// How long each may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    pub(super) head: Duration,
    pub(super) idle: Duration,
}

/// Why a connection is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Impatience {
    /// The client does not take our bytes.
    NotRead,
    /// A request head has been arriving for too long.
    SlowHead,
    /// Nothing was asked for too long.
    Idle,
}

impl Impatience {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::NotRead => "the client does not read",
            Self::SlowHead => "the request head took too long to arrive",
            Self::Idle => "nothing was asked for too long",
        }
    }
}

impl Activity {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self::begun(false))
    }

    /// The same for a connection of HTTP/2.
    pub(super) fn of_frames() -> Arc<Self> {
        Arc::new(Self::begun(true))
    }

    fn begun(is_frames: bool) -> Self {
        let now = clock::now().as_millis();
        Self {
            head_began: AtomicU64::new(NEVER),
            idle_since: AtomicU64::new(now),
            write_stuck_since: AtomicU64::new(NEVER),
            requests: AtomicU32::new(0),
            tail: AtomicU32::new(0),
            read_in_request: AtomicU64::new(0),
            held_back: AtomicU16::new(0),
            is_frames,
        }
    }

    /// A whole request head arrived. The returned guard lives until its answer is sent.
    pub(super) fn request_began(self: &Arc<Self>, framing: Framing) -> InRequest {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.head_began.store(NEVER, Ordering::Relaxed);
        self.read_in_request.store(0, Ordering::Relaxed);
        InRequest { activity: self.clone(), framing }
    }

    /// The status with which hyper answered by itself, if it did: the client has not read it.
    pub(super) fn held_back(&self) -> Option<StatusCode> {
        StatusCode::from_u16(self.held_back.load(Ordering::Relaxed)).ok()
    }

    /// Holds back what hyper says by itself: half a head has arrived, and no request is being answered.
    fn holds_back(&self, bytes: &[u8]) -> bool {
        if self.requests.load(Ordering::Relaxed) > 0 || self.head_began.load(Ordering::Relaxed) == NEVER {
            return false;
        }
        let own = last_words::own_answer(bytes);
        if let Some(status) = own {
            self.held_back.store(status.as_u16(), Ordering::Relaxed);
        }
        own.is_some()
    }

    /// Why the connection should be ended at `now`, if it should.
    pub(super) fn fault(&self, now: Moment, patience: Patience) -> Option<Impatience> {
        let longer = |since: &AtomicU64, limit: Duration| now.as_millis().saturating_sub(since.load(Ordering::Relaxed)) > millis(limit);
        if longer(&self.write_stuck_since, patience.idle) {
            return Some(Impatience::NotRead);
        }
        if self.requests.load(Ordering::Relaxed) > 0 {
            return None;
        }
        if longer(&self.head_began, patience.head) {
            return Some(Impatience::SlowHead);
        }
        longer(&self.idle_since, patience.idle).then_some(Impatience::Idle)
    }

    fn read_some(&self, bytes: &[u8]) {
        if self.is_frames {
            return;
        }
        let shift = |tail: u32, byte: &u8| tail << 8 | u32::from(*byte);
        let last = &bytes[bytes.len().saturating_sub(4)..];
        self.tail.store(last.iter().fold(self.tail.load(Ordering::Relaxed), shift), Ordering::Relaxed);
        self.read_in_request.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        if self.requests.load(Ordering::Relaxed) == 0 && self.head_began.load(Ordering::Relaxed) == NEVER {
            self.head_began.store(clock::now().as_millis(), Ordering::Relaxed);
        }
    }

    /// Whether more was read than a request of this framing, so that the next head has begun.
    fn has_read_beyond(&self, framing: Framing) -> bool {
        match framing {
            Framing::EmptyLine => {
                !matches!(self.tail.load(Ordering::Relaxed).to_be_bytes(), [_, b'\n', b'\r', b'\n'] | [_, _, b'\n', b'\n'])
            }
            Framing::Counted(bytes) => self.read_in_request.load(Ordering::Relaxed) > bytes,
            Framing::Frames => false,
        }
    }

    fn wrote<T>(&self, progress: &Poll<T>) {
        let stuck = self.write_stuck_since.load(Ordering::Relaxed) != NEVER;
        match progress {
            Poll::Ready(_) if stuck => self.write_stuck_since.store(NEVER, Ordering::Relaxed),
            Poll::Pending if !stuck => self.write_stuck_since.store(clock::now().as_millis(), Ordering::Relaxed),
            _ => {}
        }
    }
}

/// A request between its head and the end of its answer.
#[derive(Debug)]
pub struct InRequest {
    activity: Arc<Activity>,
    framing: Framing,
}

impl Drop for InRequest {
    fn drop(&mut self) {
        let now = clock::now().as_millis();
        self.activity.idle_since.store(now, Ordering::Relaxed);
        if self.activity.has_read_beyond(self.framing) {
            self.activity.head_began.store(now, Ordering::Relaxed);
        }
        self.activity.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A stream that notes its activity.
#[derive(Debug)]
pub(super) struct Watched<S> {
    stream: Option<S>,
    activity: Arc<Activity>,
    left: Left<S>,
}

impl<S> Watched<S> {
    /// The stream is left at `left` in the end.
    pub(super) fn new(stream: S, activity: Arc<Activity>, left: Left<S>) -> Self {
        Self { stream: Some(stream), activity, left }
    }

    fn stream(&mut self) -> Pin<&mut S>
    where
        S: Unpin,
    {
        Pin::new(self.stream.as_mut().expect("the stream is taken only when this is dropped"))
    }
}

impl<S> Drop for Watched<S> {
    fn drop(&mut self) {
        if let Some(stream) = self.stream.take() {
            self.left.put(stream);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = self.stream().poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.activity.read_some(&buffer.filled()[before..]);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.activity.holds_back(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        let wrote = self.stream().poll_write(cx, bytes);
        self.activity.wrote(&wrote);
        wrote
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, slices: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        if let [only] = slices
            && self.activity.holds_back(only)
        {
            return Poll::Ready(Ok(only.len()));
        }
        let wrote = self.stream().poll_write_vectored(cx, slices);
        self.activity.wrote(&wrote);
        wrote
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.as_ref().is_some_and(AsyncWrite::is_write_vectored)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.activity.held_back().is_some() {
            // The last words are still to be said.
            return Poll::Ready(Ok(()));
        }
        self.stream().poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience { head: Duration::from_secs(10), idle: Duration::from_secs(75) };

    fn after(seconds: u64) -> Moment {
        clock::now() + Duration::from_secs(seconds)
    }

    #[tokio::test]
    async fn a_slow_head_ends_before_an_idle_connection() {
        let activity = Activity::new();
        assert_eq!(activity.fault(after(74), PATIENCE), None);
        assert!(activity.fault(after(76), PATIENCE).is_some());
        activity.read_some(b"GET");
        assert_eq!(activity.fault(after(11), PATIENCE), Some(Impatience::SlowHead));
    }

    #[tokio::test]
    async fn a_request_in_progress_may_take_its_time_unless_the_client_does_not_read() {
        let activity = Activity::new();
        activity.read_some(b"GET / HTTP/1.1\r\n\r\n");
        let request = activity.request_began(Framing::EmptyLine);
        assert_eq!(activity.fault(after(1000), PATIENCE), None);
        activity.wrote(&Poll::<()>::Pending);
        assert_eq!(activity.fault(after(76), PATIENCE), Some(Impatience::NotRead));
        activity.wrote(&Poll::Ready(()));
        drop(request);
        assert!(activity.fault(after(76), PATIENCE).is_some());
    }

    #[tokio::test]
    async fn half_a_head_behind_a_running_request_has_the_time_of_a_head() {
        const HEAD: &[u8] = b"GET / HTTP/1.1\r\n\r\n";
        let head = |framing, reads: &[&[u8]], later: &[&[u8]]| {
            let activity = Activity::new();
            reads.iter().for_each(|bytes| activity.read_some(bytes));
            let request = activity.request_began(framing);
            later.iter().for_each(|bytes| activity.read_some(bytes));
            drop(request);
            activity.fault(after(11), PATIENCE).is_some()
        };
        let (plain, post) = (Framing::EmptyLine, Framing::Counted(4));
        assert!(!head(plain, &[HEAD], &[]));
        assert!(!head(plain, &[b"GET / HTTP/1.1\n\n"], &[]), "line ends without a carriage return");
        assert!(!head(plain, &[b"GET / HTTP/1.1\r\n\r", b"\n"], &[]));
        assert!(head(plain, &[HEAD, b"G"], &[]), "together with the first");
        assert!(head(plain, &[HEAD], &[b"GET / HTTP/1.1\r\n"]), "while it ran");
        assert!(!head(post, &[HEAD], &[b"{", b"  }"]));
        assert!(head(post, &[HEAD], &[b"{  }G"]));
    }
}
