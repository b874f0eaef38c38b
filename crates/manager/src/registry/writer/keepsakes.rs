//! What is to be remembered of setups, while it waits for the disk.
//!
//! Owns that only the latest of each instance waits, and how many go into one commit. The number of instances bounds it.

use std::collections::BTreeMap;
use std::sync::Arc;

use peegeeq_domain::catalog::Catalog;
use peegeeq_domain::instance::InstanceId;

use crate::registry::store::{KnownSetups, Write};

/// The most records in one commit, so that many of them delay no registration.
const COMMIT_MAX: usize = 256;

/// The latest of each instance.
#[derive(Debug, Default)]
pub(super) struct Keepsakes {
    waiting: BTreeMap<InstanceId, Arc<KnownSetups>>,
}

impl Keepsakes {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Adds what is known by now of members of the catalog.
    pub(super) fn add(&mut self, known: Vec<KnownSetups>, catalog: &Catalog) {
        let members = known.into_iter().filter(|known| is_member(known, catalog));
        self.waiting.extend(members.map(|known| (known.instance.clone(), Arc::new(known))));
    }

    /// Takes some, without those whose instance left meanwhile, and says how many these are.
    pub(super) fn take(&mut self, catalog: &Catalog, into: &mut Vec<Write>) -> usize {
        let before = into.len();
        while into.len() - before < COMMIT_MAX {
            let Some((_, known)) = self.waiting.pop_first() else { break };
            into.extend(is_member(&known, catalog).then_some(Write::Setups(known)));
        }
        into.len() - before
    }

    /// Puts back what could not be written, unless something newer waits.
    pub(super) fn put_back(&mut self, writes: impl Iterator<Item = Write>) {
        for write in writes {
            if let Write::Setups(known) = write {
                self.waiting.entry(known.instance.clone()).or_insert(known);
            }
        }
    }
}

fn is_member(known: &KnownSetups, catalog: &Catalog) -> bool {
    catalog.get(known.instance.as_str()).is_some_and(|entry| entry.instance.registered_at == known.registered_at)
}
