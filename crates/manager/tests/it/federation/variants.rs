//! Shapes of instance answers across releases and documents: names and counts are found in all of them.

use peegeeq_testkit::{Canned, Dialect, World};
use serde_json::{Value, json};

use crate::support::{Cluster, Plan};

async fn one(dialect: Dialect) -> Cluster {
    Cluster::start(Plan::new(), dialect, vec![World::sample("alpha")]).await
}

/// The grouped queues of one instance that answers this.
async fn queues(cluster: &Cluster, body: &Value) -> Value {
    cluster.instances[0].set_path_mode("/api/v1/management/queues", Canned::json(body.to_string()));
    cluster.fresh("/api/v1/federation/queues").await
}

#[tokio::test]
async fn every_dialect_says_the_same() {
    for dialect in [Dialect::Current, Dialect::Mid2025, Dialect::Guide] {
        let answer = one(dialect).await.fresh("/api/v1/federation/queues").await;
        let orders = answer["queues"].as_array().into_iter().flatten().find(|row| row["queueName"] == "orders").expect("orders");
        assert_eq!(
            (&answer["queueCount"], &orders["totalMessages"], &orders["totalConsumers"]),
            (&json!(2), &json!(42), &json!(1)),
            "{dialect:?}"
        );
    }
}

#[tokio::test]
async fn rows_are_found_in_every_shape() {
    let cluster = one(Dialect::Current).await;
    let shapes = [
        json!({"queues": [{"name": "q", "messages": 3, "consumers": 1}]}),
        json!({"queues": [{"queueName": "q", "messageCount": 3, "consumerCount": 1}], "count": 1}),
        json!({"queues": [{"name": "q", "statistics": {"totalMessages": 3, "messagesPerSecond": 1.5}}]}),
        json!({"queues": {"q": {"messages": 3}}}),
        json!({"queues": ["q"], "queueDetails": [{"queueName": "q", "messages": 3}]}),
        json!({"queues": [{"name": "q", "messages": "3"}]}),
    ];
    for shape in shapes {
        let answer = queues(&cluster, &shape).await;
        assert_eq!((&answer["queues"][0]["queueName"], &answer["queueCount"]), (&json!("q"), &json!(1)), "{shape}: {answer}");
        assert_eq!(answer["queues"][0]["totalMessages"], 3, "{shape}");
    }
    let names = queues(&cluster, &json!({"queues": ["q"]})).await;
    assert_eq!(
        (&names["queues"][0]["queueName"], &names["queues"][0]["totalMessages"]),
        (&json!("q"), &Value::Null),
        "unknown is not zero"
    );
}

#[tokio::test]
async fn odd_rows_cost_themselves_only() {
    let cluster = one(Dialect::Current).await;
    let mixed = queues(&cluster, &json!({"queues": [1, null, {"name": "q", "messages": 1}, [], {"messages": 7}, true]})).await;
    assert_eq!((&mixed["queueCount"], &mixed["queues"][0]["queueName"]), (&json!(1), &json!("q")), "{mixed}");
    for none in [json!({"queues": null}), json!({"queueCount": 0})] {
        let answer = queues(&cluster, &none).await;
        assert!(answer["failedInstances"] != json!([]) || answer["queueCount"] == 0, "{none}: {answer}");
    }
}

#[tokio::test]
async fn large_numbers_are_exact_and_do_not_wrap() {
    let cluster = one(Dialect::Current).await;
    let big = 9_007_199_254_740_993_u64;
    let rows = json!({"queues": [{"name": "a", "messages": big}, {"name": "b", "messages": big.to_string()}, {"name": "c", "messages": 4_294_967_296_u64}]});
    let answer = queues(&cluster, &rows).await;
    assert_eq!(answer["aggregatedStats"]["totalMessages"].as_u64(), Some(2 * big + 4_294_967_296), "{answer}");
    let over = json!({"queues": [{"name": "a", "messages": u64::MAX}, {"name": "b", "messages": u64::MAX}, {"name": "c", "messages": -5}, {"name": "d", "messages": 1e300}]});
    let answer = queues(&cluster, &over).await;
    let total = &answer["aggregatedStats"]["totalMessages"];
    assert!(total.is_null() || total.as_u64() == Some(u64::MAX), "never a small wrong number: {answer}");
}

#[tokio::test]
async fn two_setups_with_a_queue_of_the_same_name_stay_apart() {
    let cluster = Cluster::start(Plan::new(), Dialect::Current, vec![World::sample("s1").and(World::sample("s2"))]).await;
    let answer = cluster.complete("/api/v1/federation/queues").await;
    let orders = answer["queues"].as_array().into_iter().flatten().find(|row| row["queueName"] == "orders").expect("orders");
    let setups: Vec<&Value> = orders["instances"].as_array().into_iter().flatten().map(|row| &row["setupId"]).collect();
    assert_eq!((setups, &orders["totalMessages"]), (vec![&json!("s1"), &json!("s2")], &json!(84)));
}
