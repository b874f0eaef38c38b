//! Names, sets of tried ones and latencies, by example.

use core::time::Duration;

use super::*;
use crate::time::Moment;

#[test]
fn strategies_are_read_however_they_are_written() {
    for strategy in Strategy::ALL {
        assert_eq!(Strategy::parse(strategy.as_str()), Ok(strategy));
    }
    for text in ["ROUND_ROBIN", "round-robin", "RoundRobin", "Round Robin"] {
        assert_eq!(Strategy::parse(text), Ok(Strategy::RoundRobin), "{text}");
    }
    assert!(Strategy::parse("fastest").unwrap_err().contains("peak_ewma"));
    assert!(Strategy::parse("").is_err());
}

#[test]
fn the_tried_are_a_bounded_set() {
    let mut tried = Tried::default();
    assert!(tried.is_empty() && !tried.has(0));
    assert!((0..TRIED_MAX).all(|index| tried.add(index * 1000)));
    assert!(tried.add(0) && tried.has(15_000) && !tried.has(1));
    assert!(!tried.add(7), "it is full");
    assert_eq!(tried.len(), TRIED_MAX);
    assert!(!Tried::default().add(usize::MAX));
}

#[test]
fn a_latency_jumps_up_and_comes_down_slowly() {
    let (policy, at) = (EwmaPolicy::default(), Moment::from_millis);
    let close = |one: f64, other: f64| (one - other).abs() < 0.01 * other.max(0.01);
    let begin = PeakEwma::new(&policy, at(0));
    assert!(close(begin.read(&policy, at(0)), 30.0));
    let peak = begin.observe(&policy, Duration::from_millis(500), at(1_000));
    assert!(close(peak.read(&policy, at(1_000)), 500.0));
    // Without any observation a third is left after the decay.
    assert!(close(peak.read(&policy, at(11_000)), 500.0 / core::f64::consts::E));
    let down = peak.observe(&policy, Duration::from_millis(100), at(11_000));
    assert!(close(down.read(&policy, at(11_000)), 100.0 + 400.0 / core::f64::consts::E));
    assert!(close(begin.observe_failure(&policy, Duration::from_millis(1), at(5)).read(&policy, at(5)), 1000.0));
    assert_eq!(PeakEwma::from_bits(peak.to_bits()), peak);
    // Another worker's clock may be read a little earlier; and the counter of milliseconds goes round.
    assert!(close(peak.read(&policy, at(999)), 500.0));
    let late = PeakEwma::new(&policy, at(u64::from(u32::MAX)));
    assert!(close(late.read(&policy, at(u64::from(u32::MAX) + 10_000)), 30.0 / core::f64::consts::E));
}
