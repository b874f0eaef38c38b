//! `/api/v1/health`, `/api/v1/sse/health` and `/ws/health`: whether somebody answers, in an instance's words. A client that
//! pings its server over these finds the manager.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Extension;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use crate::api::answer;
use crate::api::error::{ApiError, ErrorBody};
use crate::api::wire::management::InstanceHealth;
use crate::clock;
use crate::server::Tunnel;

/// How long the other side may take for the frame and the good-bye.
const GOOD_BYE: Duration = Duration::from_secs(2);

/// The most bytes of a message that is read before the good-bye.
const MESSAGE_MAX: usize = 4 * 1024;

/// How the manager is, as an instance would tell it.
#[utoipa::path(
    get, path = "/api/v1/health", tag = "cluster as an instance", operation_id = "getInstanceShapedHealth",
    responses((status = 200, description = "the manager answers", body = InstanceHealth))
)]
pub(super) async fn health() -> Response {
    answer::ok(&InstanceHealth {
        status: "UP",
        timestamp: clock::wall().epoch_millis(),
        uptime: clock::now().as_millis(),
        version: env!("CARGO_PKG_VERSION"),
        build: "peegeeq-service-manager",
    })
}

fn ping(kind: &str) -> String {
    serde_json::json!({ "status": "UP", "type": kind, "timestamp": clock::wall().epoch_millis() }).to_string()
}

/// One event without a name, and the end.
#[utoipa::path(
    get, path = "/api/v1/sse/health", tag = "cluster as an instance", operation_id = "getHealthEvent",
    responses((status = 200, description = "one event", body = String, content_type = "text/event-stream"))
)]
pub(super) async fn sse() -> Response {
    let mut response = Response::new(Body::from(format!("data: {}\n\n", ping("sse"))));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    response
}

/// A WebSocket with one frame, closed by the manager.
#[utoipa::path(
    get, path = "/ws/health", tag = "cluster as an instance", operation_id = "openHealthSocket",
    responses(
        (status = 101, description = "one text frame follows, then the close"),
        (status = 400, description = "no request for a WebSocket", body = ErrorBody),
    )
)]
pub(super) async fn websocket(upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>, tunnel: Option<Extension<Tunnel>>) -> Response {
    open(upgrade, tunnel, MESSAGE_MAX, |socket| async move {
        // Whoever is too slow, or gone, is none of our business.
        let _ = tokio::time::timeout(GOOD_BYE, say(socket)).await;
    })
}

/// Switches to a WebSocket whose work runs in the tunnel of its connection.
pub(in crate::api) fn open<F>(
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    tunnel: Option<Extension<Tunnel>>,
    message_max: usize,
    work: impl FnOnce(WebSocket) -> F + Send + 'static,
) -> Response
where
    F: Future<Output = ()> + Send + 'static,
{
    let (upgrade, Extension(tunnel)) = match (upgrade, tunnel) {
        (Ok(upgrade), Some(tunnel)) => (upgrade, tunnel),
        (Err(rejection), _) => return refusal(rejection.body_text()),
        (Ok(_), None) => return refusal("the header Upgrade is missing".to_owned()),
    };
    upgrade.max_message_size(message_max).max_frame_size(message_max).on_upgrade(move |socket| async move { tunnel.run(work(socket)) })
}

fn refusal(reason: String) -> Response {
    let sentence = format!("this path speaks WebSocket only: {reason}");
    ApiError::new(StatusCode::BAD_REQUEST, sentence).numeric_time().into_response()
}

async fn say(mut socket: WebSocket) -> Result<(), axum::Error> {
    socket.send(Message::Text(ping("websocket").into())).await?;
    socket.send(Message::Close(None)).await?;
    while let Some(Ok(_)) = socket.recv().await {}
    Ok(())
}
