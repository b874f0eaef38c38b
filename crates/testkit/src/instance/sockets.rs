//! Owns the WebSockets of an instance: the handshake, what each tells, and what clients may say.
//! Does not own the connection before the handshake.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use http::header::{SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use http::request::Parts;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::broadcast::Receiver;
use tokio::time::interval;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::answering::find_queue;
use super::answers::management;
use super::happening::Happening;
use super::shared::Shared;
use super::wire::Wire;
use crate::stamp::Moment;

type Socket = WebSocketStream<TcpStream>;

/// Which WebSocket.
#[derive(Clone, Debug)]
pub(crate) enum Channel {
    Monitoring,
    Health,
    Queue(String, String),
}

impl Channel {
    /// The WebSocket of a path.
    pub(crate) fn of(path: &str) -> Option<Self> {
        let segments: Vec<_> = path.strip_prefix("/ws/")?.split('/').collect();
        match segments[..] {
            ["monitoring"] => Some(Self::Monitoring),
            ["health"] => Some(Self::Health),
            ["queues", setup, queue] => Some(Self::Queue(setup.to_owned(), queue.to_owned())),
            _ => None,
        }
    }

    /// Whether a request asks for a WebSocket at all.
    pub(crate) fn is_asked_for(&self, parts: &Parts) -> bool {
        let upgrade = parts.headers.get(UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"));
        upgrade && parts.headers.contains_key(SEC_WEBSOCKET_KEY)
    }

    fn pace(&self) -> Duration {
        match self {
            Self::Monitoring => Duration::from_secs(5),
            _ => Duration::from_secs(30),
        }
    }
}

/// Counts a stream as open until it is dropped.
struct Open<'a>(&'a AtomicUsize);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Shakes hands and speaks until either side ends it.
pub(crate) async fn speak(shared: &Arc<Shared>, channel: Channel, parts: &Parts, mut wire: Wire) {
    let (began, happenings) = (Instant::now(), shared.memory().happenings.subscribe());
    if wire.stream.write_all(&accept(parts)).await.is_err() {
        return;
    }
    shared.streams.fetch_add(1, Ordering::Relaxed);
    let _open = Open(&shared.streams);
    let socket = WebSocketStream::from_partially_read(wire.stream, wire.before.to_vec(), Role::Server, None).await;
    let mut conversation = Conversation { shared, channel, socket, happenings };
    // A conversation that breaks off is over like any other; when that was is noted.
    let _ = conversation.run().await;
    shared.ledger.departed(parts.uri.path(), began);
}

fn accept(parts: &Parts) -> Vec<u8> {
    let key = parts.headers.get(SEC_WEBSOCKET_KEY).map(|key| derive_accept_key(key.as_bytes())).unwrap_or_default();
    let mut head =
        format!("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: {key}\r\n");
    let protocol = parts.headers.get(SEC_WEBSOCKET_PROTOCOL).and_then(|offered| offered.to_str().ok()?.split(',').next());
    if let Some(protocol) = protocol {
        head.push_str(&format!("sec-websocket-protocol: {}\r\n", protocol.trim()));
    }
    head.push_str("\r\n");
    head.into_bytes()
}

struct Conversation<'a> {
    shared: &'a Arc<Shared>,
    channel: Channel,
    socket: Socket,
    happenings: Receiver<Happening>,
}

impl Conversation<'_> {
    async fn run(&mut self) -> Result<(), Error> {
        let now = Moment::now().millis();
        match self.channel.clone() {
            Channel::Health => {
                self.say(json!({ "status": "UP", "type": "websocket", "timestamp": now })).await?;
                return self.socket.close(None).await;
            }
            Channel::Queue(setup, queue) if !self.knows(&setup, &queue) => {
                let reason = format!("Queue not found: {setup}/{queue}").into();
                return self.socket.close(Some(CloseFrame { code: CloseCode::Library(4_000), reason })).await;
            }
            Channel::Queue(setup, queue) => {
                self.welcome("Connected to queue stream").await?;
                self.say(json!({ "type": "subscribed", "setupId": setup, "queueName": queue, "timestamp": now })).await?;
            }
            Channel::Monitoring => self.welcome("Connected to PeeGeeQ monitoring").await?,
        }
        self.go_on().await
    }

    async fn go_on(&mut self) -> Result<(), Error> {
        let mut pace = interval(self.shared.pace(self.channel.pace()));
        pace.tick().await;
        loop {
            tokio::select! {
                heard = self.socket.next() => match heard {
                    Some(Ok(Message::Text(text))) => {
                        let reply = self.reply(&text, &mut pace);
                        self.say(reply).await?;
                    }
                    Some(Ok(Message::Close(_))) | None => return Ok(()),
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return Err(error),
                },
                Ok(happening) = self.happenings.recv() => if let Some(told) = self.tells(&happening) {
                    self.say(told).await?;
                },
                _ = pace.tick() => {
                    let regular = self.regular();
                    self.say(regular).await?;
                }
            }
        }
    }

    async fn say(&mut self, frame: Value) -> Result<(), Error> {
        self.socket.send(Message::text(frame.to_string())).await
    }

    async fn welcome(&mut self, message: &str) -> Result<(), Error> {
        let id = self.shared.memory().holdings.uuid();
        let now = Moment::now().millis();
        self.say(json!({ "type": "welcome", "connectionId": id, "timestamp": now, "message": message })).await
    }

    fn knows(&self, setup: &str, queue: &str) -> bool {
        find_queue(&self.shared.memory().view(), setup, queue).is_ok()
    }

    fn reply(&self, text: &str, pace: &mut tokio::time::Interval) -> Value {
        let request: Value = serde_json::from_str(text).unwrap_or_default();
        let now = Moment::now().millis();
        match request["type"].as_str().unwrap_or_default() {
            "ping" => json!({ "type": "pong", "id": request["id"], "timestamp": now }),
            "configure" => {
                let seconds = request["interval"].as_u64().unwrap_or(5).clamp(1, 60);
                let every = self.shared.pace(Duration::from_secs(seconds));
                *pace = tokio::time::interval_at(tokio::time::Instant::now() + every, every);
                json!({ "type": "configured", "interval": seconds, "timestamp": now })
            }
            "refresh" => self.regular(),
            other => json!({ "type": "error", "message": format!("Unknown message type: {other}"), "timestamp": now }),
        }
    }

    fn regular(&self) -> Value {
        let now = Moment::now().millis();
        match self.channel {
            Channel::Monitoring => json!({ "type": "system_stats", "data": self.statistics(now), "timestamp": now }),
            _ => json!({ "type": "heartbeat", "timestamp": now }),
        }
    }

    fn statistics(&self, now: u64) -> Value {
        let memory = self.shared.memory();
        let view = memory.view();
        let groups: usize = view.reachable().map(|setup| setup.setup.groups.len()).sum();
        let stores: usize = view.reachable().map(|setup| setup.setup.stores.len()).sum();
        let total = view.connections();
        json!({
            "type": "system_stats", "timestamp": now, "uptime": management::uptime_text(view.uptime_ms()),
            "memoryUsed": management::memory_used(&view), "memoryTotal": 35_651_584, "memoryMax": 536_870_912, "cpuCores": 2,
            "threadsActive": 31, "monitoringSessions": self.shared.streams.load(Ordering::Relaxed), "activeSubscriptions": groups,
            "dbPool": { "active": 0, "idle": total, "pending": 0, "total": total, "perSetup": [] },
            "totalPendingMessages": view.total_messages(), "totalQueues": view.queues().count(), "totalConsumerGroups": groups,
            "totalEventStores": stores, "totalSetups": view.setups.len(),
            "subscriptionHealth": { "active": groups, "paused": 0, "dead": 0, "cancelled": 0, "total": groups, "topics": 0 },
            "activeBackfills": [], "messagesPerSecond": 0.0,
        })
    }

    fn tells(&self, happening: &Happening) -> Option<Value> {
        let now = Moment::now().millis();
        match (&self.channel, happening) {
            (Channel::Queue(of, within), Happening::Message { setup, queue, id, payload, headers }) if (of, within) == (setup, queue) => {
                Some(json!({
                    "type": "data", "messageId": id, "payload": payload, "messageType": headers["messageType"], "headers": headers,
                    "timestamp": now,
                }))
            }
            (Channel::Monitoring, Happening::Queue { setup, queue, change }) => {
                let action = match *change {
                    "QUEUE_CREATED" => "creation",
                    "QUEUE_DELETED" => "deletion",
                    "QUEUE_UPDATED" => "update",
                    _ => return None,
                };
                let event = json!({
                    "eventName": format!("queue.{action}.completed"), "entity": "queue", "action": action, "state": "completed",
                    "name": queue, "setupId": setup, "timestamp": now,
                });
                Some(json!({ "type": "management_event", "data": event, "timestamp": now }))
            }
            _ => None,
        }
    }
}
