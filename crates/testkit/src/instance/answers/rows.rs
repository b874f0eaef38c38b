//! Owns the rows of today's lists: queue, consumer group, event store, recent activity.
//! Does not own the lists around them.

use serde::Serialize;

use super::SetupView;
use crate::instance::samples::scramble;
use crate::instance::world::{ConsumerGroup, EventStore, Queue, QueueKind};
use crate::stamp::Moment;

/// How long after the attachment the data of the samples is said to have been written, in milliseconds.
const WRITTEN_AFTER: u64 = 33_000;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct QueueRow<'a> {
    setup_id: &'a str,
    setup: &'a str,
    queue_name: &'a str,
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    implementation_type: &'static str,
    status: &'static str,
    message_count: u64,
    messages: u64,
    consumer_count: u64,
    consumers: u64,
    message_rate: f64,
    error_rate: f64,
    statistics: Statistics,
    created_at: u64,
    updated_at: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Statistics {
    total_messages: u64,
    active_consumers: u64,
    messages_per_second: f64,
    avg_processing_time_ms: f64,
}

impl Statistics {
    pub(crate) fn of(queue: &Queue) -> Self {
        Self {
            total_messages: queue.messages,
            active_consumers: queue.consumers,
            messages_per_second: queue.rate,
            avg_processing_time_ms: average_processing(queue),
        }
    }
}

/// Milliseconds a message takes; 0 until something was processed.
pub(crate) fn average_processing(queue: &Queue) -> f64 {
    if queue.processed > 0 || queue.kind == QueueKind::Outbox { 8.921_482_625 } else { 0.0 }
}

impl<'a> QueueRow<'a> {
    pub(crate) fn new(view: SetupView<'a>, queue: &'a Queue, now: Moment) -> Self {
        let (setup, name, kind) = (view.setup.id.as_str(), queue.name.as_str(), queue.kind.word());
        Self {
            setup_id: setup,
            setup,
            queue_name: name,
            name,
            kind,
            implementation_type: kind,
            status: "active",
            message_count: queue.messages,
            messages: queue.messages,
            consumer_count: queue.consumers,
            consumers: queue.consumers,
            message_rate: queue.rate,
            error_rate: 0.0,
            statistics: Statistics::of(queue),
            created_at: view.attached_at,
            updated_at: now.iso_nanos(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GroupRow<'a> {
    name: &'a str,
    setup: &'a str,
    queue_name: &'a str,
    implementation_type: &'static str,
    members: u64,
    status: &'static str,
    partition: u64,
    lag: u64,
    subscribed_at: String,
    last_active_at: String,
    last_heartbeat_at: String,
    backfill_status: &'static str,
    backfill_processed_messages: u64,
    backfill_total_messages: u64,
    backfill_started_at: Option<u64>,
    backfill_completed_at: Option<u64>,
    created_at: u64,
}

impl<'a> GroupRow<'a> {
    pub(crate) fn new(view: SetupView<'a>, group: &'a ConsumerGroup) -> Self {
        let kind = view.setup.queue(&group.queue).map_or(QueueKind::Native, |queue| queue.kind);
        let subscribed = subscribed_at(view);
        Self {
            name: &group.name,
            setup: &view.setup.id,
            queue_name: &group.queue,
            implementation_type: kind.word(),
            members: group.members,
            status: group.status.word(),
            partition: 0,
            lag: 0,
            subscribed_at: subscribed.clone(),
            last_active_at: subscribed.clone(),
            last_heartbeat_at: subscribed,
            backfill_status: "NONE",
            backfill_processed_messages: 0,
            backfill_total_messages: 0,
            backfill_started_at: None,
            backfill_completed_at: None,
            created_at: view.attached_at,
        }
    }
}

/// When the groups of a setup are said to have subscribed.
pub(crate) fn subscribed_at(view: SetupView<'_>) -> String {
    Moment::from_millis(view.attached_at + WRITTEN_AFTER).iso_micros()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StoreRow<'a> {
    name: &'a str,
    setup: &'a str,
    events: u64,
    aggregates: u64,
    corrections: u64,
    bi_temporal: bool,
    retention: &'static str,
    status: &'static str,
    created_at: u64,
    last_event: String,
}

impl<'a> StoreRow<'a> {
    /// A store whose database does not answer is still listed, with zeros.
    pub(crate) fn new(view: SetupView<'a>, store: &'a EventStore, now: Moment) -> Self {
        let seen = |count: u64| if view.database_up { count } else { 0 };
        Self {
            name: &store.name,
            setup: &view.setup.id,
            events: seen(store.total()),
            aggregates: seen(store.aggregates),
            corrections: seen(store.corrections),
            bi_temporal: true,
            retention: "365d",
            status: "active",
            created_at: view.attached_at,
            last_event: now.iso_nanos(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ActivityRow<'a> {
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    action: &'a str,
    status: &'static str,
    details: String,
    source: &'a str,
    setup: &'a str,
    aggregate_id: String,
    timestamp: String,
    valid_time: String,
    correlation_id: String,
}

impl<'a> ActivityRow<'a> {
    /// The event with this number (counted from 1) of one type.
    pub(crate) fn new(view: SetupView<'a>, store: &'a EventStore, action: &'a str, number: u64) -> Self {
        let id = event_id(&store.name, action, number);
        let aggregate_id = format!("{action}-{number}");
        let written = Moment::from_millis(view.attached_at + WRITTEN_AFTER + number);
        Self {
            details: format!("aggregate={aggregate_id} correlation={id}"),
            correlation_id: id.clone(),
            id,
            kind: "event",
            action,
            status: "success",
            source: &store.name,
            setup: &view.setup.id,
            aggregate_id,
            timestamp: written.iso_micros(),
            valid_time: written.iso_micros(),
        }
    }
}

fn event_id(store: &str, action: &str, number: u64) -> String {
    let seed = store.bytes().chain(action.bytes()).fold(number, |seed, byte| scramble(seed ^ u64::from(byte)));
    let (high, low) = (scramble(seed), scramble(seed ^ 1));
    format!(
        "{:08x}-{:04x}-4{:03x}-9{:03x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xFFFF,
        high & 0xFFF,
        (low >> 48) & 0xFFF,
        low & 0xFFFF_FFFF_FFFF
    )
}
