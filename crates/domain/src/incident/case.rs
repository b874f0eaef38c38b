//! One incident: who is affected and how they are, step by step.
//!
//! Owns what a recovery or a relapse does to an incident, and its bounds. Does not own which incident something belongs to.

use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use super::changes::{self, Before};
use super::scope::{Domain, Scope, scope_of};
use super::{Mark, Place, Subject, span};
use crate::time::Timestamp;

/// The most affected ones of an incident; more are counted and not followed.
const AFFECTED_MAX: usize = 10_000;
/// The most affected ones that a closed incident keeps.
const CLOSED_AFFECTED_MAX: usize = 200;
/// The most steps of an incident; beyond them those in the middle are left out.
const STEPS_MAX: usize = 256;
/// The most bytes of a reason.
const REASON_BYTES_MAX: usize = 240;

/// The worst that happened, from the mildest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Worst {
    /// The manager could not trust its checks.
    Doubt,
    /// A setup vanished from an instance that had it.
    SetupMissing,
    /// A setup does not reach its database.
    SetupDown,
    /// An instance is down.
    Down,
}

/// How an affected one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Now {
    /// Bad.
    Bad,
    /// Well again.
    Recovered,
    /// Its instance was deregistered.
    Deregistered,
    /// Its instance was taken out by order.
    OrderedOut,
    /// Nobody knows.
    Unknown,
}

/// One that is affected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Affected {
    /// Which.
    pub subject: Subject,
    /// Where it stands.
    pub domain: Domain,
    /// The first entry that says that it fails.
    pub first: Mark,
    /// The worst it was.
    pub worst: Worst,
    /// How it is.
    pub now: Now,
    /// Since when.
    pub since: Timestamp,
    /// When it was well again the last time.
    pub recovered_at: Option<Timestamp>,
    /// How often it went bad.
    pub times_bad: u32,
    /// Why it is or was bad.
    pub reason: Arc<str>,
}

/// What happened in a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// The incident began.
    Opened,
    /// Another one went bad.
    Joined,
    /// One went bad that had recovered.
    Again,
    /// One is well again.
    Recovered,
    /// One was deregistered.
    Left,
    /// An operator ordered something for one.
    Ordered,
    /// The registration of one changed.
    Changed,
    /// Nobody knows any more how those that were bad are.
    Unknown,
    /// The manager ceased to trust its checks.
    Doubt,
    /// The manager trusts them again.
    Trust,
    /// Another incident turned out to be this one.
    Merged,
    /// Nothing is bad any more.
    Stable,
    /// It is over.
    Closed,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// When.
    pub at: Timestamp,
    /// The entry that tells it, if one does.
    pub place: Option<Place>,
    /// What happened.
    pub kind: StepKind,
    /// To whom.
    pub subject: Option<Subject>,
}

/// How many are affected, and how they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Bad now.
    pub bad: usize,
    /// Well again.
    pub recovered: usize,
    /// Deregistered, or taken out by order.
    pub left: usize,
    /// Nobody knows.
    pub unknown: usize,
    /// Not followed, because there were too many.
    pub uncounted: usize,
}

impl Counts {
    /// All.
    pub const fn total(self) -> usize {
        self.bad + self.recovered + self.left + self.unknown + self.uncounted
    }

    fn add(&mut self, now: Now) {
        match now {
            Now::Bad => self.bad += 1,
            Now::Recovered => self.recovered += 1,
            Now::Deregistered | Now::OrderedOut => self.left += 1,
            Now::Unknown => self.unknown += 1,
        }
    }
}

/// An incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// Its name: the number of the entry that opened it.
    pub id: u64,
    /// The entry that opened it.
    pub opened: Mark,
    /// When the first of the affected began to fail.
    pub began: Timestamp,
    /// When something went bad last.
    pub last_bad: Timestamp,
    /// Since when nothing is bad.
    pub stable_since: Option<Timestamp>,
    /// When it closed.
    pub closed_at: Option<Timestamp>,
    /// Who is affected, in the order in which they went bad.
    pub affected: Vec<Affected>,
    /// Those that are not in `affected`.
    pub omitted: Counts,
    /// How often one went bad again.
    pub relapses: u64,
    /// What changed before.
    pub before: Vec<Before>,
    /// What happened.
    pub steps: Vec<Step>,
    /// Steps that were left out in the middle.
    pub steps_omitted: u64,
    /// Other incidents that turned out to be this one.
    pub merged: Vec<u64>,
    /// The manager doubts itself: `Some(true)`; it did: `Some(false)`.
    pub doubt: Option<bool>,
    /// Changes with everything that is shown of it.
    pub version: u64,
    /// How many different instances there are among those that are not in `affected`.
    pub(super) instances_omitted: usize,
}

impl Incident {
    pub(super) fn open(opened: Mark, began: Timestamp) -> Self {
        Self {
            id: opened.place.number,
            opened,
            began,
            last_bad: opened.at,
            stable_since: None,
            closed_at: None,
            affected: Vec::new(),
            omitted: Counts::default(),
            relapses: 0,
            before: Vec::new(),
            steps: Vec::new(),
            steps_omitted: 0,
            merged: Vec::new(),
            doubt: None,
            version: 0,
            instances_omitted: 0,
        }
    }

    /// What failed.
    pub fn scope(&self) -> Scope {
        if self.doubt.is_some() { Scope::Manager } else { scope_of(&self.affected) }
    }

    /// The worst that happened.
    pub fn worst(&self) -> Worst {
        self.affected.iter().map(|affected| affected.worst).max().unwrap_or(Worst::Doubt)
    }

    /// How many are affected, and how they are.
    pub fn counts(&self) -> Counts {
        let mut counts = self.omitted;
        self.affected.iter().for_each(|affected| counts.add(affected.now));
        counts
    }

    /// How many different instances are affected.
    pub fn instances(&self) -> usize {
        let different: BTreeSet<_> = self.affected.iter().map(|affected| &affected.subject.instance).collect();
        different.len() + self.instances_omitted
    }

    /// From its beginning until nothing was bad any more; until `now` while something is.
    pub fn length(&self, now: Timestamp) -> Duration {
        span(self.began, self.stable_since.unwrap_or(now))
    }

    /// Whether an instance is affected.
    pub fn affects(&self, instance: &str) -> bool {
        self.affected.iter().any(|affected| affected.subject.instance.as_str() == instance)
    }

    pub(super) fn find(&mut self, subject: &Subject) -> Option<&mut Affected> {
        self.affected.iter_mut().find(|affected| affected.subject == *subject)
    }

    pub(super) fn is_bad(&self) -> bool {
        self.doubt == Some(true) || self.affected.iter().any(|affected| affected.now == Now::Bad)
    }

    pub(super) fn is_unknown(&self) -> bool {
        self.affected.iter().any(|affected| affected.now == Now::Unknown)
    }

    /// One went bad.
    pub(super) fn went_bad(&mut self, case: &Bad, mark: Mark) {
        self.last_bad = mark.at;
        self.began = self.began.min(case.first.at);
        let is_first = self.affected.is_empty() && self.doubt.is_none();
        let is_full = self.affected.len() >= AFFECTED_MAX;
        let kind = match self.find(&case.subject) {
            Some(known) if known.now == Now::Bad => {
                known.worst = known.worst.max(case.worst);
                known.reason = shortened(&case.reason);
                return self.version += 1;
            }
            Some(known) => {
                let kind = if known.now == Now::Unknown { StepKind::Joined } else { StepKind::Again };
                (known.now, known.since) = (Now::Bad, mark.at);
                known.worst = known.worst.max(case.worst);
                known.times_bad = known.times_bad.saturating_add(1);
                known.reason = shortened(&case.reason);
                kind
            }
            None if is_full => {
                self.omitted.uncounted += 1;
                return self.version += 1;
            }
            None => {
                self.affected.push(case.affected(mark.at));
                if is_first { StepKind::Opened } else { StepKind::Joined }
            }
        };
        self.relapses += u64::from(kind == StepKind::Again);
        self.step(mark, kind, Some(case.subject.clone()));
    }

    /// An affected one is not bad any more, or nobody knows. Whether anything changed.
    pub(super) fn went(&mut self, subject: &Subject, now: Now, at: Timestamp) -> bool {
        let Some(known) = self.find(subject).filter(|known| known.now != now) else { return false };
        (known.now, known.since) = (now, at);
        if now == Now::Recovered {
            known.recovered_at = Some(at);
        }
        self.version += 1;
        true
    }

    /// Adds a step.
    pub(super) fn step(&mut self, mark: Mark, kind: StepKind, subject: Option<Subject>) {
        self.push(Step { at: mark.at, place: Some(mark.place), kind, subject });
    }

    fn push(&mut self, step: Step) {
        self.version += 1;
        self.steps.push(step);
        if self.steps.len() > STEPS_MAX {
            self.steps.remove(STEPS_MAX / 2);
            self.steps_omitted += 1;
        }
    }

    /// Looks whether anything is bad, after something happened at `at`.
    pub(super) fn settle(&mut self, at: Timestamp) {
        if self.is_bad() {
            self.stable_since = None;
        } else if self.stable_since.is_none() {
            self.stable_since = Some(at);
            self.push(Step { at, place: None, kind: StepKind::Stable, subject: None });
        }
    }

    /// It is over.
    pub(super) fn close(&mut self, at: Timestamp) {
        self.closed_at = Some(at);
        self.push(Step { at, place: None, kind: StepKind::Closed, subject: None });
        if self.affected.len() > CLOSED_AFFECTED_MAX {
            let instances = self.instances();
            for cut in self.affected.drain(CLOSED_AFFECTED_MAX..) {
                self.omitted.add(cut.now);
            }
            self.instances_omitted = 0;
            self.instances_omitted = instances - self.instances();
        }
    }

    /// Another one turned out to be this one.
    pub(super) fn absorb(&mut self, other: Self, mark: Mark) {
        self.began = self.began.min(other.began);
        self.last_bad = self.last_bad.max(other.last_bad);
        self.affected.extend(other.affected);
        self.affected.sort_by(|a, b| (a.first, &a.subject).cmp(&(b.first, &b.subject)));
        self.omitted.uncounted += other.omitted.uncounted;
        self.relapses += other.relapses;
        self.doubt = match (self.doubt, other.doubt) {
            (None, None) => None,
            (one, another) => Some(one == Some(true) || another == Some(true)),
        };
        self.before.extend(other.before);
        changes::bound(&mut self.before);
        self.merged.push(other.id);
        self.merged.extend(other.merged);
        let steps = other.steps.into_iter().filter(|step| step.kind != StepKind::Stable);
        self.steps
            .extend(steps.map(|step| Step { kind: if step.kind == StepKind::Opened { StepKind::Joined } else { step.kind }, ..step }));
        self.steps.sort_by_key(|step| (step.at, step.place));
        self.steps_omitted += other.steps_omitted;
        while self.steps.len() > STEPS_MAX {
            self.steps.remove(STEPS_MAX / 2);
            self.steps_omitted += 1;
        }
        self.step(mark, StepKind::Merged, None);
    }
}

/// What went bad.
pub(super) struct Bad {
    pub(super) subject: Subject,
    pub(super) domain: Domain,
    pub(super) first: Mark,
    pub(super) worst: Worst,
    pub(super) reason: Arc<str>,
}

impl Bad {
    fn affected(&self, at: Timestamp) -> Affected {
        Affected {
            subject: self.subject.clone(),
            domain: self.domain.clone(),
            first: self.first,
            worst: self.worst,
            now: Now::Bad,
            since: at,
            recovered_at: None,
            times_bad: 1,
            reason: shortened(&self.reason),
        }
    }
}

fn shortened(reason: &Arc<str>) -> Arc<str> {
    let end = reason.floor_char_boundary(REASON_BYTES_MAX);
    if end == reason.len() { reason.clone() } else { reason[..end].into() }
}
