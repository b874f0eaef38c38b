//! The three ways in which the management UI pings its server.

use peegeeq_testkit::secs;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::TestApp;

#[tokio::test]
async fn health_has_an_instances_shape() {
    let app = TestApp::start().await;
    let answer = app.get("/api/v1/health").await.json();
    assert_eq!(answer["status"], "UP");
    assert!(answer["timestamp"].is_u64() && answer["uptime"].is_u64() && answer["version"].is_string() && answer["build"].is_string());
}

#[tokio::test]
async fn the_event_has_no_name_and_then_it_ends() {
    let app = TestApp::start().await;
    let reply = app.get("/api/v1/sse/health").await;
    assert_eq!(reply.header("content-type"), "text/event-stream");
    let text = reply.text();
    let data = text.strip_prefix("data: ").and_then(|rest| rest.strip_suffix("\n\n")).expect("one unnamed event");
    let event: Value = serde_json::from_str(data).expect("JSON");
    assert_eq!((&event["status"], &event["type"]), (&json!("UP"), &json!("sse")));
    assert!(event["timestamp"].is_u64());
}

#[tokio::test]
async fn the_socket_says_one_thing_and_closes() {
    let app = TestApp::start().await;
    let (mut socket, _) = tokio_tungstenite::client_async(
        format!("ws://{}/ws/health", app.address()),
        TcpStream::connect(app.address()).await.expect("a connection"),
    )
    .await
    .expect("a socket");
    use futures_util::StreamExt;
    let frame = socket.next().await.expect("a frame").expect("whole");
    let event: Value = serde_json::from_str(frame.to_text().expect("text")).expect("JSON");
    assert_eq!((&event["status"], &event["type"]), (&json!("UP"), &json!("websocket")));
    let close = socket.next().await.expect("a close").expect("whole");
    assert!(close.is_close(), "{close:?}");
}

#[tokio::test]
async fn a_client_that_never_says_good_bye_is_let_go() {
    let app = TestApp::start().await;
    let mut stream = TcpStream::connect(app.address()).await.expect("a connection");
    let head = format!(
        "GET /ws/health HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        app.address()
    );
    stream.write_all(head.as_bytes()).await.expect("written");
    let mut all = Vec::new();
    let ended = tokio::time::timeout(secs(20), stream.read_to_end(&mut all)).await;
    assert!(ended.is_ok_and(|read| read.is_ok()), "the manager ends it");
    assert!(all.starts_with(b"HTTP/1.1 101"));
}

#[tokio::test]
async fn a_plain_request_for_the_socket_is_refused() {
    let app = TestApp::start().await;
    let reply = app.get("/ws/health").await;
    assert_eq!(reply.status, 400, "{}", reply.text());
    assert!(reply.json()["timestamp"].is_u64());
}
