//! Sending probes, and what their results set going.

use std::collections::HashSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use peegeeq_domain::health::{Check, FailureKind, ProbeOutcome, Transition, Verdict};
use peegeeq_domain::time::Moment;
use tokio_util::task::AbortOnDropHandle;

use super::{Cause, Lane, Monitor, News};
use crate::clock;
use crate::health::due::Serial;
use crate::health::handle::{Asker, CheckError, Question, Reply};
use crate::health::tripwire::{self, Trip};
use crate::health::{Judgement, log, meters};
use crate::observations::Checkup;

impl Monitor {
    /// Starts the probes that are due, in order, as far as the limit allows.
    pub(super) fn start_due_probes(&mut self, now: Moment) {
        while let Some(serial) = self.probes_due.pop(now) {
            if let Some(watched) = self.watched.get_mut(&serial) {
                watched.in_line = true;
                let is_slow = watched.timed_out || watched.tracker.is_awaiting();
                self.line.push(serial, if is_slow { Lane::Slow } else { Lane::Quick });
            }
        }
        while let Some((serial, lane)) = self.line.pop() {
            let Some(watched) = self.watched.get_mut(&serial) else { continue };
            watched.in_line = false;
            let is_suspect = watched.tracker.is_awaiting() && watched.tracker.was_answering();
            watched.tracker.probe_started(&self.settings.policy, now);
            self.probes_due.set(serial, watched.tracker.due());
            self.send_probe(serial, Cause::Scheduled(lane), now);
            if is_suspect {
                self.ask_others(serial, now);
            }
        }
    }

    /// An instance that used to answer leaves a probe without an answer: others are asked, so that it is known whether
    /// most are silent before anybody is found down.
    fn ask_others(&mut self, serial: Serial, now: Moment) {
        let Some(watched) = self.watched.get(&serial) else { return };
        let mut hosts: HashSet<Arc<str>> = self.doubt.suspect(&watched.host, now).into_iter().collect();
        if hosts.is_empty() {
            return;
        }
        for (other, watched) in &mut self.watched {
            let tracker = &mut watched.tracker;
            let can_tell = tracker.was_answering() && !tracker.is_awaiting() && !watched.in_line;
            if can_tell && hosts.remove(&watched.host) {
                tracker.expedite(now);
                self.probes_due.set(*other, tracker.due());
            }
        }
    }

    /// Answers somebody who asks for a probe now. Asked-for probes have a limit of the same size, of their own.
    pub(super) fn answer(&mut self, question: Question) {
        let (id, check, reply) = match question {
            Question::Check { id, check, reply } => (id, check, reply),
            Question::ExpectGone { id, setup, noted } => {
                self.expect_gone(&id, setup, noted);
                return;
            }
            Question::Flush { done } => {
                self.remembering.flush(done);
                return;
            }
        };
        let found = self.serials.get(&id).and_then(|serial| Some((*serial, self.watched.get_mut(serial)?)));
        let Some((serial, watched)) = found else {
            let _ = reply.send(Err(CheckError::Unknown));
            return;
        };
        if !watched.is_asked() && self.forced_running >= self.settings.concurrency.max(1) {
            let _ = reply.send(Err(CheckError::Busy));
            return;
        }
        if watched.ask(check, reply) {
            self.send_probe(serial, Cause::Forced, clock::now());
        }
    }

    fn send_probe(&mut self, serial: Serial, cause: Cause, started: Moment) {
        let Some(watched) = self.watched.get(&serial) else { return };
        let (instance, prober) = (watched.instance.clone(), self.prober.clone());
        match cause {
            Cause::Scheduled(lane) => self.line.began(lane),
            Cause::Forced => self.forced_running += 1,
        }
        meters::began();
        self.set_going(Some(News::ProbeLost { serial, cause }), async move {
            let checkup = Box::new(prober.probe(&instance.registration).await);
            News::Probed { serial, cause, started, checkup }
        });
    }

    fn place_is_free(&mut self, cause: Cause) {
        match cause {
            Cause::Scheduled(lane) => self.line.ended(lane),
            Cause::Forced => self.forced_running -= 1,
        }
    }

    /// A probe panicked. Its place is free again, it proves nothing, and whoever waits for it is told that it was abandoned.
    pub(super) fn probe_lost(&mut self, serial: Serial, cause: Cause) {
        self.place_is_free(cause);
        meters::lost();
        let Some(watched) = self.watched.get_mut(&serial) else { return };
        let now = clock::now();
        match cause {
            Cause::Forced => drop(watched.forced_ended(ProbeOutcome::Passed, now)),
            Cause::Scheduled(_) => {
                watched.tracker.probe_proved_nothing(&self.settings.policy, now);
                if !watched.in_line {
                    self.probes_due.set(serial, watched.tracker.due());
                }
            }
        }
    }

    /// Takes note of a result: what it does to the verdict, and everything that follows.
    pub(super) fn probed(&mut self, serial: Serial, cause: Cause, started: Moment, checkup: Checkup) {
        let now = clock::now();
        self.place_is_free(cause);
        let Some(watched) = self.watched.get_mut(&serial) else {
            meters::ended(&metrics::SharedString::const_str("other"), &checkup);
            return;
        };
        meters::ended(&watched.label, &checkup);
        let outcome = checkup.failure.as_ref().map_or(ProbeOutcome::Passed, |failure| ProbeOutcome::Failed(failure.kind));
        let forced = (cause == Cause::Forced).then(|| watched.forced_ended(outcome, now));
        let change = self.observe(serial, forced.as_ref().map(|(check, _)| *check), outcome, started, now);
        if let Some(change) = change {
            self.judge(serial, change, &checkup);
        }
        self.note(serial, started, checkup, forced.map(|(_, askers)| askers).unwrap_or_default());
        self.follow_up(serial, outcome, change, started, now);
    }

    /// Hands the outcome to the tracker, if it proves anything.
    fn observe(
        &mut self,
        serial: Serial,
        forced: Option<Check>,
        outcome: ProbeOutcome,
        started: Moment,
        now: Moment,
    ) -> Option<Transition> {
        let policy = &self.settings.policy;
        let watched = self.watched.get_mut(&serial)?;
        let failed = outcome != ProbeOutcome::Passed;
        if failed && (started < self.distrust_before || outcome == ProbeOutcome::Failed(FailureKind::Local)) {
            if forced.is_none() {
                watched.tracker.probe_proved_nothing(policy, now);
            }
            return None;
        }
        let was_answering = watched.tracker.was_answering();
        match outcome {
            ProbeOutcome::Failed(FailureKind::Timeout) if was_answering => self.doubt.silent(&watched.host, started),
            ProbeOutcome::Failed(FailureKind::Timeout) => {}
            ProbeOutcome::Passed => self.doubt.answered(&watched.host, started),
            ProbeOutcome::Failed(_) if was_answering => self.doubt.answered(&watched.host, started),
            ProbeOutcome::Failed(_) => {}
        }
        let doubting = self.doubt.reason(now).is_some();
        let random = rand::random();
        let change = match forced {
            None => watched.tracker.probe_ended(policy, outcome, started, now, random, doubting),
            Some(check) => watched.tracker.observe(policy, outcome, check, started, now, random, doubting),
        };
        watched.timed_out = outcome == ProbeOutcome::Failed(FailureKind::Timeout);
        if was_answering && outcome == ProbeOutcome::Failed(FailureKind::Timeout) {
            self.ask_others(serial, now);
        }
        change
    }

    fn judge(&mut self, serial: Serial, change: Transition, checkup: &Checkup) {
        let Some(watched) = self.watched.get(&serial) else { return };
        let evidence = checkup.failure.as_ref().map_or("health check passed", |failure| &failure.sentence);
        log::transition(watched.id(), change, self.settings.policy.max_failures, evidence);
        meters::transition(change.to);
        if change.to.is_down() {
            self.doubt.found_down(&watched.host, clock::now());
        }
        let (id, incarnation) = (watched.id().clone(), watched.instance.incarnation);
        self.judging.push(Judgement { id, incarnation, from: change.from, verdict: change.to, evidence: evidence.into() });
    }

    /// Notes the checkup beside the catalog, and has it told to those who asked.
    fn note(&mut self, serial: Serial, started: Moment, mut checkup: Checkup, askers: Vec<Asker>) {
        let Some(watched) = self.watched.get_mut(&serial) else { return };
        checkup.consecutive_failures = watched.tracker.verdict().failures();
        if !askers.is_empty() {
            self.judging.reply_after(Reply { to: askers, checkup: Arc::new(checkup.clone()) });
        }
        if watched.is_news(started) {
            let before = self.observations.slot(watched.id().as_str()).and_then(|slot| slot.checkup());
            log::certificate(watched.id(), before.as_deref(), &checkup, self.settings.expiry_warning);
            self.observations.note_checkup(watched.id().as_str(), checkup);
        }
    }

    /// What follows from a result: the next probe, the tripwire, a look at the setups.
    fn follow_up(&mut self, serial: Serial, outcome: ProbeOutcome, change: Option<Transition>, started: Moment, now: Moment) {
        let Some(watched) = self.watched.get_mut(&serial) else { return };
        if !watched.in_line {
            self.probes_due.set(serial, watched.tracker.due());
        }
        if outcome != ProbeOutcome::Passed {
            watched.wire.probe_failed();
        }
        match change {
            Some(Transition { to, .. }) if to.is_down() => {
                watched.wire.instance_is_down();
                self.stop_looking(serial);
            }
            Some(Transition { from, to }) if is_awakening(from, to) => self.look_soon(serial, now),
            _ => {}
        }
        if outcome == ProbeOutcome::Passed {
            self.open_wire(serial, started);
        }
    }

    fn open_wire(&mut self, serial: Serial, probe_started: Moment) {
        let Some(watched) = self.watched.get_mut(&serial).filter(|_| self.settings.tripwire) else { return };
        let Some(back_off) = watched.wire.probe_passed(probe_started) else { return };
        let endpoint = watched.instance.registration.endpoint.clone();
        let hold = tripwire::hold(self.prober.dialer.clone(), endpoint, self.settings.probe_timeout, back_off);
        let tell = self.tell.clone();
        // There is one for each instance, for as long as it is well: it keeps room for nothing but the wire. It ends with the loop,
        // which owns it.
        let task = self.tasks.short(async move {
            let trip = AssertUnwindSafe(hold).catch_unwind().await.unwrap_or(Trip::NotOpened);
            // A closed channel: the loop ended, and nobody wants to know.
            let _ = Box::pin(tell.send(News::Wire { serial, trip })).await;
        });
        if let Some(watched) = self.watched.get_mut(&serial) {
            watched.wire.opened(AbortOnDropHandle::new(task));
        }
    }

    /// The wire of an instance ended: a probe finds out why.
    pub(super) fn wire_ended(&mut self, serial: Serial, trip: Trip) {
        let Some(watched) = self.watched.get_mut(&serial) else { return };
        let now = clock::now();
        if watched.tracker.verdict().is_down() {
            watched.wire.instance_is_down();
        } else if watched.wire.ended(trip, now) {
            watched.tracker.expedite(now);
            if !watched.in_line {
                self.probes_due.set(serial, watched.tracker.due());
            }
        }
    }
}

/// From not known to be well, to well.
fn is_awakening(from: Verdict, to: Verdict) -> bool {
    to == Verdict::Passing && !matches!(from, Verdict::Failing { passed_before: true, .. })
}
