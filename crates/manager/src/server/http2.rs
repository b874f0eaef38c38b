//! One connection that speaks HTTP/2: the same service, with the limits that only streams need.
//!
//! Owns how many streams there are, how much of each waits, floods of cancelled requests, and answers that nobody takes. What is
//! wrong on the wire (frames out of order, floods of empty ones, heads that never end) is ended by `h2` itself.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use http::Request;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::server::conn::http2;
use hyper_util::rt::TokioIo;
use peegeeq_domain::time::Moment;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection::{Admitted, Limits, Peer, Service};
use super::linger::Left;
use super::tunnel::Tunnels;
use super::watch::{Activity, Framing, Patience, Watched};
use crate::clock;

/// Bytes of one answer that wait in a connection, and of one request body.
const STREAM_BYTES: u32 = 64 << 10;

/// Bytes of all request bodies that wait in a connection.
const CONNECTION_BYTES: u32 = 1 << 20;

/// So many requests may be cancelled before their answers before anybody wonders; beyond, not more than half of all.
const CANCELLED_FREE: u32 = 100;

/// Requests that were reset before they were taken up, and errors of the client that are answered with resets.
const RESETS_MAX: usize = 32;

/// "Not the client's turn": no moment is this late.
const NEVER: u64 = u64::MAX;

/// Streams run beside the connection on its worker, and end with it.
#[derive(Clone, Debug)]
struct OnWorker(TaskTracker);

impl<F: Future<Output: Send + 'static> + Send + 'static> Executor<F> for OnWorker {
    fn execute(&self, stream: F) {
        self.0.spawn(stream);
    }
}

/// Serves one connection until it ends, or politely ends it at the stop signal.
pub(super) async fn serve<S: Service>(
    stream: TlsStream<TcpStream>,
    address: SocketAddr,
    service: S,
    limits: Limits,
    tunnels: Tunnels,
    _admitted: Admitted,
) {
    let (activity, left, streams) = (Activity::of_frames(), Left::new(), Arc::new(Streams::default()));
    let (requests, service, seen) = (activity.clone(), Arc::new(service), streams.clone());
    let answer = hyper::service::service_fn(move |request: Request<Incoming>| {
        let (service, in_request, streams) = (service.clone(), requests.request_began(Framing::Frames), seen.clone());
        async move {
            let answering = Answering::begun(&streams);
            let answer = service.answer(request, Peer(address), in_request).await;
            answering.done();
            Ok::<_, Infallible>(answer.map(|body| Taken { body: Box::pin(body), turn: streams.turn() }))
        }
    });
    let mut builder = http2::Builder::new(OnWorker(tunnels.running.clone()));
    builder
        .max_concurrent_streams(limits.streams_max)
        .max_header_list_size(u32::try_from(limits.head_bytes_max).unwrap_or(u32::MAX))
        .initial_stream_window_size(STREAM_BYTES)
        .initial_connection_window_size(CONNECTION_BYTES)
        .max_send_buf_size(STREAM_BYTES as usize)
        .max_pending_accept_reset_streams(RESETS_MAX)
        .max_local_error_reset_streams(RESETS_MAX);
    let io = TokioIo::new(Watched::new(stream, activity.clone(), left.clone()));
    let connection = builder.serve_connection(io, answer);
    let watching = Watching { activity: &activity, streams: &streams, patience: limits.patience };
    let ended = converse(connection, &watching, &tunnels.stop).await;
    if let Err(why) = ended {
        tracing::debug!(peer = %address, "connection ended: {why}");
    }
    if !tunnels.stop.is_cancelled() {
        left.linger().await;
    }
}

/// What is looked at besides the wire.
struct Watching<'a> {
    activity: &'a Activity,
    streams: &'a Streams,
    patience: Patience,
}

async fn converse<S>(
    connection: http2::Connection<TokioIo<Watched<TlsStream<TcpStream>>>, S, OnWorker>,
    watching: &Watching<'_>,
    stop: &CancellationToken,
) -> Result<(), String>
where
    S: hyper::service::HttpService<Incoming>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    S::Future: Send + 'static,
    S::ResBody: Body<Data = bytes::Bytes> + Send + 'static,
    <S::ResBody as Body>::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut connection = std::pin::pin!(connection);
    let mut impatient = std::pin::pin!(watching.lost_patience());
    tokio::select! {
        biased;
        ended = connection.as_mut() => return ended.map_err(|error| error.to_string()),
        why = impatient.as_mut() => return Err(why.to_owned()),
        () = watching.streams.flooded.cancelled() => {
            metrics::counter!("peegeeq_http2_floods_total").increment(1);
            return Err("the client cancels most of what it asks for".to_owned());
        }
        () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    tokio::select! {
        ended = connection => ended.map_err(|error| error.to_string()),
        why = impatient => Err(why.to_owned()),
    }
}

impl Watching<'_> {
    /// Looks now and then, and returns when the connection is idle, or the client does not take what it asked for.
    async fn lost_patience(&self) -> &'static str {
        let pause = (self.patience.idle / 4).clamp(Duration::from_millis(20), Duration::from_secs(5));
        loop {
            tokio::time::sleep(pause).await;
            let now = clock::now();
            if let Some(why) = self.activity.fault(now, self.patience) {
                return why.as_str();
            }
            if self.streams.longest_turn(now) > self.patience.idle {
                return "the client does not take an answer";
            }
        }
    }
}

/// The requests of one connection, taken together.
#[derive(Debug, Default)]
struct Streams {
    begun: AtomicU32,
    cancelled: AtomicU32,
    flooded: CancellationToken,
    /// Since when it is the client's turn to take more of each answer.
    turns: Mutex<Vec<Weak<AtomicU64>>>,
}

impl Streams {
    fn turn(&self) -> Arc<AtomicU64> {
        let turn = Arc::new(AtomicU64::new(NEVER));
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        // As many as there are streams at a time, and those of the last few that ended.
        if turns.len() == turns.capacity() {
            turns.retain(|turn| turn.strong_count() > 0);
        }
        turns.push(Arc::downgrade(&turn));
        turn
    }

    fn longest_turn(&self, now: Moment) -> Duration {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.retain(|turn| turn.strong_count() > 0);
        let since = turns.iter().filter_map(Weak::upgrade).map(|turn| turn.load(Ordering::Relaxed)).min().unwrap_or(NEVER);
        Duration::from_millis(now.as_millis().saturating_sub(since))
    }
}

/// A request whose answer is not ready. Dropping it means that the client cancelled it.
struct Answering<'a> {
    streams: &'a Streams,
    is_done: bool,
}

impl<'a> Answering<'a> {
    fn begun(streams: &'a Streams) -> Self {
        streams.begun.fetch_add(1, Ordering::Relaxed);
        Self { streams, is_done: false }
    }

    fn done(mut self) {
        self.is_done = true;
    }
}

impl Drop for Answering<'_> {
    fn drop(&mut self) {
        if self.is_done {
            return;
        }
        let cancelled = self.streams.cancelled.fetch_add(1, Ordering::Relaxed) + 1;
        if cancelled > CANCELLED_FREE && cancelled > self.streams.begun.load(Ordering::Relaxed) / 2 {
            self.streams.flooded.cancel();
        }
    }
}

/// The body of an answer that notes whose turn it is.
struct Taken<B> {
    body: Pin<Box<B>>,
    turn: Arc<AtomicU64>,
}

impl<B: Body> Body for Taken<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let frame = self.body.as_mut().poll_frame(cx);
        let turn = if matches!(frame, Poll::Ready(Some(Ok(_)))) { clock::now().as_millis() } else { NEVER };
        self.turn.store(turn, Ordering::Relaxed);
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_cancels_most_of_many_requests_floods() {
        let flooded = |answered: u32, cancelled: u32| {
            let streams = Streams::default();
            (0..answered).for_each(|_| Answering::begun(&streams).done());
            (0..cancelled).for_each(|_| drop(Answering::begun(&streams)));
            streams.flooded.is_cancelled()
        };
        assert!(!flooded(0, CANCELLED_FREE) && flooded(0, CANCELLED_FREE + 1));
        assert!(!flooded(1000, 900) && flooded(1000, 1001));
    }

    #[tokio::test]
    async fn turns_of_streams_that_ended_are_forgotten() {
        let streams = Streams::default();
        let (first, second) = (streams.turn(), streams.turn());
        let later = clock::now() + Duration::from_secs(9);
        assert_eq!(streams.longest_turn(later), Duration::ZERO);
        first.store(clock::now().as_millis(), Ordering::Relaxed);
        assert!(streams.longest_turn(later) >= Duration::from_secs(9));
        drop(first);
        assert_eq!(streams.longest_turn(later), Duration::ZERO);
        drop(second);
        assert!(streams.turns.lock().expect("a lock").iter().all(|turn| turn.strong_count() == 0));
    }
}
