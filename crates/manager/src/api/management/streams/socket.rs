//! The conversation with one client of `/ws/monitoring`.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, close_code};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::time::{Interval, interval_at, timeout};
use tokio_util::sync::CancellationToken;

use super::super::ManagementApi;
use super::cluster;
use crate::clock;
use crate::fan_in::{Heard, Subscription};

/// A client that does not take a frame within this time is let go.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the good-bye may take.
const GOOD_BYE: Duration = Duration::from_secs(2);

/// Seconds between statistics until the client says otherwise.
const INTERVAL: u64 = 5;

/// Messages that a client may send between two statistics: what is beyond is refused, so that nobody is kept busy answering.
const MESSAGES_MAX: u32 = 100;

/// Why a conversation is over.
enum Over {
    /// The client left, or takes nothing.
    Gone,
    /// The manager stops.
    Stopping,
    /// The client asks for too much.
    Greedy,
}

/// What a client says.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow, rename = "type")]
    kind: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    interval: Option<u64>,
}

struct Conversation {
    socket: WebSocket,
    api: Arc<ManagementApi>,
    heard: Subscription,
    pace: Interval,
    messages: u32,
}

/// Speaks until either side ends it.
pub(super) async fn converse(socket: WebSocket, api: Arc<ManagementApi>, heard: Subscription, stopping: CancellationToken) {
    let mut conversation = Conversation { socket, api, heard, pace: every(INTERVAL), messages: 0 };
    let over = tokio::select! {
        over = conversation.run() => over,
        () = stopping.cancelled() => Over::Stopping,
    };
    let (code, reason) = match over {
        Over::Gone => return,
        Over::Stopping => (close_code::AWAY, "the manager stops"),
        Over::Greedy => (close_code::POLICY, "too many messages"),
    };
    // Whoever does not wait for the good-bye does without it.
    let _ = timeout(GOOD_BYE, conversation.close(code, reason)).await;
}

fn every(seconds: u64) -> Interval {
    let span = Duration::from_secs(seconds.clamp(1, 60));
    let mut interval = interval_at(clock::instant() + span, span);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    interval
}

impl Conversation {
    async fn run(&mut self) -> Over {
        match self.converse().await {
            Ok(over) | Err(over) => over,
        }
    }

    async fn converse(&mut self) -> Result<Over, Over> {
        let id = format!("manager-{:016x}", rand::random::<u64>());
        let message = "Connected to PeeGeeQ monitoring of the whole cluster";
        self.say(&json!({ "type": "welcome", "connectionId": id, "timestamp": now(), "message": message })).await?;
        loop {
            tokio::select! {
                said = self.socket.recv() => match said {
                    Some(Ok(Message::Text(text))) => self.answer(&text).await?,
                    Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_))) => self.count()?,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return Ok(Over::Gone),
                },
                heard = self.heard.next() => match heard {
                    Some(heard) => self.tell(&heard).await?,
                    None => return Ok(Over::Stopping),
                },
                _ = self.pace.tick() => {
                    self.messages = 0;
                    self.stats().await?;
                }
            }
        }
    }

    fn count(&mut self) -> Result<(), Over> {
        self.messages += 1;
        if self.messages > MESSAGES_MAX { Err(Over::Greedy) } else { Ok(()) }
    }

    async fn answer(&mut self, text: &str) -> Result<(), Over> {
        self.count()?;
        let request: Request<'_> = serde_json::from_str(text).unwrap_or_default();
        match &*request.kind {
            "ping" => self.say(&json!({ "type": "pong", "id": request.id, "timestamp": now() })).await,
            "configure" => {
                let seconds = request.interval.unwrap_or(INTERVAL).clamp(1, 60);
                self.pace = every(seconds);
                self.say(&json!({ "type": "configured", "interval": seconds, "timestamp": now() })).await
            }
            "refresh" => self.stats().await,
            other => {
                let known: String = other.chars().take(64).collect();
                let message = format!("Unknown message type: {known}");
                self.say(&json!({ "type": "error", "message": message, "timestamp": now() })).await
            }
        }
    }

    async fn tell(&mut self, heard: &Heard) -> Result<(), Over> {
        match heard {
            Heard::Frame(frame) => match Utf8Bytes::try_from(frame.text.clone()) {
                Ok(text) => self.send(Message::Text(text)).await,
                // Marks are put on text only.
                Err(_) => Ok(()),
            },
            Heard::Missed(frames) => {
                let reason = "the client reads too slowly";
                self.say(&json!({ "type": "gap", "missed": frames, "reason": reason, "timestamp": now() })).await
            }
        }
    }

    async fn stats(&mut self) -> Result<(), Over> {
        let frame = match cluster::stats(&self.api, &self.heard).await {
            Ok(frame) => frame,
            Err(reason) => json!({ "type": "error", "message": reason.to_string(), "timestamp": now() }),
        };
        self.say(&frame).await
    }

    async fn say(&mut self, frame: &Value) -> Result<(), Over> {
        self.send(Message::Text(frame.to_string().into())).await
    }

    async fn send(&mut self, message: Message) -> Result<(), Over> {
        match timeout(SEND_TIMEOUT, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Over::Gone),
        }
    }

    async fn close(&mut self, code: u16, reason: &'static str) -> Result<(), axum::Error> {
        self.socket.send(Message::Close(Some(CloseFrame { code, reason: reason.into() }))).await?;
        while let Some(Ok(_)) = self.socket.recv().await {}
        Ok(())
    }
}

fn now() -> i64 {
    clock::wall().epoch_millis()
}
