//! In which environment an instance was when an entry about it was written.
//!
//! Owns looking that up for the entries of one page: back to the entry that says what was registered, and no entry twice. Where the
//! journal does not reach back so far, it is taken to be as it is now.

use std::collections::HashMap;
use std::sync::Arc;

use peegeeq_domain::catalog::Catalog;
use peegeeq_domain::instance::Instance;
use peegeeq_domain::journal::JournalEvent;

use super::journal_record::JournalEntry;
use super::reader::{Order, Snapshot, about};

/// What was found for the entries of a page.
pub(super) struct Environments<'a> {
    snapshot: &'a Snapshot,
    now: Option<&'a Catalog>,
    /// By instance: between which numbers this environment holds.
    known: HashMap<String, Known>,
    /// How many entries were read for it.
    pub(super) examined: usize,
}

struct Known {
    from: u64,
    to: u64,
    environment: Option<Arc<str>>,
}

impl<'a> Environments<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, now: Option<&'a Catalog>) -> Self {
        Self { snapshot, now, known: HashMap::new(), examined: 0 }
    }

    /// Whether an entry is about an instance that was in an environment.
    pub(super) fn is_in(&mut self, entry: &JournalEntry, environment: &str) -> Result<bool, redb::Error> {
        let Some(id) = entry.event.as_ref().and_then(JournalEvent::instance) else { return Ok(false) };
        let number = entry.seq.number;
        let is_known = self.known.get(id.as_str()).is_some_and(|known| (known.from..=known.to).contains(&number));
        if !is_known {
            let found = self.look(id.as_str(), entry)?;
            self.known.insert(id.to_string(), found);
        }
        let known = self.known.get(id.as_str());
        Ok(known.and_then(|known| known.environment.as_deref()) == Some(environment))
    }

    fn look(&mut self, id: &str, entry: &JournalEntry) -> Result<Known, redb::Error> {
        let to = entry.seq.number;
        let of = |instance: &Instance| Some(instance.registration.labels.environment.clone());
        let before = self.known.get(id);
        let mut from = 0;
        for number in about(&self.snapshot.by_instance, id, 0..to + 1, Order::Descending)? {
            let number = number?;
            if let Some(known) = before.filter(|known| (known.from..=known.to).contains(&number)) {
                return Ok(Known { from: known.from, to, environment: known.environment.clone() });
            }
            self.examined += 1;
            let Some(read) = self.snapshot.entry(number)? else { continue };
            if let Some(instance) = read.event.as_ref().and_then(JournalEvent::registered) {
                return Ok(Known { from: number, to, environment: of(instance) });
            }
            // Whoever left before this was another one of the same name.
            if number < to && matches!(read.event, Some(JournalEvent::Deregistered { .. })) {
                from = number + 1;
                break;
            }
        }
        let now = self.now.and_then(|now| now.get(id)).and_then(|entry| of(&entry.instance));
        Ok(Known { from, to, environment: now })
    }
}
