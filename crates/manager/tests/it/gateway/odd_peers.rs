//! Instances and clients that do what they should not, or what few do.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use peegeeq_testkit::{secs, wait_until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::forwarding::read_answer;
use crate::support::{Coming, Plan, TestApp, Upstream, raw};

const STATS: &str = "/api/v1/queues/s1/q/stats";
const SEND: &str = "/api/v1/queues/s1/q/messages";

/// An instance that answers every routed request with these bytes, and keeps the connection.
async fn says(app: &TestApp, bytes: &'static str) -> Upstream {
    let upstream = Upstream::start(move |mut coming: Coming| async move {
        coming.send(bytes).await;
        Some(coming)
    })
    .await;
    upstream.join(app, "a").await;
    upstream
}

#[tokio::test]
async fn what_comes_behind_an_answer_is_never_the_next_one() {
    let app = TestApp::start().await;
    let forged = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged";
    let upstream = says(&app, forged).await;
    let mut client = TcpStream::connect(app.address()).await.expect("a connection");
    let before = upstream.connections.load(Ordering::SeqCst);
    for _ in 0..5 {
        client.write_all(format!("GET {STATS} HTTP/1.1\r\nhost: localhost\r\n\r\n").as_bytes()).await.expect("open");
        assert_eq!(read_answer(&mut client, false).await, (200, "ok".to_owned()));
    }
    assert!(upstream.connections.load(Ordering::SeqCst) >= before + 4, "such a connection serves nobody else");
}

#[tokio::test]
async fn a_body_longer_than_its_length_is_cut_there() {
    let app = TestApp::start().await;
    says(&app, "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabcdefgh").await;
    for _ in 0..3 {
        assert_eq!(app.get(STATS).await.text(), "abc");
    }
}

#[tokio::test]
async fn answers_with_two_lengths_have_one_or_are_refused() {
    for (answer, is_readable) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nabc", false),
        ("HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\nabc", false),
        ("HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", true),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nab\r\n0\r\n\r\n", false),
        ("HTTP/1.1 2000 OK\r\n\r\n", false),
        ("nonsense\r\n\r\n", false),
    ] {
        let app = Plan::new().with("-Dload.balancing.max.retries=0").start().await;
        says(&app, answer).await;
        let got =
            raw::send(app.address(), format!("GET {STATS} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").as_bytes()).await;
        let head = got.text.split("\r\n\r\n").next().unwrap_or_default().to_ascii_lowercase();
        if is_readable {
            assert_eq!(got.status, Some(200), "{answer}: {}", got.text);
            assert!(!(head.contains("content-length") && head.contains("transfer-encoding")), "{head}");
            assert!(got.text.contains("ab"), "{}", got.text);
        } else {
            let whole = got.status == Some(200) && (got.text.ends_with("0\r\n\r\n") || head.contains("content-length"));
            assert!(got.status == Some(502) || !whole, "{answer}: {}", got.text);
        }
    }
}

#[tokio::test]
async fn an_instance_that_ends_its_half_after_the_answer_serves_whole_answers() {
    let app = TestApp::start().await;
    let upstream = Upstream::start(|mut coming| async move {
        coming.reply("200 OK", "whole").await;
        let _ = coming.stream.shutdown().await;
        coming.gone().await;
        None
    })
    .await;
    upstream.join(&app, "a").await;
    for _ in 0..5 {
        let reply = app.get(STATS).await;
        assert_eq!((reply.status.as_u16(), reply.text().as_str()), (200, "whole"));
    }
}

#[tokio::test]
async fn an_instance_that_ends_its_half_before_the_answer_has_failed() {
    let app = Plan::new().with("-Dload.balancing.max.retries=0").start().await;
    let upstream = Upstream::start(|mut coming| async move {
        let _ = coming.stream.shutdown().await;
        coming.gone().await;
        None
    })
    .await;
    upstream.join(&app, "a").await;
    let read = app.get(STATS).await;
    assert_eq!(read.status, 502, "{}", read.text());
    let written = app.ask("POST", SEND, &[], "{}").await;
    assert_eq!((written.status.as_u16(), written.json()["outcome"].as_str()), (502, Some("unknown")), "{}", written.text());
}

#[tokio::test]
async fn a_client_that_ends_its_half_takes_its_request_with_it() {
    let app = TestApp::start().await;
    let (came, gone) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (coming_in, leaving) = (came.clone(), gone.clone());
    let upstream = Upstream::start(move |mut coming| {
        let (came, gone) = (coming_in.clone(), leaving.clone());
        async move {
            came.notify_one();
            coming.gone().await;
            gone.notify_one();
            None
        }
    })
    .await;
    upstream.join(&app, "a").await;
    let mut client = TcpStream::connect(app.address()).await.expect("a connection");
    client.write_all(format!("GET {STATS} HTTP/1.1\r\nhost: localhost\r\n\r\n").as_bytes()).await.expect("open");
    tokio::time::timeout(secs(10), came.notified()).await.expect("it arrives");
    client.shutdown().await.expect("open");
    tokio::time::timeout(secs(10), gone.notified()).await.expect("the instance sees the end");
}

#[tokio::test]
async fn a_head_that_trickles_in_time_is_a_head() {
    let app = Plan::new().with("-Drouting.timeout=1500").start().await;
    let upstream = Upstream::start(|mut coming| async move {
        let answer = "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        // The second one never ends its head.
        let bytes = if coming.head.contains("/late/") { &answer[..40] } else { answer };
        for byte in bytes.as_bytes() {
            coming.send([*byte]).await;
            tokio::task::yield_now().await;
        }
        if coming.head.contains("/late/") {
            coming.gone().await;
            return None;
        }
        Some(coming)
    })
    .await;
    upstream.join(&app, "a").await;
    assert_eq!(app.get(STATS).await.text(), "ok");
    let late = app.ask("GET", "/api/v1/queues/s1/late/stats", &[], "").await;
    assert_eq!(late.status, 504, "{}", late.text());
}

#[tokio::test]
async fn an_early_answer_to_a_body_without_end_frees_the_instance() {
    let app = TestApp::start().await;
    let served = Arc::new(AtomicUsize::new(0));
    let serving = served.clone();
    let upstream = Upstream::start(move |mut coming| {
        let serving = serving.clone();
        async move {
            let is_early = coming.header("transfer-encoding").is_some();
            coming.reply(if is_early { "401 Unauthorized" } else { "200 OK" }, "{}").await;
            serving.fetch_add(1, Ordering::SeqCst);
            if !is_early {
                return Some(coming);
            }
            coming.gone().await;
            None
        }
    })
    .await;
    upstream.join(&app, "a").await;
    let mut client = TcpStream::connect(app.address()).await.expect("a connection");
    let head = format!("POST {SEND} HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n");
    client.write_all(head.as_bytes()).await.expect("open");
    assert_eq!(read_answer(&mut client, false).await.0, 401, "before the body has ended");
    drop(client);
    wait_until("the place to be free", secs(20), || async {
        let told = app.get("/api/v1/routing").await.json();
        let in_flight = told["instances"][0]["inFlight"].clone();
        if in_flight == 0 { Ok(()) } else { Err(in_flight.to_string()) }
    })
    .await;
    assert_eq!(app.get(STATS).await.status, 200, "the next one is served, over another connection");
}

/// A gigabyte in each direction, and what the manager's process had at most.
#[tokio::test]
async fn a_gigabyte_passes_in_both_directions_in_bounded_memory() {
    const SIZE: usize = 1 << 30;
    const PIECE: usize = 256 << 10;
    let upstream = Upstream::start(|mut coming| async move {
        let length: usize = coming.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let mut came = coming.rest.len();
        coming.rest.clear();
        let mut buffer = vec![0; PIECE];
        while came < length {
            match coming.stream.read(&mut buffer).await {
                Ok(read @ 1..) => came += read,
                _ => return None,
            }
        }
        if length > 0 {
            coming.reply("200 OK", &came.to_string()).await;
            return Some(coming);
        }
        coming.send(format!("HTTP/1.1 200 OK\r\ncontent-length: {SIZE}\r\n\r\n")).await;
        let piece = vec![b'x'; PIECE];
        for _ in 0..SIZE / PIECE {
            coming.send(&piece).await;
        }
        Some(coming)
    })
    .await;
    let manager = crate::support::Launch::serve().start().await;
    assert_eq!(manager.register(&upstream.registration("a")).await.expect("an answer").status, 201);
    wait_until("it to be routed to", secs(60), || async {
        let reply = manager.get("/api/v1/setups/s1").await;
        if reply.status == 200 { Ok(()) } else { Err(reply.text()) }
    })
    .await;
    let before = high_water(manager.id());
    let mut client = TcpStream::connect(manager.authority()).await.expect("a connection");
    client.write_all(format!("GET {SEND} HTTP/1.1\r\nhost: localhost\r\n\r\n").as_bytes()).await.expect("open");
    let (mut got, mut buffer) = (0, vec![0; PIECE]);
    while got < SIZE {
        match client.read(&mut buffer).await.expect("open") {
            0 => panic!("it ended after {got}"),
            read => got += read,
        }
    }
    let mut client = TcpStream::connect(manager.authority()).await.expect("a connection");
    let head = format!("POST {SEND} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {SIZE}\r\n\r\n");
    client.write_all(head.as_bytes()).await.expect("open");
    let piece = vec![b'x'; PIECE];
    for _ in 0..SIZE / PIECE {
        client.write_all(&piece).await.expect("open");
    }
    assert_eq!(read_answer(&mut client, false).await, (200, SIZE.to_string()));
    let more = high_water(manager.id()).saturating_sub(before);
    assert!(more < 16 << 10, "the manager took {more} KB more for them");
}

/// The most memory that a process ever had, in KB.
fn high_water(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("it runs");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("its high-water mark");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}
