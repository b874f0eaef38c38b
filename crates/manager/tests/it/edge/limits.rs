//! Limits towards clients: slow, large and many. Each has its setting and its answer, and others are served meanwhile.

use peegeeq_testkit::{secs, wait_until};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::{Plan, TestApp, raw};

const HEAD: &str = "POST /api/v1/instances/register HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
const TWELVE_MIB: usize = 12 << 20;

async fn open(app: &TestApp) -> TcpStream {
    TcpStream::connect(app.address()).await.expect("a connection")
}

#[tokio::test]
async fn a_declared_body_of_12_mib_is_refused_before_it_is_read() {
    let app = TestApp::start().await;
    let mut stream = open(&app).await;
    stream.write_all(format!("{HEAD}content-length: {TWELVE_MIB}\r\n\r\n").as_bytes()).await.expect("written");
    let answer = raw::answer(&mut stream).await;
    assert_eq!(answer.status, Some(413));
    assert!(answer.is_envelope() && answer.body().contains("server.body.max.bytes"), "{}", answer.text);
}

#[tokio::test]
async fn a_chunked_body_of_12_mib_is_refused_on_the_way() {
    let app = TestApp::start().await;
    let mut stream = open(&app).await;
    stream.write_all(format!("{HEAD}transfer-encoding: chunked\r\n\r\n").as_bytes()).await.expect("written");
    let (mut read, mut write) = stream.split();
    let chunk = format!("{:x}\r\n{}\r\n", 1 << 20, " ".repeat(1 << 20));
    let sending = async {
        for _ in 0..TWELVE_MIB >> 20 {
            if write.write_all(chunk.as_bytes()).await.is_err() {
                return;
            }
        }
    };
    let mut text = Vec::new();
    let reading = tokio::io::AsyncReadExt::read_to_end(&mut read, &mut text);
    let (_, _) = tokio::time::timeout(secs(20), async { tokio::join!(sending, reading) }).await.expect("an answer within 20 s");
    let text = String::from_utf8_lossy(&text);
    assert!(text.starts_with("HTTP/1.1 413"), "no reset overtakes the answer: {text}");
    assert_eq!(app.get("/api/v1/instances").await.json()["count"], 0);
}

#[tokio::test]
async fn a_whole_body_of_12_mib_is_told_413() {
    let app = TestApp::start().await;
    let reply = app.ask("POST", "/api/v1/instances/register", &[], vec![b' '; 10_485_761]).await;
    assert_eq!(reply.status, 413);
}

#[tokio::test]
async fn the_limit_of_bodies_is_a_setting() {
    let app = Plan::new().with("-Dserver.body.max.bytes=1KB").start().await;
    let body = |length: usize| json!({"instanceId": "a", "host": "127.0.0.1", "port": 1, "x": "y".repeat(length)});
    assert_eq!(app.post("/api/v1/instances/register", &body(2000)).await.status, 413);
    assert_eq!(app.post("/api/v1/instances/register", &body(100)).await.status, 201);
}

#[tokio::test]
async fn a_slow_head_is_cut_off() {
    let app = Plan::new().with("-Dserver.header.timeout=300").start().await;
    let mut stream = open(&app).await;
    stream.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\n").await.expect("written");
    let dripping = async {
        // A byte now and then does not extend the limit.
        while stream.write_all(b"x").await.is_ok() && stream.flush().await.is_ok() {
            // why: the pause between two bytes of a slow client.
            tokio::time::sleep(peegeeq_testkit::millis(20)).await;
        }
    };
    tokio::time::timeout(secs(20), dripping).await.expect("the connection is closed");
    assert_eq!(app.get("/health").await.status, 200);

    let mut silent = open(&app).await;
    silent.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\n").await.expect("written");
    let told = raw::answer(&mut silent).await;
    assert_eq!(told.status, Some(408), "{}", told.text);
    assert!(told.is_envelope() && told.body().contains("server.header.timeout"), "{}", told.text);
    assert!(raw::answer(&mut silent).await.closed);
}

#[tokio::test]
async fn a_slow_body_is_told_408() {
    let app = Plan::new().with("-Dserver.body.timeout=300").start().await;
    let mut stream = open(&app).await;
    stream.write_all(format!("{HEAD}content-length: 100\r\n\r\n{{").as_bytes()).await.expect("written");
    let answer = raw::answer(&mut stream).await;
    assert_eq!(answer.status, Some(408));
    assert!(answer.is_envelope(), "{}", answer.text);
}

#[tokio::test]
async fn half_a_head_behind_a_request_is_cut_off_like_a_slow_head() {
    let app = Plan::new().with("-Dserver.header.timeout=300").with("-Dserver.idle.timeout=3600000").start().await;
    let mut stream = open(&app).await;
    stream.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\nGET /health HT").await.expect("written");
    let mut text = Vec::new();
    let reading = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut text);
    tokio::time::timeout(secs(20), reading).await.expect("the connection is closed").expect("and read to its end");
    let text = String::from_utf8_lossy(&text);
    assert!(text.starts_with("HTTP/1.1 200") && text.matches("HTTP/1.1 408").count() == 1, "{text}");
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let app = Plan::new().with("-Dserver.idle.timeout=300").start().await;
    let mut stream = open(&app).await;
    let answer = raw::answer(&mut stream).await;
    assert!(answer.closed && answer.text.is_empty(), "{}", answer.text);
    let mut used = open(&app).await;
    used.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("written");
    assert_eq!(raw::answer(&mut used).await.status, Some(200));
    assert!(raw::answer(&mut used).await.closed);
}

#[tokio::test]
async fn large_heads_are_told_431() {
    let app = Plan::new().with("-Dserver.header.max.bytes=16KB").start().await;
    let head = |bytes: usize| format!("GET /health HTTP/1.1\r\nhost: localhost\r\nx-a: {}\r\n\r\n", "x".repeat(bytes));
    assert_eq!(raw::send(app.address(), head(8_000).as_bytes()).await.status, Some(200));
    let refused = raw::send(app.address(), head(40_000).as_bytes()).await;
    assert!(refused.status == Some(431) && refused.is_envelope(), "{refused:?}");
    let target = format!("GET /{} HTTP/1.1\r\nhost: localhost\r\n\r\n", "x".repeat(70_000));
    let refused = raw::send(app.address(), target.as_bytes()).await;
    assert!(refused.status == Some(431) && refused.is_envelope(), "{refused:?}");
    let many: String = (0..300).map(|n| format!("x-{n}: 1\r\n")).collect();
    let refused = raw::send(app.address(), format!("GET /health HTTP/1.1\r\nhost: localhost\r\n{many}\r\n").as_bytes()).await;
    assert!(refused.status == Some(431) && refused.is_envelope(), "{refused:?}");
}

#[tokio::test]
async fn a_target_too_long_is_told_414() {
    let app = Plan::new().with("-Dserver.header.max.bytes=256KB").start().await;
    let target = format!("GET /{} HTTP/1.1\r\nhost: localhost\r\n\r\n", "x".repeat(70_000));
    let refused = raw::send(app.address(), target.as_bytes()).await;
    assert_eq!(refused.status, Some(414), "{refused:?}");
    assert!(refused.is_envelope() && refused.text.contains("x-request-id: "), "{}", refused.text);
}

#[tokio::test]
async fn one_connection_too_many_is_told_503_and_a_place_that_is_free_again_is_used() {
    let app = Plan::new().with("-Dserver.connections.max=20").start().await;
    let mut idle = Vec::new();
    for _ in 0..20 {
        let mut stream = open(&app).await;
        stream.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("written");
        assert_eq!(raw::answer(&mut stream).await.status, Some(200));
        idle.push(stream);
    }
    let refused = raw::send(app.address(), b"").await;
    assert_eq!(refused.status, Some(503));
    assert!(refused.is_envelope() && refused.text.contains("server.connections.max"), "{}", refused.text);
    idle.clear();
    wait_until("a free place", secs(20), || async {
        match raw::send(app.address(), b"GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.status {
            Some(200) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
}

#[tokio::test]
async fn a_thousand_idle_and_slow_connections_do_not_stop_anybody() {
    let app = TestApp::start().await;
    let mut others = Vec::new();
    for n in 0..1000 {
        let mut stream = open(&app).await;
        if n % 2 == 0 {
            stream.write_all(b"POST /api/v1/instances/register HTTP/1.1\r\nhost: localhost\r\n").await.expect("written");
        }
        others.push(stream);
    }
    for n in 0..20 {
        app.register(&json!({"instanceId": format!("i{n}"), "host": "127.0.0.1", "port": 1, "presence": "maintenance"})).await;
    }
    assert_eq!(app.get("/api/v1/instances").await.json()["count"], 20);
    assert_eq!(others.len(), 1000);
}

#[tokio::test]
async fn all_bodies_together_have_a_limit() {
    let app = Plan::new().with("-Dserver.body.total.max.bytes=1KB").start().await;
    let mut first = open(&app).await;
    first.write_all(format!("{HEAD}content-length: 900\r\n\r\n{}", " ".repeat(800)).as_bytes()).await.expect("written");
    let second = format!("{HEAD}content-length: 900\r\n\r\n{}", " ".repeat(899));
    wait_until("the second body to be too much", secs(20), || async {
        let mut stream = open(&app).await;
        stream.write_all(second.as_bytes()).await.map_err(|error| error.to_string())?;
        stream.write_all(b" ").await.map_err(|error| error.to_string())?;
        let answer = raw::answer(&mut stream).await;
        match answer.status {
            Some(503) if answer.text.contains("server.body.total.max.bytes") && answer.text.contains("retry-after") => Ok(()),
            // The first has not been read yet.
            _ => Err(answer.text),
        }
    })
    .await;
    drop(first);
    wait_until("the bytes to be given back", secs(20), || async {
        let reply =
            app.post("/api/v1/instances/register", &json!({"instanceId": "a", "host": "127.0.0.1", "port": 1, "x": "y".repeat(800)})).await;
        if reply.status == 201 { Ok(()) } else { Err(reply.text()) }
    })
    .await;
}
