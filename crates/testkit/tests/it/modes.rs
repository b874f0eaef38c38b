//! Every way to misbehave.

use std::time::{Duration, Instant};

use peegeeq_testkit::{Canned, CannedBody, ClientError, FakeInstance, HttpClient, Mode, Reply, World, millis, raw, secs, wait_until};
use serde_json::json as value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{alpha, get, json};

fn health(instance: &FakeInstance) -> String {
    format!("{}/health", instance.base_url())
}

async fn try_get(url: &str, timeout: Duration) -> Result<Reply, ClientError> {
    HttpClient::new(timeout).get(url).await
}

/// As many bytes of an answer as asked for; the rest is left unread.
async fn first_bytes(instance: &FakeInstance, count: usize) -> Vec<u8> {
    let mut stream = TcpStream::connect(instance.addr()).await.unwrap();
    stream.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut bytes = vec![0; count];
    tokio::time::timeout(secs(10), stream.read_exact(&mut bytes)).await.unwrap().unwrap();
    bytes
}

#[tokio::test]
async fn slow_answers_come_late_and_hanging_ones_when_the_mode_changes() {
    let instance = alpha().await;
    instance.set_mode(Mode::Slow(millis(60)));
    let started = Instant::now();
    assert_eq!(get(health(&instance)).await.status, 200);
    assert!(started.elapsed() >= millis(60));

    instance.set_mode(Mode::Hang);
    let waiting = tokio::spawn(get(health(&instance)));
    wait_until("the second question arrived", secs(5), || async {
        if instance.hits("/health") == 2 { Ok(()) } else { Err(instance.hits("/health")) }
    })
    .await;
    let error = try_get(&health(&instance), millis(80)).await.unwrap_err();
    assert!(matches!(error, ClientError::Timeout(_)), "{error}");
    assert!(!waiting.is_finished());
    instance.set_mode(Mode::Normal);
    assert_eq!(waiting.await.unwrap().status, 200);
}

#[tokio::test]
async fn health_can_be_down_while_the_rest_works() {
    let instance = alpha().await;
    instance.set_mode(Mode::HealthDown);
    let reply = get(health(&instance)).await;
    assert_eq!((reply.status.as_u16(), reply.json()), (500, value!({"status": "DOWN"})));
    assert_eq!(json(format!("{}/api/v1/setups", instance.base_url())).await["count"], 1);
}

#[tokio::test]
async fn errors_can_be_everywhere_or_on_one_path() {
    let instance = alpha().await;
    instance.set_path_mode("/api/v1/management/", Mode::error(503, r#"{"error":"no"}"#));
    instance.set_path_mode("/api/v1/management/queues", Mode::Normal);
    let url = |path: &str| format!("{}/api/v1/management/{path}", instance.base_url());
    assert_eq!(get(url("overview")).await.status, 503);
    assert_eq!(get(url("queues")).await.status, 200);
    instance.clear_path_mode("/api/v1/management/");
    assert_eq!(get(url("overview")).await.status, 200);
    instance.set_mode(Mode::error(500, "boom"));
    assert_eq!(get(health(&instance)).await.text(), "boom");
    assert_eq!(get(url("queues")).await.status, 200);
    instance.heal();
    assert_eq!(get(health(&instance)).await.status, 200);
}

#[tokio::test]
async fn one_database_of_two_can_be_away() {
    let instance = alpha().await;
    instance.update(|world| *world = World::sample("alpha").and(World::second_sample("beta")));
    instance.set_database_down("alpha", true);
    let base = instance.base_url();
    assert_eq!(get(format!("{base}/api/v1/setups/alpha/health")).await.status, 503);
    assert_eq!(get(format!("{base}/api/v1/setups/beta/health")).await.status, 200);
    let overview = json(format!("{base}/api/v1/management/overview")).await;
    assert_eq!(overview["setups"][0]["status"], "ACTIVE");
    assert_eq!(overview["setups"][0]["totalMessages"], 0);
    assert_eq!(overview["systemStats"]["totalMessages"], 38);
    instance.heal();
    let overview = json(format!("{base}/api/v1/management/overview")).await;
    assert_eq!(overview["systemStats"]["totalMessages"], 80);
}

#[tokio::test]
async fn bodies_can_be_anything() {
    let instance = alpha().await;
    let bodies = ["", "null", "[]", r#"{"queues":[{"#, r#"{"queueCount":NaN}"#, r#"{"queues":"many"}"#];
    for body in bodies {
        instance.set_mode(Canned::json(body));
        let reply = get(health(&instance)).await;
        assert_eq!((reply.status.as_u16(), reply.text().as_str()), (200, body));
        assert_eq!(reply.header("content-type"), "application/json");
    }
    instance.set_mode(Canned::html().status(502));
    let reply = get(health(&instance)).await;
    assert_eq!((reply.status.as_u16(), reply.header("content-type")), (502, "text/html"));
    instance.set_mode(Canned::deeply_nested(1_000));
    assert_eq!(get(health(&instance)).await.body.len(), 2_000);
    instance.set_mode(Canned::bytes("application/octet-stream", vec![0xFF, 0x00]));
    assert_eq!(get(health(&instance)).await.body.as_ref(), [0xFF, 0x00]);
}

#[tokio::test]
async fn headers_can_mislead() {
    let instance = alpha().await;
    instance.set_mode(Canned::redirect("http://169.254.169.254/"));
    let reply = get(health(&instance)).await;
    assert_eq!((reply.status.as_u16(), reply.header("location")), (302, "http://169.254.169.254/"));
    instance.set_mode(Canned::gzip_claim(r#"{"status":"UP"}"#));
    assert_eq!(get(health(&instance)).await.header("content-encoding"), "gzip");
    instance.set_mode(Canned::header_flood(90));
    assert_eq!(get(health(&instance)).await.headers.len(), 92);
    instance.set_mode(Canned::header_flood(2_000));
    assert_eq!(first_bytes(&instance, 150_000).await.len(), 150_000);
    instance.set_mode(Canned::switching_protocols());
    assert_eq!(first_bytes(&instance, 13).await, b"HTTP/1.1 101 ");
}

#[tokio::test]
async fn bodies_can_break_off_drip_or_never_end() {
    let instance = alpha().await;
    instance.set_mode(Canned::cut_short(r#"{"status":"#));
    let error = try_get(&health(&instance), secs(5)).await.unwrap_err();
    assert!(matches!(error, ClientError::Http(_)), "{error}");

    instance.set_mode(Canned::drip("123456", 2, millis(20)));
    let started = Instant::now();
    assert_eq!(get(health(&instance)).await.text(), "123456");
    assert!(started.elapsed() >= millis(60));

    instance.set_mode(Canned::endless());
    assert_eq!(first_bytes(&instance, 500_000).await.len(), 500_000);

    let chunk = "x".into();
    instance.set_mode(Canned::json("").body(CannedBody::Endless { chunk, every: millis(5) }));
    assert!(matches!(try_get(&health(&instance), millis(100)).await, Err(ClientError::Timeout(_))));
}

#[tokio::test]
async fn below_http_there_are_raw_bytes_and_resets() {
    let instance = alpha().await;
    instance.set_mode(Mode::Raw("HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello".into()));
    let answer = raw(instance.addr(), b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", secs(5)).await.unwrap();
    assert!(answer.ends_with(b"\r\n\r\nhello"));
    assert!(matches!(try_get(&health(&instance), secs(5)).await, Err(ClientError::Http(_))));
    instance.set_mode(Mode::Reset);
    assert!(try_get(&health(&instance), secs(5)).await.is_err());
    instance.set_mode(Mode::Normal);
    assert_eq!(get(health(&instance)).await.status, 200);
}
