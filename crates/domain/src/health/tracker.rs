//! One instance under observation: what a probe result does to its verdict, and when the next probe is due.
//!
//! The verdict goes down exactly when failures in a row reach the limit, span the least time (a refused connection needs
//! none), and the manager does not doubt itself (unless refused: that is proof). Probing is regular while all is well (own slot in the interval, so that
//! instances do not come in waves), quick after a first failure, overlapping while an answer is awaited, and sparser the
//! longer an instance is down. Same inputs, same result.

use core::time::Duration;

use super::outcome::{FailureKind, ProbeOutcome};
use super::state::Verdict;
use crate::time::{Moment, millis};

/// After an instance was found down it is probed again at these offsets, then every retry interval.
const AFTER_DOWN: [Duration; 5] =
    [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4), Duration::from_secs(8), Duration::from_secs(16)];

/// The numbers of health checking. Read once at start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthPolicy {
    /// Time between probes while all is well.
    pub interval: Duration,
    /// Share of the interval by which a probe may come early or late, in percent.
    pub jitter_percent: u32,
    /// Failures in a row that make an instance down; at least 1.
    pub max_failures: u32,
    /// Time between quick re-checks after a failure.
    pub recheck: Duration,
    /// An unanswered probe gets another beside it after this time.
    pub overlap_after: Duration,
    /// Failures must span at least this before they count as down, unless the connection was refused.
    pub least_span: Duration,
    /// Time between probes of an instance that has been down for a while.
    pub retry_interval: Duration,
    /// Passes in a row that end being down; at least 1.
    pub recovery_successes: u32,
}

/// Who asked for a probe, which decides what its failure may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// The schedule, the tripwire, or an operator's forced check: counts in full.
    Counting,
    /// Somebody who merely looked: a pass counts, a failure only hastens the next scheduled probe.
    Looking,
}

/// A change of verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// What it was.
    pub from: Verdict,
    /// What it is.
    pub to: Verdict,
}

/// The observation of one instance under one address.
#[derive(Clone, Debug)]
pub struct HealthTracker {
    verdict: Verdict,
    phase: Duration,
    first_failure: Moment,
    last_pass_started: Option<Moment>,
    down_at: Moment,
    passes: u32,
    in_flight: u32,
    /// Another probe was wished for while one ran that began before.
    wished: bool,
    due: Option<Moment>,
}

impl HealthTracker {
    /// Begins observation at `now`; the first probe is due at once. `phase` places the later ones within the interval.
    pub fn new(phase: Duration, now: Moment) -> Self {
        Self {
            verdict: Verdict::Unprobed,
            phase,
            first_failure: now,
            last_pass_started: None,
            down_at: now,
            passes: 0,
            in_flight: 0,
            wished: false,
            due: Some(now),
        }
    }

    /// What probes observed so far.
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// When the next probe is due; `None` while only waiting for probes that run.
    pub const fn due(&self) -> Option<Moment> {
        self.due
    }

    /// Whether a pass was seen before and it is not down: its silence says something about the network too.
    pub const fn was_answering(&self) -> bool {
        matches!(self.verdict, Verdict::Passing | Verdict::Failing { passed_before: true, .. })
    }

    /// Whether a scheduled probe is under way.
    pub const fn is_awaiting(&self) -> bool {
        self.in_flight > 0
    }

    /// Asks for a probe as soon as possible (the tripwire closed). One that runs began before the reason to ask: another
    /// follows when it ends.
    pub fn expedite(&mut self, now: Moment) {
        if self.in_flight == 0 {
            self.hasten(now);
        } else {
            self.wished = true;
        }
    }

    /// A scheduled probe began at `now`.
    pub fn probe_started(&mut self, policy: &HealthPolicy, now: Moment) {
        self.in_flight = self.in_flight.saturating_add(1);
        self.wished = false;
        self.due = self.wants_another(policy).then(|| now + policy.overlap_after);
    }

    /// A scheduled probe that began at `started` ended at `now`. `random` spreads the next one; `doubting` freezes the way
    /// down, unless the connection was refused. Only a change of the verdict's word is a transition.
    pub fn probe_ended(
        &mut self,
        policy: &HealthPolicy,
        outcome: ProbeOutcome,
        started: Moment,
        now: Moment,
        random: u32,
        doubting: bool,
    ) -> Option<Transition> {
        self.in_flight = self.in_flight.saturating_sub(1);
        let change = self.observe(policy, outcome, Check::Counting, started, now, random, doubting);
        self.grant_wish(now);
        change
    }

    /// A scheduled probe ended in a way that proves nothing: the manager was late, or could not ask. Another follows soon.
    pub fn probe_proved_nothing(&mut self, policy: &HealthPolicy, now: Moment) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if self.in_flight == 0 {
            self.hasten(now + policy.overlap_after);
        }
        self.grant_wish(now);
    }

    fn grant_wish(&mut self, now: Moment) {
        if core::mem::take(&mut self.wished) && !self.verdict.is_down() {
            self.hasten(now);
        }
    }

    /// Takes note of what a probe found, whoever sent it.
    #[expect(clippy::too_many_arguments, reason = "all inputs of a pure decision, each of a different kind")]
    pub fn observe(
        &mut self,
        policy: &HealthPolicy,
        outcome: ProbeOutcome,
        check: Check,
        started: Moment,
        now: Moment,
        random: u32,
        doubting: bool,
    ) -> Option<Transition> {
        let from = self.verdict;
        match (outcome, check) {
            (ProbeOutcome::Passed, _) => self.passed(policy, started, now, random),
            (ProbeOutcome::Failed(_), _) if self.is_outdated(started) => self.plan_if_idle(policy, now, random),
            (ProbeOutcome::Failed(_), Check::Looking) => self.looked_at(policy, now),
            (ProbeOutcome::Failed(kind), Check::Counting) => self.failed(policy, kind, now, doubting),
        }
        (!from.is_same_word(self.verdict)).then_some(Transition { from, to: self.verdict })
    }

    /// A failure of a probe that began before one that passed says nothing any more.
    fn is_outdated(&self, started: Moment) -> bool {
        self.last_pass_started.is_some_and(|pass| started < pass)
    }

    fn passed(&mut self, policy: &HealthPolicy, started: Moment, now: Moment, random: u32) {
        self.last_pass_started = Some(self.last_pass_started.map_or(started, |earlier| earlier.max(started)));
        self.passes = self.passes.saturating_add(1);
        if self.verdict.is_down() && self.passes < policy.recovery_successes.max(1) {
            self.due = Some(now + policy.recheck);
            return;
        }
        self.verdict = Verdict::Passing;
        self.due = Some(self.next_slot(policy, now, random));
    }

    fn looked_at(&mut self, policy: &HealthPolicy, now: Moment) {
        if !self.verdict.is_down() && self.in_flight == 0 {
            self.hasten(now + policy.recheck);
        }
    }

    fn failed(&mut self, policy: &HealthPolicy, kind: FailureKind, now: Moment, doubting: bool) {
        self.passes = 0;
        let Some((in_a_row, passed_before)) = self.next_failure(now) else {
            self.due = self.next_while_down(policy, now);
            return;
        };
        let (proof, spans) = (kind == FailureKind::Refused, now.since(self.first_failure) >= policy.least_span);
        if in_a_row >= policy.max_failures.max(1) && (proof || (spans && !doubting)) {
            self.verdict = Verdict::Down { in_a_row };
            self.down_at = now;
            self.due = self.next_while_down(policy, now);
            return;
        }
        self.verdict = Verdict::Failing { in_a_row, passed_before };
        self.plan_recheck(policy, now);
    }

    fn plan_recheck(&mut self, policy: &HealthPolicy, now: Moment) {
        if self.wants_another(policy) {
            self.hasten(now + policy.recheck);
        } else if self.in_flight == 0 {
            self.due = Some(now + policy.overlap_after);
        }
    }

    /// The number of this failure in its row and whether a pass came before; `None` when already down.
    fn next_failure(&mut self, now: Moment) -> Option<(u32, bool)> {
        match self.verdict {
            Verdict::Down { .. } => None,
            Verdict::Failing { in_a_row, passed_before } => Some((in_a_row.saturating_add(1), passed_before)),
            Verdict::Unprobed | Verdict::Passing => {
                self.first_failure = now;
                Some((1, self.verdict == Verdict::Passing))
            }
        }
    }

    /// Whether the probes that failed or run would not suffice to find it down: too few, or begun too close together to
    /// span the least time. (Else fewer failures demanded would mean a later discovery: the missing one would begin only
    /// after the others timed out.)
    fn wants_another(&self, policy: &HealthPolicy) -> bool {
        let steps = millis(policy.least_span).div_ceil(millis(policy.overlap_after).max(1));
        let spanning = u32::try_from(steps).unwrap_or(u32::MAX).saturating_add(1);
        !self.verdict.is_down() && self.verdict.failures().saturating_add(self.in_flight) < policy.max_failures.max(spanning)
    }

    fn next_while_down(&self, policy: &HealthPolicy, now: Moment) -> Option<Moment> {
        let upcoming = AFTER_DOWN.into_iter().map(|offset| self.down_at + offset).find(|at| *at > now);
        Some(upcoming.unwrap_or(now + policy.retry_interval))
    }

    /// Plans the next probe if neither a plan nor a running probe would lead to one.
    fn plan_if_idle(&mut self, policy: &HealthPolicy, now: Moment, random: u32) {
        if self.in_flight > 0 || self.due.is_some() {
            return;
        }
        match self.verdict {
            Verdict::Unprobed | Verdict::Passing => self.due = Some(self.next_slot(policy, now, random)),
            Verdict::Failing { .. } => self.plan_recheck(policy, now),
            Verdict::Down { .. } => self.due = self.next_while_down(policy, now),
        }
    }

    fn hasten(&mut self, at: Moment) {
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }

    /// The instance's next place in the interval, early by up to the jitter: so two probes of a well instance are never
    /// further apart than the interval and the jitter, whatever happened in between.
    fn next_slot(&self, policy: &HealthPolicy, now: Moment, random: u32) -> Moment {
        let interval = millis(policy.interval).max(1);
        let reach = interval.saturating_mul(u64::from(policy.jitter_percent.min(40))) / 100;
        let earliest = now.as_millis().saturating_add(reach).saturating_add(1);
        let phase = millis(self.phase) % interval;
        let slot = earliest.saturating_sub(phase).div_ceil(interval).saturating_mul(interval).saturating_add(phase);
        Moment::from_millis(slot - u64::from(random) % (reach + 1))
    }
}

#[cfg(test)]
#[path = "tracker_tests.rs"]
mod tests;
