//! Examples for the tracker, each one sentence of the decisions on health.

use super::*;
use FailureKind::{Refused, Timeout};

const POLICY: HealthPolicy = HealthPolicy {
    interval: Duration::from_secs(10),
    jitter_percent: 10,
    max_failures: 3,
    recheck: Duration::from_millis(500),
    overlap_after: Duration::from_secs(1),
    least_span: Duration::from_millis(1500),
    retry_interval: Duration::from_secs(30),
    recovery_successes: 1,
};

fn at(millis: u64) -> Moment {
    Moment::from_millis(millis)
}

/// Runs the schedule against an instance whose probe begun at a moment ends as `answer` says, until `until`.
/// Returns the verdict changes with their times.
fn run(
    tracker: &mut HealthTracker,
    policy: &HealthPolicy,
    from: u64,
    until: u64,
    answer: impl Fn(u64) -> (u64, ProbeOutcome),
) -> std::vec::Vec<(u64, Verdict)> {
    let mut running: std::vec::Vec<(u64, u64, ProbeOutcome)> = std::vec::Vec::new();
    let mut changes = std::vec::Vec::new();
    for now in from..until {
        while let Some(index) = running.iter().position(|(_, end, _)| *end <= now) {
            let (started, _, outcome) = running.remove(index);
            if let Some(change) = tracker.probe_ended(policy, outcome, at(started), at(now), 7, false) {
                changes.push((now, change.to));
            }
        }
        if tracker.due().is_some_and(|due| due <= at(now)) {
            tracker.probe_started(policy, at(now));
            let (took, outcome) = answer(now);
            running.push((now, now + took, outcome));
        }
    }
    changes
}

fn passing(now: u64) -> HealthTracker {
    let mut tracker = HealthTracker::new(Duration::from_millis(3_000), at(now));
    tracker.observe(&POLICY, ProbeOutcome::Passed, Check::Counting, at(now), at(now), 0, false);
    tracker
}

#[test]
fn the_first_pass_is_enough() {
    let mut tracker = HealthTracker::new(Duration::ZERO, at(5));
    assert_eq!(tracker.due(), Some(at(5)));
    let change = tracker.observe(&POLICY, ProbeOutcome::Passed, Check::Counting, at(5), at(9), 0, false).unwrap();
    assert_eq!(change, Transition { from: Verdict::Unprobed, to: Verdict::Passing });
}

#[test]
fn a_refused_connection_is_down_after_three_quick_checks() {
    let mut tracker = passing(0);
    tracker.expedite(at(100));
    let changes = run(&mut tracker, &POLICY, 100, 2_000, |_| (1, ProbeOutcome::Failed(Refused)));
    assert_eq!(changes.last().unwrap().1, Verdict::Down { in_a_row: 3 });
    assert!(changes.last().unwrap().0 <= 1_200, "{changes:?}");
}

#[test]
fn a_hang_is_found_within_eighteen_seconds_of_any_beginning() {
    for hang_begins in (0..12_000).step_by(250) {
        let mut tracker = passing(0);
        let changes = run(&mut tracker, &POLICY, 0, 40_000, |now| {
            if now < hang_begins { (1, ProbeOutcome::Passed) } else { (5_000, ProbeOutcome::Failed(Timeout)) }
        });
        let (when, verdict) = *changes.last().unwrap();
        assert!(verdict.is_down());
        assert!(when - hang_begins <= 18_500, "hang at {hang_begins} found at {when}");
    }
}

#[test]
fn fewer_failures_demanded_never_mean_a_later_discovery() {
    let found = |max_failures: u32| {
        let policy = HealthPolicy { max_failures, ..POLICY };
        let hang = |now| if now < 4_000 { (1, ProbeOutcome::Passed) } else { (5_000, ProbeOutcome::Failed(Timeout)) };
        run(&mut passing(0), &policy, 0, 60_000, hang).iter().find(|(_, verdict)| verdict.is_down()).unwrap().0
    };
    assert!(found(1) <= found(2) && found(2) <= found(3), "{} {} {}", found(1), found(2), found(3));
}

#[test]
fn a_pause_of_a_second_and_a_half_changes_nothing() {
    for pause in (0..11_000).step_by(100) {
        let mut tracker = passing(0);
        let resumed = pause + 1_500;
        let answer =
            |now: u64| if now >= pause && now < resumed { (resumed - now, ProbeOutcome::Passed) } else { (1, ProbeOutcome::Passed) };
        assert_eq!(run(&mut tracker, &POLICY, 0, 30_000, answer), [], "pause at {pause}");
    }
}

#[test]
fn three_fast_errors_must_still_span_the_least_time() {
    let mut tracker = passing(0);
    tracker.expedite(at(0));
    let changes = run(&mut tracker, &POLICY, 0, 5_000, |_| (1, ProbeOutcome::Failed(FailureKind::Status)));
    let down = changes.iter().find(|(_, verdict)| verdict.is_down()).unwrap();
    assert!(down.0 >= 1_500, "{changes:?}");
}

#[test]
fn an_instance_restarted_within_three_seconds_is_well_within_two_of_answering() {
    for back in (200..3_000).step_by(50) {
        let mut tracker = passing(0);
        tracker.expedite(at(0));
        let changes = run(&mut tracker, &POLICY, 0, 10_000, |now| {
            (1, if now >= back { ProbeOutcome::Passed } else { ProbeOutcome::Failed(Refused) })
        });
        let (when, verdict) = *changes.last().unwrap();
        assert_eq!(verdict, Verdict::Passing);
        assert!(when <= back + 2_001, "back at {back}, well at {when}");
    }
}

#[test]
fn probes_of_a_dead_instance_become_sparse() {
    let mut tracker = passing(0);
    tracker.expedite(at(0));
    let count = core::cell::Cell::new(0);
    run(&mut tracker, &POLICY, 0, 120_000, |_| {
        count.set(count.get() + 1);
        (1, ProbeOutcome::Failed(Refused))
    });
    assert!((10..=12).contains(&count.get()), "{}", count.get());
}

#[test]
fn doubt_freezes_the_way_down() {
    let mut tracker = passing(0);
    for n in 1..20 {
        tracker.probe_started(&POLICY, at(n * 1000));
        tracker.probe_ended(&POLICY, ProbeOutcome::Failed(Timeout), at(n * 1000), at(n * 1000 + 900), 0, true);
        assert!(!tracker.verdict().is_down());
        assert!(tracker.due().is_some());
    }
}

#[test]
fn a_refused_connection_is_proof_even_in_doubt() {
    let mut tracker = passing(0);
    for n in 1..=3 {
        tracker.probe_started(&POLICY, at(n * 1000));
        tracker.probe_ended(&POLICY, ProbeOutcome::Failed(Refused), at(n * 1000), at(n * 1000 + 1), 0, true);
    }
    assert_eq!(tracker.verdict(), Verdict::Down { in_a_row: 3 });
}

#[test]
fn further_failures_are_no_transitions() {
    let mut tracker = passing(0);
    tracker.expedite(at(100));
    let changes = run(&mut tracker, &POLICY, 100, 60_000, |_| (1, ProbeOutcome::Failed(Refused)));
    let words: std::vec::Vec<_> = changes.iter().map(|(_, verdict)| verdict.as_str()).collect();
    assert_eq!(words, ["failing", "down"]);
}

#[test]
fn a_wish_during_a_probe_is_granted_when_it_ends() {
    let mut tracker = passing(0);
    tracker.probe_started(&POLICY, at(10_000));
    tracker.expedite(at(10_001));
    tracker.probe_ended(&POLICY, ProbeOutcome::Passed, at(10_000), at(10_002), 0, false);
    assert_eq!(tracker.due(), Some(at(10_002)));
    tracker.probe_started(&POLICY, at(10_002));
    tracker.probe_ended(&POLICY, ProbeOutcome::Passed, at(10_002), at(10_003), 0, false);
    assert!(tracker.due().is_some_and(|due| due > at(12_000)), "once");
}

#[test]
fn looking_never_counts_as_a_failure() {
    let mut tracker = passing(0);
    for n in 0..50 {
        tracker.observe(&POLICY, ProbeOutcome::Failed(Refused), Check::Looking, at(n), at(n), 0, false);
    }
    assert_eq!(tracker.verdict(), Verdict::Passing);
    assert!(tracker.due().unwrap() <= at(600), "but it hastens the next scheduled probe");
}

#[test]
fn a_lost_probe_from_before_the_last_pass_does_not_count_among_later_failures() {
    let mut tracker = passing(0);
    tracker.probe_started(&POLICY, at(10_000));
    tracker.probe_started(&POLICY, at(11_000));
    tracker.probe_ended(&POLICY, ProbeOutcome::Passed, at(11_000), at(11_001), 0, false);
    for now in [13_000, 14_500] {
        tracker.probe_started(&POLICY, at(now));
        tracker.probe_ended(&POLICY, ProbeOutcome::Failed(FailureKind::Status), at(now), at(now + 1), 0, false);
    }
    let transition = tracker.probe_ended(&POLICY, ProbeOutcome::Failed(Timeout), at(10_000), at(15_000), 0, false);
    assert_eq!(transition, None);
    assert_eq!(tracker.verdict(), Verdict::Failing { in_a_row: 2, passed_before: true });
    assert!(tracker.due().is_some_and(|due| due <= at(16_000)), "{:?}", tracker.due());
}

#[test]
fn recovery_can_ask_for_several_passes() {
    let policy = HealthPolicy { recovery_successes: 3, ..POLICY };
    let mut tracker = passing(0);
    tracker.expedite(at(0));
    run(&mut tracker, &policy, 0, 2_000, |_| (1, ProbeOutcome::Failed(Refused)));
    assert!(tracker.verdict().is_down());
    let changes = run(&mut tracker, &policy, 2_000, 6_000, |_| (1, ProbeOutcome::Passed));
    assert_eq!(changes.len(), 1);
    assert!(changes[0].0 >= 3_000);
}

#[test]
fn regular_probes_keep_their_own_slot() {
    let mut tracker = HealthTracker::new(Duration::from_millis(3_000), at(0));
    let starts = core::cell::RefCell::new(std::vec::Vec::new());
    run(&mut tracker, &POLICY, 0, 95_000, |now| {
        starts.borrow_mut().push(now);
        (1, ProbeOutcome::Passed)
    });
    for (n, start) in starts.borrow().iter().skip(1).enumerate() {
        let slot = starts.borrow()[1] / 10_000 * 10_000 + 3_000 + n as u64 * 10_000;
        assert!(start.abs_diff(slot) <= 1_001, "probe {n} at {start}, slot {slot}");
    }
}

#[test]
fn a_probe_that_proved_nothing_is_repeated_and_changes_nothing() {
    let mut tracker = passing(0);
    for n in 1..20 {
        tracker.probe_started(&POLICY, at(n * 1000));
        tracker.probe_proved_nothing(&POLICY, at(n * 1000 + 900));
        assert_eq!(tracker.verdict(), Verdict::Passing);
        assert!(tracker.due().unwrap() <= at(n * 1000 + 2_000));
    }
}
