//! The order of a weighted round, prepared once: who comes when is then a look into a list.

use alloc::boxed::Box;
use alloc::collections::BinaryHeap;
use alloc::vec::Vec;
use core::cmp::Reverse;

use crate::routing::table::Seat;

/// The most turns in a round, beside one for everybody: beyond it weights are rounded.
const TURNS_MAX: u32 = 1024;

/// Places of seats in the order of their turns. Empty if all have the same weight: then it is a plain round.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule(Box<[u32]>);

impl Schedule {
    /// A round in which each seat has as many turns as its weight says, spread as evenly as whole turns allow.
    pub fn of(seats: &[Seat]) -> Self {
        let weights = reduced(seats.iter().map(|seat| seat.weight.max(1)).collect());
        if weights.iter().all(|weight| *weight == 1) {
            return Self::default();
        }
        let total: usize = weights.iter().map(|weight| *weight as usize).sum();
        // The k-th turn of weight w is due at (2k + 1) / 2w of the round; fractions are compared as whole numbers.
        let due = |turn: u64, weight: u32| (((2 * turn + 1) << 32) / (2 * u64::from(weight)), u64::from(weight));
        let mut queue: BinaryHeap<_> =
            weights.iter().enumerate().map(|(place, weight)| Reverse((due(0, *weight).0, place as u32, 0_u64))).collect();
        let mut turns = Vec::with_capacity(total);
        while let Some(Reverse((_, place, turn))) = queue.pop().filter(|_| turns.len() < total) {
            turns.push(place);
            let weight = weights[place as usize];
            if turn + 1 < u64::from(weight) {
                queue.push(Reverse((due(turn + 1, weight).0, place, turn + 1)));
            }
        }
        Self(turns.into())
    }

    /// How many turns a round has; 0 for a plain round.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it is a plain round.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whose turn it is: the place among the seats the schedule was made of.
    pub fn turn(&self, cursor: u64) -> Option<usize> {
        let length = self.0.len() as u64;
        (length > 0).then(|| self.0[(cursor % length) as usize] as usize)
    }
}

/// The weights divided by what divides them all, and scaled down if a round would be too long.
fn reduced(mut weights: Vec<u32>) -> Vec<u32> {
    let divisor = weights.iter().copied().fold(0, gcd).max(1);
    weights.iter_mut().for_each(|weight| *weight /= divisor);
    let total: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
    if total > u64::from(TURNS_MAX) {
        let scaled = |weight: u32| (u64::from(weight) * u64::from(TURNS_MAX) + total / 2) / total;
        weights.iter_mut().for_each(|weight| *weight = scaled(*weight).max(1) as u32);
    }
    weights
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}
