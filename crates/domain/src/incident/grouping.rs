//! Which incident something belongs to that went bad, and which incidents turn out to be one.
//!
//! Owns these rules, from the nearest domain to the widest: the instance, the database, the doubt of the manager, the host, the
//! region and the environment.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::Mark;
use super::board::Board;
use super::case::{Bad, Incident, Now};
use super::changes::is_recent;
use super::scope::Domain;
use crate::instance::InstanceId;
use crate::time::Timestamp;

/// Fewer instances than this are not most of a region.
const MANY: usize = 3;
/// Up to so many, every failure is looked at with all before it.
const FEW: usize = 64;
/// The most failures that are remembered to see whether most fail together.
const RECENT_MAX: usize = 4096;

/// A part of the cluster: an environment, or a region of one.
pub(super) type Part = (Arc<str>, Option<Arc<str>>);

/// What must be remembered to group.
#[derive(Clone, Debug, Default)]
pub(super) struct Grouping {
    /// Instances that went down lately.
    recent: VecDeque<(Timestamp, InstanceId)>,
    /// Parts of the cluster of which most failed together, and in which open incident.
    failed: BTreeMap<Part, u64>,
    /// The open incident in which the manager doubts itself.
    doubt: Option<u64>,
}

impl Grouping {
    pub(super) fn doubts(&mut self, id: u64) {
        self.doubt = Some(id);
    }

    /// The manager does not doubt itself any more; the incident in which it did.
    pub(super) fn forget_doubt(&mut self) -> Option<u64> {
        self.doubt.take()
    }

    /// An incident closed.
    pub(super) fn forget(&mut self, id: u64) {
        self.failed.retain(|_, incident| *incident != id);
        self.doubt = self.doubt.filter(|doubt| *doubt != id);
    }

    fn moved(&mut self, from: u64, to: u64) {
        self.failed.values_mut().filter(|incident| **incident == from).for_each(|incident| *incident = to);
        self.doubt = self.doubt.map(|doubt| if doubt == from { to } else { doubt });
    }

    fn note(&mut self, id: &InstanceId, at: Timestamp, together: core::time::Duration) {
        self.recent.retain(|(_, known)| known != id);
        self.recent.push_back((at, id.clone()));
        while self.recent.len() > RECENT_MAX || self.recent.front().is_some_and(|(oldest, _)| !is_recent(*oldest, at, together)) {
            self.recent.pop_front();
        }
    }
}

impl Board {
    /// Something that matters went bad.
    pub(super) fn went_bad(&mut self, case: &Bad, mark: Mark) {
        let (instance, memory) = (&case.subject.instance, self.rules.before);
        let id = self.home(case, mark).unwrap_or(mark.place.number);
        let incident = self.open.entry(id).or_insert_with(|| Arc::new(Incident::open(mark, case.first.at)));
        let incident = Arc::make_mut(incident);
        if !incident.affects(instance.as_str()) {
            self.changes.gather(&mut incident.before, Some((instance, &case.domain)), case.first, memory);
        }
        incident.went_bad(case, mark);
        incident.settle(mark.at);
        self.places.insert(instance.clone(), id);
        if case.subject.setup.is_none() {
            self.grouping.note(instance, mark.at, self.rules.together);
            for part in parts(&case.domain) {
                self.gather_part(&part, mark);
            }
        }
    }

    /// The open incident to which it belongs.
    fn home(&self, case: &Bad, mark: Mark) -> Option<u64> {
        let same_instance = || self.places.get(&case.subject.instance).copied();
        let same_part = || parts(&case.domain).iter().find_map(|part| self.grouping.failed.get(part).copied());
        same_instance().or_else(|| self.of_database(case)).or(self.grouping.doubt).or_else(|| self.of_host(case, mark)).or_else(|| {
            // A setup that fails alone says nothing about a region.
            if case.subject.setup.is_none() { same_part() } else { None }
        })
    }

    fn of_database(&self, case: &Bad) -> Option<u64> {
        let database = case.domain.database.as_ref()?;
        let shares =
            |incident: &&Arc<Incident>| incident.affected.iter().any(|affected| affected.domain.database.as_ref() == Some(database));
        self.open.values().find(shares).map(|incident| incident.id)
    }

    /// An open incident in which another instance on the same host is down, or went down a moment ago.
    fn of_host(&self, case: &Bad, mark: Mark) -> Option<u64> {
        let host = case.domain.host.as_ref().filter(|_| case.subject.setup.is_none())?;
        let shares = |incident: &&Arc<Incident>| {
            let recent = is_recent(incident.last_bad, mark.at, self.rules.together);
            let mut on_it = incident.affected.iter().filter(|one| one.subject.setup.is_none() && one.domain.host.as_ref() == Some(host));
            on_it.any(|one| recent || one.now == Now::Bad)
        };
        self.open.values().find(shares).map(|incident| incident.id)
    }

    /// If most of a part of the cluster went down lately, its incidents are one.
    fn gather_part(&mut self, part: &Part, mark: Mark) {
        let recent = self.grouping.recent.len();
        // Many failures are not looked through anew at each further one: a sixteenth more is soon enough, and what is looked through
        // stays in proportion.
        let is_due = recent < FEW || recent.is_multiple_of(recent / 16);
        if recent < MANY || !is_due || self.grouping.failed.contains_key(part) {
            return;
        }
        let down: Vec<InstanceId> = self.grouping.recent.iter().map(|(_, id)| id).filter(|id| self.is_down_in(id, part)).cloned().collect();
        let members = || self.world.members.values().filter(|member| member.takes_part() && is_in(&member.domain(), part));
        let hosts: BTreeSet<_> = down.iter().filter_map(|id| self.world.members.get(id)?.domain().host).collect();
        if down.len() < MANY || hosts.len() < 2 || down.len() * 2 <= members().count() {
            return;
        }
        let incidents: BTreeSet<u64> = down.iter().filter_map(|id| self.places.get(id).copied()).collect();
        let Some(first) = incidents.first().copied() else { return };
        self.grouping.failed.insert(part.clone(), first);
        incidents.into_iter().skip(1).for_each(|other| self.merge(first, other, mark));
    }

    fn is_down_in(&self, id: &InstanceId, part: &Part) -> bool {
        self.world.members.get(id).is_some_and(|member| member.verdict.is_down() && member.takes_part() && is_in(&member.domain(), part))
    }

    fn merge(&mut self, into: u64, from: u64, mark: Mark) {
        let Some(other) = self.open.remove(&from) else { return };
        self.places.values_mut().filter(|place| **place == from).for_each(|place| *place = into);
        self.grouping.moved(from, into);
        let other = Arc::unwrap_or_clone(other);
        self.with(into, mark, |incident| incident.absorb(other, mark));
    }
}

/// The parts of the cluster in which something stands, the smaller first.
fn parts(domain: &Domain) -> Vec<Part> {
    let (Some(environment), Some(region)) = (&domain.environment, &domain.region) else { return Vec::new() };
    alloc::vec![(environment.clone(), Some(region.clone())), (environment.clone(), None)]
}

fn is_in(domain: &Domain, (environment, region): &Part) -> bool {
    domain.environment.as_ref() == Some(environment) && (region.is_none() || domain.region == *region)
}
