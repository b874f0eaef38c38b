//! What two instances say as one, in both forms.

use peegeeq_testkit::{Dialect, World, secs, wait_until};
use serde_json::{Value, json};

use crate::support::cluster::number;
use crate::support::{Cluster, Plan};

fn names(answer: &Value, rows: &str, name: &str) -> Vec<String> {
    let rows = answer[rows].as_array().cloned().unwrap_or_default();
    rows.iter().map(|row| row[name].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn overviews_are_added_up() {
    let cluster = Cluster::of_two(Dialect::Current).await;
    let answer = cluster.complete("/api/v1/federation/overview").await;
    for (field, sum) in [("totalQueues", 4.0), ("totalConsumerGroups", 5.0), ("totalEventStores", 3.0), ("totalMessages", 80.0)] {
        assert_eq!(number(&answer, &format!("/aggregatedData/{field}")), Some(sum), "{field}: {answer}");
    }
    let details = answer["instanceDetails"].as_array().cloned().unwrap_or_default();
    assert_eq!(details.len(), 2);
    let first = &details[0];
    assert_eq!((&first["instanceId"], &first["queues"], &first["messages"]), (&json!("peegeeq-a"), &json!(2), &json!(42)));
    assert_eq!(first["port"], cluster.instances[0].port());
}

#[tokio::test]
async fn queues_are_grouped_by_name_or_flat_as_sent() {
    let cluster = Cluster::of_two(Dialect::Current).await;
    let grouped = cluster.complete("/api/v1/federation/queues").await;
    let mut found = names(&grouped, "queues", "queueName");
    found.sort();
    assert_eq!(found, ["orders", "payments", "shipments"]);
    let orders = grouped["queues"].as_array().into_iter().flatten().find(|row| row["queueName"] == "orders").expect("orders");
    assert_eq!((&orders["totalMessages"], orders["instances"].as_array().map(Vec::len)), (&json!(72), Some(2)));
    assert_eq!((&grouped["aggregatedStats"]["totalMessages"], &grouped["instanceCount"]), (&json!(80), &json!(2)));
    let flat = cluster.complete("/api/v1/federated/queues").await;
    assert_eq!((&flat["queueCount"], flat["queues"].as_array().map(Vec::len)), (&json!(4), Some(4)));
    for row in flat["queues"].as_array().into_iter().flatten() {
        assert!(row["setupId"].is_string() && row["statistics"].is_object(), "the instance's own fields: {row}");
        assert_eq!(
            (&row["sourceEnvironment"], &row["sourceRegion"], &row["sourceHost"]),
            (&json!("production"), &json!("us-east-1"), &json!("127.0.0.1"))
        );
        assert!(row["sourceInstanceId"].is_string() && row["sourcePort"].is_u64());
    }
    let asked = cluster.complete("/api/v1/federation/queues?view=flat").await;
    assert_eq!(asked["queues"].as_array().map(Vec::len), Some(4), "the view is the caller's choice");
}

#[tokio::test]
async fn groups_and_stores_are_grouped_by_name() {
    let cluster = Cluster::of_two(Dialect::Guide).await;
    let groups = cluster.complete("/api/v1/federation/consumer-groups").await;
    let mut found = names(&groups, "consumerGroups", "groupId");
    found.sort();
    assert_eq!(found, ["analytics", "order-processors", "payment-processors", "shippers"]);
    let stores = cluster.complete("/api/v1/federation/event-stores").await;
    let orders = stores["eventStores"].as_array().into_iter().flatten().find(|row| row["storeName"] == "order-events").expect("a store");
    assert_eq!((&orders["totalEvents"], orders["instances"].as_array().map(Vec::len)), (&json!(21), Some(2)));
}

#[tokio::test]
async fn metrics_are_added_up_in_both_forms() {
    let cluster = Cluster::of_two(Dialect::Current).await;
    let answer = cluster.complete("/api/v1/federated/metrics").await;
    assert_eq!(answer["metrics"]["instances"].as_array().map(Vec::len), Some(2));
    assert_eq!(answer["instanceMetrics"].as_array().map(Vec::len), Some(2));
    assert!(number(&answer, "/metrics/aggregated/totalMemoryUsed") > Some(0.0), "{answer}");
    assert!(answer["metrics"]["system"].is_object());
}

#[tokio::test]
async fn placeholders_are_named_and_never_added() {
    let cluster = Cluster::of_two(Dialect::Current).await;
    let groups = cluster.complete("/api/v1/federation/consumer-groups").await;
    assert_eq!(groups["aggregatedStats"]["totalLag"], Value::Null, "real instances send 0 and mean nothing by it");
    assert!(groups["placeholders"].as_array().is_some_and(|placeholders| placeholders.contains(&json!("lag"))), "{groups}");
    let unavailable = groups["unavailable"].as_array().cloned().unwrap_or_default();
    assert!(unavailable.iter().any(|name| name.as_str().is_some_and(|name| name.ends_with("totalLag"))), "{groups}");
}

#[tokio::test]
async fn a_database_that_two_instances_share_is_counted_once() {
    let cluster = Cluster::start(Plan::new(), Dialect::Current, vec![World::sample("alpha"), World::sample("alpha")]).await;
    let answer = wait_until("the shared setup to be seen", secs(30), || async {
        let answer = cluster.fresh("/api/v1/federation/queues").await;
        if answer["sharedSetups"][0]["merged"] == true { Ok(answer) } else { Err(answer.to_string()) }
    })
    .await;
    assert_eq!(answer["aggregatedStats"]["totalMessages"], 42, "{answer}");
    assert_eq!(answer["sharedSetups"][0]["members"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn the_same_setup_name_on_two_databases_is_two_setups() {
    let (mut left, right) = (World::sample("s1"), World::sample("s1"));
    left.setups[0].database.name = "another".to_owned();
    let cluster = Cluster::start(Plan::new(), Dialect::Current, vec![left, right]).await;
    let answer = cluster.complete("/api/v1/federated/queues").await;
    assert_eq!((&answer["queueCount"], &answer["sharedSetups"]), (&json!(4), &json!([])));
}

#[tokio::test]
async fn scope_pages_and_wrong_parameters() {
    let cluster = Cluster::of_two(Dialect::Current).await;
    let path = "/api/v1/federated/queues";
    let page = cluster.fresh(&format!("{path}?page=2&pageSize=3")).await;
    assert_eq!((&page["totalPages"], page["queues"].as_array().map(Vec::len)), (&json!(2), Some(1)));
    assert_eq!(cluster.app.get(&format!("{path}?environment=nosuch")).await.json()["instanceCount"], 0);
    assert_eq!(cluster.fresh(&format!("{path}?region=us-east-1&colour=red")).await["ignoredParameters"], json!(["colour"]));
    for wrong in ["view=round", "page=0", "pageSize=10001", "fresh=maybe", "partial=some"] {
        let reply = cluster.app.get(&format!("{path}?{wrong}")).await;
        assert_eq!((reply.status.as_u16(), reply.json()["details"].as_array().map(Vec::len)), (400, Some(1)), "{wrong}");
    }
}

#[tokio::test]
async fn a_draining_instance_still_counts() {
    let cluster = Cluster::of_two(Dialect::Current).await;
    cluster.app.put("/api/v1/instances/peegeeq-b", &json!({"presence": "draining"})).await;
    let answer = cluster.complete("/api/v1/federation/overview").await;
    assert_eq!((&answer["instanceCount"], number(&answer, "/aggregatedData/totalMessages")), (&json!(2), Some(80.0)));
}

#[tokio::test]
async fn only_instances_that_are_not_down_are_asked() {
    let mut cluster = Cluster::of_two(Dialect::Current).await;
    cluster.instances[1].stop().await;
    cluster.app.wait_for_status("peegeeq-b", "unhealthy").await;
    let answer = cluster.fresh("/api/v1/federation/overview").await;
    assert_eq!(answer["instanceCount"], 1, "{answer}");
    assert_eq!(number(&answer, "/aggregatedData/totalMessages"), Some(42.0));
    assert_eq!(cluster.app.get("/api/v1/instances").await.json()["count"], 2, "the list has both");
}
