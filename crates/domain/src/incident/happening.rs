//! What each kind of entry does: to what is known of the instances, and through that to incidents.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::board::Board;
use super::case::{Bad, Incident, Now, StepKind, Worst};
use super::changes::What;
use super::{Mark, Subject};
use crate::health::Verdict;
use crate::instance::{Instance, InstanceId, Verb};
use crate::journal::TroubledSetup;

impl Board {
    pub(super) fn started(&mut self, mark: Mark) {
        self.lost_sight(mark);
        self.changes.note(mark, What::ManagerStarted, None, self.rules.before);
    }

    /// From here on nobody knows how those are that were bad: what comes next tells.
    pub(super) fn lost_sight(&mut self, mark: Mark) {
        self.world.forget_health();
        self.grouping.forget_doubt();
        let open: Vec<u64> = self.open.keys().copied().collect();
        for id in open {
            let sees = self.open.get(&id).is_some_and(|incident| incident.is_bad() || incident.is_unknown());
            if !sees {
                continue;
            }
            self.with(id, mark, |incident| {
                incident.doubt = incident.doubt.map(|_| false);
                let bad = incident.affected.iter_mut().filter(|affected| affected.now == Now::Bad);
                bad.for_each(|affected| (affected.now, affected.since) = (Now::Unknown, mark.at));
                // The time in which it must stay well begins anew.
                incident.stable_since = None;
                incident.step(mark, StepKind::Unknown, None);
            });
        }
    }

    pub(super) fn registered(&mut self, id: &InstanceId, instance: Option<Arc<Instance>>, mark: Mark) {
        self.world.register(id, instance);
        self.note(mark, What::Registered, id);
        self.unknown_of(id, mark);
        self.tell(id, StepKind::Changed, mark);
    }

    /// A registration was changed, by an order or otherwise.
    pub(super) fn changed(&mut self, id: &InstanceId, next: Option<Arc<Instance>>, verb: Option<Verb>, mark: Mark) {
        let weight = |instance: &Option<Arc<Instance>>| instance.as_ref().map(|instance| instance.registration.weight.get());
        let took_part = self.world.members.get(id).is_none_or(|member| member.takes_part());
        let to = weight(&next);
        let (before, moved) = self.world.change(id, next);
        let what = match (verb, weight(&before), to) {
            (Some(verb), _, _) => What::Ordered(verb),
            _ if moved => What::Moved,
            (None, Some(from), Some(to)) if from != to => What::Reweighted { from, to },
            _ => What::Changed,
        };
        self.note(mark, what, id);
        self.tell(id, if verb.is_some() { StepKind::Ordered } else { StepKind::Changed }, mark);
        let takes_part = self.world.members.get(id).is_some_and(|member| member.takes_part());
        if !takes_part {
            self.all_went(id, Now::OrderedOut, StepKind::Left, mark);
        } else if moved {
            self.unknown_of(id, mark);
        } else if !took_part {
            self.takes_part_again(id, mark);
        }
    }

    pub(super) fn deregistered(&mut self, id: &InstanceId, mark: Mark) {
        self.note(mark, What::Deregistered, id);
        self.world.deregister(id);
        self.all_went(id, Now::Deregistered, StepKind::Left, mark);
    }

    pub(super) fn judged(&mut self, id: &InstanceId, to: Verdict, evidence: &str, mark: Mark) {
        let Some(member) = self.world.seen(id) else { return };
        member.verdict = to;
        match to {
            Verdict::Failing { .. } | Verdict::Down { .. } => {
                let first = member.failing.as_ref().map_or(mark, |(first, _)| *first);
                member.failing = Some((first, evidence.into()));
            }
            Verdict::Unprobed | Verdict::Passing => member.failing = None,
        }
        let itself = Subject { instance: id.clone(), setup: None };
        match to {
            Verdict::Down { .. } => self.went_bad_if_it_matters(&itself, mark),
            Verdict::Passing => self.went(&itself, Now::Recovered, StepKind::Recovered, mark),
            Verdict::Unprobed | Verdict::Failing { .. } => {}
        }
    }

    pub(super) fn looked(&mut self, id: &InstanceId, troubled: &[TroubledSetup], mark: Mark) {
        let Some(member) = self.world.seen(id) else { return };
        let before = core::mem::take(&mut member.troubled);
        for setup in troubled {
            let since = before.get(&setup.setup).map_or(mark, |(_, since)| *since);
            member.troubled.insert(setup.setup.clone(), (setup.clone(), since));
        }
        for setup in troubled {
            self.went_bad_if_it_matters(&Subject { instance: id.clone(), setup: Some(setup.setup.clone()) }, mark);
        }
        for subject in self.affected_of(id) {
            let works = subject.setup.as_ref().is_some_and(|known| troubled.iter().all(|setup| setup.setup != *known));
            if works {
                self.went(&subject, Now::Recovered, StepKind::Recovered, mark);
            }
        }
    }

    pub(super) fn doubted(&mut self, hosts_are_silent: bool, mark: Mark) {
        if !hosts_are_silent {
            return;
        }
        let recent = self.open.values().rev().find(|incident| super::changes::is_recent(incident.last_bad, mark.at, self.rules.together));
        let id = recent.map_or(mark.place.number, |incident| incident.id);
        let (changes, memory) = (&self.changes, self.rules.before);
        let incident = Arc::make_mut(self.open.entry(id).or_insert_with(|| Arc::new(Incident::open(mark, mark.at))));
        changes.gather(&mut incident.before, None, mark, memory);
        incident.doubt = Some(true);
        incident.last_bad = mark.at;
        let kind = if incident.id == mark.place.number { StepKind::Opened } else { StepKind::Doubt };
        incident.step(mark, kind, None);
        incident.settle(mark.at);
        self.grouping.doubts(id);
    }

    pub(super) fn trusted(&mut self, mark: Mark) {
        let Some(id) = self.grouping.forget_doubt() else { return };
        self.with(id, mark, |incident| {
            incident.doubt = Some(false);
            incident.step(mark, StepKind::Trust, None);
        });
    }

    /// An instance or setup is bad: that matters if the instance should take part.
    fn went_bad_if_it_matters(&mut self, subject: &Subject, mark: Mark) {
        let Some(member) = self.world.members.get(&subject.instance).filter(|member| member.takes_part()) else { return };
        let mut domain = member.domain();
        let case = match &subject.setup {
            None => {
                let (first, reason) = member.failing.clone().unwrap_or_else(|| (mark, "".into()));
                Bad { subject: subject.clone(), domain, first, worst: Worst::Down, reason }
            }
            Some(setup) => {
                let Some((troubled, first)) = member.troubled.get(setup) else { return };
                let worst = if troubled.is_missing { Worst::SetupMissing } else { Worst::SetupDown };
                domain.database = troubled.database.clone();
                Bad { subject: subject.clone(), domain, first: *first, worst, reason: troubled.reason.clone() }
            }
        };
        self.went_bad(&case, mark);
    }

    /// It was out by order and is not any more: what is bad of it matters from now on.
    fn takes_part_again(&mut self, id: &InstanceId, mark: Mark) {
        let bad = self.world.bad_of(id);
        for subject in self.affected_of(id) {
            if !bad.contains(&subject) {
                let is_well =
                    subject.setup.is_some() || self.world.members.get(id).is_some_and(|member| member.verdict == Verdict::Passing);
                let (now, step) = if is_well { (Now::Recovered, StepKind::Recovered) } else { (Now::Unknown, StepKind::Unknown) };
                self.went(&subject, now, step, mark);
            }
        }
        bad.iter().for_each(|subject| self.went_bad_if_it_matters(subject, mark));
    }

    fn note(&mut self, mark: Mark, what: What, id: &InstanceId) {
        let domain = self.world.members.get(id).map(|member| member.domain()).unwrap_or_default();
        self.changes.note(mark, what, Some((id.clone(), domain)), self.rules.before);
    }

    /// Which subjects of an instance an open incident affects.
    fn affected_of(&self, id: &InstanceId) -> Vec<Subject> {
        let incident = self.places.get(id).and_then(|place| self.open.get(place));
        let affected = incident.iter().flat_map(|incident| &incident.affected);
        affected.map(|affected| &affected.subject).filter(|subject| subject.instance == *id).cloned().collect()
    }

    /// What was not well of an instance is something else now. What had recovered stays so.
    fn all_went(&mut self, id: &InstanceId, now: Now, step: StepKind, mark: Mark) {
        let incident = self.places.get(id).and_then(|place| self.open.get(place));
        let of_it = incident.iter().flat_map(|incident| &incident.affected).filter(|affected| affected.subject.instance == *id);
        let unwell = of_it.filter(|affected| matches!(affected.now, Now::Bad | Now::Unknown)).map(|affected| affected.subject.clone());
        for subject in unwell.collect::<Vec<_>>() {
            self.went(&subject, now, step, mark);
        }
    }

    /// An instance is not where it was: whoever was bad of it may be well there.
    fn unknown_of(&mut self, id: &InstanceId, mark: Mark) {
        self.all_went(id, Now::Unknown, StepKind::Unknown, mark);
    }

    /// Tells of a change in the incident of the instance.
    fn tell(&mut self, id: &InstanceId, kind: StepKind, mark: Mark) {
        if let Some(place) = self.places.get(id).copied() {
            self.with(place, mark, |incident| incident.step(mark, kind, Some(Subject { instance: id.clone(), setup: None })));
        }
    }
}
