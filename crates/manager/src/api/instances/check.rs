//! Checking the health of one instance now.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use peegeeq_domain::health::Check;

use crate::api::answer;
use crate::api::error::{ApiError, ErrorBody};
use crate::api::state::Shared;
use crate::api::wire::health::HealthCheckView;
use crate::api::wire::words::InstancePath;
use crate::health::CheckError;

/// Checks one instance now. A pass counts; a failure is only shown and hastens the next scheduled check.
#[utoipa::path(
    get, path = "/api/v1/instances/{instanceId}/health", tag = "health", operation_id = "checkInstanceHealth",
    params(InstancePath),
    responses(
        (status = 200, description = "checked, whatever was found", body = HealthCheckView<'static>),
        (status = 400, description = "the path is wrong", body = ErrorBody),
        (status = 401, description = "needs a token", body = ErrorBody),
        (status = 404, description = "not registered", body = ErrorBody),
        (status = 503, description = "busy or stopping", body = ErrorBody),
        (status = 504, description = "the check takes longer than request.timeout", body = ErrorBody),
    )
)]
pub async fn get_instance_health(state: Shared, Path(id): Path<String>) -> Response {
    check(&state, &id, Check::Looking).await
}

/// Forces a check of one instance, which counts in full (a failure at most once a second).
#[utoipa::path(
    post, path = "/api/v1/instances/{instanceId}/health/check", tag = "health", operation_id = "forceInstanceHealthCheck",
    params(InstancePath),
    responses(
        (status = 200, description = "checked, whatever was found", body = HealthCheckView<'static>),
        (status = 400, description = "the path is wrong", body = ErrorBody),
        (status = 401, description = "needs a token", body = ErrorBody),
        (status = 403, description = "the token may not, or the web page may not", body = ErrorBody),
        (status = 404, description = "not registered", body = ErrorBody),
        (status = 503, description = "busy or stopping", body = ErrorBody),
        (status = 504, description = "the check takes longer than request.timeout", body = ErrorBody),
    )
)]
pub async fn force_health_check(state: Shared, Path(id): Path<String>) -> Response {
    check(&state, &id, Check::Counting).await
}

async fn check(state: &Shared, id: &str, kind: Check) -> Response {
    let Some(entry) = state.catalog.current().get(id).cloned() else { return unknown(id) };
    let checkup = match tokio::time::timeout(state.answer_timeout, state.health.check(entry.id(), kind)).await {
        Ok(checked) => checked,
        Err(_) => return too_long().into_response(),
    };
    let checkup = match checkup {
        Ok(checkup) => checkup,
        Err(CheckError::Unknown) => return unknown(id),
        Err(CheckError::Busy) => return ApiError::busy("too many checks are waiting: try again in a moment").into_response(),
        Err(CheckError::Stopping) => return ApiError::busy("the manager is stopping").into_response(),
    };
    let setups = state.observations.slot(id).and_then(|slot| slot.setups());
    match state.catalog.current().get(id) {
        Some(entry) => answer::ok(&HealthCheckView::of(entry, &checkup, setups.as_deref())),
        None => unknown(id),
    }
}

fn too_long() -> ApiError {
    ApiError::new(
        StatusCode::GATEWAY_TIMEOUT,
        "the check takes longer than request.timeout; it goes on and counts, its result is in the list",
    )
}

/// 404 with the fields by which a client of the original sees that it is not healthy.
fn unknown(id: &str) -> Response {
    ApiError::unknown_instance(id).with("instanceId", id).with("healthy", false).into_response()
}
