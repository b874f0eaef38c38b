//! What changed lately, so that an incident can name what may have caused it.
//!
//! Owns the bound on what is remembered, and how a change is related to what failed.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use super::scope::Domain;
use super::{Mark, span};
use crate::instance::{InstanceId, Verb};
use crate::time::Timestamp;

/// The most changes that are remembered.
const CHANGES_MAX: usize = 1_000;
/// The most changes that an incident names.
const BEFORE_MAX: usize = 50;

/// What kind of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A manager started.
    ManagerStarted,
    /// An instance was registered.
    Registered,
    /// An instance moved to another address.
    Moved,
    /// Its weight changed.
    Reweighted {
        /// Before.
        from: u16,
        /// Since then.
        to: u16,
    },
    /// Something else of its registration changed.
    Changed,
    /// An operator ordered something.
    Ordered(Verb),
    /// It was deregistered.
    Deregistered,
}

/// How a change is related to what failed, the nearest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    /// The same instance.
    SameInstance,
    /// Another instance on the same host.
    SameHost,
    /// The manager itself.
    Manager,
    /// Another instance of the same region and environment.
    SameRegion,
    /// Another instance of the same environment.
    SameEnvironment,
}

/// A change that came before an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Before {
    /// The entry that tells it.
    pub mark: Mark,
    /// What kind.
    pub what: What,
    /// To which instance.
    pub instance: Option<InstanceId>,
    /// How it is related to what failed.
    pub relation: Relation,
}

#[derive(Clone, Debug)]
struct Change {
    mark: Mark,
    what: What,
    instance: Option<(InstanceId, Domain)>,
}

/// What changed lately.
#[derive(Clone, Debug, Default)]
pub(super) struct Changes(VecDeque<Change>);

impl Changes {
    /// Notes a change, and forgets those longer ago than `memory`.
    pub(super) fn note(&mut self, mark: Mark, what: What, instance: Option<(InstanceId, Domain)>, memory: Duration) {
        self.0.push_back(Change { mark, what, instance });
        while self.0.len() > CHANGES_MAX || self.0.front().is_some_and(|oldest| span(oldest.mark.at, mark.at) > memory) {
            self.0.pop_front();
        }
    }

    /// Adds to `before` what changed at most `memory` before `first` and is related to an instance.
    pub(super) fn gather(&self, before: &mut Vec<Before>, instance: Option<(&InstanceId, &Domain)>, first: Mark, memory: Duration) {
        for change in &self.0 {
            if change.mark > first || span(change.mark.at, first.at) > memory {
                continue;
            }
            let Some(relation) = relation(change, instance) else { continue };
            match before.iter_mut().find(|known| known.mark.place == change.mark.place) {
                Some(known) => known.relation = known.relation.min(relation),
                None => {
                    let instance = change.instance.as_ref().map(|(id, _)| id.clone());
                    before.push(Before { mark: change.mark, what: change.what, instance, relation });
                }
            }
        }
        bound(before);
    }
}

/// Keeps the nearest and newest, in the order of the journal.
pub(super) fn bound(before: &mut Vec<Before>) {
    before.sort_by_key(|before| (before.mark.place, before.relation));
    before.dedup_by_key(|before| before.mark.place);
    if before.len() > BEFORE_MAX {
        before.sort_by_key(|before| (before.relation, core::cmp::Reverse(before.mark.place)));
        before.truncate(BEFORE_MAX);
        before.sort_by_key(|before| before.mark.place);
    }
}

fn relation(change: &Change, failed: Option<(&InstanceId, &Domain)>) -> Option<Relation> {
    let Some((id, domain)) = &change.instance else { return Some(Relation::Manager) };
    let (failed, place) = failed?;
    let same = |one: &Option<alloc::sync::Arc<str>>, another: &Option<_>| one.is_some() && one == another;
    if id == failed {
        return Some(Relation::SameInstance);
    }
    if same(&domain.host, &place.host) {
        return Some(Relation::SameHost);
    }
    if !same(&domain.environment, &place.environment) {
        return None;
    }
    Some(if same(&domain.region, &place.region) { Relation::SameRegion } else { Relation::SameEnvironment })
}

/// Whether something that was noted at `at` may still be asked for at `now`.
pub(super) fn is_recent(at: Timestamp, now: Timestamp, memory: Duration) -> bool {
    span(at, now) <= memory
}
