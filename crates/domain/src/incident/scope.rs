//! What failed, as far as the affected ones show: the smallest domain that holds them all.

use alloc::sync::Arc;

use super::case::Affected;
use crate::instance::InstanceId;

/// Where an affected one stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Domain {
    /// Its host.
    pub host: Option<Arc<str>>,
    /// Its environment.
    pub environment: Option<Arc<str>>,
    /// Its region.
    pub region: Option<Arc<str>>,
    /// Where its data lives, if it is a setup.
    pub database: Option<Arc<str>>,
}

/// What failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Most hosts fell silent together: the fault may lie with the manager or its network.
    Manager,
    /// One instance.
    Instance(InstanceId),
    /// Several instances on one host.
    Host(Arc<str>),
    /// Setups whose data lives in one place.
    Database(Arc<str>),
    /// Several hosts of one region of an environment.
    Region {
        /// The environment.
        environment: Arc<str>,
        /// The region.
        region: Arc<str>,
    },
    /// Several regions of one environment.
    Environment(Arc<str>),
    /// More than that.
    Cluster,
}

/// The smallest domain that holds all.
pub(super) fn scope_of(affected: &[Affected]) -> Scope {
    let shared = |of: fn(&Domain) -> &Option<Arc<str>>| {
        let first = of(&affected.first()?.domain).as_ref()?;
        affected.iter().all(|one| of(&one.domain).as_ref() == Some(first)).then(|| first.clone())
    };
    if let Some(database) = shared(|domain| &domain.database) {
        return Scope::Database(database);
    }
    let Some(first) = affected.first().map(|one| &one.subject.instance) else { return Scope::Cluster };
    if affected.iter().all(|one| one.subject.instance == *first) {
        return Scope::Instance(first.clone());
    }
    if let Some(host) = shared(|domain| &domain.host) {
        return Scope::Host(host);
    }
    match (shared(|domain| &domain.environment), shared(|domain| &domain.region)) {
        (Some(environment), Some(region)) => Scope::Region { environment, region },
        (Some(environment), None) => Scope::Environment(environment),
        (None, _) => Scope::Cluster,
    }
}
