//! What is known of how busy and how fast candidates are.

use core::time::Duration;

use crate::time::{Moment, millis};

/// The loads of the candidates of one table, by number. Reading must not wait.
pub trait Loads {
    /// Requests under way.
    fn in_flight(&self, index: usize) -> u32;

    /// Its latency in milliseconds as of `now`: [`PeakEwma::read`].
    fn latency(&self, index: usize, now: Moment) -> f64;

    /// Takes the one request that a candidate on probation gets; false if it is taken. A compare-and-swap.
    fn take_probe(&self, index: usize) -> bool;

    /// Whether that request is still to be had.
    fn probe_is_free(&self, _index: usize) -> bool {
        true
    }
}

/// Nobody is busy.
impl Loads for () {
    fn in_flight(&self, _: usize) -> u32 {
        0
    }

    fn latency(&self, _: usize, _: Moment) -> f64 {
        0.0
    }

    fn take_probe(&self, _: usize) -> bool {
        true
    }
}

/// How latencies are averaged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EwmaPolicy {
    /// After so long an observation counts for a third.
    pub decay: Duration,
    /// What is assumed of somebody of whom nothing is known.
    pub initial: Duration,
    /// What a failure counts at least: who fails fast must not look fast.
    pub penalty: Duration,
}

impl Default for EwmaPolicy {
    fn default() -> Self {
        Self { decay: Duration::from_secs(10), initial: Duration::from_millis(30), penalty: Duration::from_secs(1) }
    }
}

/// A latency that jumps up at once and comes down slowly, also while nothing is observed, so that the slow are tried again.
/// It fits into 64 bits, so that a worker changes it with one compare-and-swap.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PeakEwma {
    /// Milliseconds.
    estimate: f32,
    /// The lower half of the moment of the last observation.
    at: u32,
}

impl PeakEwma {
    /// Nothing observed yet.
    pub fn new(policy: &EwmaPolicy, now: Moment) -> Self {
        Self { estimate: policy.initial.as_secs_f32() * 1000.0, at: now.as_millis() as u32 }
    }

    /// What it is at `now`, in milliseconds.
    pub fn read(self, policy: &EwmaPolicy, now: Moment) -> f64 {
        f64::from(self.estimate) * self.remains(policy, now)
    }

    /// An answer took so long.
    pub fn observe(self, policy: &EwmaPolicy, took: Duration, now: Moment) -> Self {
        let observed = took.as_secs_f64() * 1000.0;
        let (estimate, remains) = (f64::from(self.estimate), self.remains(policy, now));
        let next = if observed > estimate { observed } else { estimate * remains + observed * (1.0 - remains) };
        Self { estimate: next as f32, at: now.as_millis() as u32 }
    }

    /// A request failed after so long.
    pub fn observe_failure(self, policy: &EwmaPolicy, took: Duration, now: Moment) -> Self {
        self.observe(policy, took.max(policy.penalty), now)
    }

    /// As a number to be kept in an atomic.
    pub const fn to_bits(self) -> u64 {
        (self.estimate.to_bits() as u64) << 32 | self.at as u64
    }

    /// From the number that was kept.
    pub const fn from_bits(bits: u64) -> Self {
        Self { estimate: f32::from_bits((bits >> 32) as u32), at: bits as u32 }
    }

    /// The part that remains of the estimate. A moment before the last observation counts as that observation.
    fn remains(self, policy: &EwmaPolicy, now: Moment) -> f64 {
        let passed = (now.as_millis() as u32).wrapping_sub(self.at);
        if passed == 0 || passed > u32::MAX / 2 {
            return 1.0;
        }
        libm::exp(-f64::from(passed) / (millis(policy.decay).max(1) as f64))
    }
}
