//! Following the catalog: who is watched, and under which address.

use std::sync::Arc;

use peegeeq_domain::catalog::{Change, Entry};
use peegeeq_domain::health::Verdict;
use peegeeq_domain::instance::{Instance, InstanceId};

use super::Monitor;
use crate::clock;
use crate::health::Judgement;
use crate::health::due::{Serial, phase};
use crate::health::setups::Memory;
use crate::health::watched::{Setups, Watched};

impl Monitor {
    /// Takes note of what changed in the catalog since the last look.
    pub(super) fn follow_catalog(&mut self) {
        let next = self.reader.current();
        let before = std::mem::replace(&mut self.catalog, next.clone());
        let (mut moved, mut members_changed) = (Vec::new(), false);
        let mut begin = Vec::new();
        for change in next.changes_since(&before) {
            match change {
                Change::Added(entry) => {
                    let known = self.known.remove(entry.id()).map(Memory::from);
                    begin.push((entry, known.unwrap_or_default()));
                }
                Change::Removed(entry) => {
                    members_changed = true;
                    self.forget(entry.id());
                }
                Change::Updated { from, to } if is_another(&from.instance, &to.instance) => {
                    moved.push(to.id().clone());
                    self.forget(to.id());
                    // Who merely moved should still have its setups; who left and came back begins afresh.
                    let merely_moved = from.instance.registered_at == to.instance.registered_at;
                    let memory = if merely_moved { self.remembered(to.id()) } else { Memory::default() };
                    begin.push((to, memory));
                }
                Change::Updated { to, .. } => self.update(&to),
            }
        }
        if members_changed || !begin.is_empty() {
            // First the places for what will be seen, then the probes.
            self.observations.follow(next.entries().iter().map(|entry| entry.id().clone()), &moved);
        }
        begin.into_iter().for_each(|(entry, memory)| self.begin(&entry, memory));
    }

    /// What was last seen of the setups of an instance, as a memory for further looks.
    pub(super) fn remembered(&self, id: &InstanceId) -> Memory {
        let seen = self.observations.slot(id.as_str()).and_then(|slot| slot.setups());
        seen.map(|seen| Memory::of(&seen)).unwrap_or_default()
    }

    fn begin(&mut self, entry: &Entry, memory: Memory) {
        self.last_serial += 1;
        let serial = Serial(self.last_serial);
        let id = entry.id();
        let phase = phase(&self.settings.manager_id, id, self.settings.policy.interval);
        let mut watched = Watched::new(entry.instance.clone(), phase, self.meters.label(id), clock::now());
        watched.setups = Setups::Resting(Box::new(memory));
        self.probes_due.set(serial, watched.tracker.due());
        self.doubt.watch(&watched.host);
        self.serials.insert(id.clone(), serial);
        self.watched.insert(serial, watched);
        self.compare_verdicts |= entry.verdict != Verdict::Unprobed;
    }

    fn forget(&mut self, id: &InstanceId) {
        self.noting.forget(id);
        let Some(serial) = self.serials.remove(id) else { return };
        self.probes_due.set(serial, None);
        self.looks_due.set(serial, None);
        if let Some(watched) = self.watched.remove(&serial) {
            self.doubt.forget(&watched.host);
        }
    }

    fn update(&mut self, entry: &Arc<Entry>) {
        let watched = self.serials.get(entry.id()).and_then(|serial| self.watched.get_mut(serial));
        if let Some(watched) = watched {
            watched.instance = entry.instance.clone();
            self.compare_verdicts |= !watched.tracker.verdict().is_same_word(entry.verdict);
        }
    }

    /// Judges again whatever differs from the catalog: a verdict that was lost on its way must not stay lost.
    pub(super) fn compare_with_catalog(&mut self) {
        self.compare_verdicts = false;
        for entry in self.reader.current().entries() {
            let watched = self.serials.get(entry.id()).and_then(|serial| self.watched.get(serial));
            let Some(watched) = watched.filter(|watched| watched.instance.incarnation == entry.instance.incarnation) else { continue };
            let verdict = watched.tracker.verdict();
            if !verdict.is_same_word(entry.verdict) {
                let (id, incarnation) = (entry.id().clone(), entry.instance.incarnation);
                self.judging.push(Judgement { id, incarnation, from: entry.verdict, verdict, evidence: "repeated".into() });
            }
        }
    }
}

/// Whether what was observed of `before` says nothing about `after`: it moved, or was removed and registered anew.
fn is_another(before: &Instance, after: &Instance) -> bool {
    before.incarnation != after.incarnation || before.registered_at != after.registered_at || after.revision < before.revision
}
