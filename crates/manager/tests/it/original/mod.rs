//! The original's own HTTP tests, restated: what its clients could rely on, they can rely on here.

use peegeeq_testkit::{FakeInstance, Mode, Options, World, secs, wait_until};
use serde_json::{Value, json};

use crate::support::{TestApp, registration};

/// The body of the original's tests; nothing listens there.
fn body(id: &str, region: &str) -> Value {
    json!({"instanceId": id, "host": "localhost", "port": 8080, "version": "1.0.0", "environment": "test", "region": region,
        "metadata": {"datacenter": "local-dc", "cluster": "test-cluster"}})
}

#[tokio::test]
async fn health_endpoint() {
    let reply = TestApp::start().await.get("/health").await;
    assert_eq!((reply.status.as_u16(), &reply.json()["status"]), (200, &json!("UP")));
    assert!(reply.json().get("timestamp").is_some());
}

#[tokio::test]
async fn instance_registration() {
    let reply = TestApp::start().await.register(&body("test-instance-01", "local")).await.json();
    assert_eq!((&reply["message"], &reply["instanceId"]), (&json!("Instance registered successfully"), &json!("test-instance-01")));
}

#[tokio::test]
async fn invalid_instance_registration() {
    let app = TestApp::start().await;
    let reply = app.post("/api/v1/instances/register", &body("", "local")).await;
    assert_eq!((reply.status.as_u16(), &reply.json()["error"]), (400, &json!("instanceId is required")));
    let both = app.post("/api/v1/instances/register", &json!({"instanceId": "", "host": "h", "port": -1})).await;
    assert_eq!(both.status, 400);
}

#[tokio::test]
async fn instance_discovery() {
    let app = TestApp::start().await;
    app.register(&body("test-discovery", "local")).await;
    let list = app.get("/api/v1/instances").await.json();
    assert!(list["message"].is_string() && list["instanceCount"] == 1, "{list}");
    assert_eq!(list["instances"][0]["instanceId"], "test-discovery", "at once, although nothing listens there");
}

#[tokio::test]
async fn instance_unregistration() {
    let app = TestApp::start().await;
    app.register(&body("test-gone", "local")).await;
    let reply = app.delete("/api/v1/instances/test-gone/deregister").await.json();
    assert_eq!((&reply["message"], &reply["instanceId"]), (&json!("Instance unregistered successfully"), &json!("test-gone")));
    assert_eq!(app.get("/api/v1/instances").await.json()["instances"], json!([]));
}

#[tokio::test]
async fn instance_health_check() {
    let app = TestApp::start().await;
    app.register(&body("test-health", "local")).await;
    let reply = app.get("/api/v1/instances/test-health/health").await;
    let found = reply.json();
    assert_eq!((reply.status.as_u16(), &found["instanceId"]), (200, &json!("test-health")));
    assert!(found["status"].is_string() && found["healthy"].is_boolean() && found["timestamp"].is_string(), "{found}");
    assert!(["healthy", "unhealthy", "unknown"].contains(&found["status"].as_str().unwrap_or_default()));
}

#[tokio::test]
async fn list_instances_with_filters() {
    let app = TestApp::start().await;
    app.register(&body("test-east", "us-east-1")).await;
    app.register(&body("test-west", "us-west-1")).await;
    let list = app.get("/api/v1/instances?environment=test&region=us-east-1").await.json();
    assert_eq!(
        (&list["filteredByEnvironment"], &list["filteredByRegion"], &list["instanceCount"]),
        (&json!("test"), &json!("us-east-1"), &json!(1))
    );
    let row = &list["instances"][0];
    assert_eq!((&row["instanceId"], &row["environment"], &row["region"]), (&json!("test-east"), &json!("test"), &json!("us-east-1")));
}

#[tokio::test]
async fn federated_answers_while_listed_instances_do_not_answer() {
    let app = TestApp::start().await;
    app.register(&json!({"instanceId": "silent", "host": "127.0.0.1", "port": 1, "environment": "test"})).await;
    for (kind, fields) in [
        ("overview", &["aggregatedData"][..]),
        ("queues", &["queueCount", "queues"]),
        ("consumer-groups", &["groupCount", "consumerGroups"]),
    ] {
        let reply = app.get(&format!("/api/v1/federated/{kind}")).await;
        assert_eq!(reply.status, 200, "{kind}: {}", reply.text());
        let body = reply.json();
        for field in ["message", "instanceCount", "timestamp"].iter().chain(fields) {
            assert!(body.get(field).is_some(), "{kind}: {field}");
        }
    }
}

#[tokio::test]
async fn an_instance_that_says_200_is_found_healthy_and_one_that_says_500_is_not() {
    let app = TestApp::start().await;
    let good = app.instance("good", World::empty()).await;
    let bad = FakeInstance::start(Options::named("bad", World::empty())).await.expect("an instance");
    bad.set_mode(Mode::HealthDown);
    app.register(&registration(&bad)).await;
    wait_until("both verdicts", secs(30), || async {
        let found = (app.row("good").await["status"].clone(), app.row("bad").await["status"].clone());
        if found == (json!("healthy"), json!("unhealthy")) { Ok(()) } else { Err(format!("{found:?}")) }
    })
    .await;
    let healthy = app.get("/api/v1/instances?status=healthy").await.json();
    assert_eq!((&healthy["count"], &healthy["instances"][0]["instanceId"]), (&json!(1), &json!(good.name())));
}

#[tokio::test]
async fn urls_of_an_instance() {
    let app = TestApp::start().await;
    app.register(&body("test-urls", "local")).await;
    let row = app.row("test-urls").await;
    assert_eq!(row["baseUrl"], "http://localhost:8080");
    assert_eq!(
        (&row["managementUrl"], &row["healthUrl"]),
        (&json!("http://localhost:8080/api/v1/management"), &json!("http://localhost:8080/health"))
    );
}
