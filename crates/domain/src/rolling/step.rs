//! One instance of a rolling restart: how far it is, and what is seen of it.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use crate::instance::{InstanceId, Presence};
use crate::time::Timestamp;

/// How far an instance is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Its turn has not come.
    Queued,
    /// Its turn has come; it is being ordered to drain.
    Chosen,
    /// It drains.
    Draining,
    /// Nothing is under way to it any more: it may be restarted now.
    Ready,
    /// It was seen to be gone, or somebody said that it was restarted.
    Restarting,
    /// It is well again, and is to list its former setups.
    Setups,
    /// It has them, and is let in again.
    Returning,
    /// It takes part again.
    Done,
    /// It is left out.
    Skipped {
        /// Why.
        why: Arc<str>,
    },
}

impl Stage {
    /// The word on the wire and in the store.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Chosen => "chosen",
            Self::Draining => "draining",
            Self::Ready => "ready-to-restart",
            Self::Restarting => "restarting",
            Self::Setups => "waiting-for-setups",
            Self::Returning => "returning",
            Self::Done => "done",
            Self::Skipped { .. } => "skipped",
        }
    }

    /// The stage of this word; `why` belongs to what is skipped.
    pub fn of(word: &str, why: Option<&str>) -> Option<Self> {
        let plain = [
            Self::Queued,
            Self::Chosen,
            Self::Draining,
            Self::Ready,
            Self::Restarting,
            Self::Setups,
            Self::Returning,
            Self::Done,
            Self::Skipped { why: why.unwrap_or_default().into() },
        ];
        plain.into_iter().find(|stage| stage.as_str() == word)
    }

    /// Whether nothing more happens with it.
    pub const fn is_over(&self) -> bool {
        matches!(self, Self::Done | Self::Skipped { .. })
    }

    /// Whether it is taken out.
    pub const fn is_under_way(&self) -> bool {
        !matches!(self, Self::Queued | Self::Done | Self::Skipped { .. })
    }
}

/// One instance of a rolling restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which.
    pub instance: InstanceId,
    /// How far it is.
    pub stage: Stage,
    /// Since when.
    pub since: Timestamp,
    /// The setups it had before it was drained.
    pub former: Vec<Arc<str>>,
    /// An operator said to go on with this stage whatever is missing.
    pub forced: bool,
}

impl Step {
    /// One whose turn has not come.
    pub const fn queued(instance: InstanceId, now: Timestamp) -> Self {
        Self { instance, stage: Stage::Queued, since: now, former: Vec::new(), forced: false }
    }

    /// It goes on to this stage.
    pub(super) fn enter(&mut self, stage: Stage, now: Timestamp) {
        self.stage = stage;
        self.since = now;
        self.forced = false;
    }

    /// Those of its former setups that it does not list.
    pub fn missing<'a>(&'a self, present: &'a [Arc<str>]) -> impl Iterator<Item = &'a str> {
        self.former.iter().filter(|former| !present.contains(former)).map(|former| &**former)
    }
}

/// What is seen of an instance that is registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    /// What is ordered.
    pub presence: Presence,
    /// It drains by an order of this rolling restart.
    pub ours: bool,
    /// It passes its checks.
    pub healthy: bool,
    /// When it last passed one.
    pub passed_at: Option<Timestamp>,
    /// When it was last found not to be listening, or to be down.
    pub lost_at: Option<Timestamp>,
    /// Requests under way and waiting, streams among them.
    pub under_way: usize,
    /// Streams among them.
    pub streams: usize,
    /// For how long nothing has been under way.
    pub idle_for: Duration,
    /// The setups it lists now; `None`: it was not asked, or did not say.
    pub listed: Option<Vec<Arc<str>>>,
    /// The setups it was last known to have.
    pub known: Vec<Arc<str>>,
    /// Setups that nobody else can serve now.
    pub only_here: Vec<Arc<str>>,
    /// Requests for each of its former setups can go there.
    pub serves: bool,
}

impl Sight {
    /// It was gone after that time.
    pub(super) fn was_lost_since(&self, since: Timestamp) -> bool {
        self.lost_at.is_some_and(|at| at > since)
    }

    /// It is well, and that was found out after that time.
    pub(super) fn is_well_since(&self, since: Timestamp) -> bool {
        self.healthy && self.passed_at.is_some_and(|at| at > since)
    }

    /// It is routed to.
    pub(super) fn takes_part(&self) -> bool {
        self.healthy && self.presence == Presence::Serving
    }
}

/// Names for a sentence, but not all of a great many.
pub(super) fn names<'a>(names: impl Iterator<Item = &'a str>) -> alloc::string::String {
    const NAMED_MAX: usize = 10;
    let all: Vec<&str> = names.collect();
    let more = all.len().saturating_sub(NAMED_MAX);
    let told = all[..all.len() - more].join(", ");
    if more == 0 { told } else { alloc::format!("{told} and {more} more") }
}
