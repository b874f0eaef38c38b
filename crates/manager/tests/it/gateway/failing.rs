//! What happens when instances die under way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use peegeeq_testkit::{secs, wait_until};

use crate::support::{Plan, TestApp, Upstream};

const STATS: &str = "/api/v1/queues/s1/q/stats";
const SEND: &str = "/api/v1/queues/s1/q/messages";

/// Reads every request and then closes without an answer, as long as it is told to.
async fn dies_on_request(dying: Arc<AtomicBool>) -> Upstream {
    Upstream::start(move |mut coming| {
        let dying = dying.clone();
        async move {
            let length = coming.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
            coming.read(length).await;
            coming.rest.clear();
            if dying.load(Ordering::SeqCst) {
                return None;
            }
            coming.reply("200 OK", "{}").await;
            Some(coming)
        }
    })
    .await
}

async fn answers() -> Upstream {
    dies_on_request(Arc::new(AtomicBool::new(false))).await
}

#[tokio::test]
async fn a_read_goes_elsewhere_and_a_write_does_not() {
    let app = Plan::new().with("-Dload.balancing.strategy=first_available").start().await;
    let (bad, good) = (dies_on_request(Arc::new(AtomicBool::new(true))).await, answers().await);
    good.join(&app, "b").await;
    app.register(&bad.registration("a")).await;
    app.wait_for_status("a", "healthy").await;
    let read = wait_until("a to be tried first", secs(30), || async {
        let reply = app.get(STATS).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        if reply.header("x-peegeeq-attempts") == "2" { Ok(reply) } else { Err("b was first") }
    })
    .await;
    assert_eq!(read.header("x-peegeeq-instance"), "b");
    let written = app.ask("POST", SEND, &[], "{}").await;
    assert_eq!((written.status.as_u16(), written.json()["outcome"].as_str()), (502, Some("unknown")), "{}", written.text());
    assert_eq!(written.header("retry-after"), "");
    let before = good.requests.load(Ordering::SeqCst);
    // Without a body it would be there to be sent again: that it may not be is another matter.
    let bare = app.ask("POST", "/api/v1/queues/s1/q/purge", &[], "").await;
    assert_eq!((bare.status.as_u16(), bare.json()["outcome"].as_str()), (502, Some("unknown")), "{}", bare.text());
    assert_eq!(good.requests.load(Ordering::SeqCst), before, "it went nowhere else");
    let keyed = app.ask("POST", SEND, &[("idempotency-key", "k")], "{}").await;
    assert_eq!((keyed.status.as_u16(), keyed.header("x-peegeeq-attempts")), (200, "2"), "{}", keyed.text());
    assert_eq!(good.requests.load(Ordering::SeqCst), before + 1);
    let elsewhere = app.ask("POST", "/api/v1/queues/s1/q/publish", &[("idempotency-key", "k")], "{}").await;
    assert_eq!(elsewhere.status, 502, "a key counts on messages only");
}

#[tokio::test]
async fn retries_are_bounded_by_the_setting() {
    let app = Plan::new().with("-Dload.balancing.max.retries=0").with("-Dload.balancing.strategy=first_available").start().await;
    let (bad, good) = (dies_on_request(Arc::new(AtomicBool::new(true))).await, answers().await);
    good.join(&app, "b").await;
    app.register(&bad.registration("a")).await;
    wait_until("a to be tried first", secs(30), || async {
        let reply = app.get(STATS).await;
        if reply.status == 502 { Ok(()) } else { Err(reply.text()) }
    })
    .await;
}

#[tokio::test]
async fn what_was_never_sent_goes_elsewhere_whatever_it_is() {
    let app = Plan::new().with("-Dload.balancing.strategy=first_available").with("-Dhealth.check.interval=600000").start().await;
    let good = answers().await;
    good.join(&app, "b").await;
    // It is healthy for one probe, and then nobody listens any more.
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let (up, down) = (Arc::new(tokio::sync::Notify::new()), Arc::new(tokio::sync::Notify::new()));
    let leave = down.clone();
    let serving = tokio::spawn(async move {
        loop {
            tokio::select! {
                Ok((stream, _)) = listener.accept() => { tokio::spawn(peer(stream)); }
                () = leave.notified() => return,
            }
        }
    });
    app.register(&serde_json::json!({"instanceId": "a", "host": "127.0.0.1", "port": port})).await;
    app.wait_for_status("a", "healthy").await;
    wait_until("a to be first", secs(30), || async {
        let reply = app.get(STATS).await;
        if reply.header("x-peegeeq-instance") == "a" { Ok(()) } else { Err(reply.text()) }
    })
    .await;
    down.notify_one();
    serving.await.expect("no panic");
    drop(up);
    let reply = app.ask("POST", SEND, &[], "{}").await;
    assert_eq!((reply.status.as_u16(), reply.header("x-peegeeq-instance")), (200, "b"), "{}", reply.text());
}

/// One connection of an instance that closes after each answer.
async fn peer(mut stream: tokio::net::TcpStream) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if !stream.read_buf(&mut head).await.is_ok_and(|read| read > 0) {
            return;
        }
    }
    let path = String::from_utf8_lossy(&head).split(' ').nth(1).unwrap_or_default().to_owned();
    let body = match path.as_str() {
        "/api/v1/setups" => r#"{"count":1,"setupIds":["s1"]}"#,
        "/api/v1/setups/s1" => {
            r#"{"setupId":"s1","host":"db","port":5432,"databaseName":"d","schema":"s","queueFactories":["q"],"eventStores":[]}"#
        }
        _ => r#"{"status":"UP","healthy":true}"#,
    };
    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
    let _ = stream.write_all(answer.as_bytes()).await;
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_costs_nobody_anything() {
    let app = TestApp::start().await;
    let (closing, count) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicUsize::new(0)));
    let counted = count.clone();
    let upstream = Upstream::start(move |mut coming| {
        let (closing, counted) = (closing.clone(), counted.clone());
        async move {
            counted.fetch_add(1, Ordering::SeqCst);
            coming.read(coming.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0)).await;
            coming.rest.clear();
            coming.reply("200 OK", "{}").await;
            // It says that it keeps the connection, and then does not.
            (!closing.load(Ordering::SeqCst)).then_some(coming)
        }
    })
    .await;
    upstream.join(&app, "a").await;
    let before = count.load(Ordering::SeqCst);
    for round in 0..100 {
        let reply = if round % 2 == 0 { app.get(STATS).await } else { app.ask("POST", SEND, &[], "{}").await };
        assert_eq!(reply.status, 200, "{round}: {}", reply.text());
    }
    assert_eq!(count.load(Ordering::SeqCst) - before, 100, "each came once");
}

#[tokio::test]
async fn one_of_three_killed_under_load_fails_no_read_and_doubles_no_write() {
    use peegeeq_testkit::{FakeInstance, Options, Queue, QueueKind, Setup, World};
    let app = Arc::new(TestApp::start().await);
    let mut instances = Vec::new();
    for id in ["a", "b", "c"] {
        let mut setup = Setup::empty("s1");
        setup.queues.push(Queue::new("q", QueueKind::Native));
        let mut world = World::empty();
        world.setups.push(setup);
        let instance = FakeInstance::start(Options::named(id, world)).await.expect("an instance");
        app.register(&crate::support::registration(&instance)).await;
        instances.push(instance);
    }
    wait_until("all three to be used", secs(60), || async {
        let mut used = std::collections::BTreeSet::new();
        for _ in 0..12 {
            used.insert(app.get("/api/v1/queues/s1/q").await.header("x-peegeeq-instance").to_owned());
        }
        if used.iter().map(String::as_str).eq(["a", "b", "c"]) { Ok(()) } else { Err(format!("{used:?}")) }
    })
    .await;
    let (stop, done, unknown) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let before: u64 = instances.iter().map(|instance| instance.hits(SEND)).sum();
    let clients: Vec<_> = (0..16)
        .map(|number| {
            let (app, stop, done, unknown) = (app.clone(), stop.clone(), done.clone(), unknown.clone());
            tokio::spawn(async move {
                let mut writes = 0_u64;
                while !stop.load(Ordering::SeqCst) {
                    if number % 4 == 0 {
                        let reply = app.ask("POST", SEND, &[("content-type", "application/json")], r#"{"payload":1}"#).await;
                        let acted = reply.json()["outcome"] == "unknown";
                        assert!(acted || reply.status != 502, "{}", reply.text());
                        unknown.fetch_add(usize::from(acted), Ordering::SeqCst);
                        writes += 1;
                    } else {
                        let reply = app.get("/api/v1/queues/s1/q").await;
                        assert_eq!(reply.status, 200, "a read failed: {}", reply.text());
                    }
                    done.fetch_add(1, Ordering::SeqCst);
                }
                writes
            })
        })
        .collect();
    let reach = |count: usize| {
        let done = done.clone();
        async move {
            wait_until("the load to go on", secs(60), || async {
                let now = done.load(Ordering::SeqCst);
                if now >= count { Ok(()) } else { Err(now.to_string()) }
            })
            .await;
        }
    };
    reach(300).await;
    instances[1].stop().await;
    reach(1500).await;
    stop.store(true, Ordering::SeqCst);
    let mut writes = 0;
    for client in clients {
        writes += client.await.expect("no read failed");
    }
    let arrived: u64 = instances.iter().map(|instance| instance.hits(SEND)).sum::<u64>() - before;
    assert!(arrived <= writes, "{writes} writes were sent and {arrived} arrived: some twice");
    let lost = u64::try_from(unknown.load(Ordering::SeqCst)).expect("few");
    assert!(arrived + lost >= writes, "{writes} writes, {arrived} arrived, {lost} unknown");
    assert!(instances[1].hits("/api/v1/queues/s1/q") > 0, "the killed one was used before");
}

#[tokio::test]
async fn who_fails_in_a_row_is_left_alone_and_comes_back() {
    let plan = Plan::new().with("-Drouting.ejection.failures=3").with("-Drouting.ejection.duration=3000");
    let app = plan.with("-Dhealth.check.interval=600000").start().await;
    let dying = Arc::new(AtomicBool::new(true));
    let (bad, good) = (dies_on_request(dying.clone()).await, answers().await);
    good.join(&app, "b").await;
    app.register(&bad.registration("a")).await;
    app.wait_for_status("a", "healthy").await;
    wait_until("a to be left alone", secs(30), || async {
        let before = bad.requests.load(Ordering::SeqCst);
        for _ in 0..10 {
            assert_eq!(app.get(STATS).await.status, 200);
        }
        let more = bad.requests.load(Ordering::SeqCst) - before;
        if before >= 3 && more == 0 { Ok(()) } else { Err(format!("{before} and {more} more")) }
    })
    .await;
    assert!(app.get("/metrics").await.text().contains("peegeeq_routed_ejections_total{instance=\"a\"}"));
    dying.store(false, Ordering::SeqCst);
    wait_until("a to be tried again", Duration::from_secs(30), || async {
        let reply = app.get(STATS).await;
        if reply.header("x-peegeeq-instance") == "a" { Ok(()) } else { Err("b") }
    })
    .await;
}
