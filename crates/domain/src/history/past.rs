//! The state of one instance, moved on by one event at a time.

use alloc::sync::Arc;

use crate::health::{HealthState, Verdict, state_of};
use crate::instance::{Instance, Presence};
use crate::journal::JournalEvent;
use crate::time::Timestamp;

/// An event that is about an instance, or about all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happened {
    /// When.
    pub at: Timestamp,
    /// What.
    pub event: JournalEvent,
}

/// Whether the instance was registered, and as what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// The journal does not tell.
    #[default]
    Unknown,
    /// It was not registered.
    Absent,
    /// It was registered; as what, if the journal tells that.
    Present(Option<Arc<Instance>>),
}

/// What is known of an instance at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// Whether it was registered.
    pub standing: Standing,
    /// What probes had found. `None`: nobody knows, because no manager ran or entries were lost.
    pub verdict: Option<Verdict>,
}

/// The word for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nobody knows.
    Unknown,
    /// It was not registered.
    Absent,
    /// It was taken out by order.
    Maintenance,
    /// One of the guide's words.
    Is(HealthState),
}

impl State {
    /// The word used on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Absent => "absent",
            Self::Maintenance => "maintenance",
            Self::Is(state) => state.as_str(),
        }
    }
}

impl Past {
    /// What is known after an event about this instance, or about all.
    pub fn apply(&mut self, event: &JournalEvent) {
        match event {
            JournalEvent::ManagerStarted { .. } => self.verdict = Some(Verdict::Unprobed),
            JournalEvent::ManagerStopped | JournalEvent::Gap { .. } => self.verdict = None,
            JournalEvent::Registered { instance, .. } => {
                *self = Self { standing: Standing::Present(instance.clone()), verdict: Some(Verdict::Unprobed) };
            }
            JournalEvent::Updated { instance, .. } | JournalEvent::Ordered { instance, .. } => {
                self.verdict = self.verdict_after(instance.as_deref());
                self.standing = Standing::Present(instance.clone());
            }
            JournalEvent::Deregistered { .. } => *self = Self { standing: Standing::Absent, verdict: None },
            JournalEvent::VerdictChanged { to, .. } => {
                self.verdict = Some(*to);
                // A verdict that was journalled late, behind the news that its instance left, does not bring it back.
                if self.standing == Standing::Unknown {
                    self.standing = Standing::Present(None);
                }
            }
            JournalEvent::SetupsChanged { .. } | JournalEvent::Doubted { .. } | JournalEvent::Trusted => {}
        }
    }

    /// The word for it.
    pub fn state(&self) -> State {
        let Standing::Present(instance) = &self.standing else {
            return if self.standing == Standing::Absent { State::Absent } else { State::Unknown };
        };
        match (instance.as_deref().map(|instance| instance.presence), self.verdict) {
            (Some(Presence::Maintenance), _) => State::Maintenance,
            (Some(presence @ (Presence::Draining | Presence::Stopping)), _) => State::Is(state_of(presence, Verdict::Unprobed)),
            (Some(presence), Some(verdict)) => match state_of(presence, verdict) {
                HealthState::Unknown => State::Unknown,
                known => State::Is(known),
            },
            (None, _) | (Some(_), None) => State::Unknown,
        }
    }

    /// The verdict when the registration changes: an instance that moved has none yet.
    fn verdict_after(&self, next: Option<&Instance>) -> Option<Verdict> {
        let next = next?;
        if next.incarnation == next.revision {
            return Some(Verdict::Unprobed);
        }
        match &self.standing {
            Standing::Present(Some(known)) if known.incarnation != next.incarnation => Some(Verdict::Unprobed),
            _ => self.verdict,
        }
    }
}

/// What was known just before `events`, which are all that happened to an instance from some time on; `now` is what is true after
/// them. It is read off what they changed: a verdict that went from one word to another stood at the first one.
pub fn before(events: &[Happened], now: &Past) -> Past {
    let standing = events.iter().find_map(|happened| match happened.event {
        JournalEvent::Registered { .. } => Some(Standing::Absent),
        JournalEvent::Updated { .. } | JournalEvent::Ordered { .. } | JournalEvent::Deregistered { .. } => Some(Standing::Present(None)),
        _ => None,
    });
    let verdict = events.iter().find_map(|happened| verdict_before(&happened.event));
    Past { standing: standing.unwrap_or_else(|| now.standing.clone()), verdict: verdict.unwrap_or(now.verdict) }
}

/// What stood before an event; the outer `None`: it leaves verdicts alone.
fn verdict_before(event: &JournalEvent) -> Option<Option<Verdict>> {
    match event {
        JournalEvent::VerdictChanged { from, .. } => Some(Some(*from)),
        JournalEvent::Updated { instance, .. } | JournalEvent::Ordered { instance, .. } => {
            let stays = instance.as_ref().is_some_and(|instance| instance.incarnation != instance.revision);
            if stays { None } else { Some(None) }
        }
        JournalEvent::SetupsChanged { .. } | JournalEvent::Doubted { .. } | JournalEvent::Trusted => None,
        _ => Some(None),
    }
}
