//! Owns streams of server-sent events: what each begins with, what it tells, and when it ends.
//! Does not own the answers they repeat, nor sockets.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderValue, Response};
use serde_json::{Value, json};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio::time::{Interval, interval_at};

use super::answering::{find_queue, find_store};
use super::answers::{Answer, errors, management, queues};
use super::body::FakeBody;
use super::endpoint::Events;
use super::happening::Happening;
use super::shared::{Shared, Watching};
use crate::stamp::Moment;

/// Metrics streams a client may have, as in a real instance.
const MOST_OF_A_CLIENT: usize = 10;
/// Frames that wait for a slow reader.
const MOST_WAITING: usize = 64;
const HEARTBEAT: Duration = Duration::from_secs(30);

/// One stream as its task knows it.
struct Stream {
    shared: Arc<Shared>,
    kind: Events,
    frames: mpsc::Sender<Bytes>,
    happenings: Receiver<Happening>,
    pace: Interval,
    sent: u64,
    _watching: Option<Watching>,
}

/// Opens a stream, or says why not.
pub(crate) fn open(shared: &Arc<Shared>, peer: IpAddr, kind: Events, parts: &Parts) -> Result<FakeBody, Answer> {
    refusal(shared, &kind)?;
    if kind == Events::Health {
        let data = json!({ "status": "UP", "type": "sse", "timestamp": Moment::now().millis() });
        return Ok(FakeBody::whole(format!("data: {data}\n\n").into()));
    }
    let watching = if kind == Events::Metrics { Some(shared.watch(peer, MOST_OF_A_CLIENT)?) } else { None };
    let (frames, body) = mpsc::channel(MOST_WAITING);
    let every = shared.pace(normal_pace(&kind, parts.uri.query().unwrap_or_default()));
    let pace = interval_at(tokio::time::Instant::now() + every, every);
    let happenings = shared.memory().happenings.subscribe();
    for frame in beginning(shared, &kind, parts) {
        // The channel is new and longer than what a stream begins with, but for a long gap after a last event id.
        if frames.try_send(frame).is_err() {
            break;
        }
    }
    shared.streams.fetch_add(1, Ordering::Relaxed);
    let stream = Stream { shared: shared.clone(), kind, frames, happenings, pace, sent: 0, _watching: watching };
    tokio::spawn(stream.run());
    Ok(FakeBody::Events(body))
}

/// A stream as it goes to the client.
pub(crate) fn response(body: FakeBody) -> Response<FakeBody> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

/// What is unknown is refused before a stream begins.
fn refusal(shared: &Shared, kind: &Events) -> Result<(), Answer> {
    let memory = shared.memory();
    let view = memory.view();
    match kind {
        Events::Health | Events::Metrics => Ok(()),
        Events::Setup(setup) => {
            view.setup(setup).map(|_| ()).ok_or_else(|| errors::timed(404, &format!("Setup not found: {setup}"), view.now))
        }
        Events::Messages(setup, queue) | Events::Stats(setup, queue) => find_queue(&view, setup, queue).map(|_| ()),
        Events::Store(setup, store) => find_store(&view, setup, store).map(|_| ()),
    }
}

fn normal_pace(kind: &Events, query: &str) -> Duration {
    let number = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')?.parse::<u64>().ok());
    match kind {
        Events::Metrics => Duration::from_secs(number("interval").unwrap_or(5).clamp(1, 60)),
        Events::Stats(..) => Duration::from_millis(number("intervalMs").unwrap_or(1_000).clamp(200, 10_000)),
        _ => HEARTBEAT,
    }
}

fn frame(event: &str, id: Option<&str>, data: &Value) -> Bytes {
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    format!("event: {event}\n{id}data: {data}\n\n").into()
}

fn beginning(shared: &Shared, kind: &Events, parts: &Parts) -> Vec<Bytes> {
    let now = Moment::now().millis();
    let connection = shared.memory().holdings.uuid();
    let hello = |kind: &str| json!({ "type": kind, "connectionId": connection, "timestamp": now });
    match kind {
        Events::Messages(setup, queue) => {
            let mut subscribed = hello("subscribed");
            (subscribed["setupId"], subscribed["queueName"]) = (setup.as_str().into(), queue.as_str().into());
            vec![frame("connected", None, &hello("connected")), frame("subscribed", None, &subscribed)]
        }
        Events::Store(setup, store) => {
            let mut frames = vec![frame("connection", None, &hello("connection")), frame("subscribed", None, &hello("subscribed"))];
            let last = parts.headers.get("last-event-id").and_then(|id| id.to_str().ok());
            frames.extend(last.into_iter().flat_map(|last| missed(shared, setup, store, last)));
            frames
        }
        _ => vec![frame("connected", None, &hello("connected"))],
    }
}

/// Events after the one a client saw last; all that are kept if that one is unknown.
fn missed(shared: &Shared, setup: &str, store: &str, last: &str) -> Vec<Bytes> {
    let memory = shared.memory();
    let Some(events) = memory.holdings.events.get(&(setup.to_owned(), store.to_owned())) else {
        return Vec::new();
    };
    let seen = events.iter().position(|event| event["eventId"] == last).map_or(0, |index| index + 1);
    events.iter().skip(seen).map(|event| frame("event", event["eventId"].as_str(), event)).collect()
}

impl Stream {
    async fn run(mut self) {
        loop {
            let next = tokio::select! {
                () = self.frames.closed() => break,
                happening = self.happenings.recv() => match happening {
                    Ok(happening) => self.tells(&happening),
                    Err(RecvError::Lagged(_)) => Some(frame("error", None, &json!({ "error": "too slow" }))),
                    Err(RecvError::Closed) => break,
                },
                _ = self.pace.tick() => Some(self.regular()),
            };
            let Some(next) = next else { continue };
            if self.frames.send(next).await.is_err() {
                break;
            }
        }
    }

    /// What comes by itself again and again.
    fn regular(&mut self) -> Bytes {
        self.sent += 1;
        let id = self.sent.to_string();
        match &self.kind {
            Events::Metrics => {
                let mut memory = self.shared.memory();
                let totals = memory.totals();
                frame("metrics", Some(&id), &as_json(&management::metrics(&memory.view(), totals)))
            }
            Events::Stats(setup, queue) => {
                let memory = self.shared.memory();
                let view = memory.view();
                match find_queue(&view, setup, queue) {
                    Ok((setup, queue)) => frame("stats", None, &as_json(&queues::stats(&view, setup, queue))),
                    Err(unknown) => frame("error", None, &as_json(&unknown)),
                }
            }
            _ => frame("heartbeat", None, &json!({ "type": "heartbeat", "timestamp": Moment::now().millis() })),
        }
    }

    /// What a happening is to this stream, if anything.
    fn tells(&self, happening: &Happening) -> Option<Bytes> {
        let now = Moment::now().millis();
        match (&self.kind, happening) {
            (Events::Setup(wanted), Happening::Queue { setup, queue, change }) if wanted == setup => {
                let data = json!({ "event": change, "setupId": setup, "queueName": queue, "timestamp": now });
                Some(frame("queue-changed", None, &data))
            }
            (Events::Messages(of, within), Happening::Message { setup, queue, id, payload, headers }) if (of, within) == (setup, queue) => {
                let data = json!({ "messageId": id, "payload": payload, "headers": headers, "timestamp": now });
                Some(frame("message", None, &data))
            }
            (Events::Store(of, within), Happening::Event { setup, store, event }) if (of, within) == (setup, store) => {
                Some(frame("event", event["eventId"].as_str(), event))
            }
            _ => None,
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.shared.streams.fetch_sub(1, Ordering::Relaxed);
    }
}

fn as_json(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_default()
}
