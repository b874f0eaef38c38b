//! What is sent, and what comes of odd answers.

use std::sync::atomic::{AtomicUsize, Ordering};

use peegeeq_domain::health::FailureKind;
use tokio::sync::mpsc;

use super::*;

async fn answer_of(bytes: &'static [u8]) -> Result<Answer, Failure> {
    let tasks = tasks();
    let port = canned(&tasks, bytes).await;
    get(&dialer(), &endpoint("127.0.0.1", port), 20, PATIENT).await
}

#[tokio::test]
async fn a_request_names_host_agent_and_manager() {
    let tasks = tasks();
    let (heads, mut seen) = mpsc::channel(1);
    let port = server(&tasks, move |mut stream| {
        let heads = heads.clone();
        async move {
            heads.send(read_head(&mut stream).await).await.unwrap();
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
        }
    })
    .await;
    let answer = get(&dialer(), &endpoint("127.0.0.1", port), 20, PATIENT).await.unwrap();
    assert_eq!((answer.status, &answer.body[..], answer.cut), (200, &b"{}"[..], false));
    let head = seen.recv().await.unwrap().to_lowercase();
    assert!(head.starts_with("get /health http/1.1\r\n"));
    for line in [
        format!("host: 127.0.0.1:{port}"),
        format!("user-agent: peegeeq-service-manager/{}", env!("CARGO_PKG_VERSION")),
        "accept: application/json".into(),
        "x-peegeeq-manager-hop: m1".into(),
        "connection: close".into(),
    ] {
        assert!(head.contains(&format!("\r\n{line}\r\n")), "{line} in {head}");
    }
    assert!(!head.contains("accept-encoding"));
}

#[tokio::test]
async fn a_few_interim_heads_are_passed_over_and_a_flood_of_them_is_cut() {
    let answer = answer_of(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
    assert_eq!(answer.await.unwrap().status, 204);
    let tasks = tasks();
    let port = server(&tasks, |mut stream| async move {
        read_head(&mut stream).await;
        while stream.write_all(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n").await.is_ok() {}
    })
    .await;
    let failure = get(&dialer(), &endpoint("127.0.0.1", port), 20, PATIENT).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Protocol);
    assert!(failure.sentence.contains("1xx"), "{failure}");
}

#[tokio::test]
async fn redirects_are_never_followed() {
    let tasks = tasks();
    let canary: &'static AtomicUsize = Box::leak(Box::default());
    let bait = server(&tasks, |_stream| async {
        canary.fetch_add(1, Ordering::SeqCst);
    })
    .await;
    for status in [301, 302, 303, 307, 308] {
        let answer = format!("HTTP/1.1 {status} Moved\r\nlocation: http://127.0.0.1:{bait}/health\r\ncontent-length: 0\r\n\r\n");
        let answer = answer_of(answer.leak().as_bytes()).await.unwrap();
        assert_eq!(answer.status, status);
    }
    assert_eq!(canary.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn large_bodies_are_cut() {
    let announced = answer_of(b"HTTP/1.1 200 OK\r\ncontent-length: 21\r\n\r\n").await.unwrap();
    assert!(announced.cut, "without waiting for the body");
    let whole = answer_of(b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n01234567890123456789").await.unwrap();
    assert_eq!((whole.cut, whole.body.len()), (false, 20));
    let chunked = answer_of(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\n0123\r\n3\r\n456\r\n0\r\n\r\n").await.unwrap();
    assert_eq!((chunked.cut, &chunked.body[..]), (false, &b"0123456"[..]));
    let until_end = answer_of(b"HTTP/1.1 200 OK\r\n\r\n012345678901234567890").await.unwrap();
    assert!(until_end.cut);
}

#[tokio::test]
async fn a_body_without_end_is_cut() {
    let tasks = tasks();
    let port = server(&tasks, |mut stream| async move {
        read_head(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
        while stream.write_all(b"4\r\n0123\r\n").await.is_ok() {}
    })
    .await;
    let answer = get(&dialer(), &endpoint("127.0.0.1", port), 100_000, PATIENT).await.unwrap();
    assert!(answer.cut && answer.body.is_empty());
}

#[tokio::test]
async fn answers_that_are_not_http_fail_with_their_kind() {
    let kind = async |bytes: &'static [u8]| answer_of(bytes).await.unwrap_err().kind;
    assert_eq!(kind(b"").await, FailureKind::Protocol);
    assert_eq!(kind(b"SSH-2.0-OpenSSH_9.6\r\n\r\n").await, FailureKind::Protocol);
    assert_eq!(kind(b"HTTP/1.1 200 OK\r\ncontent-le").await, FailureKind::Protocol);
    assert_eq!(kind(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n0123").await, FailureKind::Protocol);
    let flood = [&b"HTTP/1.1 200 OK\r\nx: "[..], &vec![b'a'; 100_000], b"\r\n\r\n"].concat();
    assert_eq!(kind(flood.leak()).await, FailureKind::Protocol);
}

#[tokio::test]
async fn silence_ends_at_the_deadline() {
    let tasks = tasks();
    for sent in [&b""[..], b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n01"] {
        let port = server(&tasks, move |mut stream| async move {
            read_head(&mut stream).await;
            let _ = stream.write_all(sent).await;
            std::future::pending::<()>().await;
        })
        .await;
        let failure = get(&dialer(), &endpoint("127.0.0.1", port), 20, Duration::from_millis(200)).await.unwrap_err();
        assert_eq!(failure, Failure::new(FailureKind::Timeout, "No answer after 200ms"));
    }
}
