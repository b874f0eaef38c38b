//! What the streams say about the whole cluster: counts from the federation, where each database counts once, and sums of
//! what the instances' own streams told last.

use peegeeq_domain::federation::Coverage;
use serde_json::{Value, json};

use super::super::ManagementApi;
use super::super::overview::{shown_setups, uptime_text};
use super::super::{handlers, metrics};
use crate::clock;
use crate::fan_in::{Figures, Subscription};
use crate::federation::{Unanswered, Want};

/// `system_stats` in the shape of an instance.
pub(super) async fn stats(api: &ManagementApi, heard: &Subscription) -> Result<Value, Unanswered> {
    let answer = api.federation.overview(Want::Recent).await?;
    let (content, latest) = (&answer.content, heard.latest());
    let (totals, now) = (&content.totals, clock::wall().epoch_millis());
    let sum = |of: fn(&Figures) -> f64| latest.iter().map(of).sum::<f64>();
    let whole = |of: fn(&Figures) -> f64| sum(of) as u64;
    let uptime = content.parts.iter().filter_map(|part| part.outcome.as_ref().ok()?.uptime).max();
    let Coverage { asked, answered, .. } = content.coverage;
    let data = json!({
        "type": "system_stats", "timestamp": now, "uptime": uptime_text(uptime.map_or(0, |uptime| uptime.micros() / 1000)),
        "memoryUsed": whole(|one| one.memory_used), "memoryTotal": whole(|one| one.memory_total),
        "memoryMax": whole(|one| one.memory_max), "cpuCores": whole(|one| one.cpu_cores),
        "threadsActive": whole(|one| one.threads_active), "activeSubscriptions": whole(|one| one.active_subscriptions),
        "monitoringSessions": heard.listeners(),
        "dbPool": {
            "active": whole(|one| one.db_pool.active), "idle": whole(|one| one.db_pool.idle),
            "pending": whole(|one| one.db_pool.pending), "total": whole(|one| one.db_pool.total), "perSetup": [],
        },
        "totalPendingMessages": totals.messages.total().unwrap_or(0), "totalMessages": totals.messages.total().unwrap_or(0),
        "totalQueues": totals.queues.total().unwrap_or(0), "totalConsumerGroups": totals.groups.total().unwrap_or(0),
        "totalEventStores": totals.stores.total().unwrap_or(0), "totalSetups": shown_setups(content),
        "activeConnections": totals.connections.total().unwrap_or(0),
        "activeBackfills": [], "messagesPerSecond": sum(|one| one.messages_per_second),
        "complete": content.coverage.complete(), "instancesAsked": asked, "instancesAnswered": answered,
        "instancesStreaming": latest.len(),
    });
    Ok(json!({ "type": "system_stats", "data": data, "timestamp": now }))
}

/// The metrics in the shape of an instance, written once for all who ask in the same moment.
pub(super) async fn figures(api: &ManagementApi) -> Result<String, Unanswered> {
    let answer = api.federation.metrics(Want::Recent).await?;
    let prepared = api.federation.prepared(&answer, handlers::INSTANCE_SHAPE, metrics::whole).await?;
    Ok(prepared.filled().iter().map(|piece| String::from_utf8_lossy(piece)).collect())
}
