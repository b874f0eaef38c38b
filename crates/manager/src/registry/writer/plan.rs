//! From the orders that wait to one batch: what to write, what then to show, and what to answer.
//!
//! Owns the decision about each order, in sequence: each sees what the ones before it in the batch will have done. Does
//! nothing itself: if the batch cannot be made durable, none of it happened.

use std::collections::HashMap;
use std::sync::Arc;

use peegeeq_domain::catalog::{Catalog, CatalogEvent};
use peegeeq_domain::instance::{Instance, InstanceId, Registration, Revision, Said};
use peegeeq_domain::journal::JournalEvent;
use peegeeq_domain::time::Timestamp;

use super::departed::Departed;
use super::handle::{Change, Command, Kept, Registered, RegistryError, Reply, Updated};
use crate::registry::store::{KnownSetups, Write};

/// An answer that waits for the commit.
#[derive(Debug)]
pub(super) enum Outcome {
    Registered { registered: Registered, reply: Reply<Registered> },
    Updated { updated: Updated, reply: Reply<Updated> },
    Deregistered { last: Arc<Instance>, reply: Reply<()> },
    Kept { reply: Reply<()> },
    Refused { error: RegistryError, reply: Refusal },
}

/// The place for a refusal.
#[derive(Debug)]
pub(super) enum Refusal {
    Register(Reply<Registered>),
    Update(Reply<Updated>),
    Deregister(Reply<()>),
    Keep(Reply<()>),
}

impl Refusal {
    pub(super) fn send(self, error: RegistryError) {
        // A caller that went away needs no answer.
        match self {
            Self::Register(reply) => drop(reply.send(Err(error))),
            Self::Update(reply) => drop(reply.send(Err(error))),
            Self::Deregister(reply) | Self::Keep(reply) => drop(reply.send(Err(error))),
        }
    }
}

impl Outcome {
    /// Answers that nothing was done.
    pub(super) fn refuse(self, error: &RegistryError) {
        self.into_refusal().send(error.clone());
    }

    /// Whether it is about what only this manager keeps, wherever the registry lies.
    pub(super) const fn is_kept_here_only(&self) -> bool {
        matches!(self, Self::Kept { .. })
    }

    /// The place where its caller waits.
    pub(super) fn into_refusal(self) -> Refusal {
        match self {
            Self::Registered { reply, .. } => Refusal::Register(reply),
            Self::Updated { reply, .. } => Refusal::Update(reply),
            Self::Deregistered { reply, .. } => Refusal::Deregister(reply),
            Self::Kept { reply } => Refusal::Keep(reply),
            Self::Refused { reply, .. } => reply,
        }
    }
}

/// A batch in the making.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    catalog: &'a Catalog,
    departed: &'a Departed,
    instances_max: usize,
    now: Timestamp,
    /// What this batch does to the ids it touches; `None`: gone.
    ahead: HashMap<InstanceId, Option<Arc<Instance>>>,
    count: usize,
    writes: Vec<Write>,
    events: Vec<CatalogEvent>,
    outcomes: Vec<Outcome>,
    /// For each outcome, where its writes and events end.
    ends: Vec<(usize, usize)>,
}

/// A finished plan.
#[derive(Debug, Default)]
pub(super) struct Planned {
    /// For the store.
    pub(super) writes: Vec<Write>,
    /// For the catalog, once that is durable.
    pub(super) events: Vec<CatalogEvent>,
    /// For the callers, once that is shown.
    pub(super) outcomes: Vec<Outcome>,
    /// For each outcome, where its writes and events end.
    ends: Vec<(usize, usize)>,
}

impl Planned {
    /// The plan with further writes before its own.
    pub(super) fn behind(mut self, first: &mut Vec<Write>) -> Self {
        first.append(&mut self.writes);
        self.writes = std::mem::take(first);
        self
    }

    /// The plan without the outcomes that `keep` does not give back, and without what they would have written and shown.
    pub(super) fn filter(self, mut keep: impl FnMut(Outcome, usize) -> Option<Outcome>) -> Self {
        let Self { writes, events, outcomes, ends } = self;
        let (mut writes, mut events) = (writes.into_iter(), events.into_iter());
        let (mut kept, mut begin) = (Self::default(), (0, 0));
        for (place, (outcome, end)) in outcomes.into_iter().zip(ends).enumerate() {
            let own_writes: Vec<_> = writes.by_ref().take(end.0 - begin.0).collect();
            let own_events: Vec<_> = events.by_ref().take(end.1 - begin.1).collect();
            begin = end;
            if let Some(outcome) = keep(outcome, place) {
                kept.writes.extend(own_writes);
                kept.events.extend(own_events);
                kept.outcomes.push(outcome);
                kept.ends.push((kept.writes.len(), kept.events.len()));
            }
        }
        kept
    }
}

impl<'a> Plan<'a> {
    /// An empty plan upon what is true now.
    pub(super) fn new(catalog: &'a Catalog, departed: &'a Departed, instances_max: usize, now: Timestamp) -> Self {
        let count = catalog.entries().len();
        let (ahead, writes, events, outcomes, ends) = Default::default();
        Self { catalog, departed, instances_max, now, ahead, count, writes, events, outcomes, ends }
    }

    /// Decides one order.
    pub(super) fn add(&mut self, command: Command) {
        let outcome = match command {
            Command::Register { registration, by, reply } => match self.register(*registration, by) {
                Ok(registered) => Outcome::Registered { registered, reply },
                Err(error) => Outcome::Refused { error, reply: Refusal::Register(reply) },
            },
            Command::Update { id, change, reply } => match self.update(&id, *change) {
                Ok(updated) => Outcome::Updated { updated, reply },
                Err(error) => Outcome::Refused { error, reply: Refusal::Update(reply) },
            },
            Command::Deregister { id, by, reply } => match self.deregister(&id, by) {
                Ok(last) => Outcome::Deregistered { last, reply },
                Err(error) => Outcome::Refused { error, reply: Refusal::Deregister(reply) },
            },
            Command::Remember { setups, reply } => {
                setups.into_iter().for_each(|known| self.remember(known));
                Outcome::Kept { reply }
            }
            Command::Keep { kept, reply } => {
                self.keep(kept);
                Outcome::Kept { reply }
            }
        };
        self.outcomes.push(outcome);
        self.ends.push((self.writes.len(), self.events.len()));
    }

    /// The batch.
    pub(super) fn finish(self) -> Planned {
        Planned { writes: self.writes, events: self.events, outcomes: self.outcomes, ends: self.ends }
    }

    fn register(&mut self, registration: Registration, by: Option<Arc<str>>) -> Result<Registered, RegistryError> {
        let Some(known) = self.known(&registration.id) else { return self.create(registration, by) };
        let instance = Arc::new(known.registered_again(registration, self.now));
        self.changed(&instance, by);
        Ok(Registered { instance, created: false })
    }

    fn create(&mut self, registration: Registration, by: Option<Arc<str>>) -> Result<Registered, RegistryError> {
        if self.count >= self.instances_max {
            return Err(RegistryError::InstancesFull { limit: self.instances_max });
        }
        let instance = Arc::new(match self.last_revision(&registration.id) {
            Some(last) => Instance::returned(registration, last, self.now),
            None => Instance::registered(registration, self.now),
        });
        let endpoint = instance.registration.endpoint.base_url();
        self.count += 1;
        let event = JournalEvent::Registered { id: instance.id().clone(), endpoint, instance: Some(instance.clone()), by };
        self.put(&instance, event);
        Ok(Registered { instance, created: true })
    }

    fn update(&mut self, id: &InstanceId, change: Change) -> Result<Updated, RegistryError> {
        let Change { patch, expected, by } = change;
        let known = self.known(id).ok_or(RegistryError::NotFound)?;
        if expected.is_some_and(|expected| expected != known.revision) {
            return Err(RegistryError::RevisionMismatch { current: known.revision });
        }
        let order = patch.order.clone();
        let instance = Arc::new(known.patched(patch, self.now));
        let unchanged = Instance { revision: known.revision, updated_at: known.updated_at, ..(*instance).clone() } == *known;
        if unchanged {
            return Ok(Updated { before: known.clone(), instance: known });
        }
        match order {
            Some(said) => self.ordered(&instance, said),
            None => self.changed(&instance, by),
        }
        Ok(Updated { before: known, instance })
    }

    fn deregister(&mut self, id: &InstanceId, by: Option<Arc<str>>) -> Result<Arc<Instance>, RegistryError> {
        let last = self.known(id).ok_or(RegistryError::NotFound)?;
        self.count -= 1;
        self.ahead.insert(id.clone(), None);
        self.writes.push(Write::Remove(id.clone()));
        self.writes.push(Write::Note { at: self.now, event: JournalEvent::Deregistered { id: id.clone(), by } });
        self.events.push(CatalogEvent::Deregistered(id.clone()));
        Ok(last)
    }

    fn remember(&mut self, known: Arc<KnownSetups>) {
        // Those of an instance that left meanwhile are nobody's.
        let is_member = self.known(&known.instance).is_some_and(|instance| instance.registered_at == known.registered_at);
        self.writes.extend(is_member.then_some(Write::Setups(known)));
    }

    fn keep(&mut self, kept: Kept) {
        let at = self.now;
        self.writes.extend(kept.rolling.map(Write::Rolling));
        self.writes.extend(kept.forgotten.into_iter().map(Write::ForgetRolling));
        self.writes.extend(kept.events.into_iter().map(|event| Write::Note { at, event }));
    }

    fn ordered(&mut self, instance: &Arc<Instance>, said: Said) {
        let event = JournalEvent::Ordered {
            id: instance.id().clone(),
            verb: said.verb,
            by: said.by,
            instance: Some(instance.clone()),
            reason: said.reason.flatten(),
        };
        self.put(instance, event);
    }

    fn changed(&mut self, instance: &Arc<Instance>, by: Option<Arc<str>>) {
        let event = JournalEvent::Updated {
            id: instance.id().clone(),
            revision: instance.revision,
            endpoint: instance.registration.endpoint.base_url(),
            presence: instance.presence,
            instance: Some(instance.clone()),
            by,
        };
        self.put(instance, event);
    }

    fn put(&mut self, instance: &Arc<Instance>, event: JournalEvent) {
        self.ahead.insert(instance.id().clone(), Some(instance.clone()));
        self.writes.push(Write::Put(instance.clone()));
        self.writes.push(Write::Note { at: self.now, event });
        self.events.push(CatalogEvent::Registered(instance.clone()));
    }

    fn known(&self, id: &InstanceId) -> Option<Arc<Instance>> {
        match self.ahead.get(id) {
            Some(ahead) => ahead.clone(),
            None => self.catalog.get(id.as_str()).map(|entry| entry.instance.clone()),
        }
    }

    /// The revision at which an id left, in this batch or before it.
    fn last_revision(&self, id: &InstanceId) -> Option<Revision> {
        if !self.ahead.contains_key(id) {
            return self.departed.last_revision(id);
        }
        self.outcomes.iter().rev().find_map(|outcome| match outcome {
            Outcome::Deregistered { last, .. } if last.id() == id => Some(last.revision),
            _ => None,
        })
    }
}
