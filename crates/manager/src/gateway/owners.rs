//! Who owns what lives in the memory of one instance: REST consumer groups and webhook subscriptions.
//!
//! Owns the bounded memory of it. A wrong memory costs one more question, never a wrong answer.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use peegeeq_domain::instance::InstanceId;
use peegeeq_domain::routing::ask::{Owned, Owner};

/// The most owners that are remembered.
const OWNERS_MAX: usize = 10_000;

/// The longest key that is remembered.
const KEY_MAX: usize = 1024;

/// The owners that were found.
#[derive(Debug, Default)]
pub(super) struct Owners(Mutex<HashMap<(Owned, String), InstanceId>>);

impl Owners {
    fn all(&self) -> MutexGuard<'_, HashMap<(Owned, String), InstanceId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The owner, if it was found before.
    pub(super) fn of(&self, owner: &Owner<'_>) -> Option<InstanceId> {
        self.all().get(&(owner.kind, owner.key.clone().into_owned())).cloned()
    }

    /// Remembers an owner.
    pub(super) fn found(&self, owner: &Owner<'_>, instance: &InstanceId) {
        if owner.key.len() > KEY_MAX {
            return;
        }
        let mut all = self.all();
        if all.len() >= OWNERS_MAX
            && let Some(any) = all.keys().next().cloned()
        {
            all.remove(&any);
        }
        all.insert((owner.kind, owner.key.clone().into_owned()), instance.clone());
    }

    /// Forgets one: it is gone, or was not there.
    pub(super) fn gone(&self, owner: &Owner<'_>) {
        self.all().remove(&(owner.kind, owner.key.clone().into_owned()));
    }
}
