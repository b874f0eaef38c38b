//! `/api/v1/routing/rolling-restart…`: beginning, watching and leading rolling restarts.

use std::future::Future;
use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use peegeeq_domain::access::Principal;
use peegeeq_domain::rolling::{Rolling, Verb};

use super::RoutingApi;
use super::rolling_request::{read_begin, read_force, read_reason};
use crate::api::answer;
use crate::api::error::{ApiError, ErrorBody};
use crate::api::extract::json_body;
use crate::api::instances::change::explain;
use crate::api::instances::order::caller;
use crate::api::wire::registration::read_id;
use crate::api::wire::routing::{RollingList, RollingRequest, RollingView, RollingWord};
use crate::clock;
use crate::rolling::RollingError;

type Api = State<Arc<RoutingApi>>;

/// Begins a rolling restart: one instance after the other is drained, restarted by you, waited for and let in again.
///
/// The manager restarts nothing itself: it says when an instance may be restarted, sees that it was, waits until it is well
/// and lists its former setups again, and goes on with the next. It survives a restart of the manager.
#[utoipa::path(
    post, path = "/api/v1/routing/rolling-restart", tag = "routing", operation_id = "beginRollingRestart",
    request_body = RollingRequest,
    responses(
        (status = 202, description = "begun; Location says where its progress is", body = RollingView),
        (status = 400, description = "one or more fields are wrong; all are named", body = ErrorBody),
        (status = 401, description = "needs a token", body = ErrorBody),
        (status = 403, description = "the token may not, or the web page may not", body = ErrorBody),
        (status = 408, description = "the body took too long", body = ErrorBody),
        (status = 409, description = "another one is not over yet", body = ErrorBody),
        (status = 413, description = "the body is too large", body = ErrorBody),
        (status = 415, description = "the body is not JSON", body = ErrorBody),
        (status = 503, description = "busy or stopping", body = ErrorBody),
        (status = 507, description = "the disk does not take it", body = ErrorBody),
    )
)]
pub(super) async fn begin(state: Api, request: Request) -> Response {
    let by = caller(request.extensions().get::<Principal>());
    let begun = async {
        let body = json_body(request, &state.body).await?;
        let now = clock::wall();
        let id = format!("r{:x}-{:04x}", now.epoch_millis() / 1000, rand::random::<u16>());
        let rolling = read_begin(&body, &state.catalog.current(), id.into(), by, now)?;
        refused(state.rolling.begin(rolling).await)
    };
    match begun.await {
        Err(error) => error.into_response(),
        Ok(rolling) => {
            let mut response = answer::with_status(StatusCode::ACCEPTED, &state.view(&rolling));
            if let Ok(location) = HeaderValue::try_from(format!("/api/v1/routing/rolling-restart/{}", rolling.id)) {
                response.headers_mut().insert(header::LOCATION, location);
            }
            response
        }
    }
}

/// All rolling restarts that are remembered, the newest first.
#[utoipa::path(
    get, path = "/api/v1/routing/rolling-restart", tag = "routing", operation_id = "listRollingRestarts",
    responses(
        (status = 200, description = "how far each is", body = RollingList),
        (status = 401, description = "needs a token", body = ErrorBody),
    )
)]
pub(super) async fn list(state: Api) -> Response {
    let restarts = state.rolling.all().iter().map(|rolling| state.view(rolling)).collect();
    answer::ok(&RollingList { restarts, timestamp: clock::iso(clock::wall()) })
}

/// How far a rolling restart is, instance by instance.
#[utoipa::path(
    get, path = "/api/v1/routing/rolling-restart/{restartId}", tag = "routing", operation_id = "getRollingRestart",
    params(("restartId" = String, Path, description = "as it was told when it began")),
    responses(
        (status = 200, description = "how far it is", body = RollingView),
        (status = 401, description = "needs a token", body = ErrorBody),
        (status = 404, description = "there is none of that id", body = ErrorBody),
    )
)]
pub(super) async fn read(state: Api, Path(id): Path<String>) -> Response {
    match state.rolling.one(&id) {
        Some(rolling) => answer::ok(&state.view(&rolling)),
        None => unknown().into_response(),
    }
}

/// Holds it: no further instance is taken out, and none is let in again, until it is continued.
#[utoipa::path(
    post, path = "/api/v1/routing/rolling-restart/{restartId}/pause", tag = "routing", operation_id = "pauseRollingRestart",
    params(("restartId" = String, Path, description = "as it was told when it began")),
    request_body = RollingWord,
    responses(
        (status = 200, description = "it stands still", body = RollingView),
        (status = 400, description = "one or more fields are wrong; all are named", body = ErrorBody),
        (status = 401, description = "needs a token", body = ErrorBody),
        (status = 403, description = "the token may not, or the web page may not", body = ErrorBody),
        (status = 404, description = "there is none of that id", body = ErrorBody),
        (status = 409, description = "it is over", body = ErrorBody),
        (status = 503, description = "busy or stopping", body = ErrorBody),
        (status = 507, description = "the disk does not take it", body = ErrorBody),
    )
)]
pub(super) async fn pause(state: Api, Path(id): Path<String>, request: Request) -> Response {
    tell(&state, &id, request, |body| Ok(Verb::Pause { reason: read_reason(body)? })).await
}

/// Lets it go on after a pause; with `force` whatever is missing at the instance it was paused for.
#[utoipa::path(
    post, path = "/api/v1/routing/rolling-restart/{restartId}/continue", tag = "routing", operation_id = "continueRollingRestart",
    params(("restartId" = String, Path, description = "as it was told when it began")),
    request_body = RollingWord,
    responses(
        (status = 200, description = "it goes on", body = RollingView),
        (status = 400, description = "one or more fields are wrong; all are named", body = ErrorBody),
        (status = 401, description = "needs a token", body = ErrorBody),
        (status = 403, description = "the token may not, or the web page may not", body = ErrorBody),
        (status = 404, description = "there is none of that id", body = ErrorBody),
        (status = 409, description = "it is not paused, or over", body = ErrorBody),
        (status = 503, description = "busy or stopping", body = ErrorBody),
        (status = 507, description = "the disk does not take it", body = ErrorBody),
    )
)]
pub(super) async fn go_on(state: Api, Path(id): Path<String>, request: Request) -> Response {
    tell(&state, &id, request, |body| Ok(Verb::Continue { force: read_force(body)? })).await
}

/// Calls it off: instances that were taken out are let in again, the rest is left alone.
#[utoipa::path(
    post, path = "/api/v1/routing/rolling-restart/{restartId}/cancel", tag = "routing", operation_id = "cancelRollingRestart",
    params(("restartId" = String, Path, description = "as it was told when it began")),
    responses(
        (status = 200, description = "called off", body = RollingView),
        (status = 401, description = "needs a token", body = ErrorBody),
        (status = 403, description = "the token may not, or the web page may not", body = ErrorBody),
        (status = 404, description = "there is none of that id", body = ErrorBody),
        (status = 409, description = "it is over", body = ErrorBody),
        (status = 503, description = "busy or stopping", body = ErrorBody),
        (status = 507, description = "the disk does not take it", body = ErrorBody),
    )
)]
pub(super) async fn cancel(state: Api, Path(id): Path<String>, request: Request) -> Response {
    tell(&state, &id, request, |_| Ok(Verb::Cancel)).await
}

/// Says that an instance was restarted, for restarts that are too quick to be seen.
#[utoipa::path(
    post, path = "/api/v1/routing/rolling-restart/{restartId}/instances/{instanceId}/restarted", tag = "routing",
    operation_id = "tellRestarted",
    params(
        ("restartId" = String, Path, description = "as it was told when it began"),
        ("instanceId" = String, Path, description = "the instance"),
    ),
    responses(
        (status = 200, description = "it is waited for now", body = RollingView),
        (status = 400, description = "the path is wrong", body = ErrorBody),
        (status = 401, description = "needs a token", body = ErrorBody),
        (status = 403, description = "the token may not, or the web page may not", body = ErrorBody),
        (status = 404, description = "there is none of that id", body = ErrorBody),
        (status = 409, description = "nobody waits for its restart", body = ErrorBody),
        (status = 503, description = "busy or stopping", body = ErrorBody),
        (status = 507, description = "the disk does not take it", body = ErrorBody),
    )
)]
pub(super) async fn restarted(state: Api, Path((id, instance)): Path<(String, String)>, request: Request) -> Response {
    tell(&state, &id, request, |_| Ok(Verb::Restarted(read_id(&instance)?))).await
}

async fn tell(state: &RoutingApi, id: &str, request: Request, verb: impl FnOnce(&[u8]) -> Result<Verb, ApiError>) -> Response {
    let by = caller(request.extensions().get::<Principal>());
    let told = async {
        let body = json_body(request, &state.body).await?;
        refused(state.rolling.tell(id, verb(&body)?, by).await)
    };
    answered(state, told).await
}

async fn answered(state: &RoutingApi, told: impl Future<Output = Result<Arc<Rolling>, ApiError>>) -> Response {
    match told.await {
        Ok(rolling) => answer::ok(&state.view(&rolling)),
        Err(error) => error.into_response(),
    }
}

fn refused(outcome: Result<Arc<Rolling>, RollingError>) -> Result<Arc<Rolling>, ApiError> {
    outcome.map_err(|error| match error {
        RollingError::Unknown => unknown(),
        RollingError::Another(ref id) => ApiError::new(StatusCode::CONFLICT, error.to_string()).with("restartId", &**id),
        RollingError::Refused(_) => ApiError::new(StatusCode::CONFLICT, error.to_string()),
        RollingError::Registry(error) => explain(error, ""),
    })
}

fn unknown() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "there is no rolling restart of that id: GET /api/v1/routing/rolling-restart lists them")
}
