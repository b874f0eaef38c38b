//! Telling operators what changed: one log line and one count for each change.
//!
//! Owns the wording and the bound on label values. Does not own the journal.

use std::collections::HashSet;
use std::sync::Arc;

use peegeeq_domain::instance::Instance;

use super::handle::Judgement;

/// The most environments that get a count of their own.
const ENVIRONMENTS_MAX: usize = 50;

/// Announces changes, and remembers which environments have a count of their own.
#[derive(Debug, Default)]
pub(super) struct Announcer {
    environments: HashSet<Arc<str>>,
}

impl Announcer {
    pub(super) fn registered(&mut self, instance: &Instance, created: bool) {
        let environment = self.label(&instance.registration.labels.environment);
        metrics::counter!("peegeeq_instances_registered_total", "environment" => environment).increment(u64::from(created));
        let (endpoint, labels) = (&instance.registration.endpoint, &instance.registration.labels);
        tracing::info!(
            instanceId = instance.id().as_str(),
            host = endpoint.host.as_str(),
            port = endpoint.port,
            environment = &*labels.environment,
            region = &*labels.region,
            revision = instance.revision.0,
            created,
            "Instance registered successfully"
        );
    }

    pub(super) fn updated(&self, instance: &Instance) {
        let (endpoint, labels) = (&instance.registration.endpoint, &instance.registration.labels);
        tracing::info!(
            instanceId = instance.id().as_str(),
            host = endpoint.host.as_str(),
            port = endpoint.port,
            environment = &*labels.environment,
            region = &*labels.region,
            revision = instance.revision.0,
            presence = instance.presence.as_str(),
            "Instance updated successfully"
        );
    }

    pub(super) fn deregistered(&mut self, instance: &Instance) {
        let environment = self.label(&instance.registration.labels.environment);
        metrics::counter!("peegeeq_instances_deregistered_total", "environment" => environment).increment(1);
        let (endpoint, labels) = (&instance.registration.endpoint, &instance.registration.labels);
        tracing::info!(
            instanceId = instance.id().as_str(),
            host = endpoint.host.as_str(),
            port = endpoint.port,
            environment = &*labels.environment,
            region = &*labels.region,
            "Instance unregistered successfully"
        );
    }

    pub(super) fn judged(&self, instance: &Instance, judgement: &Judgement) {
        let (endpoint, labels) = (&instance.registration.endpoint, &instance.registration.labels);
        tracing::info!(
            instanceId = instance.id().as_str(),
            host = endpoint.host.as_str(),
            port = endpoint.port,
            environment = &*labels.environment,
            region = &*labels.region,
            from = judgement.from.as_str(),
            to = judgement.verdict.as_str(),
            evidence = judgement.evidence,
            "Instance health changed"
        );
    }

    /// The environment as a label value. Callers choose environments, so there must be an end to their number.
    fn label(&mut self, environment: &Arc<str>) -> Arc<str> {
        if !self.environments.contains(environment) {
            if self.environments.len() >= ENVIRONMENTS_MAX {
                return "other".into();
            }
            self.environments.insert(environment.clone());
        }
        environment.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fifty_first_environment_is_other() {
        let mut announcer = Announcer::default();
        for n in 0..ENVIRONMENTS_MAX {
            let name: Arc<str> = n.to_string().into();
            assert_eq!(announcer.label(&name), name);
        }
        assert_eq!(&*announcer.label(&"new".into()), "other");
        assert_eq!(&*announcer.label(&"7".into()), "7");
    }
}
