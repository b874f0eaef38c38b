//! What is told to people about health, and how often.
//!
//! Owns the sentences. A failing instance is told at its first failure and when it goes down, not at every probe.

use std::time::Duration;

use peegeeq_domain::health::{Doubt, Transition, Verdict};
use peegeeq_domain::instance::InstanceId;

use crate::observations::{Checkup, SetupHealth, SetupSeen, SetupsSeen};

/// Tells of a change of verdict.
pub(super) fn transition(id: &InstanceId, change: Transition, max_failures: u32, evidence: &str) {
    match (change.from, change.to) {
        (_, Verdict::Down { .. }) => tracing::warn!(
            instanceId = %id,
            failureCount = change.to.failures(),
            maxFailures = max_failures,
            errorMessage = evidence,
            "Instance is unhealthy"
        ),
        (Verdict::Unprobed | Verdict::Passing, Verdict::Failing { .. }) => tracing::warn!(
            instanceId = %id,
            failureCount = change.to.failures(),
            maxFailures = max_failures,
            errorMessage = evidence,
            "Health check failed for instance"
        ),
        (Verdict::Down { .. }, Verdict::Passing) => tracing::info!(instanceId = %id, "Instance recovered"),
        (Verdict::Unprobed | Verdict::Failing { passed_before: false, .. }, Verdict::Passing) => {
            tracing::info!(instanceId = %id, "Instance is healthy");
        }
        (from, to) => tracing::debug!(instanceId = %id, from = from.as_str(), to = to.as_str(), "verdict changed"),
    }
}

/// Tells of a certificate that is to be renewed, when it was last seen to stand better.
pub(super) fn certificate(id: &InstanceId, before: Option<&Checkup>, now: &Checkup, warning: Duration) {
    let Some(facts) = &now.certificate else { return };
    let step = facts.step(now.at, warning);
    let known = before.and_then(|before| Some((before.at, before.certificate.as_ref()?)));
    if known.is_some_and(|(at, facts)| facts.step(at, warning) == step) {
        return;
    }
    if let Some(complaint) = facts.complaint(now.at, warning) {
        tracing::warn!(instanceId = %id, "the certificate of instance {id} {complaint}");
    }
}

/// Tells of setups that ceased to work or vanished, and of those that work again.
pub(super) fn setups(id: &InstanceId, before: Option<&SetupsSeen>, now: &SetupsSeen) {
    for setup in &now.setups {
        let known = before.and_then(|before| before.setups.iter().find(|known| known.id == setup.id));
        match (known.and_then(trouble), trouble(setup)) {
            (None, Some(reason)) => {
                tracing::warn!(instanceId = %id, setupId = &*setup.id, errorMessage = reason, "a setup does not work: its numbers are unknown");
            }
            (Some(_), None) => tracing::info!(instanceId = %id, setupId = &*setup.id, "a setup works again"),
            _ => {}
        }
    }
}

fn trouble(setup: &SetupSeen) -> Option<&str> {
    match &setup.health {
        _ if setup.missing => Some("it is gone from the instance that had it"),
        SetupHealth::Down { reason } => Some(reason),
        _ => None,
    }
}

/// Tells when the manager begins or ceases to doubt itself. A change of the figures alone is not told.
pub(super) fn doubt(before: Option<Doubt>, now: Option<Doubt>) {
    match (before, now) {
        (None, Some(doubt)) => {
            tracing::warn!(reason = sentence(doubt), "the manager doubts itself: no instance is found down by timeouts meanwhile")
        }
        (Some(_), None) => tracing::info!("the manager trusts its health checks again"),
        _ => {}
    }
}

/// Tells that doubt ended because it lasted too long while others answered.
pub(super) fn believed(hosts: usize) {
    tracing::warn!(hosts, "hosts stayed silent for a minute while others answered: their silence is believed, they can be found down");
}

/// Why the manager doubts itself.
pub(super) fn sentence(doubt: Doubt) -> String {
    match doubt {
        Doubt::MostHostsSilent { silent, of } => {
            format!("{silent} of {of} hosts that were asked since the silence began are silent together")
        }
        Doubt::OwnLoopLate { by } => format!("this process was late by {}ms", by.as_millis()),
    }
}
