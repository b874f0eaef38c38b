//! `/api/v1/routing…`: how requests are spread just now, and what would become of one.
//!
//! Owns reading these questions. Does not own the answers: the gateway makes them, and `wire::routing` their shape.

mod handlers;
mod question;
mod rolling;
mod rolling_request;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use peegeeq_domain::rolling::Rolling;

use super::extract::BodyLimits;
use super::wire::routing::RollingView;
use crate::gateway::RoutingHandle;
use crate::registry::CatalogReader;
use crate::rolling::RollingHandle;

/// What these handlers have at hand.
#[derive(Debug)]
pub struct RoutingApi {
    gateway: RoutingHandle,
    rolling: RollingHandle,
    catalog: CatalogReader,
    body: BodyLimits,
}

impl RoutingApi {
    /// Answers made of what `gateway` tells.
    pub fn new(gateway: RoutingHandle, rolling: RollingHandle, catalog: CatalogReader, body: BodyLimits) -> Self {
        Self { gateway, rolling, catalog, body }
    }

    /// How far a rolling restart is.
    fn view(&self, rolling: &Rolling) -> RollingView {
        let catalog = self.catalog.current();
        RollingView::of(rolling, |id| {
            let order = catalog.get(id.as_str()).and_then(|entry| entry.instance.order.as_ref());
            self.gateway.traffic(id.as_str(), order.map(|order| order.since))
        })
    }
}

/// Routes that need the right to read, or for what is not a safe method to administrate.
pub fn routes() -> OpenApiRouter<Arc<RoutingApi>> {
    OpenApiRouter::new()
        .routes(routes!(handlers::routing))
        .routes(routes!(handlers::explain))
        .routes(routes!(rolling::list, rolling::begin))
        .routes(routes!(rolling::read))
        .routes(routes!(rolling::pause))
        .routes(routes!(rolling::go_on))
        .routes(routes!(rolling::cancel))
        .routes(routes!(rolling::restarted))
}
