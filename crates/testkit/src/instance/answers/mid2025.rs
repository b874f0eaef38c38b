//! Owns the management answers of instances from the middle of 2025, where they differ from today's.
//! Does not own what stayed the same.

use serde_json::{Value, json};

use super::management::uptime_text;
use super::{Answer, View};

/// The overview had summaries and no list of setups.
pub(crate) fn overview(view: &View<'_>) -> Answer {
    let queues: Vec<_> = view.queues().map(|(_, queue)| queue).collect();
    let busy = queues.iter().filter(|queue| queue.messages > 0).count();
    let groups: usize = view.reachable().map(|setup| setup.setup.groups.len()).sum();
    let stores: usize = view.setups.iter().map(|setup| setup.setup.stores.len()).sum();
    let rate: f64 = queues.iter().map(|queue| queue.rate).sum();
    let body = json!({
        "systemStats": {
            "totalQueues": queues.len(), "totalConsumerGroups": groups, "totalEventStores": stores,
            "totalMessages": view.total_messages(), "messagesPerSecond": rate,
            "activeConnections": view.connections(), "uptime": uptime_text(view.uptime_ms()),
        },
        "queueSummary": {
            "total": queues.len(), "active": busy, "idle": queues.len() - busy, "error": 0,
        },
        "consumerGroupSummary": { "total": groups, "active": groups, "idle": 0, "error": 0 },
        "eventStoreSummary": { "total": stores, "active": stores, "idle": 0, "error": 0 },
        "recentActivity": [],
        "timestamp": view.now.millis(),
    });
    Answer::json(200, &body)
}

/// Rows had `name`, `setup` and `messages` only, and extra fields that are gone today.
pub(crate) fn queues(view: &View<'_>) -> Answer {
    let rows: Vec<Value> = view
        .queues()
        .map(|(setup, queue)| {
            json!({
                "name": queue.name, "setup": setup.setup.id, "implementationType": queue.kind.word(),
                "status": "active", "messages": queue.messages, "consumers": queue.consumers,
                "messageRate": queue.rate, "consumerRate": 0.0, "durability": "durable",
                "autoDelete": false, "createdAt": setup.attached_at, "lastActivity": view.now.iso_nanos(),
            })
        })
        .collect();
    let body = json!({
        "message": "Queues retrieved successfully", "queueCount": rows.len(), "queues": rows,
        "timestamp": view.now.millis(),
    });
    Answer::json(200, &body)
}
