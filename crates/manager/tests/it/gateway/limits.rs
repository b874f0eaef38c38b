//! Time, places and connections: what is bounded, and what happens at the bound.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use peegeeq_testkit::{secs, wait_until};
use tokio::sync::Semaphore;

use crate::support::{Plan, TestApp, Upstream};

const STATS: &str = "/api/v1/queues/s1/q/stats";
const SEND: &str = "/api/v1/queues/s1/q/messages";

/// Answers once for each permit.
async fn with_permits(permits: Arc<Semaphore>) -> Upstream {
    Upstream::start(move |mut coming| {
        let permits = permits.clone();
        async move {
            permits.acquire().await.expect("open").forget();
            coming.reply("200 OK", "{}").await;
            Some(coming)
        }
    })
    .await
}

#[tokio::test]
async fn an_instance_has_so_long_for_its_answer() {
    let app = Plan::new().with("-Drouting.timeout=300").start().await;
    with_permits(Arc::new(Semaphore::new(0))).await.join(&app, "a").await;
    let read = app.get(STATS).await;
    assert_eq!((read.status.as_u16(), read.json()["outcome"].as_str()), (504, None), "{}", read.text());
    let written = app.ask("POST", SEND, &[], "{}").await;
    assert_eq!((written.status.as_u16(), written.json()["outcome"].as_str()), (504, Some("unknown")), "{}", written.text());
    assert_eq!(written.header("retry-after"), "");
    assert!(written.json()["timestamp"].is_i64());
}

#[tokio::test]
async fn a_client_says_how_long_it_waits_up_to_a_limit() {
    let app = Plan::new().with("-Drouting.max.timeout=400").start().await;
    let permits = Arc::new(Semaphore::new(0));
    with_permits(permits).await.join(&app, "a").await;
    for asked in ["200", "999999999"] {
        let reply = app.ask("GET", STATS, &[("x-request-timeout-ms", asked)], "").await;
        assert_eq!(reply.status, 504, "{}", reply.text());
        let allowed = if asked == "200" { "200ms" } else { "400ms" };
        assert!(reply.text().contains(allowed), "{}", reply.text());
    }
}

#[tokio::test]
async fn places_at_an_instance_are_bounded_and_so_is_the_queue_for_them() {
    let plan = Plan::new().with("-Drouting.instance.concurrency=2").with("-Drouting.queue.max=1").with("-Drouting.queue.timeout=20000");
    let app = Arc::new(plan.start().await);
    let permits = Arc::new(Semaphore::new(0));
    let upstream = with_permits(permits.clone()).await;
    upstream.join(&app, "a").await;
    let asking = |_| {
        let app = app.clone();
        tokio::spawn(async move { app.get(STATS).await })
    };
    let first: Vec<_> = (0..3).map(asking).collect();
    wait_until("two to be under way", secs(10), || async {
        let came = upstream.requests.load(Ordering::SeqCst);
        if came == 2 { Ok(()) } else { Err(came.to_string()) }
    })
    .await;
    // The third waits; one of these is the first that finds no room to wait.
    let refused = wait_until("the queue to be full", secs(10), || async {
        let reply = app.ask("GET", STATS, &[("x-request-timeout-ms", "300")], "").await;
        if reply.status == 503 { Ok(reply) } else { Err(reply.text()) }
    })
    .await;
    assert_eq!(refused.header("retry-after"), "1", "{}", refused.text());
    permits.add_permits(3);
    for one in first {
        assert_eq!(one.await.expect("no panic").status, 200, "who waited was served");
    }
    permits.add_permits(1);
    assert_eq!(app.get(STATS).await.status, 200, "the places are free again");
}

#[tokio::test]
async fn waiting_for_a_place_ends() {
    let app = Plan::new().with("-Drouting.instance.concurrency=1").with("-Drouting.queue.timeout=100").start().await;
    let permits = Arc::new(Semaphore::new(0));
    let upstream = with_permits(permits.clone()).await;
    upstream.join(&app, "a").await;
    let app = Arc::new(app);
    let holder = tokio::spawn({
        let app = app.clone();
        async move { app.get(STATS).await }
    });
    wait_until("one to be under way", secs(10), || async {
        if upstream.requests.load(Ordering::SeqCst) == 1 { Ok(()) } else { Err("none yet") }
    })
    .await;
    let refused = app.get(STATS).await;
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(refused.text().contains("100ms"), "{}", refused.text());
    permits.add_permits(1);
    assert_eq!(holder.await.expect("no panic").status, 200);
}

#[tokio::test]
async fn resting_connections_are_bounded() {
    let app = Plan::new().with("-Drouting.connections.idle.max=0").start().await;
    let permits = Arc::new(Semaphore::new(100));
    let upstream = with_permits(permits).await;
    upstream.join(&app, "a").await;
    let before = upstream.connections.load(Ordering::SeqCst);
    for _ in 0..3 {
        assert_eq!(app.get(STATS).await.status, 200);
    }
    assert!(upstream.connections.load(Ordering::SeqCst) >= before + 3, "each had its own");
}

#[tokio::test]
async fn a_head_may_be_so_large() {
    let app = Plan::new().with("-Drouting.header.max.bytes=8KB").start().await;
    let upstream = Upstream::start(|mut coming| async move {
        let long = "x".repeat(if coming.head.contains("/large/") { 12 << 10 } else { 4 << 10 });
        coming.send(format!("HTTP/1.1 200 OK\r\nx-long: {long}\r\ncontent-length: 2\r\n\r\n{{}}")).await;
        Some(coming)
    })
    .await;
    upstream.join(&app, "a").await;
    assert_eq!(app.get(STATS).await.status, 200);
    let refused = app.get("/api/v1/queues/s1/large/stats").await;
    assert_eq!(refused.status, 502, "{}", refused.text());
}

#[tokio::test]
async fn a_trickling_body_has_its_own_time() {
    let app: TestApp = Plan::new().with("-Drouting.stream.idle.timeout=300").with("-Drouting.timeout=100").start().await;
    let upstream = Upstream::start(|mut coming| async move {
        coming.read(3).await;
        coming.rest.clear();
        coming.reply("200 OK", "{}").await;
        Some(coming)
    })
    .await;
    upstream.join(&app, "a").await;
    use tokio::io::AsyncWriteExt;
    let mut client = tokio::net::TcpStream::connect(app.address()).await.expect("a connection");
    let head = format!("POST {SEND} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 3\r\n\r\n");
    client.write_all(head.as_bytes()).await.expect("open");
    for _ in 0..3 {
        // why: the body takes longer than routing.timeout in all, and less than the idle limit for each piece.
        tokio::time::sleep(std::time::Duration::from_millis(120)).await;
        client.write_all(b"x").await.expect("open");
    }
    assert_eq!(super::forwarding::read_answer(&mut client, false).await.0, 200);
    client.write_all(head.as_bytes()).await.expect("open");
    let (status, body) = super::forwarding::read_answer(&mut client, false).await;
    assert_eq!(status, 504, "{body}");
    assert!(body.contains("stood still"), "{body}");
}
