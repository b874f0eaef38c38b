//! Every endpoint of an instance, and what the manager makes of it.

use alloc::format;
use alloc::string::String;

use super::*;

/// What a request needs, in one line.
fn told(method: &str, target: &str) -> String {
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    match place(method, path, query) {
        Err(fault) => format!("{fault:?}"),
        Ok(Place::Own) => "own".into(),
        Ok(Place::Health(shape)) => format!("health {shape:?}"),
        Ok(Place::Routed(Routed { ask, through })) => {
            let need = match &ask.need {
                Need::Setup { id, queue: None } => format!("setup {id}"),
                Need::Setup { id, queue: Some(queue) } => format!("setup {id} queue {queue}"),
                Need::SetupInBody => "body".into(),
                Need::StoreInId(id) => format!("store {id}"),
                Need::NewSetup => "new".into(),
                Need::Owner(owner) => format!("owner {}", owner.key),
                Need::AnyInstance => "any".into(),
                Need::Cluster(answer) => format!("cluster {answer:?}"),
                Need::FanIn(fan_in) => format!("fan-in {fan_in:?}"),
            };
            let class = &ask.class;
            let words = [
                (class.is_safe(), " safe"),
                (class.heeds_key, " keyed"),
                (class.stream, " stream"),
                (class.asks_health, " health"),
                (class.about_setup, " about"),
                (class.directory == Some(DirectoryChange::Adds), " adds"),
                (matches!(class.directory, Some(DirectoryChange::Removes(_))), " removes"),
            ];
            let words: String = words.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
            let through = through.map(|through| format!(" through {} to {}", through.instance, through.inner)).unwrap_or_default();
            format!("{need}{words}{through}")
        }
    }
}

#[test]
fn every_endpoint_is_known() {
    for (method, target, expected) in ENDPOINTS {
        assert_eq!(told(method, target), *expected, "{method} {target}");
    }
}

const ENDPOINTS: &[(&str, &str, &str)] = &[
    // whose path is whose
    ("GET", "/", "own"),
    ("GET", "/health", "own"),
    ("GET", "/metrics", "own"),
    ("GET", "/ui/index.html", "own"),
    ("GET", "/ws/updates", "own"),
    ("GET", "/api/v1/instances", "own"),
    ("GET", "/api/v1/instances/a%2Fb/health", "own"),
    ("GET", "/api/v1/federated/queues", "own"),
    ("POST", "/api/v1/routing/explain", "own"),
    ("GET", "/api/v1/health", "health Json"),
    ("GET", "/api/v1/sse/health", "health Sse"),
    ("GET", "/ws/health", "health WebSocket"),
    // management
    ("GET", "/api/v1/management/overview", "cluster Overview safe"),
    ("GET", "/api/v1/management/queues?limit=1", "cluster Queues safe"),
    ("HEAD", "/api/v1/management/consumer-groups", "cluster ConsumerGroups safe"),
    ("GET", "/api/v1/management/event-stores/", "cluster EventStores safe"),
    ("GET", "/api/v1/management/metrics", "cluster Metrics safe"),
    ("GET", "/api/v1/management/messages?queue=q&setup=a+b%2Fc", "setup a b/c queue q safe"),
    ("GET", "/api/v1/management/messages", "any safe"),
    ("GET", "/api/v1/management/messages?setup=%zz", "BrokenEncoding"),
    ("POST", "/api/v1/management/queues", "body"),
    ("POST", "/api/v1/management/consumer-groups", "body"),
    ("POST", "/api/v1/management/event-stores", "body"),
    ("PUT", "/api/v1/management/queues/s/q", "setup s queue q"),
    ("DELETE", "/api/v1/management/queues/s/q", "setup s queue q"),
    ("POST", "/api/v1/management/consumer-groups/s/q/g/pause", "setup s queue q"),
    ("DELETE", "/api/v1/management/event-stores/s-e", "store s-e"),
    // setups
    ("GET", "/api/v1/setups", "cluster Setups safe"),
    ("POST", "/api/v1/setups", "new adds"),
    ("GET", "/api/v1/setups/s", "setup s safe about"),
    ("DELETE", "/api/v1/setups/s", "setup s about removes"),
    ("POST", "/api/v1/setups/s/detach", "setup s about removes"),
    ("POST", "/api/v1/setups/s/database/drop", "setup s about removes"),
    ("GET", "/api/v1/setups/s/status", "setup s safe about"),
    ("GET", "/api/v1/setups/s/health", "setup s safe health about"),
    ("GET", "/api/v1/setups/s/health/components/c", "setup s safe health about"),
    ("GET", "/api/v1/setups/s/queues", "setup s safe"),
    ("POST", "/api/v1/setups/s/queues/q/webhook-subscriptions", "setup s queue q"),
    ("GET", "/api/v1/setups/s/subscriptions/t", "setup s queue t safe"),
    ("GET", "/api/v1/setups/s/deadletter/messages/7", "setup s safe"),
    ("POST", "/api/v1/database-setup/create", "new adds"),
    ("POST", "/api/v1/database-setup/connect", "new adds"),
    ("DELETE", "/api/v1/database-setup/s", "setup s about removes"),
    ("GET", "/api/v1/database-setup/create/status", "setup create safe about"),
    // queues and stores
    ("GET", "/api/v1/queues/s/q", "setup s queue q safe"),
    ("GET", "/api/v1/queues/s/q/messages", "setup s queue q safe"),
    ("POST", "/api/v1/queues/s/q/messages", "setup s queue q keyed"),
    ("POST", "/api/v1/queues/s/q/messages/batch", "setup s queue q"),
    ("POST", "/api/v1/queues/s/q/publish", "setup s queue q"),
    ("GET", "/api/v1/queues/s/q/messages/stream", "setup s queue q safe stream"),
    ("GET", "/api/v1/queues/s/q/stats/stream?intervalMs=200", "setup s queue q safe stream"),
    ("GET", "/api/v1/queues/s/q/consumer-groups", "owner s/q safe"),
    ("POST", "/api/v1/queues/s/q/consumer-groups", "owner s/q"),
    ("DELETE", "/api/v1/queues/s/q/consumer-groups/g/members/m", "owner s/q/g"),
    ("GET", "/api/v1/consumer-groups/s/q/g/subscription", "owner s/q/g safe"),
    ("DELETE", "/api/v1/webhook-subscriptions/id", "owner id"),
    ("POST", "/api/v1/eventstores/s/e/events", "setup s"),
    ("GET", "/api/v1/eventstores/s/e/events/stream", "setup s safe stream"),
    ("DELETE", "/api/v1/eventstores/s/e", "setup s"),
    // streams
    ("GET", "/ws/monitoring", "fan-in Monitoring safe stream"),
    ("GET", "/sse/metrics", "fan-in Metrics safe stream"),
    ("GET", "/api/v1/sse/metrics?interval=1", "fan-in Metrics safe stream"),
    ("GET", "/api/v1/sse/queues/s%20t", "fan-in QueueChanges { setup: \"s t\" } safe stream"),
    ("GET", "/ws/queues/s/q", "setup s queue q safe stream"),
    // encodings
    ("GET", "/api/v1/%73etups/s", "setup s safe about"),
    ("GET", "/api/v1/setups/%C3%A4%20b", "setup ä b safe about"),
    ("GET", "/api/v1/setups/a%252Fb", "setup a%2Fb safe about"),
    ("GET", "/api/v1/setups/a%2Fb", "EncodedSeparator"),
    ("GET", "/api/v1/setups/a%5cb", "EncodedSeparator"),
    ("GET", "/api/v1/setups/a\\b", "EncodedSeparator"),
    ("GET", "/api/v1/setups/%2e%2E/x", "DotSegment"),
    ("GET", "/api/v1/setups/../x", "DotSegment"),
    ("GET", "/api/v1/setups//x", "EmptySegment"),
    ("GET", "/api/v1/setups/%00", "ControlCharacter"),
    ("GET", "/api/v1/setups/%", "BrokenEncoding"),
    ("GET", "/api/v1/setups/%g0", "BrokenEncoding"),
    ("GET", "/api/v1/setups/%ff", "NotUtf8"),
    ("GET", "/api/v1/somethingnew/x", "any safe"),
    // a chosen instance
    ("GET", "/api/v1/instances/a%2Fb/proxy/api/v1/queues/s/q", "setup s queue q safe through a/b to /api/v1/queues/s/q"),
    ("GET", "/api/v1/instances/a/proxy/api/v1/setups", "cluster Setups safe through a to /api/v1/setups"),
    ("GET", "/api/v1/instances/a/proxy/health", "any safe health through a to /health"),
    ("GET", "/api/v1/instances/a/proxy", "any safe through a to /"),
    ("GET", "/api/v1/instances/a/proxy/api/v1/setups/x%2Fy", "EncodedSeparator"),
    ("GET", "/api/v1/instances/a/proxyx", "own"),
];

#[test]
fn groups_of_one_queue_lie_together() {
    let affinity = |path| match place("POST", path, None) {
        Ok(Place::Routed(Routed { ask: Ask { need: Need::Owner(owner), .. }, .. })) => owner.affinity,
        other => panic!("{other:?}"),
    };
    let list = affinity("/api/v1/queues/s/q/consumer-groups");
    assert_eq!(list, affinity("/api/v1/queues/s/q/consumer-groups/g/members"));
    assert_ne!(list, affinity("/api/v1/queues/q/s/consumer-groups"));
}
