//! The HTTP server: listening sockets, worker threads, connections and their limits.
//!
//! Owns accepting, keep-alive, header limits, idle limits and the graceful end. Does not own what a request means: every
//! request goes to one [`Service`], of which each worker has a clone. Workers share nothing but the listening port, each
//! with a runtime of its own: see `docs/adr/0003-one-runtime-a-core.md`.

mod connection;
mod front;
mod http2;
mod last_words;
mod linger;
mod listener;
mod marks;
mod tls;
mod tunnel;
mod watch;
mod worker;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

pub use connection::{Peer, Service};
pub use front::{BodyError, Front, Place, Refusal};
pub use listener::BindError;
pub use marks::{Mark, Marks};
pub use tls::{CertificateStatus, ServerTls, TlsServerSettings, follow as follow_certificate};
pub use tunnel::Tunnel;
pub use watch::InRequest;

/// The limits of the server.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// Where to listen. Port 0 picks a free one.
    pub address: SocketAddr,
    /// Worker threads.
    pub workers: usize,
    /// Most connections at a time; one more is answered 503 and closed.
    pub connections_max: usize,
    /// Longest time a request head may take to arrive.
    pub header_timeout: Duration,
    /// Most bytes of a request head.
    pub header_bytes_max: usize,
    /// Longest time a kept connection may rest between requests.
    pub idle_timeout: Duration,
    /// How TLS is spoken; none: plain HTTP.
    pub tls: Option<Arc<ServerTls>>,
    /// Most requests at a time on one connection of HTTP/2.
    pub streams_max: u32,
}

/// A port that is held, before anybody answers on it.
#[derive(Debug)]
pub struct BoundServer {
    listeners: Vec<std::net::TcpListener>,
    address: SocketAddr,
    settings: ServerSettings,
}

/// A server that answers.
#[derive(Debug)]
pub struct RunningServer {
    address: SocketAddr,
    stop: CancellationToken,
    abort: CancellationToken,
    open: Arc<AtomicUsize>,
    workers: Vec<worker::Worker>,
}

impl BoundServer {
    /// Takes the port, one listening socket a worker. Fails if anybody else holds it.
    pub fn bind(settings: ServerSettings) -> Result<Self, BindError> {
        let (listeners, address) = listener::listen(settings.address, settings.workers.max(1))?;
        Ok(Self { listeners, address, settings })
    }

    /// The address that was taken.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts the workers.
    pub fn start<S: Service>(self, service: &S) -> std::io::Result<RunningServer> {
        let (stop, abort, open) = (CancellationToken::new(), CancellationToken::new(), Arc::new(AtomicUsize::new(0)));
        let limits = connection::Limits::new(&self.settings, open.clone());
        let workers = self.listeners.into_iter().enumerate();
        let workers = workers.map(|(worker, listener)| {
            let place = Place { worker, stopping: stop.clone() };
            worker::Worker::start(place.clone(), listener, service.for_worker(&place), limits.clone(), abort.clone())
        });
        Ok(RunningServer { address: self.address, workers: workers.collect::<Result<_, _>>()?, stop, abort, open })
    }
}

impl RunningServer {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Open connections.
    pub fn connections(&self) -> Arc<AtomicUsize> {
        self.open.clone()
    }

    /// Stops accepting, lets running requests finish for at most `grace`, then cuts what is left.
    /// Returns how many connections were cut.
    pub async fn stop(self, grace: Duration) -> usize {
        self.stop.cancel();
        let mut workers = self.workers;
        let ended = async {
            for worker in &mut workers {
                worker.ended().await;
            }
        };
        let cut = if tokio::time::timeout(grace, ended).await.is_ok() { 0 } else { self.open.load(Ordering::Relaxed) };
        self.abort.cancel();
        for worker in &mut workers {
            worker.ended().await;
        }
        cut
    }
}
