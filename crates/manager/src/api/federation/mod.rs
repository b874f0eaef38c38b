//! `/api/v1/federation/…`, `/api/v1/federated/…` and the data of single instances.
//!
//! Owns which parameters there are, which status is answered when, and how an answer is written. Does not own asking
//! instances (`federation`), nor the shapes (`wire::federation`).

pub(in crate::api) mod envelope;
pub(in crate::api) mod flat;
pub(in crate::api) mod handlers;
mod instance;
mod query;
mod shown;
#[cfg(test)]
mod tests;
pub(in crate::api) mod text;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::federation::FederationHandle;

/// Status of a federated answer to which no instance gave anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmptyStatus {
    /// 503 under `/federation`, as the guide has it; 200 under `/federated`, as the original does.
    ByPath,
    /// Always 200.
    Ok,
    /// Always 503.
    Unavailable,
}

/// What federated handlers have at hand.
#[derive(Debug)]
pub struct FederationApi {
    federation: FederationHandle,
    empty_status: EmptyStatus,
}

impl FederationApi {
    /// Federated answers; `empty_status` is what is answered when no instance gave anything.
    pub fn new(federation: FederationHandle, empty_status: EmptyStatus) -> Self {
        Self { federation, empty_status }
    }
}

/// All routes of this part.
pub fn routes() -> OpenApiRouter<Arc<FederationApi>> {
    OpenApiRouter::new()
        .routes(routes!(handlers::federation_overview))
        .routes(routes!(handlers::federation_queues))
        .routes(routes!(handlers::federation_consumer_groups))
        .routes(routes!(handlers::federation_event_stores))
        .routes(routes!(handlers::federation_metrics))
        .routes(routes!(handlers::federated_overview))
        .routes(routes!(handlers::federated_queues))
        .routes(routes!(handlers::federated_consumer_groups))
        .routes(routes!(handlers::federated_event_stores))
        .routes(routes!(handlers::federated_metrics))
        .routes(routes!(instance::instance_overview))
        .routes(routes!(instance::instance_queues))
        .routes(routes!(instance::instance_consumer_groups))
        .routes(routes!(instance::instance_event_stores))
        .routes(routes!(instance::instance_metrics))
}
