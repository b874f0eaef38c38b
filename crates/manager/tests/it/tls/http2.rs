//! HTTP/2: the same checks, and limits of its own.

use std::time::Duration;

use http_body_util::BodyExt;
use peegeeq_testkit::{secs, wait_until};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::tls::{Authority, Http2, Trust};
use crate::support::{Coming, Plan, TestApp, Upstream};

async fn started(defines: &[&str]) -> (TestApp, Trust) {
    let authority = Authority::new("ours");
    let plan = defines.iter().fold(Plan::new().secure(&authority), |plan, define| plan.with(define));
    (plan.start().await, Trust::of(&authority))
}

async fn status(http2: &Http2, method: &str, uri: &str, headers: &[(&str, &str)]) -> u16 {
    let reply = http2.ask(method, uri, headers, "").await;
    assert!(reply.status.is_success() || reply.json()["error"].is_string(), "{}", reply.text());
    reply.status.as_u16()
}

#[tokio::test]
async fn every_check_of_the_edge_holds() {
    let (app, trust) = started(&[]).await;
    let http2 = trust.http2(app.address()).await;
    assert_eq!(status(&http2, "GET", "/api/v1/instances", &[]).await, 200);
    assert_eq!(status(&http2, "GET", "https://evil.example/api/v1/instances", &[]).await, 421);
    assert_eq!(status(&http2, "GET", "/api/v1/instances", &[("host", "other")]).await, 400);
    assert_eq!(status(&http2, "GET", "/api/v1//instances", &[]).await, 400);
    assert_eq!(status(&http2, "GET", "/api/v1/%2e%2e/instances", &[]).await, 400);
    assert_eq!(status(&http2, "POST", "/api/v1/instances/register", &[("origin", "https://evil.example")]).await, 403);
    assert_eq!(status(&http2, "GET", "http://127.0.0.1/health", &[]).await, 400);
    assert_eq!(status(&http2, "GET", "/nothing", &[]).await, 404);
    let reply = http2.ask("GET", "/ws/updates", &[], "").await;
    assert!(reply.status == 400 && reply.text().contains("HTTP/1.1"), "{}", reply.text());
    let own = format!("https://{}", app.address());
    let body = json!({"instanceId": "a", "host": "127.0.0.1", "port": 1}).to_string();
    let headers = [("origin", own.as_str()), ("content-type", "application/json")];
    assert_eq!(http2.ask("POST", "/api/v1/instances/register", &headers, &body).await.status, 201);
}

#[tokio::test]
async fn the_head_and_body_have_the_limits_of_other_requests() {
    let (app, trust) = started(&["-Dserver.header.max.bytes=8192", "-Dserver.body.max.bytes=1024"]).await;
    let http2 = trust.http2(app.address()).await;
    let long = "x".repeat(9000);
    match http2.send("GET", "/health", &[("x-long", &long)], "").await {
        Ok(answer) => assert_eq!(answer.status(), 431),
        Err(error) => panic!("the connection broke: {error}"),
    }
    let body = format!("{{\"instanceId\":\"{}\"}}", "y".repeat(2000));
    let headers = [("content-type", "application/json")];
    assert_eq!(http2.ask("POST", "/api/v1/instances/register", &headers, &body).await.status, 413);
    assert_eq!(status(&http2, "GET", "/health", &[]).await, 200);
}

#[tokio::test]
async fn it_is_offered_unless_switched_off() {
    let (on, trust) = started(&[]).await;
    let stream = trust.connect(on.address(), &["http/1.1", "h2"]).await.expect("TLS");
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]), "the server prefers it");
    let (off, trust) = started(&["-Dserver.http2.enabled=false"]).await;
    let stream = trust.connect(off.address(), &["h2", "http/1.1"]).await.expect("TLS");
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    trust.connect(off.address(), &["h2"]).await.expect_err("nothing in common");
}

/// The value of a setting in the server's first frame.
async fn announced(app: &TestApp, trust: &Trust, id: u16) -> Option<u32> {
    let mut stream = trust.connect(app.address(), &["h2"]).await.expect("TLS");
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.expect("open");
    let mut head = [0; 9];
    tokio::time::timeout(secs(20), stream.read_exact(&mut head)).await.expect("in time").expect("a frame");
    assert_eq!(head[3], 4, "the first frame is SETTINGS");
    let mut settings = vec![0; usize::from(head[2])];
    stream.read_exact(&mut settings).await.expect("its content");
    let mut each = settings.chunks_exact(6);
    each.find_map(|one| (one[..2] == id.to_be_bytes()).then(|| u32::from_be_bytes([one[2], one[3], one[4], one[5]])))
}

#[tokio::test]
async fn the_number_of_streams_and_the_size_of_heads_are_told() {
    let (app, trust) = started(&["-Dserver.http2.streams.max=7", "-Dserver.header.max.bytes=16384"]).await;
    assert_eq!(announced(&app, &trust, 3).await, Some(7));
    assert_eq!(announced(&app, &trust, 6).await, Some(16384));
    assert_ne!(announced(&app, &trust, 8).await, Some(1), "WebSockets are not offered");
}

/// Answers nothing.
async fn silent(mut coming: Coming) -> Option<Coming> {
    coming.gone().await;
    None
}

#[tokio::test]
async fn who_cancels_most_requests_is_cut_off() {
    let (app, trust) = started(&[]).await;
    Upstream::start(silent).await.join(&app, "a").await;
    let http2 = trust.http2(app.address()).await;
    let cut = async {
        loop {
            // why: a request that is cancelled at once is never sent.
            let sent = tokio::time::timeout(Duration::from_millis(5), http2.send("GET", "/api/v1/queues/s1/q", &[], "")).await;
            if matches!(sent, Ok(Err(_))) {
                return;
            }
        }
    };
    tokio::time::timeout(secs(60), cut).await.expect("cut off");
    assert!(app.get("/metrics").await.text().contains("peegeeq_http2_floods_total 1"));
    assert_eq!(status(&trust.http2(app.address()).await, "GET", "/health", &[]).await, 200);
}

#[tokio::test]
async fn an_idle_connection_ends_and_one_in_use_is_finished_at_the_stop() {
    let (app, trust) = started(&["-Dserver.idle.timeout=300", "-Dserver.header.timeout=100"]).await;
    let mut idle = trust.http2(app.address()).await;
    assert_eq!(status(&idle, "GET", "/health", &[]).await, 200);
    wait_until("the idle connection to end", secs(20), || std::future::ready(if idle.sender.is_closed() { Ok(()) } else { Err("open") }))
        .await;
    assert!(idle.sender.ready().await.is_err());
    let (app, trust) = started(&[]).await;
    let http2 = trust.http2(app.address()).await;
    let mut updates = http2.send("GET", "/api/v1/updates", &[], "").await.expect("a stream").into_body();
    updates.frame().await.expect("open").expect("an event");
    let stopped = tokio::time::timeout(secs(30), app.stop()).await.expect("in time");
    assert_eq!(stopped, peegeeq_service_manager::app::Stopped::Cleanly);
    while let Some(Ok(_)) = updates.frame().await {}
}
