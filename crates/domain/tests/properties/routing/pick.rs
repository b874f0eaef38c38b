//! Picks are fair, allowed, and the same as explained.

use std::collections::BTreeMap;

use peegeeq_domain::routing::ask::{Class, Effect};
use peegeeq_domain::routing::explain::{Outcome, Question, RowStanding, explain};
use peegeeq_domain::routing::panic::{PanicPolicies, PanicPolicy};
use peegeeq_domain::routing::pick::{Affinity, Draw, Loads, Schedule, Strategy, Tried};
use peegeeq_domain::routing::table::{Choice, Exclusion, Found, Group, Table, Wanted};
use peegeeq_domain::time::Moment;
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Strategy as _;

use super::cluster::{NOW, One, cluster, draw, plain, table};

/// Loads that are told.
#[derive(Debug)]
pub(super) struct Told(pub(super) Vec<(u32, f64)>);

impl Loads for Told {
    fn in_flight(&self, index: usize) -> u32 {
        self.0.get(index).map_or(0, |(in_flight, _)| *in_flight)
    }

    fn latency(&self, index: usize, _: Moment) -> f64 {
        self.0.get(index).map_or(0.0, |(_, latency)| *latency)
    }

    fn take_probe(&self, index: usize) -> bool {
        index.is_multiple_of(2)
    }

    fn probe_is_free(&self, index: usize) -> bool {
        index.is_multiple_of(2)
    }
}

fn loads() -> impl proptest::strategy::Strategy<Value = Told> {
    vec((0..20_u32, 0.0..100.0), 9).prop_map(Told)
}

fn strategy() -> impl proptest::strategy::Strategy<Value = Strategy> {
    select(Strategy::ALL.to_vec())
}

fn group(table: &Table) -> Option<&Group> {
    match table.find(&Wanted::Setup { id: "s0", queue: None }, &Choice::default()) {
        Found::Group(group) => Some(group),
        _ => None,
    }
}

fn counts(group: &Group, strategy: Strategy, picks: u64) -> BTreeMap<usize, u64> {
    let mut counts = BTreeMap::new();
    for cursor in 0..picks {
        let index = group.pick(&draw(strategy, cursor, cursor.wrapping_mul(0x9E37_79B9_7F4A_7C15)), &(), &Tried::default());
        *counts.entry(index.expect("somebody is there")).or_default() += 1;
    }
    counts
}

fn class(effect: Effect) -> Class<'static> {
    Class { effect, heeds_key: false, stream: false, asks_health: false, about_setup: false, directory: None }
}

proptest! {
    #[test]
    fn turns_differ_by_one_at_most(members in 1_usize..20, picks in 1_u64..200) {
        let cluster: Vec<One> = (0..members).map(|_| plain(1)).collect();
        let table = table(&cluster);
        for strategy in [Strategy::RoundRobin, Strategy::WeightedRoundRobin] {
            let counts = counts(group(&table).unwrap(), strategy, picks);
            let most = counts.values().max().copied().unwrap_or(0);
            let least = if counts.len() < members { 0 } else { counts.values().min().copied().unwrap_or(0) };
            prop_assert!(most - least <= 1, "{:?}", counts);
        }
    }

    #[test]
    fn weighted_turns_are_in_proportion_and_spread(weights in vec(1_u32..=20, 1..8)) {
        let cluster: Vec<One> = weights.iter().map(|weight| plain(*weight)).collect();
        let table = table(&cluster);
        let total: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
        let group = group(&table).unwrap();
        let whole = counts(group, Strategy::WeightedRoundRobin, total);
        for (index, weight) in weights.iter().enumerate() {
            prop_assert_eq!(whole.get(&index).copied(), Some(u64::from(*weight)));
        }
        // At any time nobody is further than so many turns from its due.
        for picks in 1..total {
            for (index, count) in counts(group, Strategy::WeightedRoundRobin, picks) {
                let due = picks as f64 * f64::from(weights[index]) / total as f64;
                prop_assert!((count as f64 - due).abs() <= 1.0 + weights.len() as f64 / 2.0, "{index}: {count} of {due}");
            }
        }
    }

    #[test]
    fn rounds_are_bounded(weights in vec(1_u32..=1000, 1..40)) {
        let cluster: Vec<One> = weights.iter().map(|weight| plain(*weight)).collect();
        let table = table(&cluster);
        let schedule: &Schedule = &group(&table).unwrap().levels[0].schedule;
        prop_assert!(schedule.len() <= 1024 + 40);
        if !schedule.is_empty() {
            for (index, weight) in weights.iter().enumerate() {
                let turns = (0..schedule.len() as u64).filter(|cursor| schedule.turn(*cursor) == Some(index)).count();
                let due = schedule.len() as f64 * f64::from(*weight) / weights.iter().map(|weight| f64::from(*weight)).sum::<f64>();
                prop_assert!(turns >= 1 && (turns as f64 - due).abs() <= 2.0 + due * 0.05, "{turns} of {due}");
            }
        }
    }

    #[test]
    fn nobody_is_picked_who_may_not_be(
        clusters in vec(cluster(), 1..4), strategy in strategy(), cursor in any::<u64>(), random in any::<u64>(),
        loads in loads(), tried in btree_set(0_usize..9, 0..6), key in option::of(any::<u64>()), may_probe in any::<bool>(),
    ) {
        // The set changes between picks; cursor and random numbers go on.
        for (step, cluster) in clusters.iter().enumerate() {
            let table = table(cluster);
            let Some(group) = group(&table) else { continue };
            let mut before = Tried::default();
            tried.iter().for_each(|index| assert!(before.add(*index)));
            let affinity = key.map(|key| Affinity { key, bounded: random.is_multiple_of(2) });
            let draw = Draw { affinity, may_probe, ..draw(strategy, cursor.wrapping_add(step as u64), random) };
            let may: Vec<usize> = group.seats().map(|seat| seat.index).collect();
            match group.pick(&draw, &loads, &before) {
                Ok(index) => {
                    let on_probation = group.probation.iter().any(|one| one.seat.index == index) && loads.probe_is_free(index);
                    prop_assert!(!before.has(index));
                    prop_assert!(may.contains(&index) || on_probation);
                    prop_assert!(cluster[index].weight > 0);
                    prop_assert!(group.excluded.iter().all(|excluded| excluded.index != index));
                }
                Err(_) => prop_assert!(may.iter().all(|index| before.has(*index)), "{may:?} were left"),
            }
        }
    }

    #[test]
    fn what_is_explained_is_what_happens(
        cluster in cluster(), strategy in strategy(), cursor in any::<u64>(), random in any::<u64>(), loads in loads(), read in any::<bool>(),
    ) {
        let table = table(&cluster);
        let class = class(if read { Effect::Read } else { Effect::Write });
        let question = Question {
            wanted: Wanted::Setup { id: "s0", queue: None },
            choice: Choice::default(),
            class: &class,
            new_setup: false,
            draw: draw(strategy, cursor, random),
            policies: PanicPolicies::default(),
            tried: Tried::default(),
        };
        let told = explain(&table, &question, &loads);
        let Some(group) = group(&table) else { return Ok(()) };
        let picked = group.pick(&question.draw, &loads, &Tried::default());
        match (&told.outcome, picked) {
            (Outcome::Picked(index), Ok(picked)) => prop_assert_eq!(*index, picked),
            (Outcome::LastResort(_) | Outcome::Nobody(_), Err(_)) => {}
            other => prop_assert!(false, "{other:?}"),
        }
        let rows = &told.groups[0].rows;
        prop_assert_eq!(rows.iter().filter(|row| row.chosen).count(), usize::from(!matches!(told.outcome, Outcome::Nobody(_))));
        if let Some(row) = rows.iter().find(|row| row.chosen)
            && let RowStanding::Seat(score) = &row.standing
            && strategy == Strategy::LeastConnections
            && rows.iter().filter(|row| matches!(row.standing, RowStanding::Seat(_))).count() <= 3
        {
            for other in rows {
                if let RowStanding::Seat(other) = &other.standing {
                    prop_assert!(score.cost <= other.cost);
                }
            }
        }
    }

    #[test]
    fn the_last_resort_is_never_somebody_taken_out_on_purpose(cluster in cluster(), read in any::<bool>()) {
        let table = table(&cluster);
        let Some(group) = group(&table) else { return Ok(()) };
        let class = class(if read { Effect::Read } else { Effect::Write });
        let resort = |policies| table.last_resort(group, &class, &policies, &Tried::default());
        prop_assert_eq!(resort(PanicPolicies { reads: PanicPolicy::Fail, writes: PanicPolicy::Fail }), None);
        let Some(resort) = resort(PanicPolicies::default()) else { return Ok(()) };
        prop_assert!(read);
        let why = &group.excluded.iter().find(|excluded| excluded.index == resort.index).unwrap().why;
        prop_assert!(matches!(why, Exclusion::NotHealthy(_) | Exclusion::Ejected { .. }), "{:?}", why);
        let passed = |index: usize| cluster[index].last_healthy;
        for other in &*group.excluded {
            if matches!(other.why, Exclusion::NotHealthy(_) | Exclusion::Ejected { .. }) && cluster[other.index].presence == peegeeq_domain::instance::Presence::Serving {
                prop_assert!(passed(other.index) <= passed(resort.index));
            }
        }
    }

    #[test]
    fn only_the_keys_of_the_lost_move(members in 2_usize..9, lost in 0_usize..8, keys in vec(any::<u64>(), 40)) {
        let cluster: Vec<One> = (0..members).map(|number| plain(1 + number as u32 % 3)).collect();
        let (before, lost) = (table(&cluster), lost % members);
        let mut smaller = cluster.clone();
        smaller[lost].weight = 0;
        let after = table(&smaller);
        for key in keys {
            let affinity = Some(Affinity { key, bounded: false });
            let pick = |table: &Table| group(table).unwrap().pick(&Draw { affinity, ..draw(Strategy::Random, 0, key) }, &(), &Tried::default()).unwrap();
            let (old, new) = (pick(&before), pick(&after));
            prop_assert!(old == new || old == lost);
            prop_assert_ne!(new, lost);
        }
    }
}

#[test]
fn keys_are_spread_by_weight_and_pass_over_the_busy() {
    let cluster: Vec<One> = [1, 1, 2].map(plain).to_vec();
    let table = table(&cluster);
    let group = group(&table).unwrap();
    let pick = |key: u64, bounded: bool, loads: &Told| {
        let affinity = Some(Affinity { key: Affinity::key_of(&key.to_string()), bounded });
        group.pick(&Draw { affinity, ..draw(Strategy::Random, 0, 0) }, loads, &Tried::default()).unwrap()
    };
    let idle = Told(vec![(0, 0.0); 3]);
    let mut counts = [0; 3];
    (0..4000).for_each(|key| counts[pick(key, false, &idle)] += 1);
    assert!((900..1100).contains(&counts[0]) && (1900..2100).contains(&counts[2]), "{counts:?}");
    let busy = Told(vec![(10, 0.0), (0, 0.0), (0, 0.0)]);
    assert!((0..4000).all(|key| pick(key, true, &busy) != 0));
    assert!((0..4000).any(|key| pick(key, false, &busy) == 0));
}

#[test]
fn newcomers_get_their_share_slowly() {
    use peegeeq_domain::routing::table::{Member, Policy};
    let cluster: Vec<One> = (0..2).map(|_| plain(1)).collect();
    let catalog = super::cluster::catalog(&cluster);
    let count = |age: u64, strategy| {
        let since = Moment::from_millis(NOW.as_millis() - age);
        let member = |number: usize| Member {
            setups: cluster[number].setups.as_deref(),
            since: (number == 0).then_some(since),
            ..Member::of(&catalog.entries()[number])
        };
        let table = Table::build(&[member(0), member(1)], &Policy::default(), NOW);
        counts(group(&table).unwrap(), strategy, 2000).get(&0).copied().unwrap_or(0)
    };
    // A tenth of a share beside a whole one: one of eleven.
    assert!((160..210).contains(&count(0, Strategy::WeightedRoundRobin)), "{}", count(0, Strategy::WeightedRoundRobin));
    assert!((620..710).contains(&count(15_000, Strategy::WeightedRoundRobin)), "{}", count(15_000, Strategy::WeightedRoundRobin));
    assert_eq!(count(30_000, Strategy::WeightedRoundRobin), 1000);
    assert_eq!(count(0, Strategy::RoundRobin), 1000);
    assert_eq!(count(0, Strategy::LeastConnections), 0);
}
