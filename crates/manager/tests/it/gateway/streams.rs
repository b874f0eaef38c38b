//! Streams: unbuffered, with back-pressure, and never a part taken for the whole.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use peegeeq_testkit::{secs, wait_until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};

use crate::support::{Plan, TestApp, Upstream};

const SSE: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

async fn ask(app: &TestApp, path: &str) -> TcpStream {
    let mut client = TcpStream::connect(app.address()).await.expect("a connection");
    client.write_all(format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").as_bytes()).await.expect("open");
    client
}

async fn read_until(client: &mut TcpStream, got: &mut Vec<u8>, end: &str) {
    let reading = async {
        while !String::from_utf8_lossy(got).ends_with(end) {
            assert!(client.read_buf(got).await.is_ok_and(|read| read > 0), "it ended early: {}", String::from_utf8_lossy(got));
        }
    };
    tokio::time::timeout(secs(10), reading).await.unwrap_or_else(|_| panic!("no {end:?} in {:?}", String::from_utf8_lossy(got)));
}

/// An instance that sends an event for each word that the test gives it.
async fn told_by_the_test(app: &TestApp) -> (mpsc::Sender<&'static str>, Arc<Notify>) {
    let (words, told) = mpsc::channel::<&'static str>(8);
    let (told, gone) = (Arc::new(Mutex::new(Some(told))), Arc::new(Notify::new()));
    let seen = gone.clone();
    let upstream = Upstream::start(move |mut coming| {
        let (told, seen) = (told.lock().expect("no panic").take(), seen.clone());
        async move {
            let Some(mut told) = told else {
                coming.reply("500 Twice", "{}").await;
                return None;
            };
            coming.send(SSE).await;
            loop {
                tokio::select! {
                    word = told.recv() => match word {
                        Some("break") | None => return None,
                        Some(word) => coming.send(chunk(&format!("data: {word}\n\n"))).await,
                    },
                    () = coming.gone() => {
                        seen.notify_one();
                        return None;
                    }
                }
            }
        }
    })
    .await;
    upstream.join(app, "a").await;
    (words, gone)
}

const STREAM: &str = "/api/v1/queues/s1/q/messages/stream";

#[tokio::test]
async fn events_come_one_by_one_and_a_client_that_goes_away_is_told_at_once() {
    let app = TestApp::start().await;
    let (words, gone) = told_by_the_test(&app).await;
    let (mut client, mut got) = (ask(&app, STREAM).await, Vec::new());
    for word in ["one", "two", "three"] {
        words.send(word).await.expect("listened to");
        read_until(&mut client, &mut got, &format!("data: {word}\n\n\r\n")).await;
    }
    drop(client);
    tokio::time::timeout(secs(10), gone.notified()).await.expect("the instance sees the end");
}

#[tokio::test]
async fn a_stream_that_breaks_off_breaks_off_for_the_client() {
    let app = TestApp::start().await;
    let (words, _gone) = told_by_the_test(&app).await;
    let (mut client, mut got) = (ask(&app, STREAM).await, Vec::new());
    words.send("one").await.expect("listened to");
    read_until(&mut client, &mut got, "data: one\n\n\r\n").await;
    words.send("break").await.expect("listened to");
    // An error or an end: never the last chunk.
    let _ = tokio::time::timeout(secs(10), client.read_to_end(&mut got)).await.expect("an end");
    assert!(!String::from_utf8_lossy(&got).ends_with("0\r\n\r\n"), "it was taken for a whole one");
}

#[tokio::test]
async fn a_short_body_is_never_a_whole_one() {
    let app = TestApp::start().await;
    let upstream = Upstream::start(|mut coming| async move {
        coming.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc").await;
        None
    })
    .await;
    upstream.join(&app, "a").await;
    let (mut client, mut got) = (ask(&app, "/api/v1/queues/s1/q/stats").await, Vec::new());
    let _ = tokio::time::timeout(secs(10), client.read_to_end(&mut got)).await.expect("an end");
    let text = String::from_utf8_lossy(&got);
    assert!(text.contains("content-length: 10") && text.ends_with("abc"), "{text}");
    wait_until("it is counted", secs(10), || async {
        let metrics = app.get("/metrics").await.text();
        let counted = metrics.lines().any(|line| line.starts_with("peegeeq_routed_requests_total") && line.contains("broken_off"));
        if counted { Ok(()) } else { Err(metrics) }
    })
    .await;
}

#[tokio::test]
async fn stopping_ends_a_stream_of_events_well() {
    let app = Plan::new().with("-Dshutdown.delay=0").with("-Dshutdown.grace=8000").start().await;
    let (words, _gone) = told_by_the_test(&app).await;
    let (mut client, mut got) = (ask(&app, STREAM).await, Vec::new());
    words.send("one").await.expect("listened to");
    read_until(&mut client, &mut got, "data: one\n\n\r\n").await;
    let reading = tokio::spawn(async move {
        let ended = client.read_to_end(&mut got).await;
        (ended.is_ok(), String::from_utf8_lossy(&got).ends_with("0\r\n\r\n"))
    });
    assert_eq!(app.stop().await, peegeeq_service_manager::app::Stopped::Cleanly);
    assert_eq!(reading.await.expect("no panic"), (true, true), "with its last chunk");
}

/// Sends without end, and counts what the kernel took.
async fn endless(sent: Arc<AtomicU64>) -> Upstream {
    Upstream::start(move |mut coming| {
        let sent = sent.clone();
        async move {
            coming.send("HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n").await;
            let piece = vec![b'x'; 64 << 10];
            while coming.stream.write_all(&piece).await.is_ok() {
                sent.fetch_add(64 << 10, Ordering::SeqCst);
            }
            None
        }
    })
    .await
}

/// Waits until a number stands still.
async fn still(number: &AtomicU64) -> u64 {
    let last = AtomicU64::new(u64::MAX);
    wait_until("the sender to be held back", secs(30), || async {
        let now = number.load(Ordering::SeqCst);
        // why: standing still shows only in time.
        tokio::time::sleep(secs(1)).await;
        if last.swap(number.load(Ordering::SeqCst), Ordering::SeqCst) == now && now > 0 { Ok(now) } else { Err(now.to_string()) }
    })
    .await
}

/// What the kernel's buffers and ours may hold together.
const HELD_MAX: u64 = 32 << 20;

#[tokio::test]
async fn an_instance_is_held_back_by_a_client_that_does_not_read() {
    let app = TestApp::start().await;
    let sent = Arc::new(AtomicU64::new(0));
    endless(sent.clone()).await.join(&app, "a").await;
    let mut client = ask(&app, "/api/v1/queues/s1/q/messages").await;
    let held = still(&sent).await;
    assert!(held < HELD_MAX, "{held} bytes were taken for a client that reads nothing");
    let mut piece = vec![0; 1 << 20];
    for _ in 0..64 {
        client.read_exact(&mut piece).await.expect("it goes on");
    }
    assert!(sent.load(Ordering::SeqCst) > held, "and it goes on when the client reads");
}

#[tokio::test]
async fn a_client_is_held_back_by_an_instance_that_does_not_read() {
    let app = TestApp::start().await;
    let read_on = Arc::new(Notify::new());
    let reads = read_on.clone();
    let upstream = Upstream::start(move |mut coming| {
        let reads = reads.clone();
        async move {
            reads.notified().await;
            coming.gone().await;
            None
        }
    })
    .await;
    upstream.join(&app, "a").await;
    let mut client = TcpStream::connect(app.address()).await.expect("a connection");
    let head = "POST /api/v1/queues/s1/q/messages HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000000000\r\n\r\n";
    client.write_all(head.as_bytes()).await.expect("open");
    let sent = Arc::new(AtomicU64::new(0));
    let counted = sent.clone();
    let sending = tokio::spawn(async move {
        let piece = vec![b'x'; 64 << 10];
        while client.write_all(&piece).await.is_ok() {
            counted.fetch_add(64 << 10, Ordering::SeqCst);
        }
    });
    let held = still(&sent).await;
    assert!(held < HELD_MAX, "{held} bytes were taken for an instance that reads nothing");
    read_on.notify_one();
    wait_until("the client to go on", secs(20), || async {
        let now = sent.load(Ordering::SeqCst);
        if now > held + HELD_MAX { Ok(()) } else { Err(now.to_string()) }
    })
    .await;
    sending.abort();
}

#[tokio::test]
async fn a_stream_may_be_silent_and_last_only_so_long() {
    for setting in ["-Drouting.stream.idle.timeout=300", "-Drouting.stream.max.duration=300"] {
        let app = Plan::new().with(setting).start().await;
        let (words, gone) = told_by_the_test(&app).await;
        let (mut client, mut got) = (ask(&app, STREAM).await, Vec::new());
        words.send("one").await.expect("listened to");
        let _ = tokio::time::timeout(secs(10), client.read_to_end(&mut got)).await.expect("an end");
        assert!(!String::from_utf8_lossy(&got).ends_with("0\r\n\r\n"), "{setting}");
        tokio::time::timeout(secs(10), gone.notified()).await.expect("the instance sees it too");
    }
}

#[tokio::test]
async fn a_client_that_stops_waiting_takes_the_request_with_it() {
    let app = TestApp::start().await;
    let (came, gone) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (coming_in, leaving) = (came.clone(), gone.clone());
    let upstream = Upstream::start(move |mut coming| {
        let (coming_in, leaving) = (coming_in.clone(), leaving.clone());
        async move {
            coming_in.notify_one();
            coming.gone().await;
            leaving.notify_one();
            None
        }
    })
    .await;
    // Its own name: the figures of one process are shared by all its tests.
    upstream.join(&app, "left-alone").await;
    let client = ask(&app, "/api/v1/queues/s1/q/stats").await;
    tokio::time::timeout(secs(10), came.notified()).await.expect("it arrives");
    drop(client);
    tokio::time::timeout(secs(10), gone.notified()).await.expect("the instance sees the end");
    wait_until("its place to be free", secs(10), || async {
        let metrics = app.get("/metrics").await.text();
        let free = metrics.lines().any(|line| line == "peegeeq_routed_in_flight{instance=\"left-alone\"} 0");
        if free { Ok(()) } else { Err(metrics) }
    })
    .await;
}
