//! Which web pages may use the manager: what their browser asks, and what a stranger's page is refused.

use serde_json::json;

use crate::support::snapshot::snapshot;
use crate::support::{Plan, TestApp};

const REGISTER: &str = "/api/v1/instances/register";

#[tokio::test]
async fn a_local_page_may_ask_for_everything() {
    let app = TestApp::start().await;
    let headers = [
        ("origin", "http://localhost:3000"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "Content-Type, Authorization"),
    ];
    snapshot!("preflight", app.ask("OPTIONS", REGISTER, &headers, "").await);
    let reply = app.ask("GET", "/api/v1/instances", &headers[..1], "").await;
    assert_eq!(reply.header("access-control-allow-origin"), "http://localhost:3000");
    assert!(reply.header("access-control-expose-headers").contains("ETag"));
    assert!(reply.header("vary").contains("Origin"));
    let error = app.ask("GET", "/nosuch", &headers[..1], "").await;
    assert_eq!(error.header("access-control-allow-origin"), "http://localhost:3000", "an error is readable too");
}

#[tokio::test]
async fn a_strangers_page_changes_nothing() {
    let app = TestApp::start().await;
    let body = json!({"instanceId": "a", "host": "127.0.0.1", "port": 1}).to_string();
    for origin in
        ["http://evil.example", "null", "http://localhost.evil.example", "https://localhost:3000", "file://", "http://localhost:x"]
    {
        let reply = app.ask("POST", REGISTER, &[("origin", origin), ("content-type", "application/json")], body.clone()).await;
        assert_eq!((reply.status.as_u16(), reply.header("access-control-allow-origin")), (403, ""), "{origin}");
        let preflight = [("origin", origin), ("access-control-request-method", "DELETE")];
        assert_eq!(app.ask("OPTIONS", "/api/v1/instances/a", &preflight, "").await.status, 403, "{origin}");
        let read = app.ask("GET", "/api/v1/instances", &[("origin", origin)], "").await;
        assert_eq!((read.status.as_u16(), read.header("access-control-allow-origin")), (200, ""), "its browser keeps it: {origin}");
    }
    let cross_site = [("sec-fetch-site", "cross-site"), ("content-type", "application/json")];
    assert_eq!(app.ask("POST", REGISTER, &cross_site, body).await.status, 403);
    assert_eq!(
        app.ask("GET", "/health", &[("origin", "http://evil.example"), ("connection", "upgrade"), ("upgrade", "websocket")], "")
            .await
            .status,
        403
    );
    assert_eq!(app.get("/api/v1/instances").await.json()["count"], 0);
}

#[tokio::test]
async fn the_managers_own_page_may_change_things() {
    let app = TestApp::start().await;
    let own = app.base();
    let body = json!({"instanceId": "a", "host": "127.0.0.1", "port": 1}).to_string();
    assert_eq!(app.ask("POST", REGISTER, &[("origin", &own), ("sec-fetch-site", "same-origin")], body).await.status, 201);
}

#[tokio::test]
async fn settings_say_which_pages_may() {
    let app = Plan::new().with("-Dcors.allowed.origins=https://ops.example.com").start().await;
    let allowed = |origin: &'static str| {
        let app = &app;
        async move { app.ask("GET", "/health", &[("origin", origin)], "").await.header("access-control-allow-origin").to_owned() }
    };
    assert_eq!(allowed("https://ops.example.com").await, "https://ops.example.com");
    assert_eq!(allowed("http://localhost:3000").await, "");
    let any = Plan::new().with("-Dcors.allowed.origins=*").start().await;
    let reply = any.ask("GET", "/health", &[("origin", "https://any.example")], "").await;
    assert_eq!(reply.header("access-control-allow-origin"), "*");
}

#[tokio::test]
async fn options_without_an_origin_is_no_preflight() {
    let reply = TestApp::start().await.ask("OPTIONS", REGISTER, &[], "").await;
    assert!(matches!(reply.status.as_u16(), 204 | 405), "{}", reply.status);
    assert!(!reply.header("allow").is_empty(), "it tells the methods");
}
