//! Owns `/api/v1/setups/{s}/db-telemetry`: what PostgreSQL counts about a schema. Does not own setup health.

use serde::Serialize;
use serde_json::{Value, json};

use super::errors::{coded, refused};
use super::{Answer, SetupView, View};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Telemetry<'a> {
    setup_id: &'a str,
    database_name: &'a str,
    schema: &'a str,
    sampled_at: u64,
    tables: Vec<Value>,
    cluster: Value,
}

pub(crate) fn of_setup(view: &View<'_>, setup: SetupView<'_>) -> Answer {
    if !setup.database_up {
        let error = format!("Failed to collect database telemetry: {}", refused(setup));
        return coded(503, "PGQERR0501", &error, view.now);
    }
    let telemetry = Telemetry {
        setup_id: &setup.setup.id,
        database_name: &setup.setup.database.name,
        schema: &setup.setup.database.schema,
        sampled_at: view.now.millis(),
        tables: tables(setup),
        cluster: cluster(view),
    };
    Answer::json(200, &telemetry)
}

fn tables(setup: SetupView<'_>) -> Vec<Value> {
    let stores = setup.setup.stores.iter().map(|store| {
        let name = format!("{}_events", store.name.replace('-', "_"));
        table(&name, store.total(), 8_192, 376_832)
    });
    let queues = setup.setup.queues.iter().map(|queue| table(&queue.name, 0, 0, 155_648));
    let fixed = [
        table("dead_letter_queue", 0, 0, 8_192),
        table("outbox", 0, 0, 24_576),
        table("queue_messages", setup.setup.total_messages(), 16_384, 32_768),
    ];
    stores.chain(queues).chain(fixed).collect()
}

fn table(name: &str, rows: u64, heap_bytes: u64, index_bytes: u64) -> Value {
    json!({
        "tableName": name, "nTupIns": rows, "nTupUpd": 0, "nTupDel": 0, "nTupHotUpd": 0,
        "nLiveTup": rows, "nDeadTup": 0, "seqScan": 36, "vacuumCount": 0, "autovacuumCount": 0,
        "heapBlksHit": rows, "heapBlksRead": 1, "heapBytes": heap_bytes, "indexBytes": index_bytes,
        "totalBytes": heap_bytes + index_bytes + 8_192, "idxScan": 0,
    })
}

fn cluster(view: &View<'_>) -> Value {
    json!({
        "backendsHoldingXmin": 1, "locksTotal": 5, "locksWaiting": 0, "xidAge": 191, "notifyQueueUsage": 0.0,
        "walRecords": 42_592, "walBytes": 16_295_225, "walLsnBytes": 33_197_280, "checkpointsTimed": 0,
        "checkpointsRequested": 0, "buffersCheckpoint": 0, "xactCommit": view.uptime_ms() / 100,
        "xactRollback": 0, "deadlocks": 0, "tupReturned": 46_878, "tupFetched": 37_193,
        "numbackends": view.connections(), "blksHit": 56_674, "blksRead": 198, "longestTxnSeconds": 0,
    })
}
