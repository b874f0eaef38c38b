//! Requests to instances that speak TLS.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use peegeeq_testkit::{Said, SocketClient, secs};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};

use super::goodbye::echo;
use crate::settings::tls::acceptor;
use crate::support::{Coming, Plan, TestApp, Upstream};

const SEND: &str = "/api/v1/queues/s1/q/messages";

/// Puts TLS before an instance: its address, its authority in PEM, and how often a handshake was made.
async fn behind_tls(upstream: SocketAddr) -> (SocketAddr, String, Arc<AtomicUsize>) {
    let (acceptor, authority) = acceptor();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let shaken = Arc::new(AtomicUsize::new(0));
    let counted = shaken.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, counted) = (acceptor.clone(), counted.clone());
            tokio::spawn(async move {
                let Ok(mut outside) = acceptor.accept(stream).await else { return };
                counted.fetch_add(1, Ordering::SeqCst);
                let mut inside = TcpStream::connect(upstream).await.expect("the instance");
                let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
            });
        }
    });
    (address, authority, shaken)
}

async fn answers(mut coming: Coming) -> Option<Coming> {
    if coming.header("upgrade").is_some() {
        echo(coming).await;
        return None;
    }
    let length = coming.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let body = String::from_utf8_lossy(coming.read(length).await).into_owned();
    coming.rest.clear();
    coming.reply("200 OK", &body).await;
    Some(coming)
}

async fn register(app: &TestApp, address: SocketAddr) {
    app.register(&json!({"instanceId": "safe", "host": "localhost", "port": address.port(), "scheme": "https"})).await;
}

#[tokio::test]
async fn requests_bodies_and_sockets_pass_through_tls_on_kept_connections() {
    let upstream = Upstream::start(answers).await;
    let (address, authority, shaken) = behind_tls(upstream.address).await;
    let app = Plan::new().file("ca.pem", &authority).with("-Dinstance.tls.ca.file=ca.pem").with("-Dserver.workers=1").start().await;
    register(&app, address).await;
    app.wait_for_status("safe", "healthy").await;
    app.wait_for_setup("safe").await;
    let before = shaken.load(Ordering::SeqCst);
    let body = "x".repeat(1 << 20);
    for _ in 0..20 {
        let reply = app.ask("POST", SEND, &[], body.clone()).await;
        assert_eq!((reply.status.as_u16(), reply.header("x-peegeeq-instance"), reply.text() == body), (200, "safe", true));
    }
    let handshakes = shaken.load(Ordering::SeqCst) - before;
    assert!(handshakes < 20, "connections are kept: {handshakes} handshakes for 20 requests");
    let mut socket = SocketClient::open(app.address(), "/ws/queues/s1/q", &[], secs(20)).await.expect("a socket");
    socket.say(&json!({"n": 1})).await.expect("open");
    assert_eq!(socket.next().await.expect("an echo"), Said::Text(json!({"n": 1}).to_string()));
    let drained = app.post("/api/v1/instances/safe/drain", &json!({"deadline": "200ms"})).await;
    assert_eq!(drained.status, 200, "{}", drained.text());
    assert_eq!(socket.next().await.expect("a close"), Said::Closed(1001), "the end is said through TLS too");
}

#[tokio::test]
async fn who_shows_a_certificate_of_strangers_is_sent_nothing() {
    let upstream = Upstream::start(answers).await;
    let (address, _authority, shaken) = behind_tls(upstream.address).await;
    let app = Plan::new().with("-Drouting.panic.reads=fail").start().await;
    register(&app, address).await;
    app.wait_for_status("safe", "unhealthy").await;
    let reply = app.ask("GET", "/api/v1/queues/s1/q/stats", &[("x-peegeeq-instance", "safe")], "").await;
    assert!(matches!(reply.status.as_u16(), 404 | 503), "{}", reply.text());
    assert_eq!((shaken.load(Ordering::SeqCst), upstream.requests.load(Ordering::SeqCst)), (0, 0));
}
