//! One connection: HTTP/1.1 with limits, and a polite end. What comes before it over TLS is in `tls`, HTTP/2 in `http2`.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use http::{Request, Response, StatusCode};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::front::Place;
use super::last_words;
use super::linger::Left;
use super::tls::{Accepted, ServerTls, accept};
use super::tunnel::{Tunnel, Tunnels};
use super::watch::{Activity, Framing, Impatience, InRequest, Patience, Watched};
use super::{ServerSettings, http2};
use crate::clock;

/// What a connection over the limit is told, whatever it asks.
const TOO_MANY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 95\r\n\r\n{\"error\":\"too many connections: raise server.connections.max, or close idle ones\",\"status\":503}";

/// Who is at the other end.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// What answers requests. Every worker has a clone.
pub trait Service: Clone + Send + Sync + 'static {
    /// Body of the answers.
    type Body: http_body::Body<Data = bytes::Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static;

    /// The same for one worker, which may then have things of its own.
    #[must_use]
    fn for_worker(&self, place: &Place) -> Self {
        let _ = place;
        self.clone()
    }

    /// Answers one request. The body of the answer keeps `in_request` until it is sent.
    fn answer(&self, request: Request<Incoming>, peer: Peer, in_request: InRequest) -> impl Future<Output = Response<Self::Body>> + Send;

    /// The answer to what never became a request: the server writes it and ends the connection.
    fn refuse(&self, status: StatusCode, sentence: String) -> Response<Vec<u8>>;
}

/// The limits of connections, shared by all workers.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    builder: http1::Builder,
    pub(super) patience: Patience,
    /// How TLS is spoken, if it is.
    tls: Option<Arc<ServerTls>>,
    /// Most requests at a time on one connection of HTTP/2.
    pub(super) streams_max: u32,
    pub(super) head_bytes_max: usize,
    open: Arc<AtomicUsize>,
    open_max: usize,
    refusals: Arc<AtomicUsize>,
}

/// Connections over the limit that are told so at the same time; beyond these they are closed without a word, because each
/// still holds a file.
const REFUSALS_MAX: usize = 64;

impl Limits {
    pub(super) fn new(settings: &ServerSettings, open: Arc<AtomicUsize>) -> Self {
        let mut builder = http1::Builder::new();
        // Flushes are not gathered for pipelines: hyper would then drop its own 400 and 431 while bytes wait to be parsed.
        // The time limits are kept by `watch`: hyper's own would count resting between requests as a slow head.
        builder.header_read_timeout(None).max_buf_size(settings.header_bytes_max.max(8192));
        let patience = Patience { head: settings.header_timeout, idle: settings.idle_timeout };
        Self {
            builder,
            patience,
            tls: settings.tls.clone(),
            streams_max: settings.streams_max,
            head_bytes_max: settings.header_bytes_max,
            open,
            open_max: settings.connections_max,
            refusals: Arc::default(),
        }
    }

    fn admit(&self) -> Option<Admitted> {
        let before = self.open.fetch_add(1, Ordering::AcqRel);
        let admitted = Admitted(self.open.clone());
        (before < self.open_max).then_some(admitted)
    }
}

/// One of the allowed connections; dropping it frees the place.
#[derive(Debug)]
pub(super) struct Admitted(Arc<AtomicUsize>);

impl Drop for Admitted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Serves one connection until it ends, or politely ends it at `stop`.
pub(super) async fn serve<S: Service>(stream: TcpStream, address: SocketAddr, service: S, limits: Limits, tunnels: Tunnels) {
    let admitted = match (limits.admit(), &limits.tls) {
        (Some(admitted), _) => admitted,
        (None, None) => return refuse(stream, limits.refusals).await,
        // It would not understand what it is told before a handshake, and that is what there is no room for.
        (None, Some(_)) => return,
    };
    // Without it small answers wait for the other side's acknowledgement; failing to set it costs speed only.
    let _ = stream.set_nodelay(true);
    match limits.tls.clone() {
        None => talk(stream, address, service, limits, tunnels, admitted).await,
        // In a box of its own: plain connections are not to carry its room about.
        Some(tls) => Box::pin(secured(stream, address, service, limits, tunnels, admitted, tls)).await,
    }
}

/// Shakes hands, then serves what was agreed on.
async fn secured<S: Service>(
    stream: TcpStream,
    address: SocketAddr,
    service: S,
    limits: Limits,
    tunnels: Tunnels,
    admitted: Admitted,
    tls: Arc<ServerTls>,
) {
    match accept(stream, &tls, &tunnels.stop).await {
        Some(Accepted::Http1(stream)) => talk(stream, address, service, limits, tunnels, admitted).await,
        Some(Accepted::Http2(stream)) => http2::serve(stream, address, service, limits, tunnels, admitted).await,
        None => {}
    }
}

/// Speaks HTTP/1.1 on a stream until it ends.
async fn talk<I, S>(stream: I, address: SocketAddr, service: S, limits: Limits, tunnels: Tunnels, admitted: Admitted)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Service,
{
    let stop = tunnels.stop.clone();
    let tunnel = Tunnel::new(tunnels, Arc::new(admitted));
    let activity = Activity::new();
    // One place for the connection, so that workers do not count the clones of one and the same service together.
    let (requests, service) = (activity.clone(), Arc::new(service));
    let refuse = {
        let service = service.clone();
        move |status, sentence| service.refuse(status, sentence)
    };
    let answer = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        let (service, in_request) = (service.clone(), requests.request_began(framing(&request)));
        if request.headers().contains_key(http::header::UPGRADE) {
            request.extensions_mut().insert(tunnel.clone());
        }
        async move { Ok::<_, Infallible>(service.answer(request, Peer(address), in_request).await) }
    });
    let left = Left::new();
    let stream = TokioIo::new(Watched::new(stream, activity.clone(), left.clone()));
    let ended = converse(limits.builder.serve_connection(stream, answer).with_upgrades(), &activity, limits.patience, &stop).await;
    match ended {
        End::Impatient(why) => {
            if why == Impatience::SlowHead {
                let sentence = format!("{} (server.header.timeout)", why.as_str());
                last_words(&left, &refuse(StatusCode::REQUEST_TIMEOUT, sentence)).await;
            }
            tracing::debug!(peer = %address, "connection ended: {}", why.as_str());
        }
        // Who stops does not wait for clients.
        End::Over(_) if stop.is_cancelled() => {}
        End::Over(ended) => {
            match (&ended, activity.held_back()) {
                (Err(error), Some(status)) => {
                    last_words(&left, &refuse(status, last_words::sentence(status, error, limits.head_bytes_max))).await;
                }
                _ => left.linger().await,
            }
            if let Err(error) = ended {
                tracing::debug!(peer = %address, "connection ended: {error}");
            }
        }
    }
}

/// Says it on the stream that is left, and ends it.
async fn last_words<I: AsyncRead + AsyncWrite + Unpin>(left: &Left<I>, answer: &Response<Vec<u8>>) {
    let Some(mut stream) = left.take() else { return };
    last_words::write(&mut stream, answer).await;
    left.put(stream);
    left.linger().await;
}

fn framing(request: &Request<Incoming>) -> Framing {
    match request.body().size_hint().exact() {
        Some(bytes @ 1..) => Framing::Counted(bytes),
        _ => Framing::EmptyLine,
    }
}

/// How a conversation ended.
enum End {
    /// By itself, well or with an error.
    Over(hyper::Result<()>),
    /// The client was too slow or idle for too long.
    Impatient(Impatience),
}

/// Serves until the end, politely at `stop`.
async fn converse<I, S, B>(
    connection: http1::UpgradeableConnection<TokioIo<Watched<I>>, S>,
    activity: &Activity,
    patience: Patience,
    stop: &CancellationToken,
) -> End
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: hyper::service::HttpService<Incoming, ResBody = B>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    B: http_body::Body + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut connection = std::pin::pin!(connection);
    // What is rare has a waker of its own: otherwise every request would look at the clock and lock the stop signal.
    let rare: FuturesUnordered<_> = [interruption(activity, patience, stop)].into_iter().collect();
    tokio::pin!(rare);
    tokio::select! {
        biased;
        ended = connection.as_mut() => End::Over(ended),
        Some(interruption) = rare.next() => match interruption {
            Some(why) => End::Impatient(why),
            None => {
                connection.as_mut().graceful_shutdown();
                tokio::select! {
                    ended = connection => End::Over(ended),
                    why = lost_patience(activity, patience) => End::Impatient(why),
                }
            }
        },
    }
}

/// Why the connection must end at once, or `None` when it is to end politely.
async fn interruption(activity: &Activity, patience: Patience, stop: &CancellationToken) -> Option<Impatience> {
    tokio::select! {
        why = lost_patience(activity, patience) => Some(why),
        () = stop.cancelled() => None,
    }
}

/// Looks now and then, and returns when the connection is too slow or too idle.
async fn lost_patience(activity: &Activity, patience: Patience) -> Impatience {
    let pause = (patience.head.min(patience.idle) / 4).clamp(Duration::from_millis(20), Duration::from_secs(5));
    loop {
        tokio::time::sleep(pause).await;
        if let Some(why) = activity.fault(clock::now(), patience) {
            return why;
        }
    }
}

async fn refuse(mut stream: TcpStream, refusals: Arc<AtomicUsize>) {
    let before = refusals.fetch_add(1, Ordering::AcqRel);
    let _one_of_few = Admitted(refusals);
    if before >= REFUSALS_MAX {
        return;
    }
    // Whether the client reads the refusal is its own affair.
    if tokio::time::timeout(Duration::from_secs(1), stream.write_all(TOO_MANY)).await.is_ok() {
        let left = Left::new();
        left.put(stream);
        left.linger().await;
    }
}
