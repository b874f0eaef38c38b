//! The live distribution.

use peegeeq_testkit::{Mode, secs, wait_until};
use serde_json::{Value, json};

use super::{QUEUE, joined, one, picked_from, spread};
use crate::gateway::choosing::world;
use crate::support::{Plan, TestApp};

async fn shown(app: &TestApp, query: &str) -> Value {
    let reply = app.get(&format!("/api/v1/routing{query}")).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

#[tokio::test]
async fn the_distribution_is_that_of_the_requests() {
    let plan = Plan::new().with("-Dserver.workers=1").with("-Drouting.zone=z1").with("-Dload.balancing.strategy.lab=random");
    let app = plan.start().await;
    let _a = joined(&app, "a", one(), json!({"metadata": {"zone": "z1"}})).await;
    let _b = joined(&app, "b", world(&[("s1", "d1"), ("s2", "d2")]), json!({"metadata": {"zone": "z1"}, "weight": 7})).await;
    picked_from(&app, &["a", "b"]).await;
    let before = shown(&app, "").await;
    assert_eq!(spread(&app, "GET", QUEUE, 20).await, [("a".to_owned(), 10), ("b".to_owned(), 10)].into());
    let after = shown(&app, "").await;
    for (row, id) in [(0, "a"), (1, "b")] {
        let (before, after) = (&before["instances"][row], &after["instances"][row]);
        assert_eq!((after["instanceId"].as_str(), after["rung"].as_str()), (Some(id), Some("zone")), "{after}");
        let grown = |key: &str| after[key].as_u64().zip(before[key].as_u64()).map(|(after, before)| after - before);
        assert_eq!((grown("requests"), grown("failures"), &after["inFlight"]), (Some(10), Some(0), &json!(0)), "{after}");
        assert_eq!((&after["excluded"], &after["ejection"]["state"]), (&Value::Null, &json!("closed")));
        assert!(after["slowStart"]["part"].as_f64().is_some_and(|part| (0.1..=1.0).contains(&part)), "it is new: {after}");
    }
    assert_eq!((&after["instances"][1]["weight"], &after["instances"][1]["setups"]), (&json!(7), &json!(2)));
    assert_eq!((&after["strategy"], &after["strategies"]["environments"]), (&json!("round_robin"), &json!({"lab": "random"})));
    assert_eq!(after["panic"], json!({"reads": "best_evidence", "writes": "fail"}));
    assert_eq!(after["home"]["zone"], "z1");
    assert!(after["retries"]["requests"].as_u64() >= Some(20), "{}", after["retries"]);
    assert!(after["table"]["generation"].as_u64() > Some(0) && after["table"]["ageMs"].is_u64(), "{}", after["table"]);
}

#[tokio::test]
async fn setups_are_shown_with_their_groups_and_bounded() {
    let app = TestApp::start().await;
    let _a = joined(&app, "a", world(&[("s1", "d1"), ("s2", "d2")]), json!({})).await;
    let _b = joined(&app, "b", world(&[("s1", "other")]), json!({})).await;
    let all = wait_until("both databases to be known", secs(30), || async {
        let all = shown(&app, "").await;
        if all["setups"][0]["groups"][1].is_object() { Ok(all) } else { Err(all["setups"].to_string()) }
    })
    .await;
    assert_eq!((&all["setups"][0]["setupId"], &all["setups"][1]["setupId"]), (&json!("s1"), &json!("s2")));
    let database = &all["setups"][0]["groups"][0]["database"];
    assert_eq!((&database["database"], &database["host"], &database["port"]), (&json!("d1"), &json!("db"), &json!(5432)));
    let one = shown(&app, "?setup=s2").await;
    assert_eq!((one["setups"].as_array().map(Vec::len), &one["setups"][0]["setupId"]), (Some(1), &json!("s2")));
    assert_eq!(one["setups"][0]["groups"][0]["members"][0]["instanceId"], "a");
    assert_eq!(shown(&app, "?setup=ghost").await["setups"], json!([]));
    let few = shown(&app, "?limit=1").await;
    assert_eq!((few["setups"].as_array().map(Vec::len), &few["setupsLeftOut"]), (Some(1), &json!(1)));
    for wrong in ["?limit=1001", "?limit=x", "?setup="] {
        assert_eq!(app.get(&format!("/api/v1/routing{wrong}")).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn who_is_left_alone_is_shown_with_the_arithmetic() {
    let plan = Plan::new().with("-Drouting.ejection.failures=2").with("-Drouting.ejection.duration=3600000");
    let app = plan.with("-Dload.balancing.strategy=first_available").start().await;
    let a = joined(&app, "a", one(), json!({})).await;
    let _b = joined(&app, "b", one(), json!({})).await;
    picked_from(&app, &["a", "b"]).await;
    a.set_path_mode("/api/v1/queues", Mode::error(503, "{}"));
    assert_eq!(spread(&app, "GET", QUEUE, 3).await, [("b".to_owned(), 3)].into());
    let row = shown(&app, "").await["instances"][0].clone();
    assert_eq!((&row["instanceId"], &row["failures"], &row["ejection"]["state"]), (&json!("a"), &json!(2), &json!("ejected")), "{row}");
    let sentence = row["ejection"]["sentence"].as_str().unwrap_or_default();
    assert!(sentence.contains("2 server errors") && sentence.contains("3600 s"), "{sentence}");
}
