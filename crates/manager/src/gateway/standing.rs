//! What the requests to one instance say about it: how long they take, and whether they fail.
//!
//! Owns keeping these numbers between workers. Does not own the rules (`peegeeq_domain::routing::accrual`), nor who is
//! ejected in the end: that depends on the others, and is decided where the table is built.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use peegeeq_domain::routing::accrual::{Accrual, AccrualEvent, AccrualPolicy, FailureKind};
use peegeeq_domain::routing::pick::{EwmaPolicy, PeakEwma};
use peegeeq_domain::routing::table::Standing;
use peegeeq_domain::time::Moment;

use crate::clock;

/// What requests say about an instance. Workers share it.
#[derive(Debug)]
pub(super) struct Record {
    policy: AccrualPolicy,
    latency: AtomicU64,
    accrual: Mutex<Accrual>,
    /// All failures so far.
    failures: AtomicU64,
    /// A success would change nothing: most requests need not lock.
    quiet: AtomicBool,
}

impl Record {
    pub(super) fn new(policy: AccrualPolicy) -> Self {
        let latency = PeakEwma::new(&EwmaPolicy::default(), clock::now());
        let latency = AtomicU64::new(latency.to_bits());
        Self { policy, latency, accrual: Mutex::default(), failures: AtomicU64::new(0), quiet: AtomicBool::new(true) }
    }

    /// A request ended after so long. `true`: what to do with the instance changed.
    pub(super) fn ended(&self, failure: Option<FailureKind>, is_probe: bool, took: Duration, now: Moment) -> bool {
        let before = PeakEwma::from_bits(self.latency.load(Ordering::Relaxed));
        let policy = EwmaPolicy::default();
        let next = if failure.is_some() { before.observe_failure(&policy, took, now) } else { before.observe(&policy, took, now) };
        // Of two at the same time one may be lost: an average does not mind.
        if next != before {
            self.latency.store(next.to_bits(), Ordering::Relaxed);
        }
        match failure {
            None if self.quiet.load(Ordering::Relaxed) => return false,
            None => {}
            Some(_) => _ = self.failures.fetch_add(1, Ordering::Relaxed),
        }
        self.next(AccrualEvent::Ended { is_probe, failure }, now)
    }

    /// A request was not waited for any longer, because another instance answered first: it would have taken at least so long.
    pub(super) fn outrun(&self, took: Duration, now: Moment) {
        let before = PeakEwma::from_bits(self.latency.load(Ordering::Relaxed));
        self.latency.store(before.observe(&EwmaPolicy::default(), took, now).to_bits(), Ordering::Relaxed);
    }

    /// The one request of an instance on probation ended without saying anything about it.
    pub(super) fn probe_lost(&self) {
        self.next(AccrualEvent::ProbeLost, clock::now());
    }

    /// Takes the one request that an instance on probation gets.
    pub(super) fn take_probe(&self, now: Moment) -> bool {
        let mut accrual = self.accrual.lock().unwrap_or_else(PoisonError::into_inner);
        *accrual = accrual.next(AccrualEvent::Tick, &self.policy, now, 0);
        let is_free = accrual.is_open_for_probe();
        *accrual = accrual.next(AccrualEvent::ProbeTaken, &self.policy, now, 0);
        is_free
    }

    /// Whether that request is still to be had.
    pub(super) fn probe_is_free(&self, now: Moment) -> bool {
        let accrual = self.accrual.lock().unwrap_or_else(PoisonError::into_inner);
        accrual.next(AccrualEvent::Tick, &self.policy, now, 0).is_open_for_probe()
    }

    /// All failures so far.
    pub(super) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Whether it takes part: the word for it, and the arithmetic behind it.
    pub(super) fn told(&self, now: Moment) -> (&'static str, String) {
        let accrual = self.accrual.lock().unwrap_or_else(PoisonError::into_inner).next(AccrualEvent::Tick, &self.policy, now, 0);
        (accrual.word(), accrual.tell(&self.policy, now))
    }

    fn next(&self, event: AccrualEvent, now: Moment) -> bool {
        let mut accrual = self.accrual.lock().unwrap_or_else(PoisonError::into_inner);
        let before = accrual.standing();
        *accrual = accrual.next(event, &self.policy, now, rand::random());
        self.quiet.store(accrual.ignores_success(), Ordering::Relaxed);
        accrual.standing() != before
    }

    /// In milliseconds.
    pub(super) fn latency(&self, now: Moment) -> f64 {
        PeakEwma::from_bits(self.latency.load(Ordering::Relaxed)).read(&EwmaPolicy::default(), now)
    }

    /// What to do with the instance.
    pub(super) fn standing(&self, now: Moment) -> Standing {
        self.next(AccrualEvent::Tick, now);
        self.accrual.lock().unwrap_or_else(PoisonError::into_inner).standing()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(1);
    const LOST: Option<FailureKind> = Some(FailureKind::Reset);

    #[tokio::test]
    async fn failures_in_a_row_eject_and_one_success_on_probation_ends_it() {
        let policy = AccrualPolicy { failures: 3, jitter_percent: 0, ..AccrualPolicy::default() };
        let (record, now) = (Record::new(policy), clock::now());
        for failure in [LOST, LOST, None, LOST, LOST] {
            assert!(!record.ended(failure, false, SHORT, now), "a success begins the row anew");
        }
        assert!(record.ended(LOST, false, SHORT, now));
        assert!(matches!(record.standing(now), Standing::Out { .. }));
        let later = now + policy.base;
        assert!(matches!(record.standing(later), Standing::Probation { .. }));
        assert!(record.take_probe(later) && !record.take_probe(later), "one request may try");
        assert!(record.ended(None, true, SHORT, later));
        assert_eq!(record.standing(later), Standing::In);
    }
}
