//! From the members of a group to its seats: exclusions, ejections within their cap, levels, newcomers.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{Candidate, Excluded, Exclusion, Group, Level, Policy, Probation, Seat, Standing};
use crate::federation::PhysicalIdentity;
use crate::routing::accrual::ejectable;
use crate::routing::hash;
use crate::routing::ladder::{Health, Rung, shares};
use crate::routing::pick::Schedule;
use crate::time::Moment;

impl Standing {
    /// What it is at `now`: who was left alone long enough is on probation.
    pub(super) fn at(self, now: Moment) -> Self {
        match self {
            Self::Out { until, .. } if until <= now => Self::Probation { since: until },
            other => other,
        }
    }

    pub(super) fn ends_after(self, now: Moment) -> Option<Moment> {
        match self.at(now) {
            Self::Out { until, .. } => Some(until),
            Self::In | Self::Probation { .. } => None,
        }
    }
}

impl Group {
    pub(super) fn prepare(
        database: Option<Arc<PhysicalIdentity>>,
        members: Vec<(usize, Option<Exclusion>)>,
        candidates: &[Candidate],
        policy: &Policy,
        now: Moment,
    ) -> Self {
        let (mut seats, mut excluded) = (Vec::new(), Vec::new());
        for (index, why) in members {
            let candidate = &candidates[index];
            let too_far = || (candidate.rung(&policy.home) > policy.ladder.reach).then_some(Exclusion::OutOfReach);
            let weightless = || (candidate.weight == 0).then_some(Exclusion::NoWeight);
            let why = candidate.excluded.clone().or(why).or_else(weightless).or_else(too_far);
            match why {
                Some(why) => excluded.push(Excluded { index, why }),
                None => seats.push(Seat::of(index, candidate)),
            }
        }
        let probation = eject(&mut seats, &mut excluded, candidates, policy, now);
        excluded.sort_by_key(|excluded| excluded.index);
        let climb = Climb { candidates, policy, now };
        let returns_at = seats.iter().filter_map(|seat| climb.returns_at(seat.index)).min();
        let levels = climb.levels(seats, &excluded);
        Self {
            database,
            levels: levels.into(),
            probation: probation.into(),
            excluded: excluded.into(),
            slow_start: policy.slow_start,
            returns_at,
        }
    }

    /// The group of an instance that was chosen explicitly: neither its weight nor what it failed at stands against it.
    pub(super) fn of_one(index: usize, candidates: &[Candidate]) -> Self {
        let candidate = &candidates[index];
        match candidate.excluded.clone() {
            Some(why) => Self { excluded: [Excluded { index, why }].into(), ..Self::default() },
            None => {
                let seats = [Seat::of(index, candidate)].into();
                Self { levels: [Level { share: 1000, seats, ..Level::default() }].into(), ..Self::default() }
            }
        }
    }
}

impl Seat {
    fn of(index: usize, candidate: &Candidate) -> Self {
        let weight = candidate.weight.max(1);
        let identity = hash::text(candidate.id.as_str());
        Self { index, weight, since: candidate.since, setups: candidate.setups, identity, spared: false }
    }
}

/// Takes out those that should be ejected, the earliest first, as long as the cap holds *after* it and one remains.
fn eject(seats: &mut Vec<Seat>, excluded: &mut Vec<Excluded>, candidates: &[Candidate], policy: &Policy, now: Moment) -> Vec<Probation> {
    let standing = |seat: &Seat| candidates[seat.index].standing.at(now);
    let mut out: Vec<_> = seats
        .iter()
        .filter_map(|seat| match standing(seat) {
            Standing::In => None,
            Standing::Out { since, until } => Some((Some(until), since, seat.index)),
            Standing::Probation { since } => Some((None, since, seat.index)),
        })
        .collect();
    // Who is still out goes before those whose time is up.
    out.sort_by_key(|(until, since, index)| (until.is_none(), *since, *index));
    let allowed = ejectable(seats.len(), policy.ejected_percent_max);
    let mut probation = Vec::new();
    for (number, (until, since, index)) in out.into_iter().enumerate() {
        let Some(place) = seats.iter().position(|seat| seat.index == index) else { continue };
        match until {
            _ if number >= allowed => seats[place].spared = true,
            Some(until) => {
                seats.remove(place);
                excluded.push(Excluded { index, why: Exclusion::Ejected { until } });
            }
            None => probation.push(Probation { seat: seats.remove(place), since }),
        }
    }
    probation
}

impl Level {
    fn of(rung: Rung, share: u32, seats: Vec<Seat>, policy: &Policy, now: Moment) -> Self {
        let schedule = Schedule::of(&seats);
        let matures = |seat: &Seat| seat.since.map(|since| since + policy.slow_start).filter(|end| *end > now);
        let (newcomers, last) = (seats.iter().filter_map(matures).count(), seats.iter().filter_map(matures).max());
        // Where all are new there is nobody to spare them.
        let slow_until = last.filter(|_| newcomers < seats.len());
        Self { rung, share, seats: seats.into(), schedule, slow_until }
    }
}

/// Sorting seats by nearness.
struct Climb<'c> {
    candidates: &'c [Candidate],
    policy: &'c Policy,
    now: Moment,
}

impl Climb<'_> {
    fn levels(&self, seats: Vec<Seat>, excluded: &[Excluded]) -> Vec<Level> {
        let mut by_rung = Rung::ALL.map(|rung| (rung, Health::default(), Vec::new()));
        for seat in seats {
            let (_, health, near) = &mut by_rung[self.rung(seat.index) as usize];
            let returning = self.returns_at(seat.index).is_some();
            *(if returning { &mut health.returning } else { &mut health.available }) += u64::from(seat.weight);
            near.push(seat);
        }
        for lost in excluded.iter().filter(|excluded| should_be_there(&excluded.why)) {
            by_rung[self.rung(lost.index) as usize].1.lost += u64::from(self.candidates[lost.index].weight);
        }
        let shares = shares(&by_rung.each_ref().map(|(_, health, _)| *health), &self.policy.ladder);
        let levels = by_rung.into_iter().zip(shares).filter(|((.., near), _)| !near.is_empty());
        levels.map(|((rung, _, near), share)| Level::of(rung, share, near, self.policy, self.now)).collect()
    }

    fn rung(&self, index: usize) -> Rung {
        self.candidates[index].rung(&self.policy.home)
    }

    /// When somebody who came back counts for its level, unless it does already.
    fn returns_at(&self, index: usize) -> Option<Moment> {
        let since = self.candidates[index].since.filter(|_| self.candidates[index].returned)?;
        Some(since + self.policy.ladder.failback).filter(|end| *end > self.now)
    }
}

/// Whether somebody's absence makes its level weaker: not if it never had a share, or has one elsewhere.
const fn should_be_there(why: &Exclusion) -> bool {
    !matches!(why, Exclusion::NoWeight | Exclusion::OutOfReach | Exclusion::DatabaseUnknown | Exclusion::QueueUnknown)
}
