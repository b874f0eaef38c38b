//! The streams that a client of an instance listens to, fed by all instances.
//!
//! Owns who may listen and how a stream begins. What comes from one instance carries the five `source…` marks; what is about
//! the cluster looks as if one instance said it.

mod cluster;
mod events;
mod socket;

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Extension, Path, State};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, Uri};

use super::ManagementApi;
use super::health::open;
use crate::api::error::{ApiError, ErrorBody};
use crate::fan_in::{Full, Subscription, Topic};
use crate::server::Tunnel;

/// The most bytes of a message from a client.
const MESSAGE_MAX: usize = 16 * 1024;

/// What goes on in the cluster, as one instance tells what goes on in itself.
///
/// Frames: `welcome`; every 5 s `system_stats` about the whole cluster; `instance_system_stats` and `management_event` of
/// single instances; `gap` where something is missing. Takes `ping`, `configure` and `refresh`.
#[utoipa::path(
    get, path = "/ws/monitoring", tag = "cluster as an instance", operation_id = "openMonitoringSocket",
    responses(
        (status = 101, description = "frames follow"),
        (status = 400, description = "no request for a WebSocket", body = ErrorBody),
        (status = 503, description = "too many clients", body = ErrorBody),
    )
)]
pub(in crate::api::management) async fn monitoring(
    State(api): State<Arc<ManagementApi>>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    tunnel: Option<Extension<Tunnel>>,
) -> Response {
    let stopping = match &tunnel {
        Some(Extension(tunnel)) => tunnel.stopping(),
        None => api.fan_in.ending(),
    };
    if upgrade.is_err() {
        return open(upgrade, tunnel, MESSAGE_MAX, |_| async {});
    }
    match listen(&api, Topic::Monitoring) {
        Ok(heard) => open(upgrade, tunnel, MESSAGE_MAX, move |socket| socket::converse(socket, api, heard, stopping)),
        Err(refusal) => refusal,
    }
}

/// The metrics of the cluster, again and again: `connected`, `metrics` (also without a name), `instance-metrics`, `heartbeat`.
#[utoipa::path(
    get, path = "/api/v1/sse/metrics", tag = "cluster as an instance", operation_id = "streamMetrics", params(events::MetricsParams),
    responses(
        (status = 200, description = "events without an end", body = String, content_type = "text/event-stream"),
        (status = 503, description = "too many clients", body = ErrorBody),
    )
)]
pub(in crate::api::management) async fn metrics(State(api): State<Arc<ManagementApi>>, uri: Uri) -> Response {
    match listen(&api, Topic::Metrics) {
        Ok(heard) => events::metrics(api, heard, &uri),
        Err(refusal) => refusal,
    }
}

/// The same under the path of older clients.
#[utoipa::path(
    get, path = "/sse/metrics", tag = "cluster as an instance", operation_id = "streamMetricsOldPath", params(events::MetricsParams),
    responses(
        (status = 200, description = "events without an end", body = String, content_type = "text/event-stream"),
        (status = 503, description = "too many clients", body = ErrorBody),
    )
)]
pub(in crate::api::management) async fn metrics_of_old(state: State<Arc<ManagementApi>>, uri: Uri) -> Response {
    metrics(state, uri).await
}

/// Changes of the queues of a setup, from every instance that has it: `connected`, `queue-changed`, `heartbeat`, `gap`.
#[utoipa::path(
    get, path = "/api/v1/sse/queues/{setup_id}", tag = "cluster as an instance", operation_id = "streamQueueChanges",
    params(("setup_id" = String, Path, description = "the setup")),
    responses(
        (status = 200, description = "events without an end", body = String, content_type = "text/event-stream"),
        (status = 404, description = "no instance has the setup", body = ErrorBody),
        (status = 503, description = "too many clients", body = ErrorBody),
    )
)]
pub(in crate::api::management) async fn queues(
    State(api): State<Arc<ManagementApi>>,
    setup: Result<Path<String>, PathRejection>,
) -> Response {
    let setup = match setup {
        Ok(Path(setup)) => setup,
        Err(rejection) => return ApiError::bad_request(rejection.body_text()).numeric_time().into_response(),
    };
    if !api.fan_in.may_have(&setup) {
        let sentence = format!("Setup not found: {setup}");
        return ApiError::new(StatusCode::NOT_FOUND, sentence).numeric_time().into_response();
    }
    match listen(&api, Topic::Queues(setup.as_str().into())) {
        Ok(heard) => events::queues(&api, heard, &setup),
        Err(refusal) => refusal,
    }
}

#[expect(clippy::result_large_err, reason = "the refusal is an answer, made once")]
fn listen(api: &ManagementApi, topic: Topic) -> Result<Subscription, Response> {
    api.fan_in.listen(topic).map_err(|full: Full| ApiError::busy(full.to_string()).numeric_time().into_response())
}
