//! What may have been acted on is never sent twice, and a dead cluster is not asked much more often.

use std::time::Duration;

use peegeeq_domain::routing::retry::{Attempt, Budget, BudgetPolicy, Cause, Decision, Limits, Phase, Request, decide};
use peegeeq_domain::time::Moment;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

const PHASES: [Phase; 7] =
    [Phase::NotSent, Phase::GaveBack, Phase::Lost, Phase::TimedOut, Phase::Nonsense, Phase::Answered, Phase::HandedOn];

fn attempt() -> impl Strategy<Value = Attempt> {
    let status = select(vec![200_u16, 204, 404, 429, 500, 501, 502, 503, 504]);
    let after = option::of((0_u64..20_000).prop_map(Duration::from_millis));
    (1_u32..6, select(PHASES.to_vec()), status, after, 0_usize..4).prop_map(|(number, phase, status, retry_after, others)| Attempt {
        number,
        phase,
        status: (phase == Phase::Answered).then_some(status),
        retry_after: retry_after.filter(|_| phase == Phase::Answered),
        others,
    })
}

proptest! {
    #[test]
    fn nothing_is_done_twice(attempt in attempt(), may_repeat in any::<bool>(), random in any::<u64>(), left in 0_u64..15_000) {
        let now = Moment::from_millis(50_000);
        let request = Request { may_repeat, deadline: now + Duration::from_millis(left) };
        let limits = Limits::default();
        let sent = !matches!(attempt.phase, Phase::NotSent | Phase::GaveBack);
        match decide(&attempt, &request, &limits, &mut Budget::default(), random, now) {
            Decision::Again { after, elsewhere } => {
                prop_assert!(may_repeat || !sent);
                prop_assert!(attempt.phase != Phase::HandedOn);
                prop_assert!(attempt.number <= limits.max_retries);
                prop_assert!(now + after < request.deadline);
                prop_assert!(!elsewhere || attempt.others > 0);
                if !elsewhere {
                    prop_assert!(attempt.phase == Phase::GaveBack || attempt.retry_after.is_some_and(|asked| after >= asked));
                }
                if !sent && attempt.number == 1 {
                    prop_assert_eq!(after, Duration::ZERO);
                }
                let asked = attempt.retry_after.unwrap_or_default();
                prop_assert!(after <= limits.pause_max + asked);
                if let Some(status) = attempt.status {
                    prop_assert!(matches!(status, 502..=504) || (status == 429 && attempt.retry_after.is_some()));
                }
            }
            Decision::PassOn => prop_assert_eq!(attempt.phase, Phase::Answered),
            Decision::GiveUp(failure) => {
                prop_assert!(attempt.phase != Phase::Answered);
                prop_assert_eq!(failure.outcome_unknown, sent && !may_repeat);
                prop_assert!(matches!(failure.status, 502..=504));
                if failure.cause == Cause::MayHaveBeenActedOn {
                    prop_assert!(failure.outcome_unknown);
                }
            }
        }
    }

    #[test]
    fn a_dead_cluster_is_asked_at_most_a_fifth_more(gaps in vec(0_u64..80, 200..600), percent in 5_u32..50) {
        let mut budget = Budget::new(BudgetPolicy { percent, ..BudgetPolicy::default() });
        let mut now = Moment::from_millis(123_456);
        // The naive account: the seconds of all requests and retries.
        let (mut requests, mut retries): (Vec<u64>, Vec<u64>) = (Vec::new(), Vec::new());
        for gap in gaps {
            now = now + Duration::from_millis(gap);
            let second = now.as_millis() / 1000;
            budget.request(now);
            requests.push(second);
            let counts = |list: &[u64]| list.iter().filter(|at| **at + 10 > second).count() as u64;
            for _ in 0..3 {
                let allowed = (counts(&requests) * u64::from(percent) / 100).max(100);
                let granted = budget.take(now);
                prop_assert_eq!(granted, counts(&retries) < allowed);
                retries.extend(granted.then_some(second));
            }
        }
    }
}

#[test]
fn at_full_load_the_amplification_is_a_fifth() {
    for rate in [100, 1_000, 10_000] {
        let mut budget = Budget::default();
        let mut retries = 0;
        let requests = rate * 30;
        for number in 0..requests {
            let now = Moment::from_millis(number * 1000 / rate);
            budget.request(now);
            retries += u64::from(budget.take(now)) + u64::from(budget.take(now)) + u64::from(budget.take(now));
        }
        let amplification = 1.0 + retries as f64 / requests as f64;
        assert!((1.15..=1.2).contains(&amplification), "{amplification} at {rate}/s");
    }
}

#[test]
fn a_quiet_route_may_retry_all_the_same() {
    let mut budget = Budget::default();
    let now = Moment::from_millis(5);
    budget.request(now);
    assert_eq!((0..200).filter(|_| budget.take(now)).count(), 100);
    assert!(budget.take(now + Duration::from_secs(11)));
}
