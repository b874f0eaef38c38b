//! The figures of requests, by instance.
//!
//! Owns their names and the bound on their labels: the first instances that get requests have a label of their own, all others share
//! one. An instance that never gets a request has no figures: of ten thousand, seven each would be a large part of the memory.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use metrics::{Counter, Gauge, Histogram, SharedString};
use peegeeq_domain::instance::InstanceId;

use super::upstream::Outcome;

/// The most instances with a label of their own. A label that was given is never taken back: a figure must not vanish.
const LABELLED_MAX: usize = 200;

/// The label of all other instances.
const OTHERS: &str = "other";

/// Which instances have a label of their own.
#[derive(Debug, Default)]
pub(super) struct Labels(Mutex<HashSet<InstanceId>>);

impl Labels {
    fn label(&self, id: &InstanceId) -> SharedString {
        let mut labelled = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = labelled.contains(id) || (labelled.len() < LABELLED_MAX && labelled.insert(id.clone()));
        if known { SharedString::from_shared(id.as_str().into()) } else { SharedString::const_str(OTHERS) }
    }
}

/// The figures of one instance, or its share in those of all others.
pub(super) struct Meters {
    pub(super) time_to_head: Histogram,
    outcomes: [Counter; Outcome::COUNT],
    in_flight: Gauge,
}

impl Meters {
    pub(super) fn new(labels: &Labels, id: &InstanceId) -> Self {
        let label = labels.label(id);
        let outcome = |(_, word): (Outcome, &'static str)| metrics::counter!("peegeeq_routed_requests_total", "instance" => label.clone(), "outcome" => word);
        Self {
            time_to_head: metrics::histogram!("peegeeq_routed_duration_seconds", "instance" => label.clone()),
            outcomes: Outcome::ALL.map(outcome),
            in_flight: metrics::gauge!("peegeeq_routed_in_flight", "instance" => label.clone()),
        }
    }

    /// A request ended.
    pub(super) fn count(&self, outcome: Outcome) {
        self.outcomes[outcome as usize].increment(1);
    }

    /// The requests under way are no longer `before`, but `now`. Others may share the figure, so the difference is told.
    pub(super) fn under_way(&self, before: u32, now: u32) {
        if before != now {
            self.in_flight.increment(f64::from(now) - f64::from(before));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_bounded_and_stay() {
        let labels = Labels::default();
        let id = |n: usize| InstanceId::parse(&format!("i-{n}")).unwrap();
        for n in 0..LABELLED_MAX {
            assert_eq!(&*labels.label(&id(n)), format!("i-{n}"));
        }
        assert_eq!(&*labels.label(&id(LABELLED_MAX)), OTHERS);
        assert_eq!(&*labels.label(&id(7)), "i-7");
    }
}
