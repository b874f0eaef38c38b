//! Small simulations of requests on simulated time: the slow get little, and the busy are spared.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use peegeeq_domain::routing::pick::{EwmaPolicy, Loads, PeakEwma, Strategy, Tried};
use peegeeq_domain::routing::table::{Choice, Found, Wanted};
use peegeeq_domain::time::Moment;

use super::cluster::{One, draw, plain, table};

/// What a worker keeps of each candidate.
struct Books {
    policy: EwmaPolicy,
    of: RefCell<Vec<(u32, u64)>>,
}

impl Loads for Books {
    fn in_flight(&self, index: usize) -> u32 {
        self.of.borrow()[index].0
    }

    fn latency(&self, index: usize, now: Moment) -> f64 {
        PeakEwma::from_bits(self.of.borrow()[index].1).read(&self.policy, now)
    }

    fn take_probe(&self, _: usize) -> bool {
        true
    }
}

/// A simulated run: how long a request takes at an instance, and whether it fails.
struct Run {
    strategy: Strategy,
    weights: Vec<u32>,
    /// Milliseconds between requests.
    gap: u64,
    lasts: u64,
    serve: fn(index: usize, now: u64, random: u64) -> (u64, bool),
}

/// What came of a run.
struct Account {
    /// Requests by instance.
    sent: Vec<u64>,
    /// Requests by instance, in the last tenth.
    late: Vec<u64>,
    /// Mean of requests under way by instance.
    under_way: Vec<f64>,
}

impl Account {
    fn share(counts: &[u64], index: usize) -> f64 {
        counts[index] as f64 / counts.iter().sum::<u64>() as f64
    }
}

fn random(seed: u64) -> u64 {
    let mut mixed = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

impl Run {
    fn account(&self) -> Account {
        let cluster: Vec<One> = self.weights.iter().map(|weight| plain(*weight)).collect();
        let table = table(&cluster);
        let Found::Group(group) = table.find(&Wanted::Setup { id: "s0", queue: None }, &Choice::default()) else { panic!() };
        let policy = EwmaPolicy::default();
        let first = PeakEwma::new(&policy, Moment::from_millis(0)).to_bits();
        let books = Books { policy, of: RefCell::new(vec![(0, first); cluster.len()]) };
        let mut account = Account { sent: vec![0; cluster.len()], late: vec![0; cluster.len()], under_way: vec![0.0; cluster.len()] };
        let mut ends: BinaryHeap<Reverse<(u64, usize, u64, bool)>> = BinaryHeap::new();
        let mut samples = 0.0;
        for (number, now) in (0..self.lasts).step_by(self.gap as usize).enumerate() {
            while let Some(Reverse((at, index, took, failed))) = ends.peek().copied().filter(|Reverse((at, ..))| *at <= now) {
                ends.pop();
                let mut of = books.of.borrow_mut();
                let (ewma, took, at) = (PeakEwma::from_bits(of[index].1), Duration::from_millis(took), Moment::from_millis(at));
                let next = if failed { ewma.observe_failure(&policy, took, at) } else { ewma.observe(&policy, took, at) };
                of[index] = (of[index].0 - 1, next.to_bits());
            }
            let chance = random(number as u64);
            let mut draw = draw(self.strategy, number as u64, chance);
            draw.now = Moment::from_millis(now);
            let index = group.pick(&draw, &books, &Tried::default()).expect("somebody is there");
            let (took, failed) = (self.serve)(index, now, random(chance));
            books.of.borrow_mut()[index].0 += 1;
            ends.push(Reverse((now + took, index, took, failed)));
            account.sent[index] += 1;
            account.late[index] += u64::from(now * 10 >= self.lasts * 9);
            samples += 1.0;
            let of = books.of.borrow();
            account.under_way.iter_mut().zip(&*of).for_each(|(sum, (in_flight, _))| *sum += f64::from(*in_flight));
        }
        account.under_way.iter_mut().for_each(|sum| *sum /= samples);
        account
    }
}

#[test]
fn the_slow_one_of_five_gets_little() {
    let serve = |index: usize, _: u64, random: u64| (if index == 2 { 100 } else { 10 } + random % 5, false);
    let run = Run { strategy: Strategy::PeakEwma, weights: vec![1; 5], gap: 2, lasts: 120_000, serve };
    let account = run.account();
    let share = Account::share(&account.sent, 2);
    assert!(share < 0.05, "{share}");
    // The control: taking turns does not spare it.
    let fair = Run { strategy: Strategy::RoundRobin, ..run }.account();
    assert!(Account::share(&fair.sent, 2) > 0.19);
}

#[test]
fn who_was_slow_gets_its_share_back() {
    let serve = |index: usize, now: u64, random: u64| (if index == 2 && now < 30_000 { 100 } else { 10 } + random % 5, false);
    let account = Run { strategy: Strategy::PeakEwma, weights: vec![1; 5], gap: 2, lasts: 60_000, serve }.account();
    let share = Account::share(&account.late, 2);
    assert!((0.1..0.3).contains(&share), "{share}");
}

#[test]
fn who_fails_fast_does_not_look_fast() {
    let serve = |index: usize, _: u64, random: u64| if index == 2 { (1, true) } else { (10 + random % 5, false) };
    let account = Run { strategy: Strategy::PeakEwma, weights: vec![1; 5], gap: 2, lasts: 60_000, serve }.account();
    assert!(Account::share(&account.sent, 2) < 0.02, "{:?}", account.sent);
}

#[test]
fn the_busy_are_spared_under_skew() {
    // One request in ten takes fifty times as long, and one instance is three times as slow.
    let serve = |index: usize, _: u64, random: u64| {
        let took = if random.is_multiple_of(10) { 1_000 } else { 20 };
        (if index == 0 { took * 3 } else { took }, false)
    };
    for members in [2, 3, 5, 10] {
        let run = Run { strategy: Strategy::LeastConnections, weights: vec![1; members], gap: 1, lasts: 60_000, serve };
        let skew = |account: &Account| {
            let most = account.under_way.iter().fold(0.0_f64, |most, own| most.max(*own));
            most * members as f64 / account.under_way.iter().sum::<f64>()
        };
        let account = run.account();
        assert!(skew(&account) <= 1.2, "{members}: {:?}", account.under_way);
        let control = Run { strategy: Strategy::RoundRobin, ..run }.account();
        assert!(skew(&control) > 1.3, "{members}: {:?}", control.under_way);
    }
}

#[test]
fn weights_count_for_the_busy_too() {
    let serve = |_: usize, _: u64, _: u64| (100, false);
    let account = Run { strategy: Strategy::LeastConnections, weights: vec![1, 2, 3], gap: 1, lasts: 60_000, serve }.account();
    for (index, weight) in [1.0, 2.0, 3.0].into_iter().enumerate() {
        let share = Account::share(&account.sent, index) * 6.0 / weight;
        assert!((0.9..1.1).contains(&share), "{:?}", account.sent);
    }
}
