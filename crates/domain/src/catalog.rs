//! One consistent picture of the cluster: members and their verdicts, numbered.
//!
//! Owns what an event does to the picture, and what differs between two pictures. A catalog never changes once it was
//! handed out; the next one shares every entry that did not change. Does not own who may change it (the registry's
//! writer), nor the times of probes, which lie beside it.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::health::{HealthState, Verdict, is_federated, is_routable, state_of};
use crate::instance::{Instance, InstanceId, Revision};

/// The number of a catalog. Grows with every change of a member, a presence or a verdict, and with nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(pub u64);

/// One member with what was observed of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The member.
    pub instance: Arc<Instance>,
    /// What probes observed.
    pub verdict: Verdict,
}

impl Entry {
    /// The id of the member.
    pub fn id(&self) -> &InstanceId {
        self.instance.id()
    }

    /// The state shown to the world.
    pub fn state(&self) -> HealthState {
        state_of(self.instance.presence, self.verdict)
    }

    /// Whether new requests may be sent to it: it is well, and its weight does not say "nothing new".
    pub fn is_routable(&self) -> bool {
        is_routable(self.instance.presence, self.verdict) && !self.instance.registration.weight.is_zero()
    }

    /// Whether it is asked for its part of federated answers.
    pub fn is_federated(&self) -> bool {
        is_federated(self.verdict)
    }
}

/// Every cause of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CatalogEvent {
    /// The registry says: these are all members.
    MembersReplaced(Vec<Arc<Instance>>),
    /// A member came, or changed.
    Registered(Arc<Instance>),
    /// A member left.
    Deregistered(InstanceId),
    /// Probes of this incarnation of a member came to another verdict.
    Judged {
        /// The member.
        id: InstanceId,
        /// The incarnation that was probed.
        incarnation: Revision,
        /// What was found.
        verdict: Verdict,
    },
}

/// What differs between two pictures, for one member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It came.
    Added(Arc<Entry>),
    /// It left.
    Removed(Arc<Entry>),
    /// Its registration, presence or verdict changed.
    Updated {
        /// Before.
        from: Arc<Entry>,
        /// Now.
        to: Arc<Entry>,
    },
}

/// The picture. Cheap to clone: a list of shared entries, sorted by id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    generation: Generation,
    entries: Vec<Arc<Entry>>,
}

impl Catalog {
    /// Its number.
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// A picture of these members, each with what was observed of it: one of another time than now.
    pub fn of(mut entries: Vec<Arc<Entry>>) -> Self {
        entries.sort_by(|a, b| a.id().cmp(b.id()));
        entries.dedup_by(|later, kept| later.id() == kept.id());
        Self { generation: Generation::default(), entries }
    }

    /// All members, sorted by id.
    pub fn entries(&self) -> &[Arc<Entry>] {
        &self.entries
    }

    /// The member of that id.
    pub fn get(&self, id: &str) -> Option<&Arc<Entry>> {
        self.position(id).ok().map(|index| &self.entries[index])
    }

    /// The picture after `events`, and whether it differs. However many events changed it, the number grows by one.
    pub fn after(&self, events: impl IntoIterator<Item = CatalogEvent>) -> (Self, bool) {
        let mut next = self.clone();
        let mut changed = false;
        for event in events {
            changed |= next.apply(event);
        }
        if changed {
            next.generation = Generation(self.generation.0 + 1);
        }
        (next, changed)
    }

    /// What differs from `earlier`, in the order of ids.
    pub fn changes_since(&self, earlier: &Self) -> Vec<Change> {
        let (mut old, mut new) = (earlier.entries.iter().peekable(), self.entries.iter().peekable());
        let mut changes = Vec::new();
        loop {
            let order = match (old.peek(), new.peek()) {
                (None, None) => return changes,
                (Some(_), None) => core::cmp::Ordering::Less,
                (None, Some(_)) => core::cmp::Ordering::Greater,
                (Some(from), Some(to)) => from.id().cmp(to.id()),
            };
            let from = if order.is_le() { old.next() } else { None };
            let to = if order.is_ge() { new.next() } else { None };
            changes.extend(change(from, to));
        }
    }

    fn apply(&mut self, event: CatalogEvent) -> bool {
        match event {
            CatalogEvent::MembersReplaced(members) => self.replace(members),
            CatalogEvent::Registered(instance) => self.put(instance),
            CatalogEvent::Deregistered(id) => self.remove(id.as_str()),
            CatalogEvent::Judged { id, incarnation, verdict } => self.judge(id.as_str(), incarnation, verdict),
        }
    }

    fn replace(&mut self, members: Vec<Arc<Instance>>) -> bool {
        let mut next: Vec<_> = members.into_iter().map(|instance| self.entry_for(instance)).collect();
        next.sort_by(|a, b| a.id().cmp(b.id()));
        next.dedup_by(|later, kept| later.id() == kept.id());
        let changed = next != self.entries;
        self.entries = next;
        changed
    }

    fn put(&mut self, instance: Arc<Instance>) -> bool {
        let position = self.position(instance.id().as_str());
        let entry = self.entry_for(instance);
        match position {
            Ok(index) if self.entries[index] == entry => return false,
            Ok(index) => self.entries[index] = entry,
            Err(index) => self.entries.insert(index, entry),
        }
        true
    }

    fn remove(&mut self, id: &str) -> bool {
        let position = self.position(id);
        if let Ok(index) = position {
            self.entries.remove(index);
        }
        position.is_ok()
    }

    fn judge(&mut self, id: &str, incarnation: Revision, verdict: Verdict) -> bool {
        let Ok(index) = self.position(id) else { return false };
        let entry = &self.entries[index];
        if entry.instance.incarnation != incarnation || entry.verdict == verdict {
            return false;
        }
        self.entries[index] = Arc::new(Entry { instance: entry.instance.clone(), verdict });
        true
    }

    /// An entry for `instance` that keeps the verdict, unless the instance moved: then nothing is known about it yet.
    fn entry_for(&self, instance: Arc<Instance>) -> Arc<Entry> {
        let known = self.get(instance.id().as_str());
        if let Some(same) = known.filter(|entry| entry.instance == instance) {
            return same.clone();
        }
        let kept = known.filter(|entry| entry.instance.incarnation == instance.incarnation);
        let verdict = kept.map(|entry| entry.verdict).unwrap_or_default();
        Arc::new(Entry { instance, verdict })
    }

    fn position(&self, id: &str) -> Result<usize, usize> {
        self.entries.binary_search_by(|entry| entry.id().as_str().cmp(id))
    }
}

fn change(from: Option<&Arc<Entry>>, to: Option<&Arc<Entry>>) -> Option<Change> {
    match (from, to) {
        (None, None) => None,
        (Some(from), None) => Some(Change::Removed(from.clone())),
        (None, Some(to)) => Some(Change::Added(to.clone())),
        (Some(from), Some(to)) if Arc::ptr_eq(from, to) || from == to => None,
        (Some(from), Some(to)) => Some(Change::Updated { from: from.clone(), to: to.clone() }),
    }
}

/// Which members a reader asks for. `None` and empty mean: all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Exactly this environment.
    pub environment: Option<alloc::string::String>,
    /// Exactly this region.
    pub region: Option<alloc::string::String>,
    /// This state; `Some(None)` is a word that names no state and so matches nothing.
    pub state: Option<Option<HealthState>>,
    /// All of these metadata pairs, exactly.
    pub metadata: Vec<(alloc::string::String, alloc::string::String)>,
}

impl Filter {
    /// Whether the filter lets everything through.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a member is asked for.
    pub fn matches(&self, entry: &Entry) -> bool {
        let labels = &entry.instance.registration.labels;
        self.environment.as_deref().is_none_or(|wanted| wanted == &*labels.environment)
            && self.region.as_deref().is_none_or(|wanted| wanted == &*labels.region)
            && self.state.is_none_or(|wanted| wanted == Some(entry.state()))
            && self.metadata.iter().all(|(key, value)| labels.metadata.get(key.as_str()).is_some_and(|found| **found == **value))
    }
}

#[cfg(test)]
#[path = "catalog_tests.rs"]
mod tests;
