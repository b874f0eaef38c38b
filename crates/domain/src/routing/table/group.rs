//! A group: those who show the same data, prepared for picking one.
//!
//! Owns the order and the shares of candidates. Does not own the strategies.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::time::Duration;

use super::Exclusion;
use crate::federation::PhysicalIdentity;
use crate::routing::ladder::Rung;
use crate::routing::pick::{Schedule, Tried};
use crate::time::Moment;

/// A candidate of a group that may be picked.
#[derive(Clone, Debug, PartialEq)]
pub struct Seat {
    /// Its number in the table.
    pub index: usize,
    /// Its share relative to others; never 0.
    pub weight: u32,
    /// Since when it can be routed to, if that matters for slow start.
    pub since: Option<Moment>,
    /// How many setups it has.
    pub setups: u32,
    /// A number for its id, the same in every table and every manager.
    pub identity: u64,
    /// It should be ejected, but too few would remain.
    pub spared: bool,
}

/// A member of a group that may not be picked.
#[derive(Clone, Debug, PartialEq)]
pub struct Excluded {
    /// Its number in the table.
    pub index: usize,
    /// Why.
    pub why: Exclusion,
}

/// An ejected candidate whose time is up: one request finds out whether it is well.
#[derive(Clone, Debug, PartialEq)]
pub struct Probation {
    /// The candidate.
    pub seat: Seat,
    /// When its time was up.
    pub since: Moment,
}

/// Candidates that are equally near.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Level {
    /// How near they are.
    pub rung: Rung,
    /// How many of a thousand requests begin here.
    pub share: u32,
    /// The candidates, in the order of ids.
    pub seats: Box<[Seat]>,
    /// The order of a smooth weighted round; empty if all weights are equal.
    pub schedule: Schedule,
    /// Until when somebody has a smaller share because it is new.
    pub slow_until: Option<Moment>,
}

/// Those who show the same data.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Group {
    /// The database they are attached to; `None` if the group is not about a setup, or nobody told it.
    pub database: Option<Arc<PhysicalIdentity>>,
    /// From near to far; none is empty.
    pub levels: Box<[Level]>,
    /// Ejected ones whose time is up.
    pub probation: Box<[Probation]>,
    /// Those that may not be picked.
    pub excluded: Box<[Excluded]>,
    /// How long a newcomer's share grows.
    pub slow_start: Duration,
    /// When somebody who came back counts again for the share of its level.
    pub(super) returns_at: Option<Moment>,
}

impl Group {
    /// All that may be picked, from near to far.
    pub fn seats(&self) -> impl Iterator<Item = &Seat> {
        self.levels.iter().flat_map(|level| &*level.seats)
    }

    /// Whether this candidate is on probation: then the request sent there is the one that finds out, and its end must be told.
    pub fn is_probe(&self, index: usize) -> bool {
        self.probation.iter().any(|probation| probation.seat.index == index)
    }

    /// How many that may be picked were not tried.
    pub fn untried(&self, tried: &Tried) -> usize {
        self.seats().filter(|seat| !tried.has(seat.index)).count()
    }
}
