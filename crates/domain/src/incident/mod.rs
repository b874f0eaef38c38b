//! Incidents: what failed together, what changed before, and how it ended, read off the journal.
//!
//! Owns the one transition, [`Board::apply`]: the same entries always give the same incidents, so that a manager that starts again
//! finds those it had. Time alone changes nothing here; what it makes of what is known is told by [`Board::picture`]. Does not own
//! how entries are found, nor the sentences for people.
//!
//! An incident opens when an instance that should take part is found down, when a setup on one ceases to work, or when the manager
//! cannot trust its checks because most hosts fell silent. What fails on the same instance, host or database, in a region or an
//! environment most of which fails at the same time, or while the manager doubts itself, belongs to the same one. It closes when
//! nothing was bad for a while; what goes bad again before that keeps it open.

mod board;
mod case;
mod changes;
mod grouping;
mod happening;
mod scope;
mod world;

use alloc::sync::Arc;
use core::time::Duration;

use crate::instance::InstanceId;
use crate::journal::JournalEvent;
use crate::time::Timestamp;

pub use board::{Board, Picture};
pub use case::{Affected, Counts, Incident, Now, Step, StepKind, Worst};
pub use changes::{Before, Relation, What};
pub use scope::Scope;

/// The numbers of incidents. Read once at start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// An incident closes when nothing was bad for so long.
    pub stable_after: Duration,
    /// What fails on a host, in a region or an environment within this time fails together.
    pub together: Duration,
    /// What changed so long before an incident is named in it.
    pub before: Duration,
    /// The most closed incidents that are kept.
    pub kept_max: usize,
}

/// The place of an entry in the journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Its number, which only grows.
    pub number: u64,
    /// The opening of the store that wrote it.
    pub epoch: u64,
}

/// A place with its time. Where the clock was set back, the time is that of the entry before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// When.
    pub at: Timestamp,
    /// Where.
    pub place: Place,
}

/// One entry of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    /// Where it stands.
    pub place: Place,
    /// When it was written, as the clock said.
    pub at: Timestamp,
    /// What happened.
    pub event: JournalEvent,
}

/// An instance, or a setup on one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// The instance.
    pub instance: InstanceId,
    /// The setup on it; `None`: the instance itself.
    pub setup: Option<Arc<str>>,
}

/// The time from `earlier` to `later`; zero if that lies the other way.
fn span(earlier: Timestamp, later: Timestamp) -> Duration {
    let millis = later.epoch_millis().saturating_sub(earlier.epoch_millis());
    Duration::from_millis(u64::try_from(millis).unwrap_or_default())
}

/// The time `span` after `at`.
fn after(at: Timestamp, span: Duration) -> Timestamp {
    let millis = i64::try_from(crate::time::millis(span)).unwrap_or(i64::MAX);
    Timestamp::from_epoch_millis(at.epoch_millis().saturating_add(millis))
}

#[cfg(test)]
mod tests;
