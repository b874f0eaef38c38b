//! `GET /api/v1/instances/{instanceId}`

use peegeeq_testkit::{World, secs, wait_until};
use serde_json::json;

use crate::support::TestApp;
use crate::support::snapshot::{Redaction, snapshot};

#[tokio::test]
async fn a_healthy_instance_with_its_setups() {
    let app = TestApp::start().await;
    let instance = app.instance("one", World::sample("s1").and(World::second_sample("s2"))).await;
    app.wait_for_status("one", "healthy").await;
    let reply = wait_until("the setups to be seen", secs(20), || async {
        let reply = app.get("/api/v1/instances/one").await;
        if reply.json()["setups"].as_array().is_some_and(|setups| setups.len() == 2) { Ok(reply) } else { Err(reply.text()) }
    })
    .await;
    snapshot!("healthy", Redaction::of(&[&instance]), reply);
}

#[tokio::test]
async fn unknown_ids_are_404_in_our_envelope() {
    snapshot!("unknown", TestApp::start().await.get("/api/v1/instances/nosuch").await);
}

#[tokio::test]
async fn it_is_not_sent_twice_when_nothing_changed() {
    let app = TestApp::start().await;
    app.register(&json!({"instanceId": "a", "host": "127.0.0.1", "port": 1, "presence": "maintenance"})).await;
    let tag = app.get("/api/v1/instances/a").await.header("etag").to_owned();
    assert_eq!(app.ask("GET", "/api/v1/instances/a", &[("if-none-match", &tag)], "").await.status, 304);
    app.put("/api/v1/instances/a", &json!({"weight": 2})).await;
    assert_eq!(app.ask("GET", "/api/v1/instances/a", &[("if-none-match", &tag)], "").await.status, 200);
    assert_eq!(app.ask("GET", "/api/v1/instances/nosuch", &[("if-none-match", "*")], "").await.status, 404, "a tag makes nothing exist");
}

#[tokio::test]
async fn malformed_paths_are_400() {
    let app = TestApp::start().await;
    for path in ["%zz", "%", "%f", "%ff", "%00", "%2e%2e", "a/../b"] {
        let reply = app.get(&format!("/api/v1/instances/{path}")).await;
        assert_eq!(reply.status, 400, "{path}: {}", reply.text());
        assert!(reply.json()["error"].is_string(), "{path}");
    }
}
