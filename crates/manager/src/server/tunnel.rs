//! What goes on after the last answer of a connection: a WebSocket, or whatever else it was switched to.
//!
//! Owns where such work runs (on the worker of its connection), that it counts as an open connection, and how it learns
//! that the server stops. Does not own what the two sides say to each other.

use std::future::Future;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection::Admitted;

/// Where the tunnels of one worker run.
#[derive(Clone, Debug)]
pub(super) struct Tunnels {
    pub(super) running: TaskTracker,
    pub(super) stop: CancellationToken,
}

/// Leave to go on after a connection was switched to another protocol: in the extensions of a request with `Upgrade`.
#[derive(Clone, Debug)]
pub struct Tunnel {
    tunnels: Tunnels,
    admitted: Arc<Admitted>,
}

impl Tunnel {
    pub(super) fn new(tunnels: Tunnels, admitted: Arc<Admitted>) -> Self {
        Self { tunnels, admitted }
    }

    /// Runs `work` on this worker. It counts as an open connection, must end soon after [`Self::stopping`], and is cut off
    /// when the grace time is over.
    pub fn run(&self, work: impl Future<Output = ()> + Send + 'static) {
        let admitted = self.admitted.clone();
        self.tunnels.running.spawn(async move {
            let _counts_as_open = admitted;
            work.await;
        });
    }

    /// The signal at which tunnels say good-bye.
    pub fn stopping(&self) -> CancellationToken {
        self.tunnels.stop.clone()
    }
}
