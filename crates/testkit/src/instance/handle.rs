//! Owns the handle through which tests and the demo change and read a running instance.
//! Does not own its listener.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::holdings::Accepted;
use super::ledger::{Departure, SeenRequest};
use super::mode::Mode;
use super::shared::Shared;
use super::world::World;

/// A cheap, shared handle on one simulated instance. Every change acts at once.
#[derive(Clone)]
pub struct FakeInstanceHandle {
    pub(crate) shared: Arc<Shared>,
    addr: SocketAddr,
}

impl FakeInstanceHandle {
    pub(crate) fn new(shared: Arc<Shared>, addr: SocketAddr) -> Self {
        Self { shared, addr }
    }

    /// The name it was given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// Where it listens, or listened.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The port of [`Self::addr`].
    #[must_use]
    pub fn port(&self) -> u16 {
        self.addr.port()
    }

    /// The host of [`Self::addr`] as text, without brackets.
    #[must_use]
    pub fn host(&self) -> String {
        self.addr.ip().to_string()
    }

    /// `http://host:port`, without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Sets how the instance behaves on every path without a mode of its own.
    pub fn set_mode(&self, mode: impl Into<Mode>) {
        self.shared.set_mode(mode.into());
    }

    /// Sets how the instance behaves on paths that start with `prefix`; the longest prefix wins.
    pub fn set_path_mode(&self, prefix: &str, mode: impl Into<Mode>) {
        self.shared.memory().set_path_mode(prefix, Some(mode.into()), None);
        self.shared.mode_changes.send_modify(|count| *count += 1);
    }

    /// The same for the next `times` requests only.
    pub fn set_path_mode_for(&self, prefix: &str, times: u64, mode: impl Into<Mode>) {
        self.shared.memory().set_path_mode(prefix, Some(mode.into()), Some(times));
        self.shared.mode_changes.send_modify(|count| *count += 1);
    }

    /// Takes the mode of a prefix away.
    pub fn clear_path_mode(&self, prefix: &str) {
        self.shared.memory().set_path_mode(prefix, None, None);
        self.shared.mode_changes.send_modify(|count| *count += 1);
    }

    /// Back to normal: the instance, every path, every database.
    pub fn heal(&self) {
        let ids: Vec<_> = self.world().setups.into_iter().map(|setup| setup.id).collect();
        ids.iter().for_each(|id| self.set_database_down(id, false));
        self.shared.memory().clear_path_modes();
        self.set_mode(Mode::Normal);
    }

    /// Takes the database of one setup away, or brings it back. [`Mode::DatabaseDown`] takes all.
    pub fn set_database_down(&self, setup_id: &str, down: bool) {
        self.shared.memory().set_database_down(setup_id, down);
    }

    /// Makes the instance forget a setup, as at a restart. False when it did not know it.
    pub fn forget_setup(&self, setup_id: &str) -> bool {
        self.shared.memory().detach(setup_id)
    }

    /// Changes the world; the next answer tells. Setups that are new in it are attached.
    pub fn update<R>(&self, change: impl FnOnce(&mut World) -> R) -> R {
        self.shared.memory().update(change)
    }

    /// A copy of the world.
    #[must_use]
    pub fn world(&self) -> World {
        self.shared.memory().world.clone()
    }

    /// Closes every open connection; the listener goes on.
    pub fn cut_connections(&self) {
        self.shared.cut();
    }

    /// Closes, without a word, the open connections that have no request under way.
    pub fn close_idle_connections(&self) {
        self.shared.idle_cuts.send_modify(|count| *count += 1);
    }

    /// From now on about one of `answers` answers is followed by the end of its connection, although nothing said so;
    /// 0 keeps all connections.
    pub fn close_one_in(&self, answers: u64) {
        self.shared.close_one_in.store(answers, Ordering::Relaxed);
    }

    /// Sets the pause between the frames that streams send by themselves (statistics, metrics, heartbeats). Without it
    /// they keep the seconds of a real instance. Streams that are open keep theirs.
    pub fn set_stream_pace(&self, every: Duration) {
        self.shared.set_pace(every);
    }

    /// Messages that were acted on, oldest first, whether or not their answers were delivered. Repetitions are not
    /// merged: an instance that was sent a message twice has it twice.
    #[must_use]
    pub fn accepted(&self) -> Vec<Accepted> {
        self.shared.memory().holdings.accepted.iter().cloned().collect()
    }

    /// How many messages were acted on since the instance was made.
    #[must_use]
    pub fn accepted_count(&self) -> u64 {
        self.shared.memory().holdings.accepted_count
    }

    /// Clients that went away before they had a whole answer, or that a script waited to go.
    #[must_use]
    pub fn departures(&self) -> Vec<Departure> {
        self.shared.ledger.departures()
    }

    /// Streams of server-sent events and WebSockets that are open now.
    #[must_use]
    pub fn streams(&self) -> usize {
        self.shared.streams.load(Ordering::Relaxed)
    }

    /// Connections accepted since the instance was made.
    #[must_use]
    pub fn accepted_connections(&self) -> usize {
        self.shared.ledger.accepted_connections()
    }

    /// Connections that are open now.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.ledger.connections()
    }

    /// Requests seen on paths that start with `prefix`, answered or not. `""` counts all.
    #[must_use]
    pub fn hits(&self, prefix: &str) -> u64 {
        self.shared.ledger.hits(prefix)
    }

    /// The most requests that were being answered at the same time.
    #[must_use]
    pub fn most_concurrent(&self) -> usize {
        self.shared.ledger.most_in_flight()
    }

    /// The last request for exactly this path, without its query.
    #[must_use]
    pub fn last_request(&self, path: &str) -> Option<SeenRequest> {
        self.shared.ledger.last(path)
    }

    /// Forgets all requests seen so far.
    pub fn clear_hits(&self) {
        self.shared.ledger.clear();
    }
}
