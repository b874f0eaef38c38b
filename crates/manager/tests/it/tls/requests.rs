//! What works over HTTPS as it does without.

use futures_util::StreamExt;
use peegeeq_testkit::secs;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::support::tls::{Authority, Trust};
use crate::support::{Coming, Plan, Upstream, raw};

#[tokio::test]
async fn the_api_answers_over_https_and_says_so() {
    let app = Plan::new().secure(&Authority::new("ours")).start().await;
    app.register(&json!({"instanceId": "a", "host": "127.0.0.1", "port": 1})).await;
    assert_eq!(app.row("a").await["instanceId"], "a");
    let health = app.get("/health").await.json();
    assert_eq!((&health["tls"], &health["degraded"]), (&json!(true), &json!([])));
    let detail = app.get("/health/detail").await.json();
    assert_eq!(detail["certificate"]["names"], json!(["localhost", "127.0.0.1", "m.example"]));
    assert_eq!(detail["certificate"]["asksClients"], false);
    let plain = crate::support::TestApp::start().await;
    let detail = plain.get("/health/detail").await.json();
    assert_eq!((&detail["tls"], &detail["certificate"]), (&json!(false), &json!(null)));
    let page = app.get("/ui/").await;
    assert!(page.header("content-security-policy").contains("connect-src 'self'") && !page.text().contains("http://"), "{}", page.text());
    let created = app.post("/api/v1/instances/register", &json!({"instanceId": "b", "host": "127.0.0.1", "port": 2})).await;
    assert!(!created.header("location").starts_with("http://"), "{}", created.header("location"));
}

#[tokio::test]
async fn plain_http_on_the_port_is_told_in_plain_http() {
    let app = Plan::new().secure(&Authority::new("ours")).start().await;
    for ask in ["GET / HTTP/1.1\r\nhost: localhost\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        let answer = raw::send(app.address(), ask.as_bytes()).await;
        assert_eq!(answer.status, Some(400), "{answer:?}");
        assert!(answer.is_envelope() && answer.body().contains("use https://"), "{answer:?}");
    }
    let metrics = app.get("/metrics").await.text();
    assert!(metrics.contains("peegeeq_tls_handshake_failures_total{reason=\"plain_http\"}"), "{metrics}");
}

#[tokio::test]
async fn websockets_and_streams_of_updates_work_over_tls() {
    let authority = Authority::new("ours");
    let app = Plan::new().secure(&authority).start().await;
    let stream = Trust::of(&authority).connect(app.address(), &["http/1.1"]).await.expect("TLS");
    let request = format!("wss://{}/ws/updates", app.address()).into_client_request().expect("a request");
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.expect("a socket");
    let said = tokio::time::timeout(secs(20), socket.next()).await.expect("in time").expect("open").expect("a message");
    assert!(said.to_text().expect("text").contains("snapshot"), "{said:?}");
    let mut events = Trust::of(&authority).connect(app.address(), &[]).await.expect("TLS");
    events.write_all(b"GET /api/v1/updates HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("open");
    let mut read = Vec::new();
    let reading = async {
        while !String::from_utf8_lossy(&read).contains("event: ") {
            assert!(events.read_buf(&mut read).await.is_ok_and(|read| read > 0));
        }
    };
    tokio::time::timeout(secs(20), reading).await.expect("an event");
}

/// Answers with the head of the request and the body that came behind it.
async fn mirror(mut coming: Coming) -> Option<Coming> {
    let length = coming.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let body = String::from_utf8_lossy(coming.read(length).await).into_owned();
    coming.rest.clear();
    let said = json!({"head": coming.head, "body": body}).to_string();
    coming.reply("200 OK", &said).await;
    Some(coming)
}

#[tokio::test]
async fn an_instance_is_told_that_its_client_speaks_https() {
    let authority = Authority::new("ours");
    let app = Plan::new().secure(&authority).start().await;
    Upstream::start(mirror).await.join(&app, "a").await;
    let http2 = Trust::of(&authority).http2(app.address()).await;
    let (path, headers) = ("/api/v1/queues/s1/q/messages", [("content-type", "application/json"), ("cookie", "a=1"), ("cookie", "b=2")]);
    let replies = [app.ask("POST", path, &headers[..1], "{\"n\":1}").await, http2.ask("POST", path, &headers, "{\"n\":1}").await];
    for reply in replies {
        assert_eq!(reply.status, 200, "{}", reply.text());
        let said = reply.json();
        let head = said["head"].as_str().unwrap_or_default().to_ascii_lowercase();
        assert!(head.contains("x-forwarded-proto: https\r\n") && head.contains(";proto=https"), "{head}");
        assert!(head.contains(&format!("x-forwarded-host: {}\r\n", app.address())), "{head}");
        assert!(head.starts_with("post /api/v1/queues/s1/q/messages http/1.1\r\n") && !head.contains("cookie"), "{head}");
        assert_eq!(said["body"], "{\"n\":1}");
    }
}
