//! Known setups on their way into the store.
//!
//! Owns that one batch is under way at a time and only the latest of each instance waits. Nobody waits for it.

use std::collections::HashMap;

use peegeeq_domain::instance::InstanceId;
use tokio::task::JoinHandle;

use super::Remember;
use crate::registry::KnownSetups;
use crate::tasks::Tasks;

/// What waits, and the batch under way.
pub(super) struct Remembering {
    remember: Remember,
    tasks: Tasks,
    waiting: HashMap<InstanceId, KnownSetups>,
    under_way: Option<JoinHandle<()>>,
}

impl Remembering {
    pub(super) fn new(remember: Remember, tasks: Tasks) -> Self {
        Self { remember, tasks, waiting: HashMap::new(), under_way: None }
    }

    /// Adds what is known by now of an instance, in place of what waited.
    pub(super) fn push(&mut self, known: KnownSetups) {
        self.waiting.insert(known.instance.clone(), known);
    }

    /// Begins the next batch, unless one is under way.
    pub(super) fn advance(&mut self) {
        if self.waiting.is_empty() || self.under_way.as_ref().is_some_and(|batch| !batch.is_finished()) {
            return;
        }
        let batch = self.waiting.drain().map(|(_, known)| known).collect();
        self.under_way = Some(self.tasks.short((self.remember)(batch)));
    }
}
