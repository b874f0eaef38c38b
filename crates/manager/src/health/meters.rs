//! The figures of watching.
//!
//! Owns their names and the bound on their labels: the first instances get a label of their own, all others share one.

use std::collections::HashSet;

use peegeeq_domain::health::Verdict;
use peegeeq_domain::instance::InstanceId;

use crate::observations::Checkup;

/// The most instances with a label of their own. A label that was given is never taken back: a figure must not vanish.
const LABELLED_MAX: usize = 200;

/// The label of all other instances.
const OTHERS: &str = "other";

/// Keeps the figures.
#[derive(Debug, Default)]
pub(super) struct Meters {
    labelled: HashSet<InstanceId>,
}

impl Meters {
    /// The names and meanings, told once.
    pub(super) fn describe() {
        metrics::describe_histogram!("peegeeq_health_check_duration_seconds", metrics::Unit::Seconds, "How long health checks took");
        metrics::describe_counter!("peegeeq_health_checks_total", "Health checks by outcome");
        metrics::describe_counter!("peegeeq_health_transitions_total", "Changes of verdict by what they led to");
        metrics::describe_counter!("peegeeq_health_false_trips_total", "Tripwires that closed although the instance was well");
        metrics::describe_gauge!(
            "peegeeq_instance_certificate_expiry_seconds",
            metrics::Unit::Seconds,
            "Time left of the certificate that an instance showed; below zero once it has expired"
        );
        metrics::describe_gauge!("peegeeq_health_probes_in_flight", "Health checks under way");
    }

    /// The metric label of an instance.
    pub(super) fn label(&mut self, id: &InstanceId) -> metrics::SharedString {
        let known = self.labelled.contains(id) || (self.labelled.len() < LABELLED_MAX && self.labelled.insert(id.clone()));
        if known { metrics::SharedString::from_shared(id.as_str().into()) } else { metrics::SharedString::const_str(OTHERS) }
    }
}

/// A probe began.
pub(super) fn began() {
    metrics::gauge!("peegeeq_health_probes_in_flight").increment(1.0);
}

/// A probe ended.
pub(super) fn ended(label: &metrics::SharedString, checkup: &Checkup) {
    metrics::gauge!("peegeeq_health_probes_in_flight").decrement(1.0);
    let outcome = checkup.failure.as_ref().map_or("passed", |failure| failure.kind.as_str());
    metrics::counter!("peegeeq_health_checks_total", "outcome" => outcome).increment(1);
    let duration = metrics::histogram!("peegeeq_health_check_duration_seconds", "outcome" => outcome, "instance" => label.clone());
    duration.record(checkup.phases.total);
    if let Some(facts) = checkup.certificate.as_ref().filter(|_| **label != *OTHERS) {
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; milliseconds of centuries stay below 2^53")]
        let left = facts.left_millis(checkup.at) as f64 / 1000.0;
        metrics::gauge!("peegeeq_instance_certificate_expiry_seconds", "instance" => label.clone()).set(left);
    }
}

/// A probe ended without a result.
pub(super) fn lost() {
    metrics::gauge!("peegeeq_health_probes_in_flight").decrement(1.0);
}

/// A verdict changed.
pub(super) fn transition(to: Verdict) {
    metrics::counter!("peegeeq_health_transitions_total", "to" => to.as_str()).increment(1);
}

/// A tripwire closed although the instance was well.
pub(super) fn false_trip() {
    metrics::counter!("peegeeq_health_false_trips_total").increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_bounded_and_stay() {
        let mut meters = Meters::default();
        let id = |n: usize| InstanceId::parse(&format!("i-{n}")).unwrap();
        for n in 0..LABELLED_MAX {
            assert_eq!(&*meters.label(&id(n)), format!("i-{n}"));
        }
        assert_eq!(&*meters.label(&id(LABELLED_MAX)), OTHERS);
        assert_eq!(&*meters.label(&id(7)), "i-7");
    }
}
