//! The life of an instance that fails, step by step.

use super::*;

const POLICY: AccrualPolicy = AccrualPolicy {
    failures: 5,
    base: Duration::from_secs(30),
    max: Duration::from_secs(300),
    jitter_percent: 10,
    forgets: Duration::from_secs(10),
    probe_timeout: Duration::from_secs(30),
};

fn at(seconds: u64) -> Moment {
    Moment::from_millis(seconds * 1000)
}

fn ended(is_probe: bool, failure: Option<FailureKind>) -> AccrualEvent {
    AccrualEvent::Ended { is_probe, failure }
}

fn fail(state: Accrual, times: u32, now: u64) -> Accrual {
    (0..times).fold(state, |state, _| state.next(ended(false, Some(FailureKind::Reset)), &POLICY, at(now), 0))
}

#[test]
fn five_in_a_row_eject_and_a_success_begins_anew() {
    let four = fail(Accrual::default(), 4, 1);
    assert_eq!(four.standing(), Standing::In);
    assert!(!four.ignores_success());
    let again = fail(four.next(ended(false, None), &POLICY, at(1), 0), 4, 2);
    assert_eq!(again.standing(), Standing::In);
    assert_eq!(fail(four, 1, 2).standing(), Standing::Out { since: at(2), until: at(32) });
}

#[test]
fn one_request_finds_out() {
    let half_open = fail(Accrual::default(), 5, 0).next(AccrualEvent::Tick, &POLICY, at(30), 0);
    assert_eq!(half_open.standing(), Standing::Probation { since: at(30) });
    assert!(half_open.is_open_for_probe());
    let probed = half_open.next(AccrualEvent::ProbeTaken, &POLICY, at(31), 0);
    assert!(!probed.is_open_for_probe());
    // What was under way before tells nothing.
    assert_eq!(probed.next(ended(false, None), &POLICY, at(32), 0), probed);
    assert_eq!(probed.next(ended(true, None), &POLICY, at(32), 0).standing(), Standing::In);
    let out = probed.next(ended(true, Some(FailureKind::Timeout)), &POLICY, at(32), 0);
    assert_eq!(out.standing(), Standing::Out { since: at(32), until: at(92) });
    // A probe that never ends does not hold the place for ever.
    assert!(probed.next(AccrualEvent::ProbeLost, &POLICY, at(32), 0).is_open_for_probe());
    assert!(probed.next(AccrualEvent::Tick, &POLICY, at(61), 0).is_open_for_probe());
}

#[test]
fn ejections_grow_to_a_bound_and_are_forgotten() {
    let mut state = Accrual::default();
    let mut now = 0;
    for times in 1..=15 {
        let probed = state.next(AccrualEvent::ProbeTaken, &POLICY, at(now), 0);
        state = match times {
            1 => fail(state, 5, now),
            _ => probed.next(ended(true, Some(FailureKind::Server)), &POLICY, at(now), 0),
        };
        let Accrual::Ejected { until, .. } = state else { panic!("{state:?}") };
        assert_eq!(until.since(at(now)), Duration::from_secs((30 * times).min(300)));
        now += until.since(at(now)).as_secs();
    }
    let healed = state.next(AccrualEvent::ProbeTaken, &POLICY, at(now), 0).next(ended(true, None), &POLICY, at(now), 0);
    let after = |seconds| match healed.next(AccrualEvent::Tick, &POLICY, at(now + seconds), 0) {
        Accrual::Closed { times, .. } => times,
        other => panic!("{other:?}"),
    };
    assert_eq!([after(9), after(10), after(25), after(149), after(1000)], [15, 14, 13, 1, 0]);
}

#[test]
fn jitter_only_shortens() {
    for random in [0, 1, 2_999, 3_000, 3_001, u64::MAX] {
        let state =
            (0..5).fold(Accrual::default(), |state, _| state.next(ended(false, Some(FailureKind::Connect)), &POLICY, at(0), random));
        let Accrual::Ejected { until, .. } = state else { panic!("{state:?}") };
        assert!((27_000..=30_000).contains(&until.as_millis()), "{until:?}");
    }
}

#[test]
fn the_arithmetic_is_told() {
    let state = fail(Accrual::default(), 5, 0);
    assert_eq!(
        state.tell(&POLICY, at(10)),
        "ejected after 5 failures in a row: 0 not connected, 5 broken, 0 timed out, 0 server errors; \
         ejection 1 lasts 1 × 30 s, at most 300 s, less jitter: 30 s, of which 20 s are left"
    );
}

#[test]
fn statuses_that_count() {
    let class = |asks_health| Class {
        effect: crate::routing::ask::Effect::Read,
        heeds_key: false,
        stream: false,
        asks_health,
        about_setup: false,
        directory: None,
    };
    let counting: alloc::vec::Vec<u16> = [200, 404, 429, 500, 501, 502, 503, 504]
        .into_iter()
        .filter(|status| FailureKind::of_status(*status, &class(false)).is_some())
        .collect();
    assert_eq!(counting, [500, 502, 503, 504]);
    assert_eq!(FailureKind::of_status(503, &class(true)), None);
}

#[test]
fn the_cap_leaves_one_and_is_held_after_the_ejection() {
    let table: alloc::vec::Vec<usize> = (0..=10).map(|candidates| ejectable(candidates, 34)).collect();
    assert_eq!(table, [0, 0, 1, 1, 1, 1, 2, 2, 2, 3, 3]);
    assert_eq!([ejectable(3, 100), ejectable(3, 0), ejectable(1, 100)], [2, 0, 0]);
}
