//! All that the monitor keeps about one instance.
//!
//! Owns the bookkeeping of forced checks. Does not own timing or sockets.

use std::sync::Arc;
use std::time::Duration;

use peegeeq_domain::health::{Check, HealthTracker, ProbeOutcome};
use peegeeq_domain::instance::{Instance, InstanceId};
use peegeeq_domain::time::Moment;

use super::handle::{Asker, Noted};
use super::leaving::Leaving;
use super::setups::Memory;
use super::tripwire::Wire;

/// A failed forced check counts at most once in this time.
const FORCED_FAILURE_EVERY: Duration = Duration::from_secs(1);

/// One instance under one address.
pub(super) struct Watched {
    pub(super) instance: Arc<Instance>,
    /// Its host, under which silence is counted.
    pub(super) host: Arc<str>,
    pub(super) tracker: HealthTracker,
    pub(super) label: metrics::SharedString,
    /// Due, and waiting for its turn under the limit.
    pub(super) in_line: bool,
    /// Its last probe was not answered in time.
    pub(super) timed_out: bool,
    pub(super) wire: Wire,
    pub(super) setups: Setups,
    pub(super) leaving: Leaving,
    /// Those who wait until what is noted in `leaving` is written.
    pub(super) unnoted: Vec<Noted>,
    forced: Option<Forced>,
    forced_failure_at: Option<Moment>,
    noted_start: Moment,
}

/// What concerns the looks at its setups.
pub(super) enum Setups {
    /// No look is under way or waits for its turn.
    Resting(Box<Memory>),
    /// Waiting for its turn under the limit.
    InLine(Box<Memory>),
    /// A look is under way and has the memory; whether another should follow at once.
    Looking {
        /// Something happened since it began.
        again: bool,
    },
}

/// A forced check under way and those who wait for it.
struct Forced {
    check: Check,
    askers: Vec<Asker>,
}

impl Watched {
    pub(super) fn new(instance: Arc<Instance>, phase: Duration, label: metrics::SharedString, now: Moment) -> Self {
        Self {
            host: instance.registration.endpoint.host.as_str().into(),
            instance,
            tracker: HealthTracker::new(phase, now),
            label,
            in_line: false,
            timed_out: false,
            wire: Wire::default(),
            setups: Setups::Resting(Box::default()),
            leaving: Leaving::default(),
            unnoted: Vec::new(),
            forced: None,
            forced_failure_at: None,
            noted_start: Moment::default(),
        }
    }

    pub(super) fn id(&self) -> &InstanceId {
        self.instance.id()
    }

    /// Whether a forced check is under way.
    pub(super) fn is_asked(&self) -> bool {
        self.forced.is_some()
    }

    /// Adds somebody who asks for a probe now. `true`: the probe must be started, none is under way.
    pub(super) fn ask(&mut self, check: Check, asker: Asker) -> bool {
        let starts = self.forced.is_none();
        let forced = self.forced.get_or_insert_with(|| Forced { check, askers: Vec::new() });
        if check == Check::Counting {
            forced.check = check;
        }
        forced.askers.push(asker);
        starts
    }

    /// The forced check ended at `now` with `outcome`: how it counts, and who waits for it.
    pub(super) fn forced_ended(&mut self, outcome: ProbeOutcome, now: Moment) -> (Check, Vec<Asker>) {
        let Some(Forced { check, askers }) = self.forced.take() else { return (Check::Looking, Vec::new()) };
        if outcome == ProbeOutcome::Passed || check == Check::Looking {
            return (check, askers);
        }
        if self.forced_failure_at.is_some_and(|before| now.since(before) < FORCED_FAILURE_EVERY) {
            return (Check::Looking, askers);
        }
        self.forced_failure_at = Some(now);
        (check, askers)
    }

    /// Whether the result of a probe that began at `started` is the latest news; of two that overlap, the later beginning counts.
    pub(super) fn is_news(&mut self, started: Moment) -> bool {
        let news = started >= self.noted_start;
        self.noted_start = self.noted_start.max(started);
        news
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU16;

    use peegeeq_domain::health::FailureKind;
    use peegeeq_domain::instance::{Draft, Registration};
    use peegeeq_domain::time::Timestamp;
    use tokio::sync::oneshot;

    use super::*;

    fn watched() -> Watched {
        let port = Some(Some(u64::from(NonZeroU16::MIN.get())));
        let draft = Draft { instance_id: Some("a".into()), host: Some("h".into()), port, ..Draft::default() };
        let instance = Instance::registered(Registration::from_draft(draft).unwrap(), Timestamp::default());
        Watched::new(Arc::new(instance), Duration::ZERO, "a".into(), Moment::default())
    }

    #[test]
    fn who_asks_meanwhile_joins_and_the_stricter_check_holds() {
        let mut watched = watched();
        let mut ask = |check| watched.ask(check, oneshot::channel().0);
        assert!(ask(Check::Looking));
        assert!(!ask(Check::Counting));
        assert!(!ask(Check::Looking));
        let (check, askers) = watched.forced_ended(ProbeOutcome::Passed, Moment::default());
        assert_eq!((check, askers.len()), (Check::Counting, 3));
    }

    #[test]
    fn a_forced_failure_counts_at_most_once_a_second() {
        let mut watched = watched();
        let mut fail = |at| {
            watched.ask(Check::Counting, oneshot::channel().0);
            watched.forced_ended(ProbeOutcome::Failed(FailureKind::Status), Moment::from_millis(at)).0
        };
        let counted = [0, 300, 999, 1_000, 1_500, 2_000].map(|at| fail(at) == Check::Counting);
        assert_eq!(counted, [true, false, false, true, false, true]);
    }
}
