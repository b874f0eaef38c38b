//! Orders that end by themselves.

use peegeeq_testkit::{World, secs, wait_until};
use serde_json::{Value, json};

use crate::support::{Plan, TestApp};

#[tokio::test]
async fn an_order_ends_by_itself_and_the_instance_takes_part_again() {
    let app = TestApp::start().await;
    let _instance = app.instance("a", World::empty()).await;
    app.wait_for_status("a", "healthy").await;
    app.post("/api/v1/instances/a/drain", &json!({"for": "300ms"})).await;
    app.wait_for_status("a", "healthy").await;
    let row = app.row("a").await;
    assert_eq!((&row["presence"], &row["order"]), (&json!("serving"), &Value::Null));
}

#[tokio::test]
async fn an_order_that_ended_while_nobody_ran_is_lifted_at_the_start() {
    let plan = Plan::new();
    let app = plan.start().await;
    app.register(&json!({"instanceId": "a", "host": "127.0.0.1", "port": 1})).await;
    app.register(&json!({"instanceId": "b", "host": "127.0.0.1", "port": 1})).await;
    app.post("/api/v1/instances/a/maintenance", &json!({"for": "10ms"})).await;
    app.post("/api/v1/instances/b/maintenance", &json!({"for": "1h"})).await;
    app.stop().await;
    let app = plan.start().await;
    wait_until("the order to end", secs(10), || async {
        let row = app.row("a").await;
        if row["presence"] == "serving" { Ok(()) } else { Err(row.to_string()) }
    })
    .await;
    assert_eq!(app.row("b").await["presence"], "maintenance");
}
