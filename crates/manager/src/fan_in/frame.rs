//! What an instance said on a stream, with the marks of where it came from.

use std::borrow::Cow;

use bytes::Bytes;
use peegeeq_domain::catalog::Entry;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::clock;

/// The longest frame that is handed on, in bytes. Longer ones end their connection.
pub(super) const FRAME_BYTES_MAX: usize = 128 * 1024;

/// What a frame is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// What one instance measures about itself.
    InstanceStats,
    /// Something was done on an instance.
    ManagementEvent,
    /// The metrics of one instance.
    InstanceMetrics,
    /// A queue is another than before.
    QueueChanged,
    /// The stream of one instance broke off: what it says until it is back is missing.
    Gap,
}

/// One frame.
#[derive(Clone, Debug)]
pub struct Frame {
    /// What it is about.
    pub kind: FrameKind,
    /// A JSON object.
    pub text: Bytes,
}

/// Connections of an instance to its databases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct Pool {
    /// In use.
    pub active: f64,
    /// Kept open.
    pub idle: f64,
    /// Waited for.
    pub pending: f64,
    /// All.
    pub total: f64,
}

/// Figures of one instance's process, as its statistics tell. What is absent counts as 0 in sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Figures {
    /// Bytes in use.
    pub memory_used: f64,
    /// Bytes taken from the system.
    pub memory_total: f64,
    /// The most bytes it may take.
    pub memory_max: f64,
    /// Processors.
    pub cpu_cores: f64,
    /// Threads.
    pub threads_active: f64,
    /// Subscriptions that are active.
    pub active_subscriptions: f64,
    /// Change of the backlog a second; may be negative.
    pub messages_per_second: f64,
    /// Connections to databases.
    pub db_pool: Pool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Said<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

/// Where frames come from, written once per connection.
pub(super) struct Origin(String);

impl Origin {
    pub(super) fn of(entry: &Entry) -> Self {
        let registration = &entry.instance.registration;
        let fields = serde_json::json!({
            "sourceInstanceId": registration.id.as_str(),
            "sourceHost": registration.endpoint.host.as_str(),
            "sourcePort": registration.endpoint.port.get(),
            "sourceEnvironment": &*registration.labels.environment,
            "sourceRegion": &*registration.labels.region,
        });
        let text = fields.to_string();
        Self(text.strip_prefix('{').unwrap_or(&text).to_owned())
    }

    /// The JSON object with the marks behind its fields; `None` if it is none.
    pub(super) fn mark(&self, object: &str) -> Option<Bytes> {
        let object = serde_json::from_str::<&RawValue>(object).ok()?.get();
        let inside = object.strip_prefix('{')?.strip_suffix('}')?.trim();
        let comma = if inside.is_empty() { "" } else { "," };
        Some(Bytes::from(format!("{{{inside}{comma}{}", self.0)))
    }

    /// Says that the stream broke off.
    pub(super) fn gap(&self, reason: &str) -> Frame {
        let own = serde_json::json!({ "type": "gap", "reason": reason, "timestamp": clock::wall().epoch_millis() });
        Frame { kind: FrameKind::Gap, text: self.mark(&own.to_string()).unwrap_or_default() }
    }

    /// A frame of `/ws/monitoring`, and the figures in it. Greetings and answers are nobody's business but the connection's.
    pub(super) fn monitoring(&self, text: &str) -> Option<(Frame, Option<Figures>)> {
        let said: Said<'_> = serde_json::from_str(text).ok()?;
        match &*said.kind {
            "management_event" => Some((Frame { kind: FrameKind::ManagementEvent, text: self.mark(text)? }, None)),
            "system_stats" => {
                let data = said.data?.get();
                let now = clock::wall().epoch_millis();
                // Under its own type a client would take it for the whole cluster.
                let renamed = format!(r#"{{"type":"instance_system_stats","data":{data},"timestamp":{now}}}"#);
                let figures = serde_json::from_str(data).ok();
                Some((Frame { kind: FrameKind::InstanceStats, text: self.mark(&renamed)? }, figures))
            }
            _ => None,
        }
    }

    /// An event of a stream of events.
    pub(super) fn event(&self, name: &str, data: &str) -> Option<Frame> {
        let kind = match name {
            "metrics" => FrameKind::InstanceMetrics,
            "queue-changed" => FrameKind::QueueChanged,
            _ => return None,
        };
        Some(Frame { kind, text: self.mark(data)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin() -> Origin {
        Origin(r#""sourceInstanceId":"a"}"#.to_owned())
    }

    #[test]
    fn marks_stand_behind_what_was_said() {
        let mark = |text: &str| origin().mark(text).map(|text| String::from_utf8(text.to_vec()).expect("UTF-8"));
        assert_eq!(mark(r#" {"a":{"b":1} } "#).as_deref(), Some(r#"{"a":{"b":1},"sourceInstanceId":"a"}"#));
        assert_eq!(mark("{}").as_deref(), Some(r#"{"sourceInstanceId":"a"}"#));
        for text in ["[]", "1", "{\"a\":}", "", "{} {}"] {
            assert_eq!(mark(text), None, "{text}");
        }
    }

    #[test]
    fn statistics_of_one_are_not_taken_for_those_of_all() {
        let text = r#"{"type":"system_stats","data":{"memoryUsed":5,"messagesPerSecond":-1.5,"dbPool":{"total":3}},"timestamp":1}"#;
        let (frame, figures) = origin().monitoring(text).expect("a frame");
        assert_eq!(frame.kind, FrameKind::InstanceStats);
        assert!(frame.text.starts_with(br#"{"type":"instance_system_stats""#));
        let figures = figures.expect("figures");
        assert_eq!((figures.memory_used, figures.messages_per_second, figures.db_pool.total), (5.0, -1.5, 3.0));
        assert!(origin().monitoring(r#"{"type":"welcome"}"#).is_none() && origin().monitoring("nonsense").is_none());
    }
}
