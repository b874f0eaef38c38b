//! Owns the listening side: accepting, one task per connection, and ending all of them at once.
//! Does not own what is answered.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use super::gate::Gate;
use super::line::{How, Line};
use super::mode::Mode;
use super::shared::Shared;
use super::sockets;
use super::wire::{After, Wire, perform};
use crate::net;

/// Pause after a failed accept, so that running out of file descriptors does not become a busy loop.
const AFTER_FAILED_ACCEPT: Duration = Duration::from_millis(20);
/// Bytes of a request that are read before raw bytes are given back.
const MOST_RAW_REQUEST: usize = 65_536;

/// A running listener with its connections.
pub(crate) struct Server {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Server {
    /// Starts to accept. `find` tells which instance has a local address; connections of nobody are reset.
    pub(crate) fn start<Find>(listener: TcpListener, find: Find) -> Self
    where
        Find: Fn(SocketAddr) -> Option<Arc<Shared>> + Send + Sync + 'static,
    {
        let stop = CancellationToken::new();
        let task = tokio::spawn(accept(listener, find, stop.clone()));
        Self { stop, task }
    }

    /// Closes the listener and every connection, as a killed process does, and returns when they are closed.
    pub(crate) async fn stop(mut self) {
        self.stop.cancel();
        // The task cannot fail: a panic in a connection stays in that connection's own task.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept<Find>(listener: TcpListener, find: Find, stop: CancellationToken)
where
    Find: Fn(SocketAddr) -> Option<Arc<Shared>>,
{
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    match stream.local_addr().ok().and_then(&find) {
                        Some(shared) => drop(connections.spawn(connection(stream, shared))),
                        None => net::reset(stream),
                    }
                }
                Err(_) => tokio::time::sleep(AFTER_FAILED_ACCEPT).await,
            }
        }
    }
    drop(listener);
    connections.shutdown().await;
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    let _open = shared.ledger.connected();
    let mut cuts = shared.cuts.subscribe();
    // Answers are small; waiting to fill a packet would only add delays. A refusal changes nothing else.
    let _ = stream.set_nodelay(true);
    let mode = shared.memory().mode().clone();
    match mode {
        Mode::Reset => net::reset(stream),
        Mode::Raw(bytes) => until(&mut cuts, raw(stream, bytes)).await,
        _ => until(&mut cuts, speak_http(stream, &shared)).await,
    }
}

/// Runs a conversation until it ends or is cut.
async fn until(cuts: &mut tokio::sync::watch::Receiver<u64>, conversation: impl Future<Output = ()>) {
    tokio::select! {
        () = conversation => {}
        _ = cuts.changed() => {}
    }
}

/// Speaks HTTP until the connection ends, or until a request takes it over; after a script HTTP may go on.
async fn speak_http(stream: TcpStream, shared: &Arc<Shared>) {
    let Ok(peer) = stream.peer_addr() else { return };
    let line = Line::new(peer.ip());
    let mut wire = Wire { stream, before: BytesMut::new() };
    while let Some(handed_back) = exchanges(wire, shared, &line).await {
        let Some((how, parts)) = line.taken() else { return };
        match how {
            How::Socket(channel) => return sockets::speak(shared, channel, &parts, handed_back).await,
            How::Script(script) => match perform(shared, &script, &parts, handed_back).await {
                After::Next(next) => wire = next,
                After::Closed => return,
            },
        }
    }
}

/// Answers requests one after the other. Gives the connection back when one of them takes it over.
async fn exchanges(wire: Wire, shared: &Arc<Shared>, line: &Arc<Line>) -> Option<Wire> {
    let mut idle_cuts = shared.idle_cuts.subscribe();
    let service = service_fn(|request| shared.serve(line, request));
    let mut builder = http1::Builder::new();
    builder.auto_date_header(false).half_close(false);
    let mut speaking = builder.serve_connection(TokioIo::new(Gate::new(wire, line.clone())), service);
    loop {
        tokio::select! {
            biased;
            // How a conversation ends is the caller's business: broken ones are what this server is for.
            _ = &mut speaking => break,
            () = line.closing.notified() => return None,
            _ = idle_cuts.changed() => if !line.is_busy() { return None },
        }
    }
    let parts = speaking.into_parts();
    let mut wire = parts.io.into_inner().wire;
    let rest = std::mem::take(&mut wire.before);
    wire.before = BytesMut::from(&parts.read_buf[..]);
    wire.before.extend_from_slice(&rest);
    Some(wire)
}

async fn raw(mut stream: TcpStream, answer: Bytes) {
    let mut request = Vec::new();
    while !request.windows(4).any(|window| window == b"\r\n\r\n") && request.len() < MOST_RAW_REQUEST {
        match stream.read_buf(&mut request).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
    if stream.write_all(&answer).await.is_ok() {
        let _ = stream.shutdown().await;
    }
}
