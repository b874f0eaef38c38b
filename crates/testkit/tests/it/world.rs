//! The world moves, and dialects tell it in their own words.

use peegeeq_testkit::{Dialect, HttpClient, Options, World};
use serde_json::json as value;

use super::{alpha, get, json};

#[tokio::test]
async fn a_change_is_in_the_next_answer() {
    let instance = alpha().await;
    let url = format!("{}/api/v1/management/queues", instance.base_url());
    assert_eq!(json(url.clone()).await["queues"][1]["messageCount"], 42);
    instance.handle().update(|world| world.setup_mut("alpha").unwrap().queues[1].messages = 43);
    assert_eq!(json(url.clone()).await["queues"][1]["messageCount"], 43);

    let before = instance.world();
    for seed in 0..20 {
        instance.update(|world| world.tick(seed));
    }
    assert_ne!(instance.world(), before);

    let send = format!("{}/api/v1/queues/alpha/orders/messages", instance.base_url());
    let messages = instance.world().setups[0].queues[1].messages;
    let sent = HttpClient::default().post_json(&send, &value!({"payload": 1})).await.unwrap();
    assert_eq!(sent.status, 200);
    assert_eq!(instance.world().setups[0].queues[1].messages, messages + 1);
    assert_eq!(instance.last_request("/api/v1/queues/alpha/orders/messages").unwrap().body, r#"{"payload":1}"#);
}

#[tokio::test]
async fn a_forgotten_setup_is_gone_until_it_is_connected() {
    let instance = alpha().await;
    assert!(instance.forget_setup("alpha"));
    let base = instance.base_url();
    assert_eq!(json(format!("{base}/api/v1/management/overview")).await["systemStats"]["totalSetups"], 0);
    assert_eq!(get(format!("{base}/api/v1/queues/alpha/orders/stats")).await.status, 404);
}

#[tokio::test]
async fn a_large_world_is_told_completely() {
    let instance = Options::named("big", World::with_queues("big", 2_000)).start().await.unwrap();
    let queues = json(format!("{}/api/v1/management/queues", instance.base_url())).await;
    assert_eq!(queues["queueCount"], 2_000);
    assert_eq!(queues["queues"].as_array().unwrap().len(), 2_000);
}

#[tokio::test]
async fn the_guide_dialect_uses_the_words_of_the_guide() {
    let options = Options::named("guide", World::sample("alpha")).dialect(Dialect::Guide);
    let instance = options.start().await.unwrap();
    let base = instance.base_url();
    let health = json(format!("{base}/health")).await;
    assert_eq!((&health["database"], &health["queues"], &health["consumers"]), (&value!("connected"), &value!(2), &value!(2)));
    let list = |name: &str| json(format!("{base}/api/v1/management/{name}"));
    let queues = list("queues").await;
    assert_eq!(queues["queues"][1]["queueName"], "orders");
    assert_eq!(queues["queues"][1]["messageCount"], 42);
    assert!(queues["timestamp"].is_string());
    let groups = list("consumer-groups").await;
    assert_eq!(groups["consumerGroups"][1]["groupId"], "order-processors");
    assert_eq!(groups["consumerGroups"][1]["lag"], 42);
    let stores = list("event-stores").await;
    assert_eq!(stores["eventStores"][1]["streamCount"], 10);
    assert!(stores["eventStores"][1]["storageSize"].as_str().unwrap().ends_with("GB"));
    instance.set_database_down("alpha", true);
    assert_eq!(get(format!("{base}/health")).await.status, 503);
}

#[tokio::test]
async fn the_dialect_of_2025_has_no_setups_in_the_overview() {
    let options = Options::named("old", World::sample("alpha")).dialect(Dialect::Mid2025);
    let instance = options.start().await.unwrap();
    let overview = json(format!("{}/api/v1/management/overview", instance.base_url())).await;
    assert!(overview.get("setups").is_none());
    assert_eq!(overview["queueSummary"], value!({"total": 2, "active": 1, "idle": 1, "error": 0}));
    let queues = json(format!("{}/api/v1/management/queues", instance.base_url())).await;
    assert_eq!(queues["queues"][1]["messages"], 42);
    assert!(queues["queues"][1].get("messageCount").is_none());
}
