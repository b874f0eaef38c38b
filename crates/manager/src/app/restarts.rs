//! What joins rolling restarts and the gateway, which do not know each other.

use std::sync::Arc;

use peegeeq_domain::instance::InstanceId;

use crate::gateway::{Gateway, RoutingHandle};
use crate::net::Client;
use crate::observations::Observations;
use crate::registry::{CatalogReader, RegistryHandle};
use crate::rolling::{Ground, Traffic, UnderWay};

/// What rolling restarts stand on.
pub(super) fn ground(
    catalog: &CatalogReader,
    observations: &Arc<Observations>,
    registry: &RegistryHandle,
    client: &Client,
    gateway: &Gateway,
) -> Ground {
    Ground {
        catalog: catalog.clone(),
        observations: observations.clone(),
        registry: registry.clone(),
        client: client.clone(),
        traffic: Arc::new(ThroughGateway(gateway.handle())),
    }
}

struct ThroughGateway(RoutingHandle);

impl Traffic for ThroughGateway {
    fn under_way(&self, id: &str) -> UnderWay {
        let traffic = self.0.traffic(id, None).unwrap_or_default();
        UnderWay { requests: traffic.in_flight + traffic.waiting, streams: traffic.streams }
    }

    fn only_at(&self, id: &str) -> Vec<Arc<str>> {
        self.0.only_at(id)
    }

    fn serves(&self, id: &str, setups: &[Arc<str>]) -> bool {
        self.0.serves(id, setups)
    }

    fn look_at(&self, id: &InstanceId) {
        self.0.look_at(id);
    }
}
