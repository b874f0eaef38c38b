//! Whatever happens to an instance, it is tried again with exactly one request and never left alone too long.

use std::time::Duration;

use peegeeq_domain::routing::accrual::{Accrual, AccrualEvent, AccrualPolicy, FailureKind};
use peegeeq_domain::routing::table::Standing;
use peegeeq_domain::time::Moment;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

fn event() -> impl Strategy<Value = AccrualEvent> {
    let kind = select(vec![FailureKind::Connect, FailureKind::Reset, FailureKind::Timeout, FailureKind::Server]);
    let ended = (any::<bool>(), option::weighted(0.8, kind)).prop_map(|(is_probe, failure)| AccrualEvent::Ended { is_probe, failure });
    prop_oneof![
        8 => ended,
        2 => Just(AccrualEvent::ProbeTaken),
        1 => Just(AccrualEvent::ProbeLost),
        2 => Just(AccrualEvent::Tick),
    ]
}

proptest! {
    #[test]
    fn ejections_are_earned_bounded_and_end_with_one_request(steps in vec((event(), 0_u64..60_000, any::<u64>()), 1..200)) {
        let policy = AccrualPolicy::default();
        let (mut state, mut now) = (Accrual::default(), Moment::from_millis(0));
        let mut in_a_row = 0;
        for (event, passed, random) in steps {
            now = now + Duration::from_millis(passed);
            state = state.next(AccrualEvent::Tick, &policy, now, random);
            let open = state.is_open_for_probe();
            let before = state;
            state = state.next(event, &policy, now, random);
            // The naive account.
            match (before.standing(), event) {
                (Standing::In, AccrualEvent::Ended { failure, .. }) => in_a_row = failure.map_or(0, |_| in_a_row + 1),
                // Exactly one: taking it again changes nothing.
                (Standing::Probation { .. }, AccrualEvent::ProbeTaken) => {
                    prop_assert_eq!(state != before, open);
                    prop_assert!(!state.is_open_for_probe());
                }
                _ => {}
            }
            match state.standing() {
                Standing::In => {
                    let was_out = matches!(before.standing(), Standing::Probation { .. });
                    prop_assert!(in_a_row < policy.failures || was_out);
                    if was_out {
                        let succeeded = matches!(event, AccrualEvent::Ended { is_probe: true, failure: None });
                        prop_assert!(succeeded, "{event:?}");
                        in_a_row = 0;
                    }
                }
                Standing::Out { since, until } => {
                    prop_assert!(until.since(since) <= policy.max && until.since(since) >= policy.base * 9 / 10);
                    prop_assert!(until > now);
                    if before.standing() == Standing::In {
                        prop_assert_eq!(in_a_row, policy.failures);
                    }
                }
                Standing::Probation { since } => {
                    prop_assert!(since <= now);
                }
            }
        }
    }
}
