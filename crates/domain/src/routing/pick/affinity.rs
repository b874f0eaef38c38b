//! Rendezvous: the same key meets the same candidate, and when candidates come and go only the keys of those move.

use super::choose::{fraction, untried};
use super::{Loads, Tried};
use crate::routing::hash;
use crate::routing::table::Seat;

/// How much more than its share a candidate may be busy before its keys go to the next.
const BOUND: f64 = 1.25;

/// A wish to meet the same candidate again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Affinity {
    /// What it is about: [`key`](Self::key_of) of a text, or [`Owner::affinity`](crate::routing::ask::Owner).
    pub key: u64,
    /// It is only a wish: somebody who is much busier than others is passed over.
    pub bounded: bool,
}

impl Affinity {
    /// The key for a text, such as a setup's id.
    pub fn key_of(text: &str) -> u64 {
        hash::text(text)
    }

    pub(super) fn pick<'s, L: Loads>(&self, seats: &'s [Seat], loads: &L, tried: &Tried) -> Option<&'s Seat> {
        let shares = if self.bounded { Shares::of(seats, loads) } else { Shares::default() };
        let fits = |seat: &&Seat| !self.bounded || shares.has_room(seat, loads);
        self.best(untried(seats, tried).filter(fits)).or_else(|| self.best(untried(seats, tried)))
    }

    fn best<'s>(&self, seats: impl Iterator<Item = &'s Seat>) -> Option<&'s Seat> {
        seats.map(|seat| (self.distance(seat), seat)).min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, seat)| seat)
    }

    /// How far a key is from a seat; the nearest has it. Each is nearest to as many keys as its weight says.
    pub(in crate::routing) fn distance(&self, seat: &Seat) -> f64 {
        let chance = fraction(hash::join(self.key, seat.identity)).max(f64::MIN_POSITIVE);
        -libm::log(chance) / f64::from(seat.weight)
    }
}

#[derive(Default)]
struct Shares {
    in_flight: f64,
    weight: f64,
}

impl Shares {
    fn of<L: Loads>(seats: &[Seat], loads: &L) -> Self {
        let add = |sum: Self, seat: &Seat| Self {
            in_flight: sum.in_flight + f64::from(loads.in_flight(seat.index)),
            weight: sum.weight + f64::from(seat.weight),
        };
        seats.iter().fold(Self::default(), add)
    }

    fn has_room<L: Loads>(&self, seat: &Seat, loads: &L) -> bool {
        let fair = (self.in_flight + 1.0) * f64::from(seat.weight) / self.weight;
        f64::from(loads.in_flight(seat.index)) + 1.0 <= libm::ceil(BOUND * fair)
    }
}
