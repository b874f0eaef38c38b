//! One instance's own answers, handed on unchanged.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use peegeeq_domain::federation::FetchFailure;

use super::FederationApi;
use crate::api::answer;
use crate::api::error::{ApiError, ErrorBody};
use crate::federation::{NoAnswer, Topic};

macro_rules! operations {
    ($($(#[doc = $doc:literal])+ $name:ident($topic:ident, $path:literal, $id:literal);)+) => {
        $(
            $(#[doc = $doc])+
            #[utoipa::path(
                get, path = $path, tag = "instance data", operation_id = $id,
                params(("instanceId" = String, Path, description = "name of the instance, percent-encoded once")),
                responses(
                    (status = 200, description = "the instance's answer, unchanged", body = serde_json::Value),
                    (status = "default", description = "the instance's answer with the instance's status, unchanged", body = serde_json::Value),
                    (status = 400, description = "the path is wrong", body = ErrorBody),
                    (status = 401, description = "needs a token", body = ErrorBody),
                    (status = 403, description = "the caller may not read", body = ErrorBody),
                    (status = 404, description = "not registered", body = ErrorBody),
                    (status = 502, description = "the instance's answer makes no sense", body = ErrorBody),
                    (status = 503, description = "the instance is not routable, refuses connections or cannot be reached", body = ErrorBody),
                    (status = 504, description = "the instance gave no answer in time", body = ErrorBody),
                )
            )]
            pub(super) async fn $name(State(api): State<Arc<FederationApi>>, Path(id): Path<String>) -> Response {
                hand_on(&api, &id, Topic::$topic).await.unwrap_or_else(IntoResponse::into_response)
            }
        )+
    };
}

operations! {
    /// The overview of one instance.
    instance_overview(Overview, "/api/v1/instances/{instanceId}/overview", "getInstanceOverview");
    /// The queues of one instance.
    instance_queues(Queues, "/api/v1/instances/{instanceId}/queues", "getInstanceQueues");
    /// The consumer groups of one instance.
    instance_consumer_groups(ConsumerGroups, "/api/v1/instances/{instanceId}/consumer-groups", "getInstanceConsumerGroups");
    /// The event stores of one instance.
    instance_event_stores(EventStores, "/api/v1/instances/{instanceId}/event-stores", "getInstanceEventStores");
    /// The metrics of one instance.
    instance_metrics(Metrics, "/api/v1/instances/{instanceId}/metrics", "getInstanceMetrics");
}

async fn hand_on(api: &FederationApi, id: &str, topic: Topic) -> Result<Response, ApiError> {
    let (status, body) = api.federation.of_instance(id, topic).await.map_err(|reason| refusal(id, reason))?;
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    Ok(answer::bytes(status, body))
}

fn refusal(id: &str, reason: NoAnswer) -> ApiError {
    match reason {
        NoAnswer::Unknown => ApiError::unknown_instance(id),
        NoAnswer::NotRoutable(state, why) => {
            let sentence = format!("instance '{id}' is not asked because it is not routable (state {}): {why}", state.as_str());
            ApiError::new(StatusCode::SERVICE_UNAVAILABLE, sentence)
        }
        NoAnswer::Failed(failure) => {
            let error = ApiError::new(status(&failure), format!("instance '{id}' gave no usable answer: {failure}"));
            error.with("reason", failure.word())
        }
    }
    .with("instanceId", id)
}

const fn status(failure: &FetchFailure) -> StatusCode {
    match failure {
        FetchFailure::Timeout { .. } => StatusCode::GATEWAY_TIMEOUT,
        FetchFailure::Refused | FetchFailure::Unreachable(_) | FetchFailure::NotHealthy | FetchFailure::Busy => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        FetchFailure::Status { .. } | FetchFailure::TooLarge { .. } | FetchFailure::BadBody { .. } => StatusCode::BAD_GATEWAY,
    }
}
