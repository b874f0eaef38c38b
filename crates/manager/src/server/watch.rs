//! What a connection is doing, so that slow and idle ones can be ended.
//!
//! Owns three questions: has a request head been arriving for too long, has nothing been asked for too long, has the
//! client not taken our bytes for too long. Does not own the limits, nor what happens then.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use peegeeq_domain::time::{Moment, millis};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

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
}

/// How long each may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    pub(super) head: Duration,
    pub(super) idle: Duration,
}

impl Activity {
    pub(super) fn new() -> Arc<Self> {
        let now = clock::now().as_millis();
        Arc::new(Self {
            head_began: AtomicU64::new(NEVER),
            idle_since: AtomicU64::new(now),
            write_stuck_since: AtomicU64::new(NEVER),
            requests: AtomicU32::new(0),
        })
    }

    /// A whole request head arrived. The returned guard lives until its answer is sent.
    pub(super) fn request_began(self: &Arc<Self>) -> InRequest {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.head_began.store(NEVER, Ordering::Relaxed);
        InRequest(self.clone())
    }

    /// Why the connection should be ended at `now`, if it should.
    pub(super) fn fault(&self, now: Moment, patience: Patience) -> Option<&'static str> {
        let longer = |since: &AtomicU64, limit: Duration| now.as_millis().saturating_sub(since.load(Ordering::Relaxed)) > millis(limit);
        if longer(&self.write_stuck_since, patience.idle) {
            return Some("the client does not read");
        }
        if self.requests.load(Ordering::Relaxed) > 0 {
            return None;
        }
        if longer(&self.head_began, patience.head) {
            return Some("the request head took too long");
        }
        longer(&self.idle_since, patience.idle).then_some("nothing was asked for too long")
    }

    fn read_some(&self) {
        if self.requests.load(Ordering::Relaxed) == 0 && self.head_began.load(Ordering::Relaxed) == NEVER {
            self.head_began.store(clock::now().as_millis(), Ordering::Relaxed);
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
pub struct InRequest(Arc<Activity>);

impl Drop for InRequest {
    fn drop(&mut self) {
        self.0.idle_since.store(clock::now().as_millis(), Ordering::Relaxed);
        self.0.requests.fetch_sub(1, Ordering::Relaxed);
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
            self.activity.read_some();
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let wrote = self.stream().poll_write(cx, bytes);
        self.activity.wrote(&wrote);
        wrote
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, slices: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
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
        activity.read_some();
        assert!(activity.fault(after(11), PATIENCE).is_some_and(|why| why.contains("head")));
    }

    #[tokio::test]
    async fn a_request_in_progress_may_take_its_time_unless_the_client_does_not_read() {
        let activity = Activity::new();
        activity.read_some();
        let request = activity.request_began();
        assert_eq!(activity.fault(after(1000), PATIENCE), None);
        activity.wrote(&Poll::<()>::Pending);
        assert!(activity.fault(after(76), PATIENCE).is_some_and(|why| why.contains("read")));
        activity.wrote(&Poll::Ready(()));
        drop(request);
        assert!(activity.fault(after(76), PATIENCE).is_some());
    }
}
