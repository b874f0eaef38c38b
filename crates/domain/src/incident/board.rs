//! All incidents: the one transition, when they close, and what is shown of them.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::case::{Incident, Now};
use super::changes::Changes;
use super::grouping::Grouping;
use super::world::World;
use super::{Mark, Noted, Rules, Subject, after};
use crate::instance::{Instance, InstanceId};
use crate::journal::JournalEvent;
use crate::time::Timestamp;

/// All incidents, as far as the journal was read.
#[derive(Clone, Debug)]
pub struct Board {
    pub(super) rules: Rules,
    pub(super) world: World,
    pub(super) changes: Changes,
    pub(super) open: BTreeMap<u64, Arc<Incident>>,
    /// In which open incident an instance is, itself or with its setups.
    pub(super) places: BTreeMap<InstanceId, u64>,
    pub(super) grouping: Grouping,
    closed: VecDeque<Arc<Incident>>,
    /// The manager stopped, and none has started since: nobody looks.
    is_blind: bool,
    cursor: Mark,
}

/// Incidents at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// Open and closed ones, in the order in which they opened.
    pub incidents: Vec<Arc<Incident>>,
    /// How many of them are open.
    pub open: usize,
    /// The last entry that it takes into account.
    pub cursor: Mark,
}

impl Picture {
    /// The incident of that name, or the one that it turned out to be.
    pub fn find(&self, id: u64) -> Option<&Arc<Incident>> {
        let same = self.incidents.binary_search_by_key(&id, |incident| incident.id).ok();
        same.map(|place| &self.incidents[place]).or_else(|| self.incidents.iter().find(|incident| incident.merged.contains(&id)))
    }
}

impl Board {
    /// No incidents yet.
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            world: World::default(),
            changes: Changes::default(),
            open: BTreeMap::new(),
            places: BTreeMap::new(),
            grouping: Grouping::default(),
            closed: VecDeque::new(),
            is_blind: false,
            cursor: Mark::default(),
        }
    }

    /// An instance was registered before the journal begins. To be told before the first entry.
    pub fn begin_with(&mut self, instance: Arc<Instance>) {
        self.world.register(&instance.id().clone(), Some(instance.clone()));
    }

    /// The last entry that was applied.
    pub fn cursor(&self) -> Mark {
        self.cursor
    }

    /// The one transition: an entry of the journal, in the order of their places.
    pub fn apply(&mut self, noted: &Noted) {
        let mark = Mark { at: noted.at.max(self.cursor.at), place: noted.place };
        self.close_due(mark.at);
        self.cursor = mark;
        match &noted.event {
            JournalEvent::ManagerStarted { .. } => {
                self.is_blind = false;
                self.started(mark);
            }
            JournalEvent::ManagerStopped => {
                self.is_blind = true;
                self.lost_sight(mark);
            }
            JournalEvent::Gap { .. } => self.lost_sight(mark),
            JournalEvent::Registered { id, instance, .. } => self.registered(id, instance.clone(), mark),
            JournalEvent::Updated { id, instance, .. } => self.changed(id, instance.clone(), None, mark),
            JournalEvent::Ordered { id, instance, verb, .. } => self.changed(id, instance.clone(), Some(*verb), mark),
            JournalEvent::Deregistered { id, .. } => self.deregistered(id, mark),
            JournalEvent::VerdictChanged { id, to, evidence, .. } => self.judged(id, *to, evidence, mark),
            JournalEvent::SetupsChanged { id, troubled, .. } => self.looked(id, troubled, mark),
            JournalEvent::Doubted { hosts_are_silent, .. } => self.doubted(*hosts_are_silent, mark),
            JournalEvent::Trusted => self.trusted(mark),
            // What it does to instances is told by orders and verdicts.
            JournalEvent::Restart { .. } => {}
        }
    }

    /// Forgets closed incidents whose beginning the journal does not keep: a manager that starts again would not find them.
    pub fn forget_before(&mut self, number: u64) {
        self.closed.retain(|incident| incident.id >= number);
    }

    /// The incidents as they are at `now`: time closes those in which nothing was bad for long enough.
    pub fn picture(&self, now: Timestamp) -> Picture {
        let shown = |incident: &Arc<Incident>| match self.due(incident).filter(|due| *due <= now) {
            Some(due) => {
                let mut closed = Incident::clone(incident);
                closed.close(due);
                Arc::new(closed)
            }
            None => incident.clone(),
        };
        let mut incidents: Vec<_> = self.closed.iter().cloned().chain(self.open.values().map(shown)).collect();
        incidents.sort_by_key(|incident| incident.id);
        let open = incidents.iter().filter(|incident| incident.closed_at.is_none()).count();
        // What time alone closed is not put away yet, and counts all the same.
        for _ in self.rules.kept_max..incidents.len() - open {
            let closed = incidents.iter().enumerate().filter_map(|(place, incident)| Some((incident.closed_at?, incident.id, place)));
            if let Some((_, _, oldest)) = closed.min() {
                incidents.remove(oldest);
            }
        }
        Picture { incidents, open, cursor: self.cursor }
    }

    /// When an open incident closes, if nothing happens until then.
    pub fn due(&self, incident: &Incident) -> Option<Timestamp> {
        let waits = self.is_blind && incident.is_unknown();
        incident.stable_since.filter(|_| !waits).map(|since| after(since, self.rules.stable_after))
    }

    /// When the next open incident closes, if nothing happens until then.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.open.values().filter_map(|incident| self.due(incident)).min()
    }

    fn close_due(&mut self, now: Timestamp) {
        if self.next_due().is_none_or(|due| due > now) {
            return;
        }
        let due: Vec<_> =
            self.open.iter().filter_map(|(id, incident)| Some((self.due(incident).filter(|due| *due <= now)?, *id))).collect();
        for (at, id) in due {
            let Some(mut incident) = self.open.remove(&id) else { continue };
            self.places.retain(|_, place| *place != id);
            self.grouping.forget(id);
            Arc::make_mut(&mut incident).close(at);
            self.closed.push_back(incident);
        }
        while self.closed.len() > self.rules.kept_max {
            self.closed.pop_front();
        }
    }

    /// Does something to an open incident, and looks how it stands then.
    pub(super) fn with<T>(&mut self, id: u64, mark: Mark, work: impl FnOnce(&mut Incident) -> T) -> Option<T> {
        let incident = Arc::make_mut(self.open.get_mut(&id)?);
        let done = work(incident);
        incident.settle(mark.at);
        Some(done)
    }

    /// An affected one is not bad any more, or nobody knows; with the step that tells it.
    pub(super) fn went(&mut self, subject: &Subject, now: Now, step: super::StepKind, mark: Mark) {
        let Some(place) = self.places.get(&subject.instance).copied() else { return };
        let known = self.open.get(&place).and_then(|incident| incident.affected.iter().find(|affected| affected.subject == *subject));
        if known.is_none_or(|known| known.now == now) {
            return;
        }
        self.with(place, mark, |incident| {
            incident.went(subject, now, mark.at);
            incident.step(mark, step, Some(subject.clone()));
        });
    }
}
