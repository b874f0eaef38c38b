//! The manager's own health, its metrics, its description, and what is nowhere.

use peegeeq_testkit::{World, secs, wait_until};
use serde_json::json;

use crate::support::snapshot::snapshot;
use crate::support::{Plan, TestApp};

#[tokio::test]
async fn health_says_up_with_a_number_as_time() {
    let app = TestApp::start().await;
    snapshot!("health", app.get("/health").await);
    assert!(app.get("/health").await.json()["timestamp"].is_u64());
    for path in ["/health/", "/health/live", "/health/ready"] {
        let reply = app.get(path).await;
        assert_eq!((reply.status.as_u16(), &reply.json()["status"]), (200, &json!("UP")), "{path}");
    }
    assert_eq!(app.ask("HEAD", "/health", &[], "").await.status, 200);
}

#[tokio::test]
async fn detail_tells_of_the_registry() {
    let app = Plan::new().with("-Denvironment=staging").with("-Dregion=eu").with("-Dservice.name=m1").start().await;
    let _instance = app.instance("one", World::empty()).await;
    app.wait_for_status("one", "healthy").await;
    let detail = app.get("/health/detail").await.json();
    assert_eq!((&detail["name"], &detail["environment"], &detail["region"]), (&json!("m1"), &json!("staging"), &json!("eu")));
    assert_eq!((&detail["registry"]["states"], &detail["registry"]["epoch"]), (&json!({"healthy": 1}), &json!(1)));
}

#[tokio::test]
async fn a_manager_tells_who_it_is_and_of_its_settings() {
    let app = Plan::new().with("-Denvironment=staging").with("-Dservice.name=m1").start().await;
    let list = app.get("/api/v1/managers").await.json();
    let row = &list["managers"][0];
    assert_eq!((&list["count"], &row["self"], &row["leader"], &row["name"]), (&json!(1), &json!(true), &json!(true), &json!("m1")));
    assert_eq!((&row["registry"]["backend"], &row["address"]), (&json!("embedded"), &json!(app.address().to_string())));
    assert!(row["id"].as_str().is_some_and(|id| id.starts_with("m1-")), "{row}");

    let told = app.get("/api/v1/managers/self/settings").await.json();
    let setting = |key: &str| told["settings"].as_array().and_then(|rows| rows.iter().find(|row| row["key"] == key)).cloned();
    assert_eq!(
        setting("environment"),
        Some(json!({"key": "environment", "value": "staging", "origin": "-Denvironment", "isDefault": false}))
    );
    assert_eq!(setting("region").expect("every setting is told")["isDefault"], true);
    assert_eq!(
        (&told["id"], told["settings"].as_array().map(Vec::len)),
        (&row["id"], told["count"].as_u64().and_then(|n| n.try_into().ok()))
    );
}

#[tokio::test]
async fn metrics_have_the_guides_names() {
    let app = TestApp::start().await;
    app.register(&json!({"instanceId": "a", "host": "127.0.0.1", "port": 1, "environment": "metrics-test"})).await;
    let text = wait_until("the metrics", secs(20), || async {
        let reply = app.get("/metrics").await;
        assert!(reply.header("content-type").starts_with("text/plain; version=0.0.4"));
        let text = reply.text();
        let wanted = [
            "peegeeq_instances_registered_total{environment=\"metrics-test\"}",
            "peegeeq_health_check_duration_seconds_bucket{",
            "peegeeq_http_requests_total{",
            "route=\"/api/v1/instances/register\"",
            "peegeeq_instances{",
            "process_resident_memory_bytes",
        ];
        if wanted.iter().all(|name| text.contains(name)) { Ok(text) } else { Err(text) }
    })
    .await;
    assert!(!text.contains("route=\"/nosuch"), "a path is never a label");
}

#[tokio::test]
async fn what_is_nowhere_is_404_and_the_wrong_method_405() {
    let app = TestApp::start().await;
    snapshot!("nowhere", app.get("/nosuch").await);
    snapshot!("wrong_method", app.put("/api/v1/instances", &json!({})).await);
    for (method, path) in
        [("POST", "/health"), ("DELETE", "/health"), ("PATCH", "/api/v1/instances/a"), ("GET", "/api/v1/instances/a/deregister")]
    {
        let reply = app.ask(method, path, &[], "").await;
        assert_eq!(reply.status, 405, "{method} {path}: {}", reply.text());
        assert!(!reply.header("allow").is_empty(), "{method} {path}");
        assert!(reply.json()["requestId"].is_string());
    }
}

#[tokio::test]
async fn the_description_is_browsable_without_the_internet() {
    let app = TestApp::start().await;
    let reply = app.get("/openapi.json").await;
    assert_eq!(reply.json()["openapi"].as_str().map(|version| &version[..3]), Some("3.1"));
    assert_eq!(app.get("/docs").await.header("location"), "/docs/");
    let page = app.get("/docs/").await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(page.header("content-security-policy").contains("default-src 'self'"));
    let text = page.text();
    let parts = text.split(['"', '\'']).filter(|part| part.starts_with("./") || part.starts_with("http"));
    for part in parts.clone() {
        assert!(part.starts_with("./"), "the page loads {part} from outside");
        assert_eq!(app.get(&format!("/docs/{}", &part[2..])).await.status, 200, "{part}");
    }
    assert!(parts.count() > 1);
    let script = "/docs/swagger-ui-bundle.js";
    let (plain, packed) = (app.get(script).await, app.ask("GET", script, &[("accept-encoding", "br, gzip")], "").await);
    assert_eq!((plain.header("content-encoding"), packed.header("content-encoding")), ("", "gzip"));
    assert!(plain.text().contains("SwaggerUIBundle"), "a client that does not read gzip is given the plain form");
    assert!(packed.body.len() * 3 < plain.body.len() && packed.body.starts_with(&[0x1f, 0x8b]));
    for reply in [plain, packed] {
        assert_eq!((reply.header("vary"), reply.header("content-type")), ("Accept-Encoding", "text/javascript; charset=utf-8"));
        assert!(reply.header("content-security-policy").contains("default-src 'self'"));
    }
    assert_eq!(app.get("/docs/nosuch.js").await.status, 404);
}

#[tokio::test]
async fn the_console_comes_from_the_binary_below_any_path() {
    let app = TestApp::start().await;
    for path in ["/", "/ui"] {
        let reply = app.get(path).await;
        assert_eq!((reply.status.as_u16(), reply.header("location")), (307, "ui/"), "{path}: relative, so that it works behind a proxy");
    }
    let page = app.get("/ui/instances/a%2Fb?q=x").await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(page.text().contains("<base href=\"../\" />"), "{}", page.text());
    assert!(page.header("content-security-policy").contains("script-src 'self';"));
    assert_eq!((page.header("x-content-type-options"), page.header("cache-control")), ("nosniff", "no-cache"));
    let again = app.ask("GET", "/ui/instances/a%2Fb", &[("if-none-match", page.header("etag"))], "").await;
    assert_eq!(again.status, 304);
    let text = page.text();
    let assets: Vec<&str> = text.split('"').filter_map(|part| part.strip_prefix("./")).collect();
    assert!(assets.len() >= 3, "{assets:?}");
    for name in assets {
        let asset = app.get(&format!("/ui/{name}")).await;
        assert_eq!((asset.status.as_u16(), asset.header("content-encoding")), (200, "gzip"), "{name}");
        assert!(asset.header("cache-control").contains("immutable"));
    }
    let missing = app.get("/ui/assets/none.js").await;
    assert_eq!((missing.status.as_u16(), missing.header("content-type")), (404, "application/json"));
    assert_eq!(app.post("/ui/", &serde_json::json!({})).await.status, 405);
}

#[tokio::test]
async fn a_request_keeps_its_name() {
    let app = TestApp::start().await;
    let named = app.ask("GET", "/nosuch", &[("x-request-id", "abc-1")], "").await;
    assert_eq!((named.header("x-request-id"), &named.json()["requestId"]), ("abc-1", &json!("abc-1")));
    let unnamed = app.get("/nosuch").await;
    assert!(!unnamed.header("x-request-id").is_empty());
    assert_eq!(unnamed.json()["requestId"], unnamed.header("x-request-id"));
    let forged = app.ask("GET", "/nosuch", &[("x-request-id", &"x".repeat(5000))], "").await;
    assert!(forged.header("x-request-id").len() < 200);
}
