//! Owns the answers that summarise what goes wrong in a setup: alerts about consumers, dead letters.
//! Does not own health.

use serde_json::json;

use super::{Answer, SetupView};
use crate::instance::world::GroupStatus;

/// `/api/v1/setups/{s}/consumer-alerts/summary`.
pub(crate) fn summary(setup: SetupView<'_>) -> Answer {
    let groups = &setup.setup.groups;
    let count = |status| groups.iter().filter(|group| group.status == status).count();
    let mut topics: Vec<_> = groups.iter().map(|group| &group.queue).collect();
    topics.sort_unstable();
    topics.dedup();
    let dead = count(GroupStatus::Dead);
    let body = json!({
        "activeCount": count(GroupStatus::Active), "pausedCount": count(GroupStatus::Paused), "deadCount": dead,
        "cancelledCount": 0, "topicCount": topics.len(), "totalCount": groups.len(), "hasDeadSubscriptions": dead > 0,
    });
    Answer::json(200, &body)
}

/// `/api/v1/setups/{s}/deadletter/stats`.
pub(crate) fn dead_letters(setup: SetupView<'_>) -> Answer {
    let dead: u64 = setup.setup.queues.iter().map(|queue| queue.dead_lettered).sum();
    Answer::json(200, &json!({ "totalMessages": dead, "uniqueTopics": 0, "uniqueTables": 0, "averageRetryCount": 0.0 }))
}
