//! The revisions at which ids left, so that an id that comes back is not taken for its former self.
//!
//! Owns that memory and its bound. A verdict about the former self names an older incarnation and is dropped.

use std::collections::{HashMap, VecDeque};

use peegeeq_domain::instance::{InstanceId, Revision};

/// The most ids that are remembered. A probe ends within seconds, so the oldest ones matter to nobody.
const REMEMBERED_MAX: usize = 4096;

/// The last revision of ids that left.
#[derive(Debug, Default)]
pub(super) struct Departed {
    last: HashMap<InstanceId, Revision>,
    order: VecDeque<InstanceId>,
}

impl Departed {
    /// The revision at which an id left, if it did.
    pub(super) fn last_revision(&self, id: &InstanceId) -> Option<Revision> {
        self.last.get(id).copied()
    }

    /// Remembers the revision at which an id left.
    pub(super) fn note(&mut self, id: InstanceId, last: Revision) {
        if self.last.insert(id.clone(), last).is_some() {
            return;
        }
        self.order.push_back(id);
        if self.order.len() > REMEMBERED_MAX {
            self.order.pop_front().and_then(|oldest| self.last.remove(&oldest));
        }
    }
}
