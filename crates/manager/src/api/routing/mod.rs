//! `/api/v1/routing…`: how requests are spread just now, and what would become of one.
//!
//! Owns reading these questions. Does not own the answers: the gateway makes them, and `wire::routing` their shape.

mod handlers;
mod question;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::BodyLimits;
use crate::gateway::RoutingHandle;

/// What these handlers have at hand.
#[derive(Debug)]
pub struct RoutingApi {
    gateway: RoutingHandle,
    body: BodyLimits,
}

impl RoutingApi {
    /// Answers made of what `gateway` tells.
    pub fn new(gateway: RoutingHandle, body: BodyLimits) -> Self {
        Self { gateway, body }
    }
}

/// Routes that need the right to read, or for what is not a safe method to administrate.
pub fn routes() -> OpenApiRouter<Arc<RoutingApi>> {
    OpenApiRouter::new().routes(routes!(handlers::routing)).routes(routes!(handlers::explain))
}
