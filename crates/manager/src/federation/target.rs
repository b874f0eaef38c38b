//! Whom a federated answer is about: the members of the catalog with their setups as last seen.
//!
//! Owns the step from the catalog and the observations to sources and bindings, and which changes of the catalog make an
//! answer out of date. Does not own either.

use std::sync::Arc;

use peegeeq_domain::catalog::{Catalog, Change, Entry};
use peegeeq_domain::federation::{SetupBinding, Source};

use crate::observations::{Observations, SetupsSeen};

/// One member to ask, or to name as not asked.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) entry: Arc<Entry>,
    pub(super) source: Source,
    pub(super) bindings: Arc<[SetupBinding]>,
    /// Why nobody knows which setups it has, where it was asked in vain.
    pub(super) unlisted: Option<String>,
}

/// All members.
pub(super) fn targets(catalog: &Catalog, observations: &Observations) -> Vec<Target> {
    let slots = observations.slots();
    let setups = |entry: &Entry| slots.get(entry.id().as_str()).and_then(|slot| slot.setups());
    catalog.entries().iter().map(|entry| target(entry, setups(entry).as_deref())).collect()
}

fn target(entry: &Arc<Entry>, seen: Option<&SetupsSeen>) -> Target {
    let registration = &entry.instance.registration;
    let source = Source {
        instance: registration.id.clone(),
        host: Arc::from(registration.endpoint.host.as_str()),
        environment: registration.labels.environment.clone(),
        region: registration.labels.region.clone(),
    };
    let stale = seen.filter(|seen| seen.stale).map(|seen| seen.failure.clone().unwrap_or_default());
    let bindings: Arc<[_]> = seen.map_or_else(Arc::default, |seen| seen.bindings().into());
    let unlisted = stale.filter(|_| bindings.is_empty()).map(|failure| format!("which setups the instance has is not known: {failure}"));
    Target { entry: entry.clone(), source, bindings, unlisted }
}

/// Whether an answer about `then` says something about the cluster that no longer holds `now`: who there is, where, how
/// they are called, who is asked. Weights and metadata are in no answer.
pub(super) fn outdated(then: &Catalog, now: &Catalog) -> bool {
    now.changes_since(then).iter().any(|change| match change {
        Change::Added(_) | Change::Removed(_) => true,
        Change::Updated { from, to } => shown(from) != shown(to),
    })
}

fn shown(entry: &Entry) -> impl PartialEq + '_ {
    let (instance, labels) = (&entry.instance, &entry.instance.registration.labels);
    (instance.incarnation, &labels.environment, &labels.region, entry.state(), entry.is_federated())
}
