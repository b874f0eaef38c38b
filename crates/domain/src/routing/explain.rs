//! One decision, told with its arithmetic: by the same functions that make the real one.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::ask::Class;
use super::ladder::Rung;
use super::panic::{LastResort, PanicPolicies};
use super::pick::{Draw, Loads, NoCandidate, Strategy, Tried};
use super::table::{Choice, Exclusion, Found, Group, Level, Seat, Table, Unknown, Wanted};
use crate::federation::PhysicalIdentity;
use crate::instance::InstanceId;
use crate::time::Moment;

/// A decision, told.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// How one is picked.
    pub strategy: Strategy,
    /// The groups that were found; more than one is a conflict.
    pub groups: Vec<GroupTold>,
    /// What came out.
    pub outcome: Outcome,
}

/// What came out of a decision.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The request goes to this candidate.
    Picked(usize),
    /// Nobody could be picked, and it goes to this one all the same.
    LastResort(LastResort),
    /// Nobody can be picked (503).
    Nobody(NoCandidate),
    /// One database or environment must be chosen (409).
    Conflict,
    /// Nobody has the setup (404), or not everybody was asked yet (503).
    Unknown(Unknown),
    /// The chosen instance does not exist (404).
    NoSuchInstance,
}

/// A group, told.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupTold {
    /// Its database.
    pub database: Option<Arc<PhysicalIdentity>>,
    /// Its members: those that may be picked from near to far, those on probation, those that may not.
    pub rows: Vec<Row>,
}

/// A member of a group, told.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its number in the table.
    pub index: usize,
    /// Its id.
    pub instance: InstanceId,
    /// How it stands.
    pub standing: RowStanding,
    /// It was chosen.
    pub chosen: bool,
}

/// How a member of a group stands.
#[derive(Clone, Debug, PartialEq)]
pub enum RowStanding {
    /// It may be picked.
    Seat(Score),
    /// One request may find out whether it is well again.
    Probation {
        /// Since when.
        since: Moment,
    },
    /// It may not be picked.
    Excluded(Exclusion),
}

/// The numbers behind a choice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// How near it is.
    pub rung: Rung,
    /// How many of a thousand requests begin at its level.
    pub share: u32,
    /// Its weight.
    pub weight: u32,
    /// The part of its weight that counts: a newcomer's grows from 0.1 to 1.
    pub maturity: f64,
    /// Requests under way.
    pub in_flight: u32,
    /// Its latency in milliseconds.
    pub latency: f64,
    /// What is compared, the less the better; absent where the strategy does not compare.
    pub cost: Option<f64>,
    /// It should be ejected, but too few would remain.
    pub spared: bool,
    /// This request was sent there already.
    pub tried: bool,
}

/// Looks without taking anything.
struct Dry<'l, L>(&'l L);

impl<L: Loads> Loads for Dry<'_, L> {
    fn in_flight(&self, index: usize) -> u32 {
        self.0.in_flight(index)
    }

    fn latency(&self, index: usize, now: Moment) -> f64 {
        self.0.latency(index, now)
    }

    fn take_probe(&self, index: usize) -> bool {
        self.0.probe_is_free(index)
    }

    fn probe_is_free(&self, index: usize) -> bool {
        self.0.probe_is_free(index)
    }
}

/// Everything about a request that its decision depends on.
#[derive(Clone, Copy, Debug)]
pub struct Question<'q> {
    /// What it is for.
    pub wanted: Wanted<'q>,
    /// What was chosen explicitly.
    pub choice: Choice<'q>,
    /// What may be done with it.
    pub class: &'q Class<'q>,
    /// It creates a setup, and goes to whoever has the fewest.
    pub new_setup: bool,
    /// How to pick.
    pub draw: Draw,
    /// What to do when nobody is well.
    pub policies: PanicPolicies,
    /// Where it was sent already.
    pub tried: Tried,
}

/// Tells what would be decided now.
pub fn explain<L: Loads>(table: &Table, question: &Question<'_>, loads: &L) -> Explanation {
    let told = |group: &Group, chosen| group_told(table, group, question, loads, chosen);
    let (groups, outcome) = match table.find(&question.wanted, &question.choice) {
        Found::Group(group) => {
            let outcome = decide(table, group, question, loads);
            let chosen = match outcome {
                Outcome::Picked(index) | Outcome::LastResort(LastResort { index, .. }) => Some(index),
                _ => None,
            };
            (alloc::vec![told(group, chosen)], outcome)
        }
        Found::Conflict(groups) => (groups.iter().map(|group| told(group, None)).collect(), Outcome::Conflict),
        Found::Unknown(unknown) => (Vec::new(), Outcome::Unknown(unknown)),
        Found::NoSuchInstance => (Vec::new(), Outcome::NoSuchInstance),
    };
    Explanation { strategy: question.draw.strategy, groups, outcome }
}

/// The decision within a group: the pick, and if there is none the last resort.
fn decide<L: Loads>(table: &Table, group: &Group, question: &Question<'_>, loads: &L) -> Outcome {
    let picked = match question.new_setup {
        true => group.pick_for_new_setup(question.draw.random, &question.tried),
        false => group.pick(&question.draw, &Dry(loads), &question.tried),
    };
    let resort = || table.last_resort(group, question.class, &question.policies, &question.tried);
    match picked {
        Ok(index) => Outcome::Picked(index),
        Err(nobody) => resort().map_or(Outcome::Nobody(nobody), Outcome::LastResort),
    }
}

fn group_told<L: Loads>(table: &Table, group: &Group, question: &Question<'_>, loads: &L, chosen: Option<usize>) -> GroupTold {
    let row = |index: usize, standing| {
        let instance = table.candidate(index)?.id.clone();
        Some(Row { index, instance, standing, chosen: chosen == Some(index) })
    };
    let seats = group.levels.iter().flat_map(|level| level.seats.iter().map(move |seat| (level, seat)));
    let seats = seats.map(|(level, seat)| (seat.index, RowStanding::Seat(score(group, level, seat, question, loads))));
    let probation = group.probation.iter().map(|one| (one.seat.index, RowStanding::Probation { since: one.since }));
    let excluded = group.excluded.iter().map(|one| (one.index, RowStanding::Excluded(one.why.clone())));
    let rows = seats.chain(probation).chain(excluded).filter_map(|(index, standing)| row(index, standing)).collect();
    GroupTold { database: group.database.clone(), rows }
}

fn score<L: Loads>(group: &Group, level: &Level, seat: &Seat, question: &Question<'_>, loads: &L) -> Score {
    let draw = &question.draw;
    let cost = match (question.new_setup, draw.affinity, draw.strategy) {
        (true, ..) => Some(f64::from(seat.setups)),
        (_, Some(affinity), _) => Some(affinity.distance(seat)),
        (.., Strategy::LeastConnections | Strategy::PeakEwma) => Some(level.cost(seat, draw, loads, group.slow_start)),
        _ => None,
    };
    Score {
        rung: level.rung,
        share: level.share,
        weight: seat.weight,
        maturity: level.maturity(seat, draw.now, group.slow_start),
        in_flight: loads.in_flight(seat.index),
        latency: loads.latency(seat.index, draw.now),
        cost,
        spared: seat.spared,
        tried: question.tried.has(seat.index),
    }
}
