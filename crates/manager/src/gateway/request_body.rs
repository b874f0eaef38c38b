//! The body of a request on its way to an instance.
//!
//! Owns passing it on as it comes, noting its progress, and holding it back until the instance asks for it (`Expect:
//! 100-continue`). Trailers are dropped. Does not own what was read beforehand (`body_read`).

use std::future::Future as _;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::Body as _;
use hyper::body::Incoming;
use peegeeq_domain::time::Moment;
use tokio::time::Sleep;

use crate::clock;

/// An instance that says nothing to `Expect: 100-continue` is sent the body after this time, as RFC 9110 advises.
const CONTINUE_WAIT: Duration = Duration::from_secs(1);

/// The body of a request.
#[derive(Debug)]
pub(super) enum RequestBody {
    /// None.
    Empty,
    /// Read beforehand.
    Whole(Bytes),
    /// Passed on as it comes.
    Streamed(Box<Streamed>),
}

/// A body that is passed on as it comes.
#[derive(Debug)]
pub(super) struct Streamed {
    incoming: Incoming,
    progress: Arc<Progress>,
    hold: Option<Pin<Box<Sleep>>>,
}

/// How far a streamed body has come.
#[derive(Debug, Default)]
pub(super) struct Progress {
    moved_at: AtomicU64,
    sent: AtomicBool,
    wanted: AtomicBool,
}

impl Progress {
    /// Whether the whole body was handed to the connection.
    pub(super) fn is_sent(&self) -> bool {
        self.sent.load(Ordering::Relaxed)
    }

    /// The instance asked for the body.
    pub(super) fn want(&self) {
        self.wanted.store(true, Ordering::Relaxed);
    }

    /// For how long nothing moved at `now`.
    pub(super) fn still_for(&self, now: Moment) -> Duration {
        Duration::from_millis(now.as_millis().saturating_sub(self.moved_at.load(Ordering::Relaxed)))
    }

    fn moved(&self) {
        self.moved_at.store(clock::now().as_millis(), Ordering::Relaxed);
    }
}

impl RequestBody {
    /// A streamed body. `held`: it waits until [`Progress::want`], or a second.
    pub(super) fn streamed(incoming: Incoming, held: bool) -> (Self, Arc<Progress>) {
        let progress = Arc::new(Progress::default());
        progress.moved();
        let hold = held.then(|| Box::pin(tokio::time::sleep(CONTINUE_WAIT)));
        (Self::Streamed(Box::new(Streamed { incoming, progress: progress.clone(), hold })), progress)
    }
}

impl RequestBody {
    /// How many bytes it has, if that is known beforehand.
    pub(super) fn length(&self) -> Option<u64> {
        match self {
            Self::Empty => Some(0),
            Self::Whole(bytes) => u64::try_from(bytes.len()).ok(),
            Self::Streamed(streamed) => streamed.incoming.size_hint().exact(),
        }
    }

    /// The next data.
    pub(super) fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, hyper::Error>>> {
        match self {
            Self::Empty => Poll::Ready(None),
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(std::mem::take(bytes)))),
            Self::Streamed(streamed) => streamed.poll(cx),
        }
    }
}

impl Streamed {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, hyper::Error>>> {
        if let Some(hold) = &mut self.hold {
            if !self.progress.wanted.load(Ordering::Relaxed) && hold.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            self.hold = None;
        }
        let data = loop {
            match std::task::ready!(Pin::new(&mut self.incoming).poll_frame(cx)) {
                // Trailers are dropped.
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => break Some(Ok(data)),
                    Err(_trailers) => {}
                },
                Some(Err(error)) => break Some(Err(error)),
                None => break None,
            }
        };
        self.progress.moved();
        if data.is_none() || self.incoming.is_end_stream() {
            self.progress.sent.store(true, Ordering::Relaxed);
        }
        Poll::Ready(data)
    }
}
