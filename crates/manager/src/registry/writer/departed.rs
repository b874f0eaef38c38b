//! The revisions at which ids left, so that an id that comes back is not taken for its former self.
//!
//! Owns that memory and its bound. A verdict about the former self names an older incarnation and is dropped.

use std::collections::{BTreeMap, HashMap};

use peegeeq_domain::instance::{InstanceId, Revision};

/// The most ids that are remembered. A probe ends within seconds, so the oldest ones matter to nobody.
const REMEMBERED_MAX: usize = 4096;

/// The last revision of ids that left.
#[derive(Debug, Default)]
pub(super) struct Departed {
    last: HashMap<InstanceId, (Revision, u64)>,
    /// In the order in which they left for the last time.
    order: BTreeMap<u64, InstanceId>,
    departures: u64,
}

impl Departed {
    /// The revision at which an id left, if it did.
    pub(super) fn last_revision(&self, id: &InstanceId) -> Option<Revision> {
        self.last.get(id).map(|(revision, _)| *revision)
    }

    /// Remembers the revision at which an id left.
    pub(super) fn note(&mut self, id: InstanceId, last: Revision) {
        self.departures += 1;
        if let Some((_, before)) = self.last.insert(id.clone(), (last, self.departures)) {
            self.order.remove(&before);
        }
        self.order.insert(self.departures, id);
        if self.order.len() > REMEMBERED_MAX {
            self.order.pop_first().and_then(|(_, oldest)| self.last.remove(&oldest));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_leaves_again_is_the_newest_to_be_remembered() {
        let id = |n: usize| InstanceId::parse(&format!("i{n}")).unwrap();
        let mut departed = Departed::default();
        (0..REMEMBERED_MAX).for_each(|n| departed.note(id(n), Revision(1)));
        departed.note(id(0), Revision(9));
        departed.note(id(REMEMBERED_MAX), Revision(1));
        assert_eq!(departed.last_revision(&id(0)), Some(Revision(9)), "it left a moment ago");
        assert_eq!(departed.last_revision(&id(1)), None, "it left first");
        assert_eq!((departed.last.len(), departed.order.len()), (REMEMBERED_MAX, REMEMBERED_MAX));
    }
}
