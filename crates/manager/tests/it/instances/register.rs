//! `POST /api/v1/instances/register`: what is accepted, what is refused, and in which words.

use peegeeq_testkit::Reply;
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::snapshot::snapshot;

const PATH: &str = "/api/v1/instances/register";

/// Sends a body as it is.
async fn send(app: &TestApp, body: impl Into<bytes::Bytes>) -> Reply {
    app.ask("POST", PATH, &[("content-type", "application/json")], body).await
}

fn fields(reply: &Reply) -> Vec<String> {
    let details = reply.json()["details"].as_array().cloned().unwrap_or_default();
    details.iter().map(|detail| detail["field"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn a_full_registration_is_acknowledged_and_listed() {
    let app = TestApp::start().await;
    let reply = app
        .register(&json!({
            "instanceId": "peegeeq-prod-01", "host": "127.0.0.1", "port": 8080, "version": "1.2.0", "environment": "production",
            "region": "us-east-1", "metadata": {"datacenter": "dc1", "cluster": "main"}, "weight": 5, "healthPath": "/up",
            "scheme": "https", "presence": "maintenance"
        }))
        .await;
    snapshot!("full", reply);
    let row = app.row("peegeeq-prod-01").await;
    assert_eq!(row["healthUrl"], "https://127.0.0.1:8080/up");
    assert_eq!((&row["weight"], &row["presence"], &row["status"]), (&json!(5), &json!("maintenance"), &json!("unknown")));
}

#[tokio::test]
async fn what_is_left_out_has_the_originals_defaults() {
    let app = TestApp::start().await;
    app.register(&json!({"instanceId": "a", "host": "127.0.0.1", "port": 1, "presence": "maintenance"})).await;
    let row = app.row("a").await;
    for (field, default) in [("version", "unknown"), ("environment", "default"), ("region", "default"), ("scheme", "http")] {
        assert_eq!(row[field], default, "{field}");
    }
    assert_eq!(row["metadata"], json!({}));
}

#[tokio::test]
async fn one_fault_is_told_in_the_originals_words() {
    let app = TestApp::start().await;
    let cases: [(Value, &str, &str); 12] = [
        (json!({"instanceId": "", "host": "h", "port": 1}), "instanceId is required", "instanceId"),
        (json!({"instanceId": " \t", "host": "h", "port": 1}), "instanceId is required", "instanceId"),
        (json!({"host": "h", "port": 1}), "instanceId is required", "instanceId"),
        (json!({"instanceId": "a", "port": 1}), "host is required", "host"),
        (json!({"instanceId": "a", "host": " ", "port": 1}), "host is required", "host"),
        (json!({"instanceId": "a", "host": "h"}), "port must be a valid port number (1-65535)", "port"),
        (json!({"instanceId": "a", "host": "h", "port": 0}), "port must be a valid port number (1-65535)", "port"),
        (json!({"instanceId": "a", "host": "h", "port": -1}), "port must be a valid port number (1-65535)", "port"),
        (json!({"instanceId": "a", "host": "h", "port": 65536}), "port must be a valid port number (1-65535)", "port"),
        (json!({"instanceId": "a", "host": "h", "port": "8080"}), "port must be a valid port number (1-65535)", "port"),
        (json!({"instanceId": "a", "host": "h", "port": 8080.5}), "port must be a valid port number (1-65535)", "port"),
        (json!({"instanceId": "a", "host": "h", "port": 4_294_967_297_u64}), "port must be a valid port number (1-65535)", "port"),
    ];
    for (body, error, field) in cases {
        let reply = app.post(PATH, &body).await;
        assert_eq!((reply.status.as_u16(), &reply.json()["error"]), (400, &json!(error)), "{body}");
        assert_eq!(fields(&reply), [field], "{body}");
    }
    assert_eq!(app.get("/api/v1/instances").await.json()["count"], 0);
}

#[tokio::test]
async fn several_faults_are_told_together() {
    let app = TestApp::start().await;
    let reply =
        app.post(PATH, &json!({"instanceId": "", "host": "no host", "port": 0, "weight": 1001, "healthPath": "up", "presence": "x"})).await;
    snapshot!("several_faults", reply);
}

#[tokio::test]
async fn bodies_that_are_no_object_are_refused_by_name() {
    let app = TestApp::start().await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_field = format!("{{\"instanceId\":{deep},\"host\":\"h\",\"port\":1}}");
    let many: String = (0..100_000).map(|n| format!("\"k{n}\":1,")).collect();
    let bodies: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"[]".to_vec(),
        b"{bad".to_vec(),
        b"\"x\"".to_vec(),
        b"null".to_vec(),
        b"{\"instanceId\":\"\xff\xfe\"}".to_vec(),
        "\u{feff}{}".into(),
        b"{\"instanceId\":\"a\",\"instanceId\":\"b\",\"host\":\"h\",\"port\":1}".to_vec(),
        b"{\"instanceId\":\"a\",\"host\":\"h\",\"port\":1} trailing".to_vec(),
        b"{\"instanceId\":\"\\ud800\",\"host\":\"h\",\"port\":1}".to_vec(),
        deep.clone().into_bytes(),
        deep_field.into_bytes(),
        format!("{{{many}\"port\":1e400}}").into_bytes(),
    ];
    for body in bodies {
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        let reply = send(&app, body).await;
        assert_eq!(reply.status, 400, "{shown}: {}", reply.text());
        assert!(reply.json()["requestId"].is_string(), "{shown}");
    }
    for (body, told) in [
        ("", "it ends too early, so something is not closed (line 1, column 0)"),
        ("[]", "it must be a JSON object, as in {\"name\": \"value\"} (line 1, column 0)"),
        ("{bad", "a key must be text in double quotes (line 1, column 2)"),
        ("\"x\"", "it must be a JSON object, as in {\"name\": \"value\"} (line 1, column 3)"),
        ("{\n  \"a\": 1\n  \"b\": 2}", "a comma or a closing brace is missing (line 3, column 3)"),
    ] {
        let error = send(&app, body).await.json()["error"].as_str().unwrap_or_default().to_owned();
        assert_eq!(error, format!("Invalid registration data: {told}"), "{body}");
    }
    let half = send(&app, r#"{"instanceId":"a","host":"h","port":1,"metadata":{"k":"\ud800"}}"#).await.json();
    assert_eq!(half["details"][0]["field"], "metadata");
    assert!(half["error"].as_str().is_some_and(|error| error.contains("half of a surrogate pair")), "{half}");
    assert_eq!(app.get("/api/v1/instances").await.json()["count"], 0);
}

#[tokio::test]
async fn a_content_type_that_is_not_json_is_refused_and_none_is_json() {
    let app = TestApp::start().await;
    let body = json!({"instanceId": "a", "host": "127.0.0.1", "port": 1, "presence": "maintenance"}).to_string();
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonx", "", "json"] {
        let reply = app.ask("POST", PATH, &[("content-type", kind)], body.clone()).await;
        assert_eq!(reply.status, 415, "{kind}: {}", reply.text());
    }
    for kind in ["application/json", "application/json; charset=utf-8", "Application/JSON", "application/vnd.api+json"] {
        assert_eq!(app.ask("POST", PATH, &[("content-type", kind)], body.clone()).await.status, 201, "{kind}");
    }
    assert_eq!(app.ask("POST", PATH, &[], body).await.status, 201, "the original took a missing one for JSON");
}

#[tokio::test]
async fn the_same_id_again_updates_in_place() {
    let app = TestApp::start().await;
    let body = |port: u16| json!({"instanceId": "a", "host": "127.0.0.1", "port": port, "presence": "maintenance"});
    let first = app.register(&body(1)).await.json();
    let registered_at = app.row("a").await["registeredAt"].clone();
    let second = app.register(&body(2)).await.json();
    let list = app.get("/api/v1/instances").await.json();
    assert_eq!((list["count"].clone(), list["instances"][0]["port"].clone()), (json!(1), json!(2)));
    assert_eq!(list["instances"][0]["registeredAt"], registered_at, "the id keeps its history");
    assert!(second["revision"].as_u64() > first["revision"].as_u64());
}

#[tokio::test]
async fn a_typo_is_named_and_does_no_harm() {
    let app = TestApp::start().await;
    let reply = app.register(&json!({"instanceId": "a", "host": "127.0.0.1", "port": 1, "enviroment": "x", "healthpath": "/x"})).await;
    assert_eq!(reply.json()["ignoredFields"], json!(["enviroment", "healthpath"]));
}

#[tokio::test]
async fn metadata_comes_back_as_it_was_written() {
    let app = TestApp::start().await;
    let metadata = json!({"a=b": "c", "k": "x=y", "ключ": "v", "empty": "", "n": 5, "z": null, "o": {"p": 1}, "environment": "hack"});
    app.register(&json!({"instanceId": "a", "host": "127.0.0.1", "port": 1, "environment": "real", "metadata": metadata})).await;
    let row = app.row("a").await;
    let expected =
        json!({"a=b": "c", "k": "x=y", "ключ": "v", "empty": "", "n": "5", "z": "null", "o": "{\"p\":1}", "environment": "hack"});
    assert_eq!(row["metadata"], expected, "text as it is, everything else as its JSON text");
    assert_eq!(row["environment"], "real", "a key of metadata is never the field of that name");
}

#[tokio::test]
async fn metadata_has_a_limit_and_says_it() {
    let app = TestApp::start().await;
    let many: serde_json::Map<String, Value> = (0..200).map(|n| (format!("key-{n}"), json!("v".repeat(2048)))).collect();
    let full: serde_json::Map<String, Value> = (0..64).map(|n| (format!("key-{n}"), json!("v"))).collect();
    let body = |metadata: &Value| json!({"instanceId": "a", "host": "127.0.0.1", "port": 1, "metadata": metadata});
    let reply = app.post(PATH, &body(&Value::Object(many))).await;
    assert_eq!((reply.status.as_u16(), fields(&reply)), (400, vec!["metadata".to_owned()]), "{}", reply.text());
    assert_eq!(app.post(PATH, &body(&json!([1]))).await.status, 400);
    assert_eq!(app.post(PATH, &body(&Value::Object(full))).await.status, 201, "64 keys are allowed");
}

#[tokio::test]
async fn ids_that_could_be_mistaken_are_refused() {
    let app = TestApp::start().await;
    let ids = [".", "..", "register", "a\u{200b}b", "a\u{202e}b", "\u{feff}a", "a\nb", "a\u{0}b", &"ä".repeat(129)];
    for id in ids {
        let reply = app.post(PATH, &json!({"instanceId": id, "host": "127.0.0.1", "port": 1})).await;
        assert_eq!((reply.status.as_u16(), fields(&reply)), (400, vec!["instanceId".to_owned()]), "{id:?}: {}", reply.text());
    }
}

#[tokio::test]
async fn forbidden_addresses_are_not_registered() {
    let app = TestApp::start().await;
    for host in ["169.254.169.254", "[fe80::1]", "fe80::1", "224.0.0.1", "0.0.0.0", "::", "::ffff:169.254.169.254", "255.255.255.255"] {
        let reply = app.post(PATH, &json!({"instanceId": "a", "host": host, "port": 80})).await;
        assert_eq!((reply.status.as_u16(), fields(&reply)), (400, vec!["host".to_owned()]), "{host}: {}", reply.text());
    }
}
