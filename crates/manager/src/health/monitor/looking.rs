//! Looks at setups: when, and what their results set going.

use std::sync::Arc;

use peegeeq_domain::instance::InstanceId;
use peegeeq_domain::time::Moment;

use super::{Monitor, News};
use crate::clock;
use crate::health::due::{Serial, next_slot, phase};
use crate::health::log;
use crate::health::remembering::Remembering;
use crate::health::setups::Memory;
use crate::health::watched::{Setups, Watched};
use crate::observations::SetupsSeen;

impl Monitor {
    /// The instance began to answer: its setups are looked at now.
    pub(super) fn look_soon(&mut self, serial: Serial, now: Moment) {
        let Some(watched) = self.watched.get_mut(&serial).filter(|_| !self.settings.setups_interval.is_zero()) else { return };
        match &mut watched.setups {
            Setups::Resting(_) => self.looks_due.set(serial, Some(now)),
            Setups::InLine(_) => {}
            Setups::Looking { again } => *again = true,
        }
    }

    /// The instance is down: asking it about setups would only wait.
    pub(super) fn stop_looking(&mut self, serial: Serial) {
        self.looks_due.set(serial, None);
    }

    /// Starts the looks that are due, in order, as far as the limit allows: half as many as probes.
    pub(super) fn start_due_looks(&mut self, now: Moment) {
        while let Some(serial) = self.looks_due.pop(now) {
            self.stand_in_line(serial);
        }
        while self.looks_running < (self.settings.concurrency / 2).max(1) {
            let Some(serial) = self.looks_in_line.pop_front() else { return };
            self.start_look(serial);
        }
    }

    fn stand_in_line(&mut self, serial: Serial) {
        let Some(watched) = self.watched.get_mut(&serial) else { return };
        match std::mem::replace(&mut watched.setups, Setups::Looking { again: false }) {
            Setups::Resting(memory) => {
                watched.setups = Setups::InLine(memory);
                self.looks_in_line.push_back(serial);
            }
            other => watched.setups = other,
        }
    }

    fn start_look(&mut self, serial: Serial) {
        let Some(watched) = self.watched.get_mut(&serial) else { return };
        let is_down = watched.tracker.verdict().is_down();
        let mut memory = match std::mem::replace(&mut watched.setups, Setups::Looking { again: false }) {
            Setups::InLine(memory) if !is_down => memory,
            Setups::InLine(memory) => {
                watched.setups = Setups::Resting(memory);
                return;
            }
            other => {
                watched.setups = other;
                return;
            }
        };
        let (instance, lookout) = (watched.instance.clone(), self.lookout.clone());
        self.looks_running += 1;
        self.set_going(Some(News::LookLost { serial }), async move {
            let seen = lookout.look(&instance.registration.endpoint, &mut memory).await;
            News::Looked { serial, memory, seen }
        });
    }

    /// A look panicked. What it knew is put together again from what was last seen.
    pub(super) fn look_lost(&mut self, serial: Serial) {
        let memory = self.watched.get(&serial).map(|watched| self.remembered(watched.id())).unwrap_or_default();
        self.looked(serial, Box::new(memory), None);
    }

    /// Notes what a look brought, if it ended well, and when the next is due.
    pub(super) fn looked(&mut self, serial: Serial, mut memory: Box<Memory>, seen: Option<SetupsSeen>) {
        self.looks_running -= 1;
        let Some(watched) = self.watched.get_mut(&serial) else { return };
        let now = clock::now();
        let forgotten = settle(watched, &mut memory, &mut self.remembering, now);
        let again = matches!(watched.setups, Setups::Looking { again: true });
        let interval = memory.interval(self.settings.setups_interval);
        let place = phase(&self.settings.manager_id, watched.id(), interval);
        watched.setups = Setups::Resting(memory);
        if let Some(mut seen) = seen {
            seen.setups.retain(|setup| !forgotten.contains(&setup.id));
            let before = self.observations.slot(watched.id().as_str()).and_then(|slot| slot.setups());
            log::setups(watched.id(), before.as_deref(), &seen);
            self.noting.setups(watched.id(), &seen);
            self.observations.note_setups(watched.id().as_str(), seen);
        }
        let next = if again { now } else { next_slot(now, interval, place) };
        self.looks_due.set(serial, (!watched.tracker.verdict().is_down()).then_some(next));
    }

    /// A setup was ordered to go from an instance: once it is gone, nobody misses it.
    pub(super) fn expect_gone(&mut self, id: &InstanceId, setup: Arc<str>) {
        let Some(serial) = self.serials.get(id).copied() else { return };
        let Some(watched) = self.watched.get_mut(&serial) else { return };
        let now = clock::now();
        watched.leaving.order(setup, now);
        match std::mem::replace(&mut watched.setups, Setups::Looking { again: true }) {
            Setups::Resting(mut memory) => {
                let forgotten = settle(watched, &mut memory, &mut self.remembering, now);
                watched.setups = Setups::Resting(memory);
                self.show_forgotten(id, &forgotten);
            }
            other => watched.setups = other,
        }
        self.look_soon(serial, now);
    }

    fn show_forgotten(&mut self, id: &InstanceId, forgotten: &[Arc<str>]) {
        let seen = self.observations.slot(id.as_str()).and_then(|slot| slot.setups());
        if let Some(seen) = seen.filter(|_| !forgotten.is_empty()) {
            let mut seen = SetupsSeen::clone(&seen);
            seen.setups.retain(|setup| !forgotten.contains(&setup.id));
            self.noting.setups(id, &seen);
            self.observations.note_setups(id.as_str(), seen);
        }
    }
}

/// Forgets what was ordered to go and went, and has written what is to be written. Says what is forgotten.
fn settle(watched: &mut Watched, memory: &mut Memory, remembering: &mut Remembering, now: Moment) -> Vec<Arc<str>> {
    if watched.leaving.take_changed(now) {
        memory.mark_unwritten();
    }
    let forgotten = watched.leaving.take_done(|setup| memory.forget_missing(setup));
    if let Some(known) = memory.take_unwritten(&watched.instance, |setup| watched.leaving.has(setup)) {
        remembering.push(known);
    }
    forgotten
}
