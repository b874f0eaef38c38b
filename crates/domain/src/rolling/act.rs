//! What an operator may say to a rolling restart.

use alloc::sync::Arc;

use super::turn::{Note, NoteKind};
use super::{Rolling, Stage, State};
use crate::instance::InstanceId;
use crate::time::Timestamp;

/// What an operator says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Begin no further step, and let nobody in again.
    Pause {
        /// Why, if that was said.
        reason: Option<Arc<str>>,
    },
    /// Go on.
    Continue {
        /// With the instance it was paused for, whatever is missing.
        force: bool,
    },
    /// Call it off.
    Cancel,
    /// This instance was restarted, whether or not that was seen.
    Restarted(InstanceId),
}

/// Why that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is over.
    Over,
    /// It does not stand still.
    NotPaused,
    /// The instance is none of its own.
    Stranger,
    /// Nobody waits for that instance to be restarted.
    NotWaiting,
}

impl Refusal {
    /// The sentence.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Over => "the rolling restart is over",
            Self::NotPaused => "the rolling restart is not paused",
            Self::Stranger => "the instance does not belong to this rolling restart",
            Self::NotWaiting => "the instance is not drained, so that nobody waits for its restart",
        }
    }
}

impl Rolling {
    /// The same after an operator said this, and what is to be noted. `None`: nothing changed.
    pub fn told(&self, verb: Verb, now: Timestamp) -> Result<Option<(Self, Note)>, Refusal> {
        if matches!(self.state, State::Done | State::Cancelled) {
            return if verb == Verb::Cancel && self.state == State::Cancelled { Ok(None) } else { Err(Refusal::Over) };
        }
        let mut next = self.clone();
        let note = match verb {
            Verb::Pause { .. } if matches!(self.state, State::Paused { .. }) => return Ok(None),
            Verb::Pause { reason } => {
                let why = reason.unwrap_or_else(|| "an operator paused it".into());
                next.enter(State::Paused { instance: None, why: why.clone() }, now);
                Note::new(NoteKind::Paused, None, why)
            }
            Verb::Continue { force } => next.go_on(force, now)?,
            Verb::Cancel => {
                next.enter(State::Cancelled, now);
                Note::new(NoteKind::Cancelled, None, "called off: instances that were taken out are let in again".into())
            }
            Verb::Restarted(id) => next.restarted(id, now)?,
        };
        Ok(Some((next, note)))
    }

    pub(super) fn enter(&mut self, state: State, now: Timestamp) {
        self.state = state;
        self.since = now;
    }

    fn go_on(&mut self, force: bool, now: Timestamp) -> Result<Note, Refusal> {
        let State::Paused { instance, .. } = &self.state else { return Err(Refusal::NotPaused) };
        let instance = instance.clone();
        if let Some(step) = self.steps.iter_mut().find(|step| instance.as_ref() == Some(&step.instance)) {
            step.forced = force;
            if !force && matches!(step.stage, Stage::Draining | Stage::Ready) {
                // Whoever let it take part again meanwhile is overruled now; if nobody did, this changes nothing.
                step.enter(Stage::Chosen, now);
            }
        }
        self.enter(State::Running, now);
        let sentence = if force { "goes on, whatever is missing" } else { "goes on" };
        Ok(Note::new(NoteKind::Continued, instance, sentence.into()))
    }

    fn restarted(&mut self, id: InstanceId, now: Timestamp) -> Result<Note, Refusal> {
        let step = self.steps.iter_mut().find(|step| step.instance == id).ok_or(Refusal::Stranger)?;
        if !matches!(step.stage, Stage::Draining | Stage::Ready) {
            return Err(Refusal::NotWaiting);
        }
        step.enter(Stage::Restarting, now);
        Ok(Note::new(NoteKind::Step, Some(id), "it was restarted, somebody says".into()))
    }
}
