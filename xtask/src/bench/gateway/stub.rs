//! The upstream of every contender: hyper and nothing else, one current-thread runtime a core, that passes for an instance.
//!
//! Owns the child process, what it answers, and counting the requests that contenders passed on. `size` in the query says
//! how long an answer is; the stream of messages says one thing and stays open.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response, StatusCode};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use peegeeq_testkit::HttpClient;

use super::answers;
use crate::bench::manager::free_address;
use crate::bench::peer::listen;

/// Where contenders are asked.
pub(super) const PATH: &str = "/api/v1/queues/bench/q/messages";
/// A stream of the same queue.
pub(super) const STREAM: &str = "/api/v1/queues/bench/q/messages/stream";

/// Filling of answers; longer ones are not asked for.
static FILLING: [u8; 65_536] = [b'x'; 65_536];

/// A running stub. Dropping it kills it.
#[derive(Debug)]
pub(super) struct Stub {
    child: Child,
    address: SocketAddr,
}

impl Stub {
    pub(super) async fn start() -> Result<Self, String> {
        let address = free_address()?;
        let own = std::env::current_exe().map_err(|error| format!("own program: {error}"))?;
        let mut command = Command::new(own);
        command.args(["bench", "child", "stub", &address.to_string()]).stdin(Stdio::null());
        let child = command.spawn().map_err(|error| format!("stub: {error}"))?;
        let stub = Self { child, address };
        answers(&format!("http://{address}/health")).await?;
        Ok(stub)
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Requests for [`PATH`] so far.
    pub(super) async fn count(&self) -> Result<u64, String> {
        let url = format!("http://{}/count", self.address);
        let reply = HttpClient::default().get(&url).await.map_err(|error| format!("{url}: {error}"))?;
        reply.text().parse().map_err(|error| format!("{url}: {error}"))
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        // It may be gone already; waiting collects it in any case.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One piece, and then the end or nothing more.
struct Piece {
    bytes: Option<Bytes>,
    stays_open: bool,
}

impl Body for Piece {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.bytes.take() {
            Some(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            None if self.stays_open => Poll::Pending,
            None => Poll::Ready(None),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.bytes {
            _ if self.stays_open => SizeHint::default(),
            bytes => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
        }
    }
}

fn answer(request: &Request<Incoming>, count: &AtomicU64) -> Response<Piece> {
    let json = |text: String| (StatusCode::OK, "application/json", Bytes::from(text), false);
    let (status, kind, bytes, stays_open) = match request.uri().path() {
        PATH => {
            count.fetch_add(1, Ordering::Relaxed);
            let size = request.uri().query().and_then(|query| query.strip_prefix("size=")?.parse().ok()).unwrap_or(0);
            (StatusCode::OK, "application/json", Bytes::from_static(FILLING.get(..size).unwrap_or(&FILLING)), false)
        }
        STREAM => (StatusCode::OK, "text/event-stream", Bytes::from_static(b"event: connected\ndata: {}\n\n"), true),
        "/count" => json(count.load(Ordering::Relaxed).to_string()),
        "/health" => json(r#"{"status":"UP","service":"peegeeq-rest-api"}"#.to_owned()),
        "/api/v1/setups" => json(r#"{"count":1,"setupIds":["bench"]}"#.to_owned()),
        "/api/v1/setups/bench" => json(
            r#"{"setupId":"bench","status":"ACTIVE","host":"db.bench","port":5432,"databaseName":"bench","schema":"peegeeq","queueFactories":["q"],"eventStores":[]}"#
                .to_owned(),
        ),
        "/api/v1/setups/bench/health" => json(
            r#"{"healthy":true,"status":"UP","timestamp":"2026-01-01T00:00:00Z","componentCount":0,"healthyCount":0,"degradedCount":0,"unhealthyCount":0,"components":{}}"#
                .to_owned(),
        ),
        _ => (StatusCode::NOT_FOUND, "application/json", Bytes::from_static(br#"{"error":"unknown"}"#), false),
    };
    let mut response = Response::new(Piece { bytes: Some(bytes), stays_open });
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    if stays_open {
        // Without it nginx waits for a full buffer.
        response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    }
    response
}

/// The child: answers on `address` until it is killed.
pub(in crate::bench) fn serve(address: &str) -> Result<(), String> {
    let address: SocketAddr = address.parse().map_err(|error| format!("{address}: {error}"))?;
    let count = Arc::new(AtomicU64::new(0));
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| worker(address, &count));
        }
    });
    Err("the stub stopped by itself".to_owned())
}

fn worker(address: SocketAddr, count: &Arc<AtomicU64>) {
    let outcome = tokio::runtime::Builder::new_current_thread().enable_all().build().map(|runtime| {
        runtime.block_on(async {
            let listener = listen(address)?;
            loop {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                let count = count.clone();
                let service = service_fn(move |request| {
                    let response = answer(&request, &count);
                    async move { Ok::<_, Infallible>(response) }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
            #[expect(unreachable_code, reason = "gives the block its type")]
            Ok::<(), std::io::Error>(())
        })
    });
    eprintln!("xtask: a worker of the stub ended: {outcome:?}");
}
