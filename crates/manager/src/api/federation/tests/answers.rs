//! Cases 44 to 51: what two healthy instances, and none at all, give in both manners.

use http::StatusCode;
use peegeeq_testkit::{Dialect, World};
use serde_json::json;

use super::cluster::{Cluster, find, pair, settings, speaking};
use crate::api::federation::EmptyStatus;

#[tokio::test]
async fn nobody_gives_the_originals_answer_or_the_guides_error() {
    let cluster = Cluster::of(settings());
    for (kind, key, zero) in [
        ("overview", "aggregatedData", json!(null)),
        ("queues", "queueCount", json!(0)),
        ("consumer-groups", "groupCount", json!(0)),
        ("event-stores", "eventStoreCount", json!(0)),
        ("metrics", "metrics", json!(null)),
    ] {
        let old = cluster.ok(&format!("/api/v1/federated/{kind}")).await;
        assert_eq!((&old["message"], &old["instanceCount"]), (&json!("No healthy instances available"), &json!(0)));
        let new = cluster.get(&format!("/api/v1/federation/{kind}")).await;
        assert_eq!((new.status, &new.body["error"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("No healthy instances available")));
        assert_eq!(new.body["status"], 503);
        for body in [&old, &new.body] {
            assert_eq!(body["instanceCount"], 0);
            assert!(body["timestamp"].is_string() && body[key] == zero || body[key].is_object(), "{body}");
        }
    }
    assert_eq!(cluster.ok("/api/v1/federated/overview").await["aggregatedData"]["totalQueues"], 0);
    assert_eq!(cluster.ok("/api/v1/federated/queues").await["queues"], json!([]));
}

#[tokio::test]
async fn the_status_of_nobody_can_be_set() {
    let always = Cluster::with_empty_status(settings(), EmptyStatus::Ok);
    assert_eq!(always.get("/api/v1/federation/queues").await.status, StatusCode::OK);
    let never = Cluster::with_empty_status(settings(), EmptyStatus::Unavailable);
    assert_eq!(never.get("/api/v1/federated/queues").await.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn overviews_add_up() {
    let cluster = Cluster::of(settings());
    let _pair = pair(&cluster).await;
    for path in ["/api/v1/federation/overview", "/api/v1/federated/overview"] {
        let body = cluster.ok(path).await;
        assert_eq!(body["message"], "Federated overview retrieved successfully");
        let data = &body["aggregatedData"];
        let totals = ["totalInstances", "totalQueues", "totalConsumerGroups", "totalEventStores", "totalMessages", "totalConsumers"];
        assert_eq!(totals.map(|name| data[name].as_u64()), [2, 4, 5, 3, 80, 4].map(Some));
        let detail = find(&body["instanceDetails"], "instanceId", "a");
        assert_eq!(
            (&detail["host"], &detail["environment"], &detail["status"]),
            (&json!("127.0.0.1"), &json!("production"), &json!("healthy"))
        );
        assert_eq!((&detail["queues"], &detail["messages"], &detail["consumers"]), (&json!(2), &json!(42), &json!(2)));
        assert_eq!((&body["instanceCount"], &body["complete"], &body["partial"]), (&json!(2), &json!(true), &json!(false)));
    }
}

#[tokio::test]
async fn queues_are_flat_or_grouped_and_the_other_form_rides_along() {
    let cluster = Cluster::of(settings());
    let _pair = pair(&cluster).await;
    let flat = cluster.ok("/api/v1/federated/queues").await;
    assert_eq!((&flat["queueCount"], flat["grouped"].as_array().map(Vec::len)), (&json!(4), Some(3)));
    let row = find(&flat["queues"], "queueName", "payments");
    assert_eq!(
        (&row["sourceInstanceId"], &row["sourceHost"], &row["sourceEnvironment"]),
        (&json!("a"), &json!("127.0.0.1"), &json!("production"))
    );
    assert!(row["sourcePort"].is_u64() && row["sourceRegion"] == "eu-west" && row["createdAt"].is_u64() && row["statistics"].is_object());
    let grouped = cluster.ok("/api/v1/federation/queues").await;
    assert_eq!((&grouped["queueCount"], grouped["rows"].as_array().map(Vec::len)), (&json!(3), Some(4)));
    let orders = find(&grouped["queues"], "queueName", "orders");
    assert_eq!(
        (&orders["totalMessages"], &orders["totalConsumers"], &orders["averageProcessingRate"]),
        (&json!(72), &json!(2), &json!(1.07))
    );
    let at_b = find(&orders["instances"], "instanceId", "b");
    assert_eq!((&at_b["messageCount"], &at_b["setupId"], &at_b["standing"]), (&json!(30), &json!("beta"), &json!("counted")));
    let stats = &grouped["aggregatedStats"];
    assert_eq!((&stats["totalMessages"], &stats["healthyQueues"], &stats["unhealthyQueues"]), (&json!(80), &json!(3), &json!(0)));
    let turned = cluster.ok("/api/v1/federated/queues?view=grouped").await;
    assert_eq!(turned["queues"], grouped["queues"]);
}

#[tokio::test]
async fn groups_and_stores_say_what_is_a_placeholder() {
    let cluster = Cluster::of(settings());
    let _pair = pair(&cluster).await;
    let groups = cluster.ok("/api/v1/federation/consumer-groups").await;
    assert_eq!((&groups["groupCount"], &groups["placeholders"]), (&json!(4), &json!(["lag"])));
    assert_eq!(groups["unavailable"], json!(["totalMessagesProcessed", "totalLag", "averageLag"]));
    let processors = find(&groups["consumerGroups"], "groupId", "order-processors");
    assert_eq!(
        (&processors["totalConsumers"], &processors["totalLag"], &processors["averageLag"]),
        (&json!(2), &json!(null), &json!(null))
    );
    let stats = &groups["aggregatedStats"];
    assert_eq!((&stats["activeGroups"], &stats["inactiveGroups"], &stats["totalLag"]), (&json!(3), &json!(1), &json!(null)));
    let stores = cluster.ok("/api/v1/federation/event-stores").await;
    assert_eq!((&stores["eventStoreCount"], &stores["placeholders"]), (&json!(2), &json!(["lastEvent", "retention"])));
    let orders = find(&stores["eventStores"], "storeName", "order-events");
    assert_eq!((&orders["totalEvents"], &orders["totalStreams"], &orders["totalStorageSize"]), (&json!(21), &json!(17), &json!(null)));
    assert_eq!((&stores["unavailable"], &stores["aggregatedStats"]["averageEventsPerStream"]), (&json!(["totalStorageSize"]), &json!(1.2)));
}

#[tokio::test]
async fn the_guides_dialect_fills_the_guides_fields() {
    let cluster = Cluster::of(settings());
    let guide = speaking(Dialect::Guide, World::sample("alpha")).await;
    cluster.add("g", &guide).await;
    let groups = cluster.ok("/api/v1/federation/consumer-groups").await;
    assert!(groups["aggregatedStats"]["totalLag"].is_u64() && groups["placeholders"] == json!([]), "{groups}");
    let stores = cluster.ok("/api/v1/federation/event-stores").await;
    assert!(stores["aggregatedStats"]["totalStorageSize"].is_string());
    let overview = cluster.ok("/api/v1/federation/overview").await;
    assert_eq!((&overview["aggregatedData"]["totalMessages"], &overview["aggregatedData"]["totalConsumers"]), (&json!(42), &json!(2)));
    let old = speaking(Dialect::Mid2025, World::second_sample("beta")).await;
    cluster.add("m", &old).await;
    assert_eq!(cluster.ok("/api/v1/federation/queues").await["aggregatedStats"]["totalMessages"], 80);
    assert_eq!(cluster.ok("/api/v1/federation/overview").await["aggregatedData"]["totalMessages"], 80);
}

#[tokio::test]
async fn metrics_have_the_blocks_of_both() {
    let cluster = Cluster::of(settings());
    let (a, _b) = pair(&cluster).await;
    cluster.ok("/api/v1/federated/metrics").await;
    let body = cluster.ok("/api/v1/federated/metrics").await;
    let metrics = &body["metrics"];
    assert!(metrics["aggregated"]["totalMemoryUsed"].is_u64() && metrics["aggregated"]["totalCpuCores"] == 4);
    assert!(metrics["system"]["totalMemoryUsage"].as_str().is_some_and(|text| text.ends_with("MB")));
    assert!(metrics["system"]["totalCpuUsage"].is_number() && metrics["system"]["totalDiskUsage"].is_null());
    assert!(metrics["application"]["totalRequests"].is_u64() && metrics["application"]["averageResponseTime"].is_string());
    assert_eq!((&metrics["queues"]["totalMessages"], &metrics["queues"]["totalConsumers"]), (&json!(80), &json!(4)));
    assert_eq!((metrics["instances"].as_array().map(Vec::len), body["instanceMetrics"].as_array().map(Vec::len)), (Some(2), Some(2)));
    let missing = body["unavailable"].as_array().expect("a list");
    assert!(missing.contains(&json!("system.totalDiskUsage")) && missing.contains(&json!("database.totalQueries")), "{missing:?}");
    a.set_path_mode("/metrics", peegeeq_testkit::Mode::error(404, "none"));
    let without = cluster.ok("/api/v1/federation/metrics").await;
    assert_eq!(without["complete"], true, "the text for Prometheus is a bonus");
    assert_eq!(find(&without["instanceMetrics"], "instanceId", "a")["cpuUsage"], json!(null));
}

#[tokio::test]
async fn parts_pages_and_unknown_parameters() {
    let cluster = Cluster::of(settings());
    let _pair = pair(&cluster).await;
    let staging = cluster.ok("/api/v1/federation/overview?environment=staging").await;
    assert_eq!((&staging["instanceCount"], &staging["aggregatedData"]["totalMessages"]), (&json!(1), &json!(38)));
    assert_eq!(staging["sources"].as_array().map(Vec::len), Some(1));
    let nowhere = cluster.get("/api/v1/federation/queues?environment=Staging").await;
    assert_eq!(nowhere.status, StatusCode::SERVICE_UNAVAILABLE);
    let page = cluster.ok("/api/v1/federated/queues?page=2&pageSize=3&colour=red").await;
    assert_eq!((&page["queueCount"], &page["page"], &page["totalPages"]), (&json!(4), &json!(2), &json!(2)));
    assert_eq!((page["queues"].as_array().map(Vec::len), &page["grouped"]), (Some(1), &json!(null)));
    assert_eq!(page["ignoredParameters"], json!(["colour"]));
    let details = cluster.ok("/api/v1/federation/overview?page=2&pageSize=1").await;
    assert_eq!((&details["instanceDetails"][0]["instanceId"], details["instanceDetails"].as_array().map(Vec::len)), (&json!("b"), Some(1)));
    let wrong = cluster.get("/api/v1/federation/queues?view=square").await;
    assert_eq!((wrong.status, &wrong.body["details"][0]["field"]), (StatusCode::BAD_REQUEST, &json!("view")));
}
