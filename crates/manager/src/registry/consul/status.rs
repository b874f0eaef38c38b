//! How Consul is, for everybody who asks.
//!
//! Owns the cell. The watch writes it; health pages read it.

use std::sync::Arc;

use arc_swap::ArcSwap;
use peegeeq_domain::time::Timestamp;

/// How Consul is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsulStatus {
    /// `host:port` of the agent that is asked.
    pub agent: String,
    /// Whether the last question was answered; `None` before the first.
    pub connected: Option<bool>,
    /// Whether Consul's servers have a leader, as far as they say.
    pub leader: Option<bool>,
    /// When the whole catalog was last read.
    pub read_at: Option<Timestamp>,
    /// The index of that.
    pub index: u64,
    /// Since when it does not answer, and why.
    pub failure: Option<(Timestamp, String)>,
    /// Registrations that are known here and that Consul lost.
    pub missing: usize,
    /// Entries of Consul that cannot be used.
    pub set_aside: usize,
}

/// The cell. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(in crate::registry) struct StatusCell(Arc<ArcSwap<ConsulStatus>>);

impl StatusCell {
    pub(in crate::registry) fn get(&self) -> Arc<ConsulStatus> {
        self.0.load_full()
    }

    pub(in crate::registry) fn change(&self, change: impl Fn(&mut ConsulStatus)) {
        self.0.rcu(|before| {
            let mut next = (**before).clone();
            change(&mut next);
            next
        });
    }
}
