//! A rolling restart: instances one after the other are drained, restarted by somebody, and let in again.
//!
//! Owns which step follows which, from what was ordered and what is seen, in one function ([`Rolling::turn`]). Every order it
//! gives follows from the state and what is seen, so that a manager that died in between goes on where it was. Does not own
//! the clock, the orders' execution or the record on disk. Nobody here restarts a process: an operator does, when told.

mod act;
mod step;
mod turn;

pub use act::{Refusal, Verb};
pub use step::{Sight, Stage, Step};
pub use turn::{Act, Note, NoteKind, Turn};

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use crate::instance::InstanceId;
use crate::time::{Timestamp, millis};

/// The most instances of one rolling restart.
pub const INSTANCES_MAX: usize = 500;

/// How long each part of a step may take, and how many steps may be under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Until streams of a draining instance are ended from this side.
    pub deadline: Duration,
    /// Until a drained instance must have been restarted, and until a restarted one must be well again.
    pub restart_within: Duration,
    /// Until it must list its former setups again.
    pub setups_within: Duration,
    /// The most instances that are taken out at the same time, at least 1.
    pub max_unavailable: usize,
}

/// Whether it goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It does.
    Running,
    /// It waits for an operator.
    Paused {
        /// Because of which instance; `None`: somebody ordered it.
        instance: Option<InstanceId>,
        /// The sentence.
        why: Arc<str>,
    },
    /// It was called off; instances that were taken out are let in again.
    Cancelled,
    /// All steps are over.
    Done,
}

impl State {
    /// The word on the wire and in the store.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused { .. } => "paused",
            Self::Cancelled => "cancelled",
            Self::Done => "done",
        }
    }
}

/// One rolling restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rolling {
    /// Its id.
    pub id: Arc<str>,
    /// Who ordered it.
    pub by: Arc<str>,
    /// Why, if that was said.
    pub reason: Option<Arc<str>>,
    /// When it began.
    pub began_at: Timestamp,
    /// How long what may take.
    pub limits: Limits,
    /// Whether it goes on.
    pub state: State,
    /// Since when that is so.
    pub since: Timestamp,
    /// In their order.
    pub steps: Vec<Step>,
}

impl Rolling {
    /// A rolling restart of these instances, in this order.
    pub fn new(id: Arc<str>, by: Arc<str>, reason: Option<Arc<str>>, limits: Limits, ids: Vec<InstanceId>, now: Timestamp) -> Self {
        let steps = ids.into_iter().map(|id| Step::queued(id, now)).collect();
        Self { id, by, reason, began_at: now, limits, state: State::Running, since: now, steps }
    }

    /// Whether there is nothing left to do.
    pub fn is_over(&self) -> bool {
        match self.state {
            State::Done => true,
            State::Cancelled => self.steps.iter().all(|step| step.stage.is_over()),
            State::Running | State::Paused { .. } => false,
        }
    }

    /// The reason that its orders carry, by which they are known again.
    pub fn reason_of_orders(&self) -> Arc<str> {
        let reason = self.reason.as_deref().map(|reason| alloc::format!(": {reason}")).unwrap_or_default();
        alloc::format!("rolling restart {}{reason}", self.id).into()
    }

    /// The step that comes next, if one is free to begin when the places allow.
    pub fn next_queued(&self) -> Option<usize> {
        self.steps.iter().position(|step| step.stage == Stage::Queued)
    }
}

/// A moment of the calendar, so much later.
pub(crate) fn later(at: Timestamp, span: Duration) -> Timestamp {
    Timestamp::from_epoch_millis(at.epoch_millis().saturating_add(i64::try_from(millis(span)).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests;
