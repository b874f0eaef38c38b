//! What the requests to one instance say about it: how long they take, and whether they fail.
//!
//! Owns the numbers behind `peak_ewma` and passive ejection. Does not own who is ejected in the end: that depends on the
//! others, and is decided where the table is built.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use peegeeq_domain::routing::pick::{EwmaPolicy, PeakEwma};
use peegeeq_domain::routing::table::Standing;
use peegeeq_domain::time::{Moment, millis};

use crate::clock;

/// Failures in a row after which an instance is left alone.
const FAILURES_MAX: u32 = 5;

/// For how long at first; each further time twice as long.
const FIRST_TIME: Duration = Duration::from_secs(5);

/// The longest.
const LONGEST_TIME: Duration = Duration::from_secs(60);

/// "Not ejected."
const NEVER: u64 = u64::MAX;

/// What requests say about an instance. Workers share it.
#[derive(Debug)]
pub(super) struct Record {
    latency: AtomicU64,
    failures: AtomicU32,
    times: AtomicU32,
    since: AtomicU64,
    until: AtomicU64,
    probing: AtomicBool,
}

impl Default for Record {
    fn default() -> Self {
        let latency = PeakEwma::new(&EwmaPolicy::default(), clock::now());
        Self {
            latency: AtomicU64::new(latency.to_bits()),
            failures: AtomicU32::new(0),
            times: AtomicU32::new(0),
            since: AtomicU64::new(NEVER),
            until: AtomicU64::new(NEVER),
            probing: AtomicBool::new(false),
        }
    }
}

impl Record {
    /// An answer took so long. Two at the same time may lose one: an average does not mind. `true`: it is well again.
    pub(super) fn succeeded(&self, took: Duration, now: Moment) -> bool {
        let before = PeakEwma::from_bits(self.latency.load(Ordering::Relaxed));
        self.latency.store(before.observe(&EwmaPolicy::default(), took, now).to_bits(), Ordering::Relaxed);
        if self.failures.load(Ordering::Relaxed) == 0 {
            return false;
        }
        self.failures.store(0, Ordering::Relaxed);
        let was_out = self.since.swap(NEVER, Ordering::AcqRel) != NEVER;
        self.times.store(0, Ordering::Relaxed);
        self.probing.store(false, Ordering::Release);
        was_out
    }

    /// A request failed after so long. `true`: it should be left alone from now on.
    pub(super) fn failed(&self, took: Duration, now: Moment) -> bool {
        let before = PeakEwma::from_bits(self.latency.load(Ordering::Relaxed));
        self.latency.store(before.observe_failure(&EwmaPolicy::default(), took, now).to_bits(), Ordering::Relaxed);
        let failures = self.failures.fetch_add(1, Ordering::AcqRel) + 1;
        let is_out = self.since.load(Ordering::Acquire) != NEVER;
        let failed_probation = is_out && now.as_millis() >= self.until.load(Ordering::Acquire);
        self.probing.store(false, Ordering::Release);
        if failures < FAILURES_MAX || (is_out && !failed_probation) {
            return false;
        }
        let times = self.times.fetch_add(1, Ordering::AcqRel).min(8);
        let alone = FIRST_TIME.saturating_mul(1 << times).min(LONGEST_TIME);
        self.until.store(now.as_millis() + millis(alone), Ordering::Release);
        self.since.store(now.as_millis(), Ordering::Release);
        true
    }

    /// The one request of an instance on probation ended without saying anything about it.
    pub(super) fn abandoned(&self) {
        self.probing.store(false, Ordering::Release);
    }

    /// Takes the one request that an instance on probation gets.
    pub(super) fn take_probe(&self) -> bool {
        !self.probing.swap(true, Ordering::AcqRel)
    }

    /// In milliseconds.
    pub(super) fn latency(&self, now: Moment) -> f64 {
        PeakEwma::from_bits(self.latency.load(Ordering::Relaxed)).read(&EwmaPolicy::default(), now)
    }

    /// What to do with the instance.
    pub(super) fn standing(&self, now: Moment) -> Standing {
        let (since, until) = (self.since.load(Ordering::Acquire), self.until.load(Ordering::Acquire));
        match since {
            NEVER => Standing::In,
            _ if now.as_millis() < until => Standing::Out { since: Moment::from_millis(since), until: Moment::from_millis(until) },
            _ => Standing::Probation { since: Moment::from_millis(until) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(1);

    #[tokio::test]
    async fn five_failures_in_a_row_eject_and_one_success_ends_it() {
        let (record, now) = (Record::default(), clock::now());
        for _ in 1..FAILURES_MAX {
            assert!(!record.failed(SHORT, now));
        }
        record.succeeded(SHORT, now);
        for _ in 1..FAILURES_MAX {
            assert!(!record.failed(SHORT, now), "a success between them begins the row anew");
        }
        assert!(record.failed(SHORT, now));
        assert!(matches!(record.standing(now), Standing::Out { .. }));
        let later = now + FIRST_TIME;
        assert!(matches!(record.standing(later), Standing::Probation { .. }));
        assert!(record.take_probe() && !record.take_probe(), "one request may try");
        assert!(record.failed(SHORT, later), "it failed on probation");
        assert!(matches!(record.standing(later + FIRST_TIME), Standing::Out { .. }), "twice as long");
        assert!(record.succeeded(SHORT, later));
        assert_eq!(record.standing(later), Standing::In);
    }
}
