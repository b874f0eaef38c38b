//! How many requests to one instance ended, and how.
//!
//! Owns counting them by worker, so that workers do not contend for one number, and adding them up for whoever looks.

use std::iter::Sum;
use std::sync::atomic::{AtomicU64, Ordering};

use super::upstream::Outcome;

/// The counts of one worker, on cache lines of their own.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(super) struct Counts([AtomicU64; Outcome::COUNT]);

impl Counts {
    pub(super) fn add(&self, outcome: Outcome) {
        self.0[outcome as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> Counted {
        Counted(self.0.each_ref().map(|count| count.load(Ordering::Relaxed)))
    }
}

/// Requests that ended, by how they did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted([u64; Outcome::COUNT]);

impl Counted {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Each count with the word for how they ended.
    pub fn by_outcome(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Outcome::ALL.iter().map(|(_, word)| *word).zip(self.0)
    }
}

impl Sum for Counted {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        let add = |mut sum: Self, one: Self| {
            sum.0.iter_mut().zip(one.0).for_each(|(sum, one)| *sum += one);
            sum
        };
        counts.fold(Self::default(), add)
    }
}
