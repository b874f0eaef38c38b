//! Streams of server-sent events: one stream per client, never more of it in memory than one event.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::response::sse::Event;
use axum::response::{IntoResponse, Response, Sse};
use futures_util::stream;
use http::Uri;
use serde_json::json;
use tokio::time::{Interval, interval_at};
use tokio_util::sync::CancellationToken;
use utoipa::IntoParams;

use super::super::ManagementApi;
use super::cluster;
use crate::api::extract::query;
use crate::clock;
use crate::fan_in::{FrameKind, Heard, Subscription};

/// How often instances send metrics by default.
const INTERVAL: u64 = 5;

/// How often instances send a sign of life by default.
const HEARTBEAT: u64 = 30;

/// What a client says about its pace.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the request")]
pub(in crate::api::management) struct MetricsParams {
    /// Seconds between metrics.
    #[param(minimum = 1, maximum = 60)]
    interval: Option<u64>,
    /// Seconds between signs of life.
    #[param(minimum = 10)]
    heartbeat: Option<u64>,
}

/// One client of a stream.
struct Client {
    heard: Subscription,
    /// Whose metrics are told, if metrics are.
    api: Option<Arc<ManagementApi>>,
    pace: Interval,
    heartbeat: Interval,
    ending: CancellationToken,
    ready: VecDeque<Event>,
    /// The number of the last metrics.
    number: u64,
    over: bool,
}

/// Metrics of the cluster and of its instances.
pub(super) fn metrics(api: Arc<ManagementApi>, heard: Subscription, uri: &Uri) -> Response {
    let pairs = match query(uri) {
        Ok(pairs) => pairs,
        Err(error) => return error.numeric_time().into_response(),
    };
    let number = |name: &str| pairs.iter().find(|(key, _)| key == name).and_then(|(_, value)| value.parse::<u64>().ok());
    let pace = number("interval").unwrap_or(INTERVAL).clamp(1, 60);
    let heartbeat = number("heartbeat").unwrap_or(HEARTBEAT).clamp(10, 3_600);
    let connected = json!({ "type": "connected", "timestamp": clock::wall().epoch_millis(), "interval": pace });
    let ending = api.fan_in.ending();
    begin(Client::new(heard, Some(api), (pace, heartbeat), ending), "connected", &connected)
}

/// Changes of the queues of a setup.
pub(super) fn queues(api: &ManagementApi, heard: Subscription, setup: &str) -> Response {
    let connected = json!({ "type": "connected", "setupId": setup, "timestamp": clock::wall().epoch_millis() });
    begin(Client::new(heard, None, (INTERVAL, HEARTBEAT), api.fan_in.ending()), "connected", &connected)
}

fn begin(mut client: Client, name: &str, data: &serde_json::Value) -> Response {
    client.ready.push_back(Event::default().event(name).data(data.to_string()));
    let events = stream::unfold(client, |mut client| async move { Some((Ok::<_, Infallible>(client.next().await?), client)) });
    Sse::new(events).into_response()
}

impl Client {
    fn new(heard: Subscription, api: Option<Arc<ManagementApi>>, (pace, heartbeat): (u64, u64), ending: CancellationToken) -> Self {
        let every = |seconds: u64| {
            let span = Duration::from_secs(seconds);
            let mut interval = interval_at(clock::instant() + span, span);
            // Whoever reads late does not want all of it at once.
            interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            interval
        };
        let (pace, heartbeat) = (every(pace), every(heartbeat));
        Self { heard, api, pace, heartbeat, ending, ready: VecDeque::new(), number: 0, over: false }
    }

    /// The next event; `None` at the end. Only asked for when the client's connection takes it.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if self.over {
                return None;
            }
            self.wait().await;
        }
    }

    async fn wait(&mut self) {
        tokio::select! {
            biased;
            () = self.ending.cancelled() => self.end("the manager stops"),
            heard = self.heard.next() => match heard {
                Some(heard) => self.ready.push_back(told(&heard)),
                None => self.end("there is nothing to listen to any more"),
            },
            _ = self.pace.tick(), if self.api.is_some() => self.metrics().await,
            _ = self.heartbeat.tick() => {
                let beat = json!({ "type": "heartbeat", "timestamp": clock::wall().epoch_millis() });
                self.ready.push_back(Event::default().event("heartbeat").data(beat.to_string()));
            }
        }
    }

    fn end(&mut self, reason: &str) {
        self.over = true;
        let data = json!({ "type": "end", "reason": reason, "timestamp": clock::wall().epoch_millis() });
        self.ready.push_back(Event::default().event("end").data(data.to_string()));
    }

    /// Under their name, as instances send them, and without one, as the management UI listens for them.
    async fn metrics(&mut self) {
        let Some(api) = &self.api else { return };
        self.number += 1;
        match cluster::figures(api).await {
            Ok(text) => {
                self.ready.push_back(Event::default().event("metrics").id(self.number.to_string()).data(&text));
                self.ready.push_back(Event::default().data(text));
            }
            Err(reason) => {
                let data = json!({ "error": reason.to_string(), "timestamp": clock::wall().epoch_millis() });
                self.ready.push_back(Event::default().event("error").data(data.to_string()));
            }
        }
    }
}

fn told(heard: &Heard) -> Event {
    match heard {
        Heard::Frame(frame) => {
            let name = match frame.kind {
                FrameKind::InstanceMetrics => "instance-metrics",
                FrameKind::QueueChanged => "queue-changed",
                FrameKind::Gap => "gap",
                FrameKind::InstanceStats | FrameKind::ManagementEvent => "message",
            };
            // An instance may spread its JSON over lines; what is left of it is one.
            Event::default().event(name).data(String::from_utf8_lossy(&frame.text).replace(['\r', '\n'], " "))
        }
        Heard::Missed(frames) => {
            let reason = "the client reads too slowly";
            let data = json!({ "type": "gap", "missed": frames, "reason": reason, "timestamp": clock::wall().epoch_millis() });
            Event::default().event("gap").data(data.to_string())
        }
    }
}
