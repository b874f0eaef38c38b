//! What handlers have at hand.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use peegeeq_domain::time::Timestamp;

use super::extract::BodyLimits;
use super::listing::Listing;
use crate::gateway::RoutingHandle;
use crate::health::HealthHandle;
use crate::incidents::IncidentsHandle;
use crate::observations::Observations;
use crate::observe::metrics::Metrics;
use crate::registry::{CatalogReader, RegistryHandle};
use crate::server::ServerTls;

/// How the manager names itself.
#[derive(Clone, Debug)]
pub struct Identity {
    /// `service.name`
    pub service: String,
    /// The manager's environment.
    pub environment: String,
    /// The manager's region.
    pub region: String,
    /// Counts openings of the store.
    pub epoch: u64,
    /// Names this process.
    pub id: String,
    /// Where it listens.
    pub address: SocketAddr,
    /// When it started.
    pub started: Timestamp,
}

/// A setting as it was said.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Its name.
    pub key: String,
    /// Its value for people; secrets are stars.
    pub value: String,
    /// Who said so; nobody, if it is the default.
    pub origin: Option<String>,
}

/// Whether the manager takes part: true from the start until it is told to stop.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<AtomicBool>);

impl Readiness {
    /// Sets it.
    pub fn set(&self, ready: bool) {
        self.0.store(ready, Ordering::Release);
    }

    /// Reads it.
    pub fn get(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// What handlers of the manager's own routes have at hand.
#[derive(Debug)]
pub struct ApiState {
    /// The picture of the cluster.
    pub catalog: CatalogReader,
    /// Changes of the registry.
    pub registry: RegistryHandle,
    /// What was last seen.
    pub observations: Arc<Observations>,
    /// Checks on demand.
    pub health: HealthHandle,
    /// What failed together.
    pub incidents: IncidentsHandle,
    /// Looks into the gateway.
    pub gateway: RoutingHandle,
    /// The prepared list.
    pub listing: Listing,
    /// Who this manager is.
    pub identity: Identity,
    /// Networks that may be registered although they are otherwise never dialled.
    pub networks: Vec<ipnet::IpNet>,
    /// The server's side of TLS, if it speaks it.
    pub tls: Option<Arc<ServerTls>>,
    /// How long before its end a certificate of an instance is warned about.
    pub expiry_warning: Duration,
    /// `request.timeout`: longest time a change may wait for the disk, or a check for its instance.
    pub answer_timeout: Duration,
    /// Bounds of request bodies.
    pub body: BodyLimits,
    /// Whether it takes part.
    pub readiness: Readiness,
    /// The metrics, unless they are switched off.
    pub metrics: Option<Metrics>,
    /// Every setting, for people.
    pub settings: Vec<Setting>,
}

/// Shared by all workers.
pub type Shared = axum::extract::State<Arc<ApiState>>;
