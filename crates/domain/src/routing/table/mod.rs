//! Who can serve what: an immutable picture, built whenever members, setups or ejections change, and never per request.
//!
//! Owns the groups of candidates and why others are excluded. Does not own how one of a group is picked (`pick`), nor where
//! setups are learned: bindings are handed in, and what a routed answer just taught is added to them before building.
//!
//! Numbers of candidates are stable within one table and mean nothing in the next.

mod build;
mod exclusion;
mod group;
mod index;
mod member;
mod prepare;
mod store;

use alloc::boxed::Box;
use alloc::vec::Vec;

pub use exclusion::Exclusion;
pub use group::{Excluded, Group, Level, Probation, Seat};
use index::{Index, Key, Range};
pub use member::{Candidate, Home, Member, Policy, Standing};
pub use store::StoreFault;

use super::ask::{FanIn, Need};
use crate::instance::InstanceId;

/// What to look for in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted<'a> {
    /// Those who have this setup.
    Setup {
        /// Its id, decoded.
        id: &'a str,
        /// The queue, if it is known which.
        queue: Option<&'a str>,
    },
    /// Anybody.
    Any,
}

impl Need<'_> {
    /// What to look for in a table; `None` where the setup must be found first, in the body or in the id of a store.
    pub fn wanted(&self) -> Option<Wanted<'_>> {
        match self {
            Self::Setup { id, queue } => Some(Wanted::Setup { id, queue: queue.as_deref() }),
            Self::Owner(owner) => Some(owner.setup.as_deref().map_or(Wanted::Any, |id| Wanted::Setup { id, queue: None })),
            Self::FanIn(FanIn::QueueChanges { setup }) => Some(Wanted::Setup { id: setup, queue: None }),
            Self::NewSetup | Self::AnyInstance | Self::Cluster(_) | Self::FanIn(_) => Some(Wanted::Any),
            Self::SetupInBody | Self::StoreInId(_) => None,
        }
    }
}

/// What the caller chose explicitly, by header or path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Choice<'a> {
    /// This instance and no other.
    pub instance: Option<&'a str>,
    /// Only this environment.
    pub environment: Option<&'a str>,
    /// Only this region.
    pub region: Option<&'a str>,
}

/// What a table has for a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Found<'t> {
    /// One group. It may have nobody to pick: then its exclusions say why (503).
    Group(&'t Group),
    /// Several databases under one setup id, or several environments: one must be chosen (409). At least two groups.
    Conflict(&'t [Group]),
    /// Nobody in the choice has the setup (404), unless one of those that were not asked yet has (503).
    Unknown(Unknown),
    /// No member has the chosen id within the chosen environment and region (404).
    NoSuchInstance,
}

/// Who was asked for a setup that nobody has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unknown {
    /// Those whose setups are known.
    pub asked: Vec<InstanceId>,
    /// Those whose setups are not known yet.
    pub not_asked_yet: Vec<InstanceId>,
}

/// The picture.
#[derive(Clone, Debug, Default)]
pub struct Table {
    candidates: Box<[Candidate]>,
    groups: Box<[Group]>,
    /// By candidate: the group of it alone.
    alone: Box<[Group]>,
    index: Index,
    changes_at: Option<crate::time::Moment>,
}

impl Table {
    /// The groups for what is wanted, within the choice. Allocates only if there are none.
    ///
    /// An explicitly chosen instance is asked whatever its setups are said to be, and also while ejected: it answers for itself.
    pub fn find<'t>(&'t self, wanted: &Wanted<'_>, choice: &Choice<'_>) -> Found<'t> {
        if let Some(instance) = choice.instance {
            let fits = |index: &usize| self.candidates[*index].is_in(choice);
            return self.position(instance).filter(fits).map_or(Found::NoSuchInstance, |index| Found::Group(&self.alone[index]));
        }
        match self.range(wanted, choice) {
            None => Found::Unknown(self.unknown(choice)),
            Some(Range { first, count: 1, .. }) => Found::Group(&self.groups[first]),
            Some(Range { first, count, .. }) => Found::Conflict(&self.groups[first..first + count]),
        }
    }

    fn range(&self, wanted: &Wanted<'_>, choice: &Choice<'_>) -> Option<Range> {
        let (setup, queue) = match *wanted {
            Wanted::Setup { id, queue } => (Some(id), queue),
            Wanted::Any => (None, None),
        };
        let key = Key { setup, queue: None, environment: choice.environment, region: choice.region };
        let range = self.index.get(key)?;
        match queue {
            Some(_) if range.uneven => Some(self.index.get(Key { queue, ..key }).unwrap_or(range)),
            _ => Some(range),
        }
    }

    fn unknown(&self, choice: &Choice<'_>) -> Unknown {
        let mut unknown = Unknown::default();
        for candidate in self.candidates.iter().filter(|candidate| candidate.is_in(choice)) {
            let list = if candidate.asked { &mut unknown.asked } else { &mut unknown.not_asked_yet };
            list.push(candidate.id.clone());
        }
        unknown
    }

    /// All members, in the order of ids.
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// The member with this number.
    pub fn candidate(&self, index: usize) -> Option<&Candidate> {
        self.candidates.get(index)
    }

    /// The number of a member.
    pub fn position(&self, instance: &str) -> Option<usize> {
        self.candidates.binary_search_by(|candidate| candidate.id.as_str().cmp(instance)).ok()
    }

    /// The setups that anybody has or had, in the order in which the table was built: by id.
    pub fn setups(&self) -> impl Iterator<Item = &str> {
        self.index.setups()
    }

    /// When a table from the same inputs would differ because time went on: build again then.
    pub fn changes_at(&self) -> Option<crate::time::Moment> {
        self.changes_at
    }
}

#[cfg(test)]
mod ladder_tests;
#[cfg(test)]
mod tests;
