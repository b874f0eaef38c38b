//! Connections that are switched to a WebSocket.

use std::sync::Arc;
use std::time::Duration;

use peegeeq_testkit::secs;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::support::{Coming, Plan, TestApp, Upstream, raw};

const ASK: &str = "GET /ws/queues/s1/q HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\
                   sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n";

const SWITCH: &str = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
                      sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nwelcome";

/// Switches, says `welcome` in the same breath, and echoes until the end.
async fn echo(mut coming: Coming) -> Option<Coming> {
    let head = coming.head.to_ascii_lowercase();
    if !(head.contains("upgrade: websocket") && head.contains("connection: upgrade")) {
        coming.reply("426 Upgrade Required", &coming.head.clone()).await;
        return Some(coming);
    }
    coming.send(SWITCH).await;
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = coming.stream.read(&mut buffer).await {
        coming.send(&buffer[..read]).await;
    }
    None
}

async fn switched(app: &TestApp) -> TcpStream {
    let mut client = TcpStream::connect(app.address()).await.expect("a connection");
    client.write_all(ASK.as_bytes()).await.expect("open");
    let mut head = Vec::new();
    let reading = async {
        while !head.ends_with(b"welcome") {
            assert!(client.read_buf(&mut head).await.is_ok_and(|read| read > 0), "{}", String::from_utf8_lossy(&head));
        }
    };
    tokio::time::timeout(secs(10), reading).await.expect("switched");
    let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 101 "), "{head}");
    assert!(head.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
    client
}

async fn say(client: &mut TcpStream, text: &[u8]) {
    client.write_all(text).await.expect("open");
    let mut back = vec![0; text.len()];
    tokio::time::timeout(secs(10), client.read_exact(&mut back)).await.expect("an echo").expect("open");
    assert_eq!(back, text);
}

#[tokio::test]
async fn bytes_pass_in_both_directions_and_the_end_too() {
    let app = TestApp::start().await;
    Upstream::start(echo).await.join(&app, "a").await;
    let mut client = switched(&app).await;
    say(&mut client, b"\x81\x05hello").await;
    say(&mut client, &vec![7; 200_000]).await;
    client.shutdown().await.expect("open");
    let mut rest = Vec::new();
    tokio::time::timeout(secs(10), client.read_to_end(&mut rest)).await.expect("an end").expect("a clean end");
    assert_eq!(rest, b"");
}

#[tokio::test]
async fn a_client_that_goes_away_takes_the_other_connection_with_it() {
    let app = TestApp::start().await;
    let gone = Arc::new(Notify::new());
    let told = gone.clone();
    let upstream = Upstream::start(move |coming| {
        let told = told.clone();
        async move {
            echo(coming).await;
            told.notify_one();
            None
        }
    })
    .await;
    upstream.join(&app, "a").await;
    drop(switched(&app).await);
    tokio::time::timeout(secs(10), gone.notified()).await.expect("the instance sees the end");
}

#[tokio::test]
async fn a_refusal_is_an_ordinary_answer_and_other_protocols_are_not_asked_for() {
    let app = TestApp::start().await;
    let upstream = Upstream::start(|mut coming| async move {
        coming.reply("404 Not Found", &coming.head.clone()).await;
        Some(coming)
    })
    .await;
    upstream.join(&app, "a").await;
    assert_eq!(raw::send(app.address(), ASK.as_bytes()).await.status, Some(404));
    let h2c = raw::send(app.address(), ASK.replace("websocket\r", "h2c\r").as_bytes()).await;
    assert!(!h2c.body().contains("h2c") && !h2c.body().to_ascii_lowercase().contains("upgrade:"), "{}", h2c.text);
}

#[tokio::test]
async fn switching_without_being_asked_is_nonsense() {
    let app = TestApp::start().await;
    let upstream = Upstream::start(|mut coming| async move {
        coming.send(SWITCH).await;
        Some(coming)
    })
    .await;
    upstream.join(&app, "a").await;
    let reply = app.get("/api/v1/queues/s1/q/stats").await;
    assert_eq!(reply.status, 502, "{}", reply.text());
}

#[tokio::test]
async fn stopping_ends_it_politely_and_within_the_grace() {
    let app = Plan::new().with("-Dshutdown.delay=0").with("-Dshutdown.grace=8000").start().await;
    Upstream::start(echo).await.join(&app, "a").await;
    let mut client = switched(&app).await;
    say(&mut client, b"hello").await;
    let listening = tokio::spawn(async move {
        let mut rest = Vec::new();
        let ended = client.read_to_end(&mut rest).await;
        (ended.is_ok(), rest)
    });
    assert_eq!(app.stop().await, peegeeq_service_manager::app::Stopped::Cleanly);
    assert_eq!(listening.await.expect("no panic"), (true, Vec::new()), "a clean end");
}

#[tokio::test]
async fn silence_is_bounded() {
    let app = Plan::new().with("-Drouting.stream.idle.timeout=300").start().await;
    Upstream::start(echo).await.join(&app, "a").await;
    let mut client = switched(&app).await;
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(10), client.read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "it is ended from this side");
}
