//! Nobody to ask: 503 with zeros for the guide's readers, 200 for the original's.

use serde_json::json;

use crate::support::snapshot::snapshot;
use crate::support::{Plan, TestApp};

#[tokio::test]
async fn the_guides_paths_are_503_with_the_fields_of_an_answer() {
    let app = TestApp::start().await;
    snapshot!("guide_overview", app.get("/api/v1/federation/overview").await);
    for (kind, count, rows) in [
        ("queues", "queueCount", "queues"),
        ("consumer-groups", "groupCount", "consumerGroups"),
        ("event-stores", "eventStoreCount", "eventStores"),
    ] {
        let reply = app.get(&format!("/api/v1/federation/{kind}")).await;
        let body = reply.json();
        assert_eq!((reply.status.as_u16(), &body[count], &body[rows]), (503, &json!(0), &json!([])), "{kind}");
        assert_eq!((&body["status"], &body["error"]), (&json!(503), &json!("No healthy instances available")), "{kind}");
    }
}

#[tokio::test]
async fn the_originals_paths_are_200_with_zero() {
    let app = TestApp::start().await;
    for (kind, count) in [("queues", "queueCount"), ("consumer-groups", "groupCount"), ("event-stores", "eventStoreCount")] {
        let reply = app.get(&format!("/api/v1/federated/{kind}")).await;
        let body = reply.json();
        assert_eq!((reply.status.as_u16(), &body[count], &body["instanceCount"]), (200, &json!(0), &json!(0)), "{kind}");
        assert_eq!(body["message"], "No healthy instances available", "{kind}");
    }
    let overview = app.get("/api/v1/federated/overview").await;
    assert_eq!((overview.status.as_u16(), &overview.json()["message"]), (200, &json!("No healthy instances available")));
    assert!(overview.json()["aggregatedData"].is_object());
}

#[tokio::test]
async fn the_status_of_nothing_is_a_setting() {
    for (setting, status) in [("200", 200), ("503", 503)] {
        let app = Plan::new().with(&format!("-Dfederation.empty.status={setting}")).start().await;
        for path in ["/api/v1/federation/queues", "/api/v1/federated/queues"] {
            assert_eq!(app.get(path).await.status, status, "{setting} {path}");
        }
    }
}
