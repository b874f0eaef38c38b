//! The strategies at work on a group.

use core::fmt;
use core::time::Duration;

use super::{Affinity, Loads, Strategy, Tried};
use crate::routing::hash;
use crate::routing::table::{Group, Level, Seat};
use crate::time::Moment;

/// Up to so many candidates all are compared instead of two.
const COMPARED_MAX: usize = 3;

/// After so long on probation without a request that may be sent again, any request may try.
const PROBE_PATIENCE: Duration = Duration::from_secs(10);

/// The least part of its share that a newcomer has.
const NEWCOMER_SHARE_MIN: f64 = 0.1;

/// So many turns, beside two for everybody, are let pass before somebody is taken as it comes.
const TURNS_MAX: u64 = 16;

/// Costs of latencies below it are the same.
const LATENCY_MIN: f64 = 0.01;

/// Everything that a pick depends on beside the group and the loads.
#[derive(Clone, Copy, Debug)]
pub struct Draw {
    /// How to pick.
    pub strategy: Strategy,
    /// Counts requests, for strategies that take turns. One per group or one for all: any counter that grows by one.
    pub cursor: u64,
    /// A random number.
    pub random: u64,
    /// The time.
    pub now: Moment,
    /// What must, or should, go to the same candidate again; overrides the strategy.
    pub affinity: Option<Affinity>,
    /// The request may try a candidate on probation: it can be sent elsewhere if that fails.
    pub may_probe: bool,
}

/// Why nobody could be picked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoCandidate {
    /// The group has nobody to pick: its exclusions say why.
    Empty,
    /// All were tried already.
    AllTried,
}

impl fmt::Display for NoCandidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "no instance can serve the request",
            Self::AllTried => "every instance that can serve the request was tried",
        })
    }
}

impl Group {
    /// The number of the candidate to send to.
    pub fn pick<L: Loads>(&self, draw: &Draw, loads: &L, tried: &Tried) -> Result<usize, NoCandidate> {
        if let Some(index) = self.probe(draw, loads, tried, false) {
            return Ok(index);
        }
        let first = self.first_level(draw).and_then(|level| level.pick(draw, loads, tried, self.slow_start));
        let seat = first.or_else(|| self.levels.iter().find_map(|level| level.pick(draw, loads, tried, self.slow_start)));
        match seat {
            Some(seat) => Ok(seat.index),
            None => self.probe(draw, loads, tried, true).ok_or_else(|| self.nobody()),
        }
    }

    /// The number of the candidate that should get a new setup: whoever is near and has the fewest.
    pub fn pick_for_new_setup(&self, random: u64, tried: &Tried) -> Result<usize, NoCandidate> {
        let fewest = |level: &Level| least(untried(&level.seats, tried), random, |seat| f64::from(seat.setups)).map(|seat| seat.index);
        self.levels.iter().find_map(fewest).ok_or_else(|| self.nobody())
    }

    fn nobody(&self) -> NoCandidate {
        if self.levels.is_empty() && self.probation.is_empty() { NoCandidate::Empty } else { NoCandidate::AllTried }
    }

    /// Somebody on probation who was not tried by anybody yet.
    fn probe<L: Loads>(&self, draw: &Draw, loads: &L, tried: &Tried, is_last: bool) -> Option<usize> {
        let may = |since: Moment| is_last || draw.may_probe || draw.now.since(since) > PROBE_PATIENCE;
        let mut open = self.probation.iter().filter(|probation| may(probation.since) && !tried.has(probation.seat.index));
        open.find(|probation| loads.take_probe(probation.seat.index)).map(|probation| probation.seat.index)
    }

    /// The level where this request begins, by the shares of the levels.
    fn first_level(&self, draw: &Draw) -> Option<&Level> {
        if self.levels.len() < 2 {
            return self.levels.first();
        }
        let source = draw.affinity.map_or(draw.random, |affinity| affinity.key);
        let mut roll = (hash::mix(source ^ 0x1E7E) % 1000) as u32;
        let begins = |level: &&Level| {
            let here = roll < level.share;
            roll = roll.saturating_sub(level.share);
            here
        };
        self.levels.iter().find(begins)
    }
}

impl Level {
    fn pick<L: Loads>(&self, draw: &Draw, loads: &L, tried: &Tried, window: Duration) -> Option<&Seat> {
        if let Some(affinity) = draw.affinity {
            return affinity.pick(&self.seats, loads, tried);
        }
        match draw.strategy {
            Strategy::RoundRobin => next_untried(&self.seats, draw.cursor, tried),
            Strategy::Random => one_of(&self.seats, draw.random, tried),
            Strategy::FirstAvailable => untried(&self.seats, tried).next(),
            Strategy::WeightedRoundRobin => self.take_turns(draw, tried, window),
            Strategy::LeastConnections | Strategy::PeakEwma => self.compare(draw, loads, tried, window),
        }
    }

    /// The turn of the schedule. A newcomer lets some of its turns pass, so that its share grows.
    fn take_turns(&self, draw: &Draw, tried: &Tried, window: Duration) -> Option<&Seat> {
        if self.schedule.is_empty() && !self.has_newcomers(draw.now) {
            return next_untried(&self.seats, draw.cursor, tried);
        }
        for step in 0..TURNS_MAX + 2 * self.seats.len() as u64 {
            // A turn that is let pass goes to anybody, not always to the next.
            let cursor = if step == 0 { draw.cursor } else { hash::mix(draw.random ^ step) };
            let place = self.schedule.turn(cursor).unwrap_or((cursor % self.seats.len() as u64) as usize);
            let seat = &self.seats[place];
            let waits = || {
                self.has_newcomers(draw.now) && fraction(hash::mix(draw.random.wrapping_sub(step))) >= self.maturity(seat, draw.now, window)
            };
            if !tried.has(seat.index) && !waits() {
                return Some(seat);
            }
        }
        next_untried(&self.seats, draw.cursor, tried)
    }

    /// The cheapest of a few, or the cheaper of two taken by chance.
    fn compare<L: Loads>(&self, draw: &Draw, loads: &L, tried: &Tried, window: Duration) -> Option<&Seat> {
        let cost = |seat: &Seat| self.cost(seat, draw, loads, window);
        let count = if tried.is_empty() { self.seats.len() } else { untried(&self.seats, tried).count() };
        if count <= COMPARED_MAX {
            return least(untried(&self.seats, tried), draw.random, cost);
        }
        let one = (draw.random % count as u64) as usize;
        let other = (one + 1 + ((draw.random >> 32) % (count as u64 - 1)) as usize) % count;
        let nth = |number| if tried.is_empty() { self.seats.get(number) } else { untried(&self.seats, tried).nth(number) };
        least(nth(one).into_iter().chain(nth(other)), draw.random, cost)
    }

    /// What it costs to send to a seat: the less the better. The same for all where the strategy does not compare.
    pub(in crate::routing) fn cost<L: Loads>(&self, seat: &Seat, draw: &Draw, loads: &L, window: Duration) -> f64 {
        let share = f64::from(seat.weight) * self.maturity(seat, draw.now, window);
        let busy = (f64::from(loads.in_flight(seat.index)) + 1.0) / share;
        match draw.strategy {
            Strategy::LeastConnections => busy,
            Strategy::PeakEwma => busy * loads.latency(seat.index, draw.now).max(LATENCY_MIN),
            _ => 0.0,
        }
    }

    fn has_newcomers(&self, now: Moment) -> bool {
        self.slow_until.is_some_and(|until| now < until)
    }

    /// The part of its share that a seat has: a newcomer's grows from a tenth to all of it.
    pub(in crate::routing) fn maturity(&self, seat: &Seat, now: Moment, window: Duration) -> f64 {
        let since = seat.since.filter(|_| self.has_newcomers(now) && !window.is_zero());
        since.map_or(1.0, |since| (now.since(since).as_secs_f64() / window.as_secs_f64()).clamp(NEWCOMER_SHARE_MIN, 1.0))
    }
}

pub(super) fn untried<'s>(seats: &'s [Seat], tried: &Tried) -> impl Iterator<Item = &'s Seat> {
    seats.iter().filter(|seat| !tried.has(seat.index))
}

fn next_untried<'s>(seats: &'s [Seat], cursor: u64, tried: &Tried) -> Option<&'s Seat> {
    let start = (cursor % (seats.len() as u64).max(1)) as usize;
    seats[start..].iter().chain(&seats[..start]).find(|seat| !tried.has(seat.index))
}

fn one_of<'s>(seats: &'s [Seat], random: u64, tried: &Tried) -> Option<&'s Seat> {
    if tried.is_empty() {
        return seats.get(random.checked_rem(seats.len() as u64)? as usize);
    }
    let count = untried(seats, tried).count() as u64;
    untried(seats, tried).nth(random.checked_rem(count)? as usize)
}

/// The seat with the least cost; among equals one by chance.
fn least<'s>(seats: impl Iterator<Item = &'s Seat>, random: u64, cost: impl Fn(&Seat) -> f64) -> Option<&'s Seat> {
    let mut best: Option<(f64, &Seat)> = None;
    let mut equals = 1;
    for seat in seats {
        let own = cost(seat);
        match best {
            Some((least, _)) if own > least => continue,
            Some((least, _)) if own == least => {
                equals += 1;
                if !hash::mix(random.wrapping_add(equals)).is_multiple_of(equals) {
                    continue;
                }
            }
            _ => equals = 1,
        }
        best = Some((own, seat));
    }
    best.map(|(_, seat)| seat)
}

/// A number from 0 to 1, without 1.
pub(super) fn fraction(random: u64) -> f64 {
    (random >> 11) as f64 / (1_u64 << 53) as f64
}
