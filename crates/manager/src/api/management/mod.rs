//! `/api/v1/management/…` and `/api/v1/setups` for the whole cluster, in the shape in which one instance answers: whoever
//! speaks to an instance can speak to the manager instead.
//!
//! Owns that shape and what strict readers of it insist on. Does not own asking instances (`federation`), nor requests that
//! name an instance.

mod conflicts;
mod envelope;
mod handlers;
mod health;
mod lists;
mod metrics;
mod needs;
mod overview;
mod query;
mod row;
mod setups;
mod streams;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::fan_in::FanInHandle;
use crate::federation::FederationHandle;

/// What these handlers have at hand.
#[derive(Debug)]
pub struct ManagementApi {
    federation: FederationHandle,
    fan_in: FanInHandle,
}

impl ManagementApi {
    /// Answers made of what `federation` learns, and streams of what `fan_in` hears.
    pub fn new(federation: FederationHandle, fan_in: FanInHandle) -> Self {
        Self { federation, fan_in }
    }
}

/// Routes that need the right to read.
pub fn routes() -> OpenApiRouter<Arc<ManagementApi>> {
    OpenApiRouter::new()
        .routes(routes!(handlers::overview))
        .routes(routes!(handlers::queues))
        .routes(routes!(handlers::consumer_groups))
        .routes(routes!(handlers::event_stores))
        .routes(routes!(handlers::metrics))
        .routes(routes!(handlers::setups))
        .routes(routes!(streams::monitoring))
        .routes(routes!(streams::metrics))
        .routes(routes!(streams::metrics_of_old))
        .routes(routes!(streams::queues))
}

/// Routes for everybody: they tell that somebody answers, and nothing else.
pub fn open_routes<S: Clone + Send + Sync + 'static>() -> OpenApiRouter<S> {
    OpenApiRouter::new().routes(routes!(health::health)).routes(routes!(health::sse)).routes(routes!(health::websocket))
}

/// Whether these routes are asked for: their errors tell the time as instances do, whoever refuses.
pub(super) fn is_own_path(path: &str) -> bool {
    let own = ["/api/v1/management/", "/api/v1/sse/", "/sse/", "/ws/"];
    matches!(path, "/api/v1/setups" | "/api/v1/health") || (path != "/ws/updates" && own.iter().any(|prefix| path.starts_with(prefix)))
}
