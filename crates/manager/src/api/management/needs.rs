//! What readers of an instance's rows insist on. The management UI checks queues strictly: one row that it refuses blanks its
//! page.

use std::borrow::Cow;

use peegeeq_domain::federation::{GroupRow, Implementation, QueueRow, QueueStatus, Row, StoreRow};
use peegeeq_domain::quantity::{Rate, Ratio};

use super::row::{Instead, Need, Sent, is_number, is_text, is_time};

/// A time that cannot be mistaken for a real one, as a number and as a text.
const NO_TIME: (&str, &str) = ("0", r#""1970-01-01T00:00:00Z""#);

/// A kind of row in the shape of an instance.
pub(super) trait Needing: Row {
    /// What its readers insist on. `setup` is the only one there is, where the row does not name its own.
    fn needs<'a>(&'a self, sent: &Sent<'a>, setup: Option<&'a str>) -> Vec<Need<'a>>;
}

fn text(text: &str) -> Option<Instead<'_>> {
    (!text.is_empty()).then_some(Instead::Text(Cow::Borrowed(text)))
}

fn count(count: Option<u64>) -> Option<Instead<'static>> {
    count.map(Instead::Count)
}

fn is_queue_type(json: &str) -> bool {
    matches!(json, r#""native""# | r#""outbox""# | r#""bitemporal""#)
}

fn is_queue_status(json: &str) -> bool {
    matches!(json, r#""active""# | r#""paused""# | r#""idle""# | r#""error""#)
}

/// The three words of the UI for how a queue is built.
pub(super) fn queue_type(row: &QueueRow, sent: &Sent<'_>) -> Option<&'static str> {
    let said = || ["type", "implementationType"].into_iter().filter_map(|key| sent.text(key));
    let is_bitemporal = |word: &str| word.to_ascii_lowercase().replace(['-', '_'], "").contains("bitemporal");
    match row.implementation {
        _ if said().any(|word| is_bitemporal(&word)) => Some("bitemporal"),
        Some(implementation) => Some(Implementation::word(implementation)),
        None => None,
    }
}

impl Needing for QueueRow {
    fn needs<'a>(&'a self, sent: &Sent<'a>, setup: Option<&'a str>) -> Vec<Need<'a>> {
        let setup = setup.and_then(text);
        let kind = queue_type(self, sent).map_or(Instead::Assumed(r#""native""#), |word| Instead::Text(Cow::Borrowed(word)));
        let status = match self.status {
            QueueStatus::Unknown => Instead::Assumed(r#""idle""#),
            known => Instead::Text(Cow::Borrowed(known.word())),
        };
        let created = Instead::Assumed(NO_TIME.0);
        let updated = sent.text("lastActivity").map_or(Instead::Assumed(NO_TIME.1), Instead::Text);
        let rate = self.rate.map(|rate| Instead::Number(Rate::per_second(rate)));
        let error_rate = self.error_rate.map(|share| Instead::Number(Ratio::percent(share) / 100.0));
        vec![
            Need::required("setupId", is_text, setup.clone()),
            Need::required("setup", is_text, setup),
            Need::required("queueName", is_text, text(&self.name)),
            Need::required("name", is_text, text(&self.name)),
            Need::required("type", is_queue_type, Some(kind.clone())),
            Need::required("implementationType", is_queue_type, Some(kind)),
            Need::required("status", is_queue_status, Some(status)),
            Need::of("messageCount", is_number, count(self.messages)),
            Need::of("messages", is_number, count(self.messages)),
            Need::of("consumerCount", is_number, count(self.consumers)),
            Need::of("consumers", is_number, count(self.consumers)),
            Need::of("messageRate", is_number, rate.clone()),
            Need::of("messagesPerSecond", is_number, rate),
            Need::of("errorRate", is_number, error_rate),
            Need::required("createdAt", is_time, Some(created)),
            Need::required("updatedAt", is_text, Some(updated)),
        ]
    }
}

impl Needing for GroupRow {
    fn needs<'a>(&'a self, _: &Sent<'a>, setup: Option<&'a str>) -> Vec<Need<'a>> {
        let status = Instead::Text(Cow::Borrowed(self.status.word()));
        vec![
            Need::required("name", is_text, text(&self.name)),
            Need::required("setup", is_text, setup.and_then(text)),
            Need::of("queueName", is_text, self.queue.as_deref().and_then(text)),
            Need::of("members", is_number, count(self.consumers)),
            Need::required("status", is_text, Some(status)),
        ]
    }
}

impl Needing for StoreRow {
    fn needs<'a>(&'a self, _: &Sent<'a>, setup: Option<&'a str>) -> Vec<Need<'a>> {
        let status = Instead::Text(Cow::Borrowed(self.status.word()));
        vec![
            Need::required("name", is_text, text(&self.name)),
            Need::required("setup", is_text, setup.and_then(text)),
            Need::of("events", is_number, count(self.events)),
            Need::of("aggregates", is_number, count(self.streams)),
            Need::of("corrections", is_number, count(self.corrections)),
            // Under these names the Java client looks for them, in vain at an instance.
            Need::of("eventCount", is_number, count(self.events)),
            Need::of("correctionCount", is_number, count(self.corrections)),
            Need::required("status", is_text, Some(status)),
        ]
    }
}
