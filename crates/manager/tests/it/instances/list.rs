//! `GET /api/v1/instances`: all of them, some of them, in order, in pages.

use peegeeq_testkit::World;
use serde_json::{Value, json};

use crate::support::snapshot::{Redaction, snapshot};
use crate::support::{Plan, TestApp};

/// Three instances that nobody probes: what they are in does not depend on time.
async fn three() -> TestApp {
    let app = TestApp::start().await;
    for (id, port, environment, region, zone) in
        [("b", 2, "test", "us-east-1", "x"), ("a", 3, "test", "us-west-1", "y"), ("c", 1, "production", "us-east-1", "x y&z")]
    {
        let metadata = json!({"zone": zone});
        app.register(&json!({"instanceId": id, "host": "127.0.0.1", "port": port, "environment": environment, "region": region,
            "metadata": metadata, "presence": "maintenance"}))
            .await;
    }
    app
}

async fn ids(app: &TestApp, query: &str) -> (Vec<String>, Value) {
    let reply = app.get(&format!("/api/v1/instances{query}")).await;
    assert_eq!(reply.status, 200, "{query}: {}", reply.text());
    let list = reply.json();
    let rows = list["instances"].as_array().cloned().unwrap_or_default();
    (rows.iter().map(|row| row["instanceId"].as_str().unwrap_or_default().to_owned()).collect(), list)
}

#[tokio::test]
async fn an_empty_registry_is_an_empty_list() {
    snapshot!("empty", TestApp::start().await.get("/api/v1/instances").await);
}

#[tokio::test]
async fn a_healthy_and_a_dead_instance_are_both_there() {
    let app = TestApp::start().await;
    let alive = app.instance("alive", World::sample("s1")).await;
    let mut dead = app.instance("dead", World::empty()).await;
    app.wait_for_status("alive", "healthy").await;
    dead.stop().await;
    app.wait_for_status("dead", "unhealthy").await;
    snapshot!("healthy_and_dead", Redaction::of(&[&alive, &dead]), app.get("/api/v1/instances").await);
    assert_eq!(ids(&app, "?status=unhealthy").await.0, ["dead"], "exactly the dead one");
    assert_eq!(ids(&app, "?status=HEALTHY").await.0, ["alive"], "in any case");
    assert_eq!(ids(&app, "?status=healthy").await.0, ["alive"]);
}

#[tokio::test]
async fn filters_choose_and_are_repeated_in_the_answer() {
    let app = three().await;
    let redaction = Redaction::default().without("consecutiveFailures").without("lastHealthCheck");
    snapshot!("filtered", redaction, app.get("/api/v1/instances?environment=test&region=us-east-1").await);
    let cases: [(&str, &[&str]); 9] = [
        ("?environment=test", &["a", "b"]),
        ("?environment=Test", &[]),
        ("?environment=nosuch", &[]),
        ("?environment=", &[]),
        ("?region=us-east-1", &["b", "c"]),
        ("?metadata.zone=x", &["b"]),
        ("?metadata.zone=x%20y%26z", &["c"]),
        ("?metadata.zone=x+y%26z", &["c"]),
        ("?status=garbage", &[]),
    ];
    for (query, expected) in cases {
        let (found, list) = ids(&app, query).await;
        assert_eq!(found, expected, "{query}");
        assert_eq!((&list["instanceCount"], &list["totalInstances"]), (&json!(expected.len()), &json!(3)), "{query}");
    }
}

#[tokio::test]
async fn a_status_that_there_is_not_is_found_by_nobody_and_said_so() {
    let app = three().await;
    let (found, list) = ids(&app, "?status=garbage").await;
    assert!(found.is_empty());
    let warning = list["warnings"][0].as_str().unwrap_or_default();
    assert!(warning.contains("healthy, ") && warning.contains("stopping"), "{list}");
    assert!(ids(&app, "?status=Healthy").await.1["warnings"].is_null());
}

#[tokio::test]
async fn a_parameter_that_means_nothing_is_named() {
    let (found, list) = ids(&three().await, "?enviroment=test").await;
    assert_eq!((found.len(), &list["ignoredParameters"]), (3, &json!(["enviroment"])));
}

#[tokio::test]
async fn rows_are_sorted_as_asked() {
    let app = three().await;
    for (query, expected) in [
        ("", ["a", "b", "c"]),
        ("?sort=port", ["c", "b", "a"]),
        ("?sort=-port", ["a", "b", "c"]),
        ("?sort=-instanceId", ["c", "b", "a"]),
        ("?sort=registeredAt", ["b", "a", "c"]),
    ] {
        assert_eq!(ids(&app, query).await.0, expected, "{query}");
    }
    let refused = app.get("/api/v1/instances?sort=colour&page=0&pageSize=1001").await;
    snapshot!("wrong_parameters", refused);
}

#[tokio::test]
async fn pages_have_rows_and_a_count() {
    let app = three().await;
    let (found, list) = ids(&app, "?page=2&pageSize=2").await;
    assert_eq!(found, ["c"]);
    for (field, value) in [("page", 2), ("pageSize", 2), ("totalPages", 2), ("count", 1), ("matchedInstances", 3), ("totalInstances", 3)] {
        assert_eq!(list[field], value, "{field}");
    }
    assert!(ids(&app, "?page=1000000&pageSize=1000").await.0.is_empty(), "far behind the end");
}

#[tokio::test]
async fn an_unchanged_list_is_not_sent_twice() {
    let app = three().await;
    let first = app.get("/api/v1/instances").await;
    let tag = first.header("etag").to_owned();
    assert!(tag.starts_with("W/\""), "{tag}");
    let again = app.ask("GET", "/api/v1/instances", &[("if-none-match", &tag)], "").await;
    assert_eq!((again.status.as_u16(), again.body.len(), again.header("etag")), (304, 0, &*tag));
    app.put("/api/v1/instances/a", &json!({"weight": 7})).await;
    let changed = app.ask("GET", "/api/v1/instances", &[("if-none-match", &tag)], "").await;
    assert_eq!(changed.status, 200, "a change is seen at once");
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let app = three().await;
    let (get, head) = (app.get("/api/v1/instances").await, app.ask("HEAD", "/api/v1/instances", &[], "").await);
    assert_eq!((head.status, head.body.len()), (get.status, 0));
    assert_eq!(head.header("content-length"), get.header("content-length"));
}

#[tokio::test]
async fn a_thousand_instances_registered_at_once_are_all_there() {
    let app = Plan::new().with("-Dhealth.tripwire.enabled=false").start().await;
    let registrations = (0..1000).map(|n| {
        let body = json!({"instanceId": format!("i-{n:05}"), "host": "127.0.0.1", "port": 1, "presence": "maintenance"});
        let app = &app;
        async move { app.register(&body).await }
    });
    let registered = futures_util::StreamExt::collect::<Vec<_>>(futures_util::StreamExt::buffer_unordered(
        futures_util::stream::iter(registrations),
        64,
    ));
    assert_eq!(registered.await.len(), 1000);
    let (found, list) = ids(&app, "?page=10&pageSize=100").await;
    assert_eq!((found.first().map(String::as_str), found.len(), &list["totalPages"]), (Some("i-00900"), 100, &json!(10)));
}
