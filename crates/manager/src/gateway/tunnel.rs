//! A connection that was switched to a WebSocket: bytes in both directions, until one side ends.
//!
//! Owns the limits of such a connection, and its polite end when it is ended from this side: a close frame to both, at the
//! end of a frame. Does not own what is said on it.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

use super::frames::going_away;
use super::link::Link;
use super::parting::{OneStream, Why};
use super::upstream::{InFlight, Outcome};
use super::way::{Way, poll_ways};
use crate::clock;

/// How long either side may take to hear the end.
const GOODBYE: Duration = Duration::from_secs(1);

/// The limits of a switched connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// The longest time in which neither side says anything.
    pub(super) idle: Duration,
    /// The longest time at all.
    pub(super) total: Duration,
}

/// Why it is ended from this side.
enum End {
    /// One of the sides did.
    Theirs(io::Result<()>),
    /// It lasted, or was silent, for too long.
    TooLong,
    /// It is to end.
    Leave(Why),
}

/// Joins a client's connection and an instance's until one of them ends, a limit is reached, or `stream` is to end.
pub(super) async fn join(client: OnUpgrade, link: Box<Link>, in_flight: InFlight, patience: Patience, mut stream: OneStream) {
    let Ok(client) = client.await else { return in_flight.end(Outcome::Abandoned) };
    let (instance, first) = link.into_stream();
    let moved = Arc::new(AtomicU64::new(clock::now().as_millis()));
    let mut client = Noted { stream: TokioIo::new(client), moved: moved.clone() };
    let mut instance = Noted { stream: instance, moved: moved.clone() };
    let (mut down, mut up) = (Way::beginning_with(first), Way::default());
    let end = {
        let mut talking = pin!(poll_fn(|cx| poll_ways(cx, &mut client, &mut instance, &mut down, &mut up)));
        tokio::select! {
            biased;
            ended = talking.as_mut() => End::Theirs(ended),
            () = too_long(&moved, patience) => End::TooLong,
            why = poll_fn(|cx| stream.poll(cx)) => End::Leave(why),
        }
    };
    let why = match end {
        End::Theirs(_) => None,
        End::TooLong => Some("it was silent for too long, or lasted too long"),
        End::Leave(Why::Stopping) => Some("the manager stops"),
        End::Leave(Why::Drained) => Some("the instance is drained"),
    };
    if let Some(why) = why {
        say_goodbye(&mut client, &mut instance, down, up, why).await;
    }
    futures_util::join!(goodbye(&mut client), goodbye(&mut instance));
    in_flight.end(if matches!(end, End::Theirs(Err(_)) | End::TooLong) { Outcome::BrokenOff } else { Outcome::Answered });
}

/// Lets frames that are under way end, and puts a close frame behind them. Who takes none in time gets none.
async fn say_goodbye<C, I>(client: &mut C, instance: &mut I, mut down: Way, mut up: Way, why: &'static str)
where
    C: AsyncRead + AsyncWrite + Unpin,
    I: AsyncRead + AsyncWrite + Unpin,
{
    down.leave();
    up.leave();
    let finishing = poll_fn(|cx| poll_ways(cx, client, instance, &mut down, &mut up));
    // Cut off in the middle of a frame it is no end of one, which the ways know.
    let _ = tokio::time::timeout(GOODBYE, finishing).await;
    let saying = async {
        if down.takes_frame() {
            client.write_all(&going_away(why, None)).await?;
        }
        if up.takes_frame() {
            instance.write_all(&going_away(why, Some(rand::random()))).await?;
        }
        io::Result::Ok(())
    };
    // Whoever is gone hears nothing.
    let _ = tokio::time::timeout(GOODBYE, saying).await;
}

/// Says that nothing more will come, and lets the other side say the same.
async fn goodbye<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) {
    let saying = async {
        if stream.shutdown().await.is_ok() {
            let mut last = [0; 1024];
            while matches!(stream.read(&mut last).await, Ok(1..)) {}
        }
    };
    // Whoever does not listen is cut off.
    let _ = tokio::time::timeout(GOODBYE, saying).await;
}

/// Returns when nothing was said for too long, or it went on for too long.
fn too_long(moved: &AtomicU64, patience: Patience) -> impl Future<Output = ()> + Send {
    let until = clock::now() + patience.total;
    async move {
        loop {
            let since = peegeeq_domain::time::Moment::from_millis(moved.load(Ordering::Relaxed));
            let end = (since + patience.idle).min(until);
            if clock::now() >= end {
                return;
            }
            tokio::time::sleep_until(clock::at(end)).await;
        }
    }
}

/// A stream that notes when something came.
struct Noted<S> {
    stream: S,
    moved: Arc<AtomicU64>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Noted<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if read.is_ready() {
            self.moved.store(clock::now().as_millis(), Ordering::Relaxed);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Noted<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
