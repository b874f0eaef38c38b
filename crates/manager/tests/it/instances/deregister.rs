//! `DELETE /api/v1/instances/{instanceId}[/deregister]`

use serde_json::json;

use crate::support::TestApp;
use crate::support::snapshot::snapshot;

#[tokio::test]
async fn both_paths_remove_an_instance() {
    let app = TestApp::start().await;
    for path in ["/api/v1/instances/a/deregister", "/api/v1/instances/a", "/api/v1/instances/a/deregister/"] {
        app.register(&json!({"instanceId": "a", "host": "127.0.0.1", "port": 1})).await;
        let reply = app.delete(path).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        assert_eq!(app.get("/api/v1/instances").await.json()["count"], 0, "{path}");
        assert_eq!(app.get("/api/v1/instances/a").await.status, 404, "{path}");
    }
    app.register(&json!({"instanceId": "a", "host": "127.0.0.1", "port": 1})).await;
    snapshot!("gone", app.delete("/api/v1/instances/a/deregister").await);
    snapshot!("gone_already", app.delete("/api/v1/instances/a/deregister").await);
}

#[tokio::test]
async fn a_missing_or_impossible_id_is_told() {
    let app = TestApp::start().await;
    assert_eq!(app.delete("/api/v1/instances/nosuch/deregister").await.status, 404);
    assert_eq!(app.delete("/api/v1/instances/a%0Ab/deregister").await.status, 400);
    assert_eq!(app.delete("/api/v1/instances/register").await.status, 405, "that is the path of registering");
}
