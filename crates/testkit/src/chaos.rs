//! Owns a network that breaks: a TCP proxy in front of any address whose behaviour can be switched while
//! connections are open. Does not own HTTP; it only looks for the end of a head to cut a body.

mod pump;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::net::{self, ReservedPort};

/// What the proxy does with connections, open ones included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChaosMode {
    /// Everything goes through.
    #[default]
    Pass,
    /// Nobody listens; open connections are closed.
    Refuse,
    /// Connections are accepted and nothing goes through, in either direction, until the mode changes.
    Stall,
    /// Answers end that many bytes after their head.
    CutMidBody(usize),
    /// That many bytes at a time with a pause after each, in either direction.
    Drip {
        /// Bytes in one piece.
        bytes: usize,
        /// Pause after each piece.
        interval: Duration,
    },
    /// Everything goes through that much later.
    Delay(Duration),
    /// Connections end in a reset, open ones included.
    Reset,
}

/// A proxy that breaks on command. Dropping it closes everything.
pub struct ChaosProxy {
    addr: SocketAddr,
    mode: watch::Sender<ChaosMode>,
    accepted: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl ChaosProxy {
    /// Starts a proxy on a free port of 127.0.0.1, in mode [`ChaosMode::Pass`].
    ///
    /// # Errors
    ///
    /// When no port can be listened on.
    pub async fn start(upstream: SocketAddr) -> io::Result<Self> {
        let port = ReservedPort::reserve(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let listener = port.listen()?;
        let (mode, watched) = watch::channel(ChaosMode::Pass);
        let accepted = Arc::new(AtomicU64::new(0));
        let addr = port.addr();
        let gate = Gate { port, upstream, mode: watched, accepted: accepted.clone() };
        let task = tokio::spawn(gate.run(listener));
        Ok(Self { addr, mode, accepted, task })
    }

    /// Where the proxy listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The port of [`Self::addr`].
    #[must_use]
    pub fn port(&self) -> u16 {
        self.addr.port()
    }

    /// `http://host:port` of the proxy.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Switches the behaviour. Open connections follow at once; the listener of [`ChaosMode::Refuse`] is closed
    /// (and opened again) a moment later.
    pub fn set(&self, mode: ChaosMode) {
        self.mode.send_replace(mode);
    }

    /// Connections accepted so far.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }
}

impl Drop for ChaosProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The accepting side of a proxy.
struct Gate {
    port: ReservedPort,
    upstream: SocketAddr,
    mode: watch::Receiver<ChaosMode>,
    accepted: Arc<AtomicU64>,
}

impl Gate {
    async fn run(mut self, first: TcpListener) {
        let mut listener = Some(first);
        let mut connections = JoinSet::new();
        loop {
            let mode = *self.mode.borrow_and_update();
            if mode == ChaosMode::Refuse {
                listener = None;
                connections.shutdown().await;
            } else if listener.is_none() {
                listener = self.port.listen().ok();
            }
            if self.accept_until_change(listener.as_ref(), &mut connections).await.is_err() {
                return;
            }
        }
    }

    /// Accepts until the mode changes. An error when the proxy is gone.
    async fn accept_until_change(
        &mut self,
        listener: Option<&TcpListener>,
        connections: &mut JoinSet<()>,
    ) -> Result<(), watch::error::RecvError> {
        loop {
            tokio::select! {
                changed = self.mode.changed() => return changed,
                Some(_) = connections.join_next() => {}
                stream = accept(listener) => {
                    self.accepted.fetch_add(1, Ordering::Relaxed);
                    connections.spawn(pump::carry(stream, self.upstream, self.mode.clone()));
                }
            }
        }
    }
}

/// The next connection; never, when nobody listens.
async fn accept(listener: Option<&TcpListener>) -> TcpStream {
    let Some(listener) = listener else {
        return std::future::pending().await;
    };
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

/// Marks a connection so that its end is a reset.
fn arm(streams: [&TcpStream; 2]) {
    streams.into_iter().for_each(net::arm_reset);
}
