//! Owns the answers about one queue and one event store: details, statistics, sending.
//! Does not own the lists of all queues.

use serde::Serialize;
use serde_json::json;

use super::errors::{refused, timed};
use super::rows::{Statistics, average_processing, subscribed_at};
use super::{Answer, SetupView, View};
use crate::instance::world::{EventStore, Queue};
use crate::stamp::Moment;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct QueueStats<'a> {
    queue_name: &'a str,
    setup_id: &'a str,
    implementation_type: &'static str,
    healthy: bool,
    total_messages: u64,
    pending_messages: u64,
    processed_messages: u64,
    in_flight_messages: u64,
    dead_lettered_messages: u64,
    messages_per_second: f64,
    avg_processing_time_ms: f64,
    success_rate_percent: f64,
    timestamp: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_message_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_message_at: Option<String>,
}

/// `/api/v1/queues/{s}/{q}/stats`. Without its database: zeros, "healthy", and no times.
pub(crate) fn stats(view: &View<'_>, setup: SetupView<'_>, queue: &Queue) -> Answer {
    let nothing = Queue::new("", queue.kind);
    let seen = if setup.database_up { queue } else { &nothing };
    let total = seen.messages + seen.processed;
    let dated = setup.database_up && total > 0;
    Answer::json(
        200,
        &QueueStats {
            queue_name: &queue.name,
            setup_id: &setup.setup.id,
            implementation_type: queue.kind.word(),
            healthy: true,
            total_messages: total,
            pending_messages: seen.messages,
            processed_messages: seen.processed,
            in_flight_messages: 0,
            dead_lettered_messages: seen.dead_lettered,
            messages_per_second: seen.rate,
            avg_processing_time_ms: if setup.database_up { average_processing(seen) } else { 0.0 },
            success_rate_percent: success_rate(seen),
            timestamp: view.now.millis(),
            first_message_at: dated.then(|| Moment::from_millis(setup.attached_at).iso_micros()),
            last_message_at: dated.then(|| subscribed_at(setup)),
        },
    )
}

fn success_rate(queue: &Queue) -> f64 {
    let total = queue.messages + queue.processed;
    if total == 0 { 100.0 } else { queue.processed as f64 * 100.0 / total as f64 }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct QueueDetails<'a> {
    name: &'a str,
    setup: &'a str,
    implementation_type: &'static str,
    status: &'static str,
    messages: u64,
    consumers: u64,
    message_rate: f64,
    consumer_rate: f64,
    statistics: Statistics,
    config: serde_json::Value,
    durability: &'static str,
    auto_delete: bool,
    created_at: u64,
    last_activity: String,
}

/// `/api/v1/queues/{s}/{q}`.
pub(crate) fn details(view: &View<'_>, setup: SetupView<'_>, queue: &Queue) -> Answer {
    let details = QueueDetails {
        name: &queue.name,
        setup: &setup.setup.id,
        implementation_type: queue.kind.word(),
        status: "active",
        messages: queue.messages,
        consumers: queue.consumers,
        message_rate: queue.rate,
        consumer_rate: 0.0,
        statistics: Statistics::of(queue),
        config: json!({
            "visibilityTimeoutSeconds": 30, "maxRetries": 3, "deadLetterEnabled": true, "batchSize": 10,
            "pollingIntervalSeconds": 5, "fifoEnabled": false, "deadLetterQueueName": null,
        }),
        durability: "durable",
        auto_delete: false,
        created_at: setup.attached_at,
        last_activity: view.now.iso_nanos(),
    };
    Answer::json(200, &details)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StoreStats<'a> {
    message: &'static str,
    event_store_name: &'a str,
    setup_id: &'a str,
    stats: StoreNumbers<'a>,
    timestamp: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StoreNumbers<'a> {
    event_store_name: &'a str,
    total_events: u64,
    total_corrections: u64,
    event_counts_by_type: serde_json::Map<String, serde_json::Value>,
}

/// `/api/v1/eventstores/{s}/{e}/stats`: 503 without its database.
pub(crate) fn store_stats(view: &View<'_>, setup: SetupView<'_>, store: &EventStore) -> Answer {
    if !setup.database_up {
        let error = format!("Failed to get event store stats: {}", refused(setup));
        return timed(503, &error, view.now);
    }
    let counts = store.events.iter().map(|(kind, count)| (kind.clone(), json!(count)));
    let stats = StoreNumbers {
        event_store_name: &store.name,
        total_events: store.total(),
        total_corrections: store.corrections,
        event_counts_by_type: counts.collect(),
    };
    let body = StoreStats {
        message: "Event store statistics retrieved successfully",
        event_store_name: &store.name,
        setup_id: &setup.setup.id,
        stats,
        timestamp: view.now.millis(),
    };
    Answer::json(200, &body)
}
