//! The budget of retries: a part of the requests of the last seconds, and a little for quiet times.

use core::time::Duration;

use crate::time::{Moment, millis};

/// How many slices the window has.
const SLICES: usize = 10;

/// How large a budget is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BudgetPolicy {
    /// Retries for a hundred requests.
    pub percent: u32,
    /// Retries a second that are allowed however few requests there are.
    pub reserve_per_second: u32,
    /// How long a request counts.
    pub ttl: Duration,
}

impl Default for BudgetPolicy {
    fn default() -> Self {
        Self { percent: 20, reserve_per_second: 10, ttl: Duration::from_secs(10) }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Slice {
    /// Which slice of time this is.
    number: u64,
    requests: u32,
    retries: u32,
}

/// Counts requests and retries of the last seconds. In any window there are at most `percent` of the requests, or the
/// reserve if that is more: it is no addition, so that a cluster that is wholly dead is asked at most 1.2 times as often.
#[derive(Clone, Debug)]
pub struct Budget {
    policy: BudgetPolicy,
    slices: [Slice; SLICES],
}

impl Default for Budget {
    fn default() -> Self {
        Self::new(BudgetPolicy::default())
    }
}

impl Budget {
    /// An empty window.
    pub const fn new(policy: BudgetPolicy) -> Self {
        Self { policy, slices: [Slice { number: 0, requests: 0, retries: 0 }; SLICES] }
    }

    /// A request came; not to be called for its retries.
    pub fn request(&mut self, now: Moment) {
        let slice = self.slice(now);
        slice.requests = slice.requests.saturating_add(1);
    }

    /// Takes a retry out of the budget; false if there is none.
    pub fn take(&mut self, now: Moment) -> bool {
        let (requests, retries) = self.counts(now);
        let may = retries < self.allowance(requests);
        if may {
            let slice = self.slice(now);
            slice.retries = slice.retries.saturating_add(1);
        }
        may
    }

    /// Requests and retries that count now.
    pub fn counts(&self, now: Moment) -> (u64, u64) {
        let newest = self.number(now);
        let counting = self.slices.iter().filter(|slice| slice.number + SLICES as u64 > newest && slice.number <= newest);
        counting.fold((0, 0), |(requests, retries), slice| (requests + u64::from(slice.requests), retries + u64::from(slice.retries)))
    }

    /// How many retries so many requests allow.
    pub fn allowance(&self, requests: u64) -> u64 {
        let reserve = millis(self.policy.ttl) * u64::from(self.policy.reserve_per_second) / 1000;
        (requests * u64::from(self.policy.percent) / 100).max(reserve)
    }

    fn number(&self, now: Moment) -> u64 {
        now.as_millis() * SLICES as u64 / millis(self.policy.ttl).max(1)
    }

    fn slice(&mut self, now: Moment) -> &mut Slice {
        let number = self.number(now);
        let slice = &mut self.slices[(number % SLICES as u64) as usize];
        if slice.number != number {
            *slice = Slice { number, ..Slice::default() };
        }
        slice
    }
}
