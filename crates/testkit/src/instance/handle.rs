//! Owns the handle through which tests and the demo change and read a running instance.
//! Does not own its listener.

use std::net::SocketAddr;
use std::sync::Arc;

use super::ledger::SeenRequest;
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
        self.shared.memory().set_path_mode(prefix, Some(mode.into()));
        self.shared.mode_changes.send_modify(|count| *count += 1);
    }

    /// Takes the mode of a prefix away.
    pub fn clear_path_mode(&self, prefix: &str) {
        self.shared.memory().set_path_mode(prefix, None);
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
