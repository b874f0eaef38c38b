//! How the writer deals with a registry that lies in Consul.
//!
//! Owns the order of things there: Consul has it, then readers see it, then it is acknowledged. What others did is shown at once and
//! written to the store behind it.

use peegeeq_domain::catalog::CatalogEvent;
use peegeeq_domain::instance::Instance;
use peegeeq_domain::journal::JournalEvent;

use super::plan::Planned;
use super::shared::Attempt;
use super::task::Writer;
use crate::clock;
use crate::registry::consul::{Answers, Difference, Heard, Look};
use crate::registry::store::{CommitErrorKind, Write};

/// Who is named in the journal for what came out of Consul.
const BY: &str = "consul";

impl Writer {
    /// Orders that were tried, or that waited for another one.
    pub(super) fn decide_again(&mut self) {
        let attempts = self.shared.as_mut().map(super::shared::Shared::take_later).unwrap_or_default();
        self.decide_shared(attempts.into_iter());
    }

    pub(super) fn decide_shared(&mut self, attempts: impl Iterator<Item = Attempt>) {
        if let Some(error) = self.store_failure() {
            // What cannot be noted here is not done elsewhere.
            return attempts.for_each(|attempt| attempt.command.refusal().send(error.clone()));
        }
        let Some(shared) = &mut self.shared else { return };
        let (commands, wants) = shared.admit(attempts);
        let planned = self.plan(commands.into_iter());
        let Some(shared) = &mut self.shared else { return };
        if let Err(planned) = shared.send(planned, wants) {
            if planned.writes.is_empty() {
                self.answer(planned.outcomes, &Ok(()));
            } else {
                self.begin(planned);
            }
        }
    }

    /// Consul answered a batch.
    pub(super) fn consul_answered(&mut self, answers: Answers) {
        let Answers { results, look } = answers;
        let mut writes = look.map(|look| self.take_in(look)).unwrap_or_default();
        let catalog = self.publisher.current();
        let Some(shared) = &mut self.shared else { return };
        let planned = shared.answered(Answers { results, look: None }, &catalog);
        let planned = planned.behind(&mut writes);
        if planned.writes.is_empty() {
            self.answer(planned.outcomes, &Ok(()));
        } else {
            self.begin(planned);
        }
    }

    /// The watch has something to tell.
    pub(super) fn hear(&mut self, heard: Heard) {
        match heard {
            Heard::Nothing => {
                if let Some(shared) = &mut self.shared {
                    shared.heard_nothing();
                }
            }
            Heard::Look(look, callers) => {
                let mut writes = self.take_in(look);
                if !writes.is_empty() {
                    self.begin(Planned::default().behind(&mut writes));
                }
                drop(callers);
            }
        }
    }

    /// Shows what a look changes, and gives back what is to be written.
    fn take_in(&mut self, look: Look) -> Vec<Write> {
        let (catalog, now) = (self.publisher.current(), clock::wall());
        let Some(shared) = &mut self.shared else { return Vec::new() };
        let Difference { put, gone } = shared.take(look, &catalog, now);
        let (mut writes, mut events) = (Vec::new(), Vec::new());
        for id in gone {
            let Some(entry) = catalog.get(id.as_str()) else { continue };
            self.departed.note(id.clone(), entry.instance.revision);
            self.announcer.deregistered(&entry.instance);
            self.backlog.add(now, JournalEvent::Deregistered { id: id.clone(), by: Some(BY.into()) });
            writes.push(Write::Remove(id.clone()));
            events.push(CatalogEvent::Deregistered(id));
        }
        for instance in put {
            let created = catalog.get(instance.id().as_str()).is_none();
            if created {
                self.announcer.registered(&instance, true);
            } else {
                self.announcer.updated(&instance);
            }
            self.backlog.add(now, note(&instance, created));
            writes.push(Write::Put(instance.clone()));
            events.push(CatalogEvent::Registered(instance));
        }
        self.show(events);
        writes
    }

    fn store_failure(&self) -> Option<super::RegistryError> {
        match &**self.status.load() {
            super::StoreStatus::Ok => None,
            super::StoreStatus::Failing { sentence, .. } => {
                Some(super::RegistryError::Storage { kind: CommitErrorKind::Other, sentence: sentence.clone() })
            }
        }
    }
}

fn note(instance: &std::sync::Arc<Instance>, created: bool) -> JournalEvent {
    let (id, endpoint) = (instance.id().clone(), instance.registration.endpoint.base_url());
    let (by, whole) = (Some(BY.into()), Some(instance.clone()));
    if created {
        return JournalEvent::Registered { id, endpoint, instance: whole, by };
    }
    let (revision, presence) = (instance.revision, instance.presence);
    JournalEvent::Updated { id, revision, endpoint, presence, instance: whole, by }
}
