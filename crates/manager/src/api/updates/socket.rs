//! `/ws/updates`

use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use axum::response::{IntoResponse, Response};
use axum::{Extension, extract::FromRequestParts};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::request::{self, UpdatesParameters};
use super::{UpdatesApi, refusal};
use crate::api::error::{ApiError, ErrorBody};
use crate::api::extract::query;
use crate::server::Tunnel;
use crate::updates::{Delivery, Subscription};

/// The most bytes of a message of a subscriber.
const MESSAGE_MAX: usize = 16 * 1024;
/// The most bytes that wait in one connection.
const WAITING_MAX: usize = 256 * 1024;

/// As `/api/v1/updates`, over a WebSocket: one JSON object a message, with `type` and `id` beside the fields of the event.
///
/// A subscriber may send `{"type":"subscribe","topics":[…],"filter":{…}}` and is told that part from then on, beginning with its
/// snapshot. The connection ends with the code 1001 when the manager stops.
#[utoipa::path(
    get, path = "/ws/updates", tag = "updates", operation_id = "socketUpdates",
    params(UpdatesParameters),
    responses(
        (status = 101, description = "the connection is a WebSocket from here on"),
        (status = 400, description = "not a WebSocket handshake, or a parameter is wrong", body = ErrorBody),
        (status = 401, description = "needs a token", body = ErrorBody),
        (status = 426, description = "needs 'Upgrade: websocket'", body = ErrorBody),
        (status = 503, description = "too many subscribers, or stopping", body = ErrorBody),
    )
)]
pub(super) async fn socket_updates(State(api): State<Arc<UpdatesApi>>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let read = query(&parts.uri).and_then(|parameters| request::read(parameters, &parts.headers));
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &()).await;
    let tunnel = Extension::<Tunnel>::from_request_parts(&mut parts, &()).await;
    let (upgrade, Extension(tunnel)) = match (upgrade, tunnel) {
        (Ok(upgrade), Ok(tunnel)) => (upgrade, tunnel),
        (Err(rejection), _) => return explain(&rejection).into_response(),
        (_, Err(_)) => return needs_upgrade().into_response(),
    };
    let subscribed = read.and_then(|(view, since)| api.updates.subscribe(view, since).map_err(refusal));
    let subscription = match subscribed {
        Ok(subscription) => subscription.as_messages(),
        Err(error) => return error.into_response(),
    };
    let (socket_out, socket) = oneshot::channel();
    let (patience, stopping) = (api.patience, tunnel.stopping());
    tunnel.run(async move {
        // An error means that the connection ended before it was a WebSocket.
        if let Ok(socket) = socket.await {
            Talk { socket, subscription, patience }.run(stopping).await;
        }
    });
    let upgrade = upgrade.max_message_size(MESSAGE_MAX).max_frame_size(MESSAGE_MAX).write_buffer_size(0).max_write_buffer_size(WAITING_MAX);
    upgrade.on_upgrade(async move |socket| {
        // Nobody waits for it any more only when the manager was cut off.
        let _ = socket_out.send(socket);
    })
}

fn needs_upgrade() -> ApiError {
    let upgrade = HeaderValue::from_static("websocket");
    ApiError::new(StatusCode::UPGRADE_REQUIRED, "this is a WebSocket: send 'Upgrade: websocket', or use /api/v1/updates")
        .header(header::UPGRADE, upgrade)
}

fn explain(rejection: &WebSocketUpgradeRejection) -> ApiError {
    match rejection {
        WebSocketUpgradeRejection::InvalidUpgradeHeader(_)
        | WebSocketUpgradeRejection::InvalidConnectionHeader(_)
        | WebSocketUpgradeRejection::ConnectionNotUpgradable(_) => needs_upgrade(),
        other => ApiError::bad_request(format!("this is not a WebSocket handshake: {other}")),
    }
}

/// A conversation over one socket.
struct Talk {
    socket: WebSocket,
    subscription: Subscription,
    patience: Duration,
}

/// Why a conversation is over.
enum Over {
    /// The client is gone, or does not read.
    Gone,
    /// The manager is stopping.
    Stopping,
}

impl Talk {
    async fn run(mut self, stopping: CancellationToken) {
        if let Over::Stopping = self.converse(&stopping).await {
            let frame = CloseFrame { code: close_code::AWAY, reason: Utf8Bytes::from_static("the manager is stopping") };
            // A client that does not take it is cut off all the same.
            let _ = self.send(Message::Close(Some(frame))).await;
        }
    }

    async fn converse(&mut self, stopping: &CancellationToken) -> Over {
        loop {
            let said = tokio::select! {
                biased;
                () = stopping.cancelled() => return Over::Stopping,
                said = self.socket.recv() => said,
                delivery = self.subscription.next() => match delivery {
                    Delivery::End => return Over::Stopping,
                    Delivery::Texts(texts) => {
                        if self.tell(texts).await.is_err() {
                            return Over::Gone;
                        }
                        continue;
                    }
                },
            };
            match said {
                Some(Ok(Message::Text(text))) => {
                    if self.hear(&text).await.is_err() {
                        return Over::Gone;
                    }
                }
                Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Over::Gone,
            }
        }
    }

    async fn hear(&mut self, text: &str) -> Result<(), Over> {
        match request::read_message(text) {
            Ok(view) => {
                self.subscription.look_at(view);
                Ok(())
            }
            Err(error) => {
                let told = serde_json::json!({ "type": "error", "error": error }).to_string();
                self.send(Message::Text(told.into())).await
            }
        }
    }

    async fn tell(&mut self, texts: Vec<Bytes>) -> Result<(), Over> {
        for text in texts {
            let Ok(text) = Utf8Bytes::try_from(text) else { continue };
            self.send(Message::Text(text)).await?;
        }
        Ok(())
    }

    async fn send(&mut self, message: Message) -> Result<(), Over> {
        match tokio::time::timeout(self.patience, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Over::Gone),
        }
    }
}
