//! One worker: a thread, a runtime of its own, its share of the connections.

use std::io;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection::{Limits, Service, serve};
use super::front::Place;
use super::tunnel::Tunnels;

/// When accepting fails because the process has no file descriptors left, trying again at once would only burn a core.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A running worker.
#[derive(Debug)]
pub(super) struct Worker {
    ended: watch::Receiver<bool>,
}

impl Worker {
    /// Starts a thread that accepts from `listener` until its place is told to stop, and cuts its connections at `abort`.
    pub(super) fn start<S: Service>(
        place: Place,
        listener: std::net::TcpListener,
        service: S,
        limits: Limits,
        abort: CancellationToken,
    ) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (ending, ended) = watch::channel(false);
        std::thread::Builder::new().name(format!("http-{}", place.worker)).spawn(move || {
            runtime.block_on(run(listener, service, limits, place.stopping, abort));
            ending.send_replace(true);
        })?;
        Ok(Self { ended })
    }

    /// Waits for the end.
    pub(super) async fn ended(&mut self) {
        // An error means the thread ended without saying so, by a panic: it ended all the same.
        let _ = self.ended.wait_for(|ended| *ended).await;
    }
}

async fn run<S: Service>(listener: std::net::TcpListener, service: S, limits: Limits, stop: CancellationToken, abort: CancellationToken) {
    let connections = TaskTracker::new();
    let tunnels = Tunnels { running: connections.clone(), stop };
    match TcpListener::from_std(listener) {
        Ok(listener) => accept(&listener, &tunnels, service, limits).await,
        Err(error) => tracing::error!(%error, "a worker cannot use its listening socket"),
    }
    connections.close();
    tokio::select! {
        () = connections.wait() => {}
        () = abort.cancelled() => {}
    }
}

async fn accept<S: Service>(listener: &TcpListener, tunnels: &Tunnels, service: S, limits: Limits) {
    loop {
        let accepted = tokio::select! {
            biased;
            () = tunnels.stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, address)) => {
                tunnels.running.spawn(serve(stream, address, service.clone(), limits.clone(), tunnels.clone()));
            }
            Err(error) if is_about_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections, trying again: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Whether the failure concerns a client that gave up while it waited, rather than the listening socket.
fn is_about_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}
