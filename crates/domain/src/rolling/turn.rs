//! What follows: one function from the state and what is seen to the next state, the orders to give, and what to note.

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use super::step::names;
use super::{Rolling, Sight, Stage, State, Step, later};
use crate::instance::{InstanceId, Presence};
use crate::time::Timestamp;

/// Nothing must have been under way for so long: a request that was being sent on while the order was given has arrived by then.
const SETTLED: Duration = Duration::from_millis(500);

/// Streams that were told to end have so long for it.
const GOODBYE: Duration = Duration::from_secs(5);

/// An order to give. Each is harmless when given twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Drain it, and end its streams at that time.
    Drain {
        /// Which.
        instance: InstanceId,
        /// When.
        deadline: Timestamp,
    },
    /// Let it take part again.
    Resume(InstanceId),
    /// Look at its setups, so that requests for them find it.
    Look(InstanceId),
}

/// What kind of thing is noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteKind {
    /// It began.
    Began,
    /// An instance went on to another stage.
    Step,
    /// It waits for an operator.
    Paused,
    /// It goes on.
    Continued,
    /// It was called off.
    Cancelled,
    /// It is over.
    Done,
}

impl NoteKind {
    /// All kinds, with the words under which the journal files them.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::Began, "restart.began"),
        (Self::Cancelled, "restart.cancelled"),
        (Self::Continued, "restart.continued"),
        (Self::Done, "restart.done"),
        (Self::Paused, "restart.paused"),
        (Self::Step, "restart.step"),
    ];

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Began => "restart.began",
            Self::Step => "restart.step",
            Self::Paused => "restart.paused",
            Self::Continued => "restart.continued",
            Self::Cancelled => "restart.cancelled",
            Self::Done => "restart.done",
        }
    }
}

/// Something for the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What kind.
    pub kind: NoteKind,
    /// About which instance.
    pub instance: Option<InstanceId>,
    /// The sentence.
    pub sentence: Arc<str>,
}

impl Note {
    /// A note.
    pub const fn new(kind: NoteKind, instance: Option<InstanceId>, sentence: Arc<str>) -> Self {
        Self { kind, instance, sentence }
    }
}

/// What follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The next state; to be made durable, with the notes, before anything is ordered because of it.
    pub next: Rolling,
    /// What happened. Empty if the state is the same.
    pub notes: Vec<Note>,
    /// What to order for the state as it was. Not to be carried out if there are notes: then it is asked again.
    pub acts: Vec<Act>,
}

/// Where a step goes.
enum Way {
    Stay,
    On(Stage, Arc<str>),
    /// Its turn has come; it has these setups.
    Choose(Vec<Arc<str>>),
    Pause(Arc<str>),
    Order(Act),
}

impl Rolling {
    /// What follows from what is seen: `sights` are in the order of the steps, `None` for who is not registered.
    pub fn turn(&self, sights: &[Option<Sight>], now: Timestamp) -> Turn {
        let mut turn = Turn { next: self.clone(), notes: Vec::new(), acts: Vec::new() };
        for index in 0..self.steps.len() {
            let way = turn.next.way(index, sights, now);
            turn.follow(index, way, now);
        }
        if self.state == State::Running && turn.next.steps.iter().all(|step| step.stage.is_over()) {
            turn.next.enter(State::Done, now);
            let done = turn.next.steps.iter().filter(|step| step.stage == Stage::Done).count();
            let sentence = format!("over: {done} of {} instances were restarted", turn.next.steps.len());
            turn.notes.push(Note::new(NoteKind::Done, None, sentence.into()));
        }
        turn
    }

    fn way(&self, index: usize, sights: &[Option<Sight>], now: Timestamp) -> Way {
        let Some(step) = self.steps.get(index) else { return Way::Stay };
        let sight = sights.get(index).and_then(Option::as_ref);
        match &self.state {
            State::Done => Way::Stay,
            State::Cancelled => called_off(step, sight),
            State::Paused { .. } => lost(step, sight).unwrap_or(Way::Stay),
            State::Running => match step.stage {
                Stage::Queued => self.begin(index, sights, now),
                Stage::Done | Stage::Skipped { .. } => Way::Stay,
                _ => lost(step, sight).unwrap_or_else(|| self.step_on(step, sight, now)),
            },
        }
    }

    /// Whether the turn of a queued one has come.
    fn begin(&self, index: usize, sights: &[Option<Sight>], now: Timestamp) -> Way {
        let step = &self.steps[index];
        let Some(sight) = sights.get(index).and_then(Option::as_ref) else { return Way::skip("it is not registered any more") };
        if matches!(sight.presence, Presence::Maintenance | Presence::Stopping) {
            return Way::skip("it was taken out by somebody else");
        }
        if self.next_queued() != Some(index) || self.unavailable() >= self.limits.max_unavailable {
            return Way::Stay;
        }
        if let Some(unwell) = self.unwell(index, sights).filter(|_| !step.forced) {
            let waited = later(self.last_progress(), self.limits.setups_within) < now;
            let why = format!("{} does not take part, so that {} is not taken out too", unwell.as_str(), step.instance.as_str());
            return if waited { Way::Pause(why.into()) } else { Way::Stay };
        }
        if !sight.only_here.is_empty() && sight.healthy && !step.forced {
            let setups = names(sight.only_here.iter().map(|setup| &**setup));
            return Way::Pause(format!("nobody else serves {setups}: while it restarts, requests for that would fail").into());
        }
        if sight.listed.is_none() && sight.healthy {
            return Way::Stay;
        }
        Way::Choose(sight.listed.as_ref().unwrap_or(&sight.known).clone())
    }

    /// How many are taken out.
    fn unavailable(&self) -> usize {
        self.steps.iter().filter(|step| step.stage.is_under_way()).count()
    }

    /// One of the others that should take part and does not, if with it too many would be out.
    fn unwell<'s>(&'s self, index: usize, sights: &[Option<Sight>]) -> Option<&'s InstanceId> {
        let others = self.steps.iter().zip(sights).enumerate().filter(|(other, _)| *other != index);
        let idle = others.filter(|(_, (step, _))| !step.stage.is_under_way());
        let mut unwell = idle.filter(|(_, (_, sight))| sight.as_ref().is_some_and(|sight| !sight.takes_part() && !sight.is_set_aside()));
        let first = unwell.next().map(|(_, (step, _))| &step.instance);
        first.filter(|_| 1 + unwell.count() + self.unavailable() >= self.limits.max_unavailable)
    }

    fn last_progress(&self) -> Timestamp {
        self.steps.iter().map(|step| step.since).chain([self.since]).max().unwrap_or(self.since)
    }

    /// How one goes on that is taken out.
    fn step_on(&self, step: &Step, sight: Option<&Sight>, now: Timestamp) -> Way {
        let late = |span: Duration| later(step.since.max(self.since), span) < now;
        let limits = &self.limits;
        let Some(sight) = sight else {
            return match step.stage {
                Stage::Chosen | Stage::Returning => Way::skip("it is not registered any more"),
                // It left, as some do when they stop: it is expected back under its id.
                Stage::Restarting if late(limits.restart_within) => Way::Pause("it has not registered again".into()),
                _ => Way::Stay,
            };
        };
        let taken_back = sight.presence == Presence::Serving;
        match step.stage {
            Stage::Chosen if sight.ours => Way::On(Stage::Draining, "it gets nothing new".into()),
            Stage::Chosen if matches!(sight.presence, Presence::Maintenance | Presence::Stopping) => {
                Way::skip("it was taken out by somebody else")
            }
            Stage::Chosen if late(limits.restart_within) => {
                Way::Pause("it could not be ordered to drain: the manager's log says why".into())
            }
            Stage::Chosen => Way::Order(Act::Drain { instance: step.instance.clone(), deadline: later(now, limits.deadline) }),
            Stage::Draining | Stage::Ready if taken_back && !step.forced => {
                Way::Pause("somebody let it take part again: continue to drain it anew, or cancel".into())
            }
            Stage::Draining if step.forced || sight.idle_for >= SETTLED => {
                Way::On(Stage::Ready, "nothing is under way to it any more: restart it now".into())
            }
            Stage::Draining if late(limits.deadline + GOODBYE) => Way::Pause(
                format!("{} requests are still under way after the deadline, {} of them streams", sight.under_way, sight.streams).into(),
            ),
            Stage::Ready if step.forced => Way::On(Stage::Returning, "it is let in again without having been restarted".into()),
            Stage::Ready if late(limits.restart_within) => Way::Pause("it was not restarted in time".into()),
            Stage::Restarting if step.forced || sight.is_well_since(step.since) => {
                Way::On(Stage::Setups, "it is well again, and is to list its former setups".into())
            }
            Stage::Restarting if late(limits.restart_within) => Way::Pause("it has not become well in time".into()),
            Stage::Setups => setups(step, sight, late(limits.setups_within)),
            Stage::Returning if sight.ours && late(limits.setups_within) => {
                Way::Pause("it could not be let in again: the manager's log says why".into())
            }
            Stage::Returning if sight.ours => Way::Order(Act::Resume(step.instance.clone())),
            Stage::Returning if !taken_back => Way::Pause("somebody else took it out meanwhile".into()),
            Stage::Returning if step.forced || (sight.takes_part() && sight.serves) => Way::On(Stage::Done, "it takes part again".into()),
            Stage::Returning if late(limits.setups_within) => {
                Way::Pause("it takes part again, but requests for its setups do not reach it".into())
            }
            Stage::Returning => Way::Order(Act::Look(step.instance.clone())),
            _ => Way::Stay,
        }
    }
}

/// Whether it has its setups again.
fn setups(step: &Step, sight: &Sight, is_late: bool) -> Way {
    let listed = sight.listed.as_deref();
    if step.forced || listed.is_some_and(|listed| step.missing(listed).next().is_none()) {
        return Way::On(Stage::Returning, "it lists its former setups: it is let in again".into());
    }
    if is_late {
        let missing = names(step.missing(listed.unwrap_or_default()));
        return Way::Pause(format!("it does not list {missing} again: connect them, and continue").into());
    }
    Way::Stay
}

/// It was seen to be gone while it was to be restarted.
fn lost(step: &Step, sight: Option<&Sight>) -> Option<Way> {
    let waits = matches!(step.stage, Stage::Draining | Stage::Ready | Stage::Setups);
    let gone = match sight {
        None => true,
        Some(sight) if step.stage == Stage::Setups => !sight.healthy,
        Some(sight) => sight.was_lost_since(step.since),
    };
    (waits && gone).then(|| Way::On(Stage::Restarting, "it does not answer: it restarts".into()))
}

/// What is left to do with one after all was called off.
fn called_off(step: &Step, sight: Option<&Sight>) -> Way {
    match (&step.stage, sight) {
        (Stage::Done | Stage::Skipped { .. }, _) => Way::Stay,
        (_, Some(sight)) if sight.ours => Way::Order(Act::Resume(step.instance.clone())),
        _ => Way::skip("called off"),
    }
}

impl Sight {
    /// Somebody took it out on purpose.
    const fn is_set_aside(&self) -> bool {
        matches!(self.presence, Presence::Maintenance | Presence::Stopping)
    }
}

impl Way {
    fn skip(why: &'static str) -> Self {
        Self::On(Stage::Skipped { why: why.into() }, why.into())
    }
}

impl Turn {
    fn follow(&mut self, index: usize, way: Way, now: Timestamp) {
        let Some(step) = self.next.steps.get_mut(index) else { return };
        let instance = step.instance.clone();
        match way {
            Way::Stay => {}
            Way::Order(act) => self.acts.push(act),
            Way::On(stage, sentence) => {
                step.enter(stage, now);
                self.notes.push(Note::new(NoteKind::Step, Some(instance), sentence));
            }
            Way::Choose(former) => {
                step.enter(Stage::Chosen, now);
                step.former = former;
                self.notes.push(Note::new(NoteKind::Step, Some(instance), "its turn has come: it is drained".into()));
            }
            Way::Pause(why) => {
                self.notes.push(Note::new(NoteKind::Paused, Some(instance.clone()), why.clone()));
                self.next.enter(State::Paused { instance: Some(instance), why }, now);
            }
        }
    }
}
