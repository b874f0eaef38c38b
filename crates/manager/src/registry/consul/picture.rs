//! What Consul is known to hold, and what one more look at it changes.
//!
//! Owns when knowledge may be given up: an entry is gone when a whole answer that is newer than what is known of it does not have
//! it. Empty answers need a second witness, answers whose index went back remove nothing, and what this manager just wrote or
//! deleted is not undone by an answer that is older. Pure: no clock, no network.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use peegeeq_domain::catalog::Catalog;
use peegeeq_domain::instance::{Instance, InstanceId};
use peegeeq_domain::time::Timestamp;

use super::entry::{Told, check_id};

/// One look at Consul: every entry of the service.
#[derive(Clone, Debug, Default)]
pub(in crate::registry) struct Look {
    /// The index of the answer.
    pub(super) index: u64,
    /// Every entry that could be read.
    pub(super) told: Vec<Told>,
    /// Whether these are all: nothing was unreadable or held back.
    pub(super) whole: bool,
    /// The index went back.
    pub(super) fell: bool,
    /// Consul lost what it held.
    pub(super) lost: bool,
    /// Somebody else vouches for an empty answer.
    pub(super) confirmed: bool,
}

/// Who an entry belongs to, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::registry) struct Held {
    /// The node it is registered on.
    pub(in crate::registry) node: Arc<str>,
    /// Address of that node.
    pub(in crate::registry) address: Arc<str>,
    /// Whether it is on the managers' own node, so that any manager may change it.
    pub(in crate::registry) ours: bool,
    /// Its index: a change must name it.
    pub(in crate::registry) index: u64,
    /// The status of the managers' check.
    pub(in crate::registry) check: Option<Arc<str>>,
}

/// What a look changes for readers.
#[derive(Clone, Debug, Default)]
pub(in crate::registry) struct Difference {
    /// Came or changed.
    pub(in crate::registry) put: Vec<Arc<Instance>>,
    /// Gone.
    pub(in crate::registry) gone: Vec<InstanceId>,
}

/// What Consul is known to hold.
#[derive(Clone, Debug, Default)]
pub(in crate::registry) struct Picture {
    own_node: Arc<str>,
    index: u64,
    held: BTreeMap<InstanceId, Held>,
    /// What this manager deleted, by the index it had: an answer that still has it is older than that.
    deleted: BTreeMap<InstanceId, u64>,
    /// Known members that Consul does not have since its index went back.
    missing: BTreeSet<InstanceId>,
    /// Entries that cannot be used, with the reason, told once.
    set_aside: BTreeMap<String, String>,
}

impl Picture {
    /// Nothing is known yet.
    pub(in crate::registry) fn new(own_node: Arc<str>) -> Self {
        Self { own_node, ..Self::default() }
    }

    /// Who an entry belongs to.
    pub(in crate::registry) fn held(&self, id: &InstanceId) -> Option<&Held> {
        self.held.get(id)
    }

    /// All that is held.
    pub(in crate::registry) fn all(&self) -> &BTreeMap<InstanceId, Held> {
        &self.held
    }

    /// Whether this is a known member that Consul lost.
    pub(in crate::registry) fn is_missing(&self, id: &InstanceId) -> bool {
        self.missing.contains(id)
    }

    /// How many known members Consul lost.
    pub(in crate::registry) fn missing(&self) -> usize {
        self.missing.len()
    }

    /// How many entries cannot be used.
    pub(in crate::registry) fn set_aside(&self) -> usize {
        self.set_aside.len()
    }

    /// This manager wrote an entry, which has this index now.
    pub(in crate::registry) fn wrote(&mut self, id: InstanceId, index: u64) {
        self.deleted.remove(&id);
        self.missing.remove(&id);
        // A new entry comes with a critical check.
        let check = self.held.remove(&id).map_or_else(|| Some("critical".into()), |held| held.check);
        self.held.insert(id, Held { node: self.own_node.clone(), address: "".into(), ours: true, index, check });
    }

    /// This manager deleted an entry.
    pub(in crate::registry) fn removed(&mut self, id: &InstanceId) {
        self.missing.remove(id);
        if let Some(held) = self.held.remove(id) {
            self.deleted.insert(id.clone(), held.index);
        }
    }

    /// Takes a look in, and says what it changes.
    pub(in crate::registry) fn take(&mut self, look: Look, catalog: &Catalog, now: Timestamp) -> Difference {
        let mut difference = Difference::default();
        let look = Look { fell: look.fell && look.index < self.index, ..look };
        if look.fell {
            // The indexes begin anew, so none of the old ones says anything about what comes.
            self.deleted.clear();
            self.held.values_mut().for_each(|held| held.index = 0);
        } else if look.index < self.index {
            return difference;
        }
        self.index = look.index;
        let mut seen = BTreeSet::new();
        for told in one_per_id(look.told.iter(), &self.own_node) {
            match self.take_entry(told, catalog, now) {
                Ok((id, changed)) => {
                    difference.put.extend(changed);
                    seen.insert(id);
                }
                Err(Some(id)) => drop(seen.insert(id)),
                Err(None) => {}
            }
        }
        let empty = look.told.is_empty() && !look.confirmed && !look.lost;
        if look.whole && !empty {
            self.remove_unseen(&look, &seen, catalog, &mut difference);
        }
        difference
    }

    /// `Err` with the id of an entry that counts as seen although nothing is taken from it.
    fn take_entry(
        &mut self,
        told: &Told,
        catalog: &Catalog,
        now: Timestamp,
    ) -> Result<(InstanceId, Option<Arc<Instance>>), Option<InstanceId>> {
        let (service, node) = (&told.service, &told.node);
        let id = InstanceId::parse(&service.id).map_err(|reason| {
            self.put_aside(&service.id, reason);
            None
        })?;
        match self.deleted.get(&id) {
            Some(deleted) if service.modify_index <= *deleted => return Err(Some(id)),
            _ => drop(self.deleted.remove(&id)),
        }
        if self.held.get(&id).is_some_and(|held| service.modify_index < held.index) {
            return Err(Some(id));
        }
        let known = catalog.get(id.as_str()).map(|entry| &entry.instance);
        let instance = told.instance(known.map(|known| &**known), now).map_err(|reason| {
            self.put_aside(&service.id, reason);
            Some(id.clone())
        })?;
        self.set_aside.remove(&service.id);
        self.missing.remove(&id);
        let held = Held {
            node: node.node.as_str().into(),
            address: node.address.as_deref().unwrap_or_default().into(),
            ours: *node.node == *self.own_node,
            index: service.modify_index,
            check: told.status_of(&check_id(id.as_str())).map(Arc::from),
        };
        self.held.insert(id.clone(), held);
        let changed = known.is_none_or(|known| **known != instance).then(|| Arc::new(instance));
        Ok((id, changed))
    }

    fn remove_unseen(&mut self, look: &Look, seen: &BTreeSet<InstanceId>, catalog: &Catalog, difference: &mut Difference) {
        for entry in catalog.entries() {
            let id = entry.id();
            let newer = self.held.get(id).is_some_and(|held| held.index > look.index);
            if seen.contains(id) || newer {
                continue;
            }
            if look.fell || look.lost {
                self.missing.insert(id.clone());
            }
            if !self.missing.contains(id) {
                self.held.remove(id);
                difference.gone.push(id.clone());
            }
        }
        // A whole answer that does not have them: the deletion is known everywhere.
        self.deleted.retain(|id, _| seen.contains(id));
        self.set_aside.retain(|id, _| look.told.iter().any(|told| told.service.id == *id));
    }

    fn put_aside(&mut self, id: &str, reason: String) {
        if self.set_aside.get(id).is_none_or(|known| *known != reason) {
            tracing::warn!(instanceId = id, reason, "entry '{id}' in Consul is left aside: {reason}");
            self.set_aside.insert(id.to_owned(), reason);
        }
    }
}

/// One entry of each id: the managers' own before one of an agent, then by the name of the node.
fn one_per_id<'a>(told: impl Iterator<Item = &'a Told>, own_node: &str) -> Vec<&'a Told> {
    let mut chosen: BTreeMap<&str, &Told> = BTreeMap::new();
    let rank = |told: &'a Told| (*told.node.node != *own_node, &*told.node.node);
    for told in told {
        let kept = chosen.entry(&told.service.id).or_insert(told);
        if rank(told) < rank(kept) {
            *kept = told;
        }
    }
    chosen.into_values().collect()
}

#[cfg(test)]
#[path = "tests/picture.rs"]
mod tests;
