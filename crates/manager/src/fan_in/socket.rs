//! The WebSocket of an instance.

use futures_util::StreamExt;
use tokio::time::timeout;
use tokio_tungstenite::client_async_with_config;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use super::frame::FRAME_BYTES_MAX;
use super::upstream::{OPEN_TIMEOUT, SILENCE_MAX, Talk, Way};

/// Listens until the other side ends it; the error is why it broke off.
pub(super) async fn listen(way: &Way, path: &str, talk: &mut Talk<'_>) -> Result<(), String> {
    let stream = way.dial(talk.entry).await.map_err(|failure| failure.sentence)?;
    let url = format!("ws://{}{path}", talk.entry.instance.registration.endpoint.authority());
    let mut request = url.into_client_request().map_err(|error| error.to_string())?;
    let (name, value) = way.caller.hop();
    request.headers_mut().insert(name, value);
    let config = WebSocketConfig::default().max_message_size(Some(FRAME_BYTES_MAX)).max_frame_size(Some(FRAME_BYTES_MAX));
    let opening = timeout(OPEN_TIMEOUT, client_async_with_config(request, stream, Some(config))).await;
    let (mut socket, _) = opening.map_err(|_| "no answer to the handshake".to_owned())?.map_err(|error| error.to_string())?;
    loop {
        let heard = timeout(SILENCE_MAX, socket.next()).await.map_err(|_| "it fell silent".to_owned())?;
        let Some(heard) = heard else { return Ok(()) };
        match heard.map_err(|error| error.to_string())? {
            Message::Text(text) => {
                talk.heard();
                if let Some((frame, figures)) = talk.origin.monitoring(&text) {
                    if figures.is_some() {
                        talk.hub.note(talk.entry.id(), figures);
                    }
                    talk.hub.say(frame);
                }
            }
            Message::Close(_) => return Ok(()),
            Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
        }
    }
}
