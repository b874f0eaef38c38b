//! What never reaches an instance.

use std::sync::atomic::Ordering;

use crate::support::{Plan, TestApp, Upstream, raw};

async fn with_upstream(app: &TestApp) -> Upstream {
    let upstream = Upstream::start(|mut coming| async move {
        coming.reply("200 OK", "{}").await;
        Some(coming)
    })
    .await;
    upstream.join(app, "a").await;
    upstream
}

#[tokio::test]
async fn what_has_two_readings_is_refused_with_a_numeric_time() {
    let app = TestApp::start().await;
    let upstream = with_upstream(&app).await;
    let before = upstream.requests.load(Ordering::SeqCst);
    let post = |more: &str| format!("POST /api/v1/queues/s1/q/messages HTTP/1.1\r\nhost: localhost\r\n{more}");
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    for (request, status) in [
        (post("transfer-encoding: ,chunked\r\n\r\n0\r\n\r\n"), 400),
        (post("transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"), 400),
        (post("host: other\r\n\r\n"), 400),
        (post("expect: tea\r\n\r\n"), 417),
        (post("x-request-timeout-ms: soon\r\n\r\n"), 400),
        (post("x-peegeeq-instance: a\r\nx-peegeeq-instance: b\r\n\r\n"), 400),
        (get("/api/v1/queues/s1%2Fq/x"), 400),
        (get("/api/v1/queues/s1%5Cq/x"), 400),
        (get("/api/v1/queues/../setups"), 400),
        (get("/api/v1/queues/%2e%2e/setups"), 400),
        (get("/api/v1/queues//s1/q"), 400),
        (get("/api/v1/queues/s1/q%00"), 400),
        (get("/api/v1/queues/s1/q").replace("GET", "TRACE"), 405),
    ] {
        let answer = raw::send(app.address(), request.as_bytes()).await;
        assert_eq!(answer.status, Some(status), "{request}{}", answer.text);
        let body: serde_json::Value = serde_json::from_str(answer.body()).unwrap_or_default();
        assert!(body["timestamp"].is_i64() && body["error"].is_string(), "{request}{}", answer.text);
    }
    assert_eq!(upstream.requests.load(Ordering::SeqCst), before, "nothing of it reached the instance");
}

#[tokio::test]
async fn strangers_and_readers_may_not_change_things_on_routed_paths_either() {
    let app = TestApp::start().await;
    let upstream = with_upstream(&app).await;
    let before = upstream.requests.load(Ordering::SeqCst);
    let path = "/api/v1/queues/s1/q/messages";
    assert_eq!(app.ask("POST", path, &[("origin", "http://evil.example")], "{}").await.status, 403);
    assert_eq!(app.ask("POST", path, &[("sec-fetch-site", "cross-site")], "{}").await.status, 403);
    let upgrade = [("upgrade", "websocket"), ("connection", "upgrade"), ("origin", "http://evil.example")];
    assert_eq!(app.ask("GET", "/ws/queues/s1/q", &upgrade, "").await.status, 403);
    assert_eq!(app.ask("GET", path, &[("host", "evil.example")], "").await.status, 421);
    assert_eq!(upstream.requests.load(Ordering::SeqCst), before);
    let read = app.ask("GET", path, &[("origin", "http://localhost:3000")], "").await;
    assert_eq!(read.header("access-control-allow-origin"), "http://localhost:3000");
}

#[tokio::test]
async fn tokens_are_asked_for_and_never_passed_on() {
    let line = |token: &str, name: &str, role: &str| format!("blake3:{} {name} {role}\n", blake3::hash(token.as_bytes()).to_hex());
    let file = line("reads-things", "reader", "read") + &line("does-things", "doer", "admin");
    let plan = Plan::new().file("tokens", &file).with("-Dsecurity.tokens.file=tokens").with("-Drouting.forward.credentials=true");
    let app = plan.start().await;
    let upstream = Upstream::start(|mut coming| async move {
        let head = coming.head.to_ascii_lowercase();
        coming.reply("200 OK", if head.contains("authorization") { "leaked" } else { "clean" }).await;
        Some(coming)
    })
    .await;
    let (reads, does) = (("authorization", "Bearer reads-things"), ("authorization", "Bearer does-things"));
    let json = ("content-type", "application/json");
    let registered = app.ask("POST", "/api/v1/instances/register", &[does, json], upstream.registration("a").to_string()).await;
    assert_eq!(registered.status, 201);
    let path = "/api/v1/queues/s1/q/stats";
    peegeeq_testkit::wait_until("the instance to be routed to", peegeeq_testkit::secs(30), || async {
        let reply = app.ask("GET", path, &[reads], "").await;
        if reply.status == 200 { Ok(reply.text()) } else { Err(reply.text()) }
    })
    .await;
    assert_eq!(app.ask("GET", path, &[reads], "").await.text(), "clean");
    let anonymous = app.get(path).await;
    assert_eq!(anonymous.status, 401);
    assert!(anonymous.json()["timestamp"].is_i64());
    assert_eq!(app.ask("GET", path, &[("authorization", "Bearer guessed")], "").await.status, 401);
    assert_eq!(app.ask("POST", path, &[reads], "{}").await.status, 403);
    assert_eq!(app.ask("POST", path, &[does], "{}").await.text(), "clean");
}

#[tokio::test]
async fn a_request_that_comes_round_is_refused() {
    let app = TestApp::start().await;
    let upstream = Upstream::start(|mut coming| async move {
        let hop = coming.header("x-peegeeq-manager-hop").unwrap_or_default().to_owned();
        coming.reply("200 OK", &hop).await;
        Some(coming)
    })
    .await;
    upstream.join(&app, "a").await;
    let hop = app.get("/api/v1/queues/s1/q/stats").await.text();
    assert_ne!(hop, "");
    let round = app.ask("GET", "/api/v1/queues/s1/q/stats", &[("x-peegeeq-manager-hop", &hop)], "").await;
    assert_eq!(round.status, 508, "{}", round.text());
    let other = app.ask("GET", "/api/v1/queues/s1/q/stats", &[("x-peegeeq-manager-hop", "m-0")], "").await;
    assert_eq!(other.text(), format!("m-0, {hop}"));
}
