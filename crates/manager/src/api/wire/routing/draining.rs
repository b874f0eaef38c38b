//! How far a drain is.

use peegeeq_domain::catalog::Entry;
use peegeeq_domain::instance::Presence;
use serde::Serialize;
use utoipa::ToSchema;

use crate::clock;
use crate::gateway::Traffic;

/// How far the drain of an instance is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DrainView {
    /// `draining`: requests or streams are still under way; `drained`: nothing is; `deadline-passed`: streams were ended, and
    /// something is still under way.
    pub progress: &'static str,
    /// The same for people.
    pub sentence: String,
    /// Requests under way, streams among them.
    pub in_flight: usize,
    /// Requests waiting for a place.
    pub waiting: usize,
    /// Event streams and WebSockets through the gateway.
    pub streams: usize,
    /// Streams that were ended because the deadline has come; null before that.
    pub streams_ended: Option<usize>,
    /// When streams are ended from this side; null: never.
    pub deadline: Option<String>,
}

impl DrainView {
    /// How far it is, if the instance drains.
    pub fn of(entry: &Entry, traffic: impl FnOnce(Option<peegeeq_domain::time::Timestamp>) -> Option<Traffic>) -> Option<Self> {
        let instance = &entry.instance;
        if instance.presence != Presence::Draining {
            return None;
        }
        let order = instance.order.as_ref();
        let Traffic { in_flight, waiting, streams, streams_ended } = traffic(order.map(|order| order.since)).unwrap_or_default();
        let rest = in_flight + waiting;
        let ended = |ended: usize| if ended == 1 { "1 stream ended".to_owned() } else { format!("{ended} streams ended") };
        let (progress, sentence) = match (rest, streams_ended) {
            (0, None | Some(0)) => ("drained", "drained".to_owned()),
            (0, Some(count)) => ("drained", format!("drained: deadline passed, {}", ended(count))),
            (_, Some(count)) => ("deadline-passed", format!("deadline passed, {}; {rest} requests still under way", ended(count))),
            (_, None) => ("draining", format!("draining: {rest} requests under way, {streams} of them streams")),
        };
        let deadline = order.and_then(|order| order.deadline).map(clock::iso);
        Some(Self { progress, sentence, in_flight, waiting, streams, streams_ended, deadline })
    }
}
