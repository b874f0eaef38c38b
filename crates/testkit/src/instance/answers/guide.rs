//! Owns the answers of an instance that speaks exactly as the guide writes. No release ever did; a manager must
//! read it all the same. Does not own real shapes.

use serde_json::{Value, json};

use super::management::memory_used;
use super::{Answer, View};

const BYTES_PER_EVENT: f64 = 100_000.0;

/// The guide's rich `/health`; `database` tells the truth here.
pub(crate) fn health(view: &View<'_>) -> Answer {
    let connected = view.setups.iter().all(|setup| setup.database_up);
    let consumers: u64 = view.queues().map(|(_, queue)| queue.consumers).sum();
    let minutes = view.uptime_ms() / 60_000;
    let body = json!({
        "status": if connected { "UP" } else { "DOWN" },
        "timestamp": view.now.iso_seconds(),
        "database": if connected { "connected" } else { "disconnected" },
        "queues": view.queues().count(),
        "consumers": consumers,
        "memory": { "used": format!("{}MB", memory_used(view) / 1_048_576), "max": "2GB" },
        "uptime": format!("{}h {}m", minutes / 60, minutes % 60),
    });
    Answer::json(if connected { 200 } else { 503 }, &body)
}

pub(crate) fn overview(view: &View<'_>) -> Answer {
    let consumers: u64 = view.queues().map(|(_, queue)| queue.consumers).sum();
    let groups: usize = view.reachable().map(|setup| setup.setup.groups.len()).sum();
    let stores: usize = view.reachable().map(|setup| setup.setup.stores.len()).sum();
    let body = json!({
        "queues": view.queues().count(), "consumerGroups": groups, "eventStores": stores,
        "messages": view.total_messages(), "consumers": consumers, "timestamp": view.now.iso_seconds(),
    });
    Answer::json(200, &body)
}

pub(crate) fn queues(view: &View<'_>) -> Answer {
    let row = |queue: &crate::instance::world::Queue| {
        json!({
            "queueName": queue.name, "messageCount": queue.messages, "consumerCount": queue.consumers,
            "processingRate": queue.rate,
        })
    };
    let rows = view.queues().map(|(_, queue)| row(queue)).collect();
    list(view, "Queues retrieved successfully", "queueCount", "queues", rows)
}

pub(crate) fn consumer_groups(view: &View<'_>) -> Answer {
    let rows = view
        .reachable()
        .flat_map(|setup| setup.setup.groups.iter().map(move |group| (setup, group)))
        .map(|(setup, group)| {
            let queue = setup.setup.queue(&group.queue);
            json!({
                "groupId": group.name, "consumerCount": group.members,
                "messagesProcessed": queue.map_or(0, |queue| queue.processed),
                "lag": queue.map_or(0, |queue| queue.messages),
            })
        })
        .collect();
    list(view, "Consumer groups retrieved successfully", "groupCount", "consumerGroups", rows)
}

pub(crate) fn event_stores(view: &View<'_>) -> Answer {
    let rows = view
        .reachable()
        .flat_map(|setup| setup.setup.stores.iter())
        .map(|store| {
            let gigabytes = store.total() as f64 * BYTES_PER_EVENT / 1e9;
            json!({
                "storeName": store.name, "eventCount": store.total(), "streamCount": store.aggregates,
                "storageSize": format!("{gigabytes:.1}GB"),
            })
        })
        .collect();
    list(view, "Event stores retrieved successfully", "eventStoreCount", "eventStores", rows)
}

fn list(view: &View<'_>, message: &str, count: &str, key: &str, rows: Vec<Value>) -> Answer {
    let body = json!({
        "message": message, count: rows.len(), key: rows, "timestamp": view.now.iso_seconds(),
    });
    Answer::json(200, &body)
}
