//! Limits of handshakes, and who gets through one.

use peegeeq_testkit::{secs, wait_until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::Plan;
use crate::support::tls::{Authority, Trust};
use http::Method;

#[tokio::test]
async fn the_oldest_version_is_a_setting() {
    let authority = Authority::new("ours");
    let (open, strict) = (Plan::new().secure(&authority), Plan::new().secure(&authority).with("-Dserver.tls.min.version=1.3"));
    let (open, strict) = (open.start().await, strict.start().await);
    let old = Trust::made(&authority, None, &[&rustls::version::TLS12]);
    let stream = old.connect(open.address(), &[]).await.expect("TLS 1.2");
    assert_eq!(stream.get_ref().1.protocol_version(), Some(rustls::ProtocolVersion::TLSv1_2));
    old.connect(strict.address(), &[]).await.expect_err("refused");
    let stream = Trust::of(&authority).connect(strict.address(), &[]).await.expect("TLS 1.3");
    assert_eq!(stream.get_ref().1.protocol_version(), Some(rustls::ProtocolVersion::TLSv1_3));
}

#[tokio::test]
async fn only_clients_of_an_authority_get_in_when_one_is_named() {
    let (authority, clients, strangers) = (Authority::new("ours"), Authority::new("clients"), Authority::new("strangers"));
    let plan = Plan::new().secure(&authority).file("clients.pem", &clients.pem()).with("-Dserver.tls.client.ca.file=clients.pem");
    let app = plan.start().await;
    let known = Trust::made(&authority, Some(&clients.pair()), rustls::ALL_VERSIONS);
    let detail = known.ask(app.address(), Method::GET, "/health/detail", &[], "".into()).await.json();
    assert_eq!(detail["certificate"]["asksClients"], true);
    for (own, versions) in [
        (None, rustls::ALL_VERSIONS),
        (Some(strangers.pair()), rustls::ALL_VERSIONS),
        (Some(strangers.pair()), &[&rustls::version::TLS12][..]),
    ] {
        let unknown = Trust::made(&authority, own.as_ref(), versions);
        // In TLS 1.3 the client learns only when it reads.
        if let Ok(mut stream) = unknown.connect(app.address(), &[]).await {
            let _ = stream.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
            let read = tokio::time::timeout(secs(20), stream.read(&mut [0; 64])).await.expect("in time");
            assert!(!matches!(read, Ok(1..)), "a stranger is served: {read:?}");
        }
    }
}

#[tokio::test]
async fn a_handshake_that_takes_too_long_is_over() {
    let app = Plan::new().secure(&Authority::new("ours")).with("-Dserver.tls.handshake.timeout=200").start().await;
    let mut silent = TcpStream::connect(app.address()).await.expect("a connection");
    let mut half = TcpStream::connect(app.address()).await.expect("a connection");
    half.write_all(&[0x16, 3, 1, 1]).await.expect("open");
    for stream in [&mut silent, &mut half] {
        let ended = tokio::time::timeout(secs(20), stream.read(&mut [0; 64])).await.expect("ended");
        assert!(!matches!(ended, Ok(1..)), "{ended:?}");
    }
    let metrics = app.get("/metrics").await.text();
    assert!(metrics.contains("peegeeq_tls_handshake_failures_total{reason=\"timeout\"}"), "{metrics}");
}

#[tokio::test]
async fn handshakes_beyond_the_limit_wait_for_their_turn() {
    let authority = Authority::new("ours");
    let plan = Plan::new().secure(&authority).with("-Dserver.tls.handshakes.max=1").with("-Dserver.tls.handshake.timeout=60000");
    let app = plan.start().await;
    // A real first message, after which this client says nothing more.
    let mut hello = rustls::ClientConnection::new(Trust::of(&authority).config(), "localhost".try_into().expect("a name")).expect("TLS");
    let mut bytes = Vec::new();
    hello.write_tls(&mut bytes).expect("a message");
    let mut stuck = TcpStream::connect(app.address()).await.expect("a connection");
    stuck.write_all(&bytes).await.expect("open");
    // Its answer shows that it has the one place.
    tokio::time::timeout(secs(20), stuck.read(&mut [0; 64])).await.expect("in time").expect("an answer");
    let trust = Trust::of(&authority);
    let mut second = std::pin::pin!(trust.connect(app.address(), &[]));
    // why: that something does not happen shows only in time that passes; a handshake takes a hundredth of this.
    let waits = tokio::time::timeout(std::time::Duration::from_millis(300), second.as_mut()).await;
    assert!(waits.is_err(), "two handshakes at once");
    drop(stuck);
    tokio::time::timeout(secs(20), second).await.expect("its turn").expect("TLS");
}

#[tokio::test]
async fn beyond_the_limit_of_connections_nobody_shakes_hands() {
    let authority = Authority::new("ours");
    let app = Plan::new().secure(&authority).with("-Dserver.connections.max=1").start().await;
    let trust = Trust::of(&authority);
    let one = trust.connect(app.address(), &[]).await.expect("TLS");
    trust.connect(app.address(), &[]).await.expect_err("refused");
    drop(one);
    wait_until("the place to be free", secs(20), || async {
        trust.connect(app.address(), &[]).await.map(drop).map_err(|error| error.to_string())
    })
    .await;
}
