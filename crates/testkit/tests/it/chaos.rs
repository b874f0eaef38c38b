//! The network breaks on command, and open connections notice.

use std::io::ErrorKind;
use std::time::Instant;

use peegeeq_testkit::{ChaosMode, ChaosProxy, ClientError, FakeInstance, HttpClient, millis, secs, wait_until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{alpha, get};

const QUESTION: &[u8] = b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n";

async fn between() -> (FakeInstance, ChaosProxy) {
    let instance = alpha().await;
    let proxy = ChaosProxy::start(instance.addr()).await.unwrap();
    (instance, proxy)
}

/// A connection that has already carried one exchange.
async fn used(proxy: &ChaosProxy) -> TcpStream {
    let mut stream = TcpStream::connect(proxy.addr()).await.unwrap();
    stream.write_all(QUESTION).await.unwrap();
    assert!(stream.read(&mut [0; 1_024]).await.unwrap() > 0);
    stream
}

fn health(proxy: &ChaosProxy) -> String {
    format!("{}/health", proxy.base_url())
}

#[tokio::test]
async fn refuse_closes_open_connections_and_the_listener_until_it_passes_again() {
    let (_instance, proxy) = between().await;
    assert_eq!(get(health(&proxy)).await.status, 200);
    let mut open = used(&proxy).await;
    proxy.set(ChaosMode::Refuse);
    assert_eq!(open.read(&mut [0; 8]).await.unwrap_or(0), 0);
    wait_until("connections are refused", secs(5), || async {
        match TcpStream::connect(proxy.addr()).await {
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    proxy.set(ChaosMode::Pass);
    wait_until("it passes again", secs(5), || async {
        HttpClient::default().get(&health(&proxy)).await.map(|reply| assert_eq!(reply.status, 200))
    })
    .await;
    assert!(proxy.accepted() >= 3);
}

#[tokio::test]
async fn stall_holds_what_is_open_and_lets_go_later() {
    let (instance, proxy) = between().await;
    let mut open = used(&proxy).await;
    let before = instance.hits("/health");
    proxy.set(ChaosMode::Stall);
    open.write_all(QUESTION).await.unwrap();
    let error = HttpClient::new(millis(100)).get(&health(&proxy)).await.unwrap_err();
    assert!(matches!(error, ClientError::Timeout(_)), "{error}");
    assert_eq!(instance.hits("/health"), before);
    proxy.set(ChaosMode::Pass);
    assert!(open.read(&mut [0; 1_024]).await.unwrap() > 0);
}

#[tokio::test]
async fn a_body_is_cut_after_so_many_bytes() {
    let (_instance, proxy) = between().await;
    let mut open = used(&proxy).await;
    proxy.set(ChaosMode::CutMidBody(10));
    open.write_all(QUESTION).await.unwrap();
    let mut answer = Vec::new();
    open.read_to_end(&mut answer).await.unwrap();
    let text = String::from_utf8(answer).unwrap();
    assert!(text.ends_with("\r\n\r\n{\"status\":"), "{text}");
    assert!(HttpClient::default().get(&health(&proxy)).await.is_err());
}

#[tokio::test]
async fn drip_and_delay_take_their_time_and_lose_nothing() {
    let (_instance, proxy) = between().await;
    for (mode, at_least) in [(ChaosMode::Delay(millis(40)), millis(80)), (ChaosMode::Drip { bytes: 20, interval: millis(5) }, millis(20))] {
        proxy.set(mode);
        let started = Instant::now();
        assert_eq!(get(health(&proxy)).await.body.len(), 44);
        assert!(started.elapsed() >= at_least, "{mode:?}");
    }
}

#[tokio::test]
async fn reset_ends_open_and_new_connections_with_a_reset() {
    let (_instance, proxy) = between().await;
    let mut open = used(&proxy).await;
    proxy.set(ChaosMode::Reset);
    let error = open.read(&mut [0; 8]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert!(HttpClient::default().get(&health(&proxy)).await.is_err());
}

#[tokio::test]
async fn an_upstream_that_is_gone_closes_the_connection() {
    let (mut instance, proxy) = between().await;
    let mut open = used(&proxy).await;
    instance.stop().await;
    assert_eq!(open.read(&mut [0; 8]).await.unwrap_or(0), 0);
    assert!(HttpClient::default().get(&health(&proxy)).await.is_err());
}
