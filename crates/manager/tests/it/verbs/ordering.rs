//! Giving orders: what they change, what they answer, how long they stand.

use peegeeq_testkit::{World, secs, wait_until};
use serde_json::{Value, json};

use crate::support::snapshot::snapshot;
use crate::support::{Plan, TestApp, registration};

async fn app_with_one() -> TestApp {
    let app = TestApp::start().await;
    app.register(&json!({"instanceId": "a", "host": "127.0.0.1", "port": 1})).await;
    app
}

fn order(row: &Value, field: &str) -> Value {
    row["order"][field].clone()
}

#[tokio::test]
async fn an_order_says_what_it_changed_and_is_shown() {
    let app = app_with_one().await;
    let drained = app.post("/api/v1/instances/a/drain", &json!({"reason": "new disk", "for": "30m", "deadline": "5m", "resaon": 1})).await;
    snapshot!("drained", drained);
    let row = app.row("a").await;
    assert_eq!((&row["presence"], &row["status"], order(&row, "reason")), (&json!("draining"), &json!("stopping"), json!("new disk")));
    let one = app.get("/api/v1/instances/a").await.json();
    assert_eq!((&one["instance"]["order"], order(&row, "by")), (&row["order"], json!("anonymous")));
    let reason = row["statusReason"].as_str().unwrap_or_default();
    assert!(reason.contains("by anonymous until") && reason.ends_with("new disk"), "{reason}");
    snapshot!("resumed", app.ask("POST", "/api/v1/instances/a/resume", &[], "").await);
    let row = app.row("a").await;
    assert_eq!((&row["presence"], &row["order"]), (&json!("serving"), &Value::Null));
}

#[tokio::test]
async fn the_same_order_again_changes_nothing() {
    let app = app_with_one().await;
    let order = json!({"reason": "disk", "until": "2099-01-01T00:00:00Z"});
    let first = app.post("/api/v1/instances/a/maintenance", &order).await.json();
    let row = app.row("a").await;
    for body in [order, json!({})] {
        let again = app.post("/api/v1/instances/a/maintenance", &body).await.json();
        assert_eq!((&again["changed"], &again["changes"]), (&json!(false), &json!({})), "{body}");
        assert_eq!((&again["revision"], &again["order"]), (&first["revision"], &first["order"]), "{body}");
    }
    assert_eq!(app.row("a").await["order"], row["order"]);
    for _ in 0..2 {
        assert_eq!(app.ask("POST", "/api/v1/instances/a/resume", &[], "").await.status, 200);
    }
    assert_eq!(app.ask("POST", "/api/v1/instances/a/resume", &[], "").await.json()["changed"], false);
}

#[tokio::test]
async fn wrong_orders_are_refused_with_all_their_faults() {
    let app = app_with_one().await;
    let faulty = json!({"reason": "a\nb", "until": "2001-01-01T00:00:00Z", "for": "soon", "deadline": 5, "revision": "x"});
    snapshot!("several_faults", app.post("/api/v1/instances/a/drain", &faulty).await);
    for verb in ["drain", "maintenance", "resume"] {
        let path = |id: &str| format!("/api/v1/instances/{id}/{verb}");
        assert_eq!(app.post(&path("nosuch"), &json!({})).await.status, 404, "{verb}");
        assert_eq!(app.post(&path("a"), &json!({"revision": 7})).await.status, 409, "{verb}");
        assert_eq!(app.ask("POST", &path("a"), &[], "[]").await.status, 400, "{verb}");
    }
    assert_eq!(app.row("a").await["revision"], 1);
}

#[tokio::test]
async fn an_order_stands_over_a_restart_and_over_what_the_instance_says() {
    let plan = Plan::new();
    let app = plan.start().await;
    app.register(&json!({"instanceId": "a", "host": "127.0.0.1", "port": 1})).await;
    app.post("/api/v1/instances/a/maintenance", &json!({"reason": "disk"})).await;
    app.register(&json!({"instanceId": "a", "host": "127.0.0.1", "port": 2, "presence": "serving"})).await;
    let row = app.row("a").await;
    assert_eq!((&row["presence"], &row["port"]), (&json!("maintenance"), &json!(2)));
    app.stop().await;
    let app = plan.start().await;
    let after = app.row("a").await;
    assert_eq!((&after["presence"], &after["order"]), (&row["presence"], &row["order"]));
    // Whoever changes the presence by hand lifts the order.
    app.put("/api/v1/instances/a", &json!({"presence": "serving"})).await;
    assert_eq!(app.row("a").await["order"], Value::Null);
}

#[tokio::test]
async fn a_weight_of_zero_is_well_and_gets_nothing_new() {
    let app = TestApp::start().await;
    let instance = app.instance("a", World::empty()).await;
    app.wait_for_status("a", "healthy").await;
    assert_eq!(app.put("/api/v1/instances/a", &json!({"weight": 0})).await.status, 200);
    let row = app.row("a").await;
    assert_eq!((&row["weight"], &row["status"], &row["healthy"]), (&json!(0), &json!("healthy"), &json!(true)));
    // The table by which requests are routed follows a moment later.
    wait_until("routing to leave it out for its weight", secs(10), || async {
        let told = app.post("/api/v1/routing/explain", &json!({"path": "/api/v1/database-setup/create", "method": "POST"})).await.json();
        let member = &told["groups"][0]["members"][0];
        let is_left_out = (&member["standing"], &member["reason"]) == (&json!("excluded"), &json!("weight-zero"));
        if is_left_out { Ok(()) } else { Err(told.to_string()) }
    })
    .await;
    app.register(&registration(&instance)).await;
    assert_eq!(app.row("a").await["weight"], 1, "a registration that says nothing has the default");
}
