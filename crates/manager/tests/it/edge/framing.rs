//! Malformed HTTP, early closing, half closing and pipelining: each is answered once, or its connection ends; none hangs.

use peegeeq_testkit::{secs, wait_until};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::corpus::{CORPUS, Fate};
use crate::support::{TestApp, raw};

#[tokio::test]
async fn every_request_of_the_corpus_meets_its_fate() {
    let app = TestApp::start().await;
    let mut wrong = Vec::new();
    for (name, bytes, fate) in CORPUS {
        let answer = raw::send(app.address(), bytes.as_bytes()).await;
        let refused = answer.status.is_none_or(|status| status >= 400);
        // Whoever speaks another version may be left without a word.
        let told = answer.is_envelope() || (answer.closed && answer.text.is_empty());
        if refused != (*fate == Fate::Refused) || (refused && !told) {
            wrong.push(format!("{name}: expected {fate:?}, got {:?}: {}", answer.status, answer.text));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(app.get("/api/v1/instances").await.json()["count"], 0, "nothing was registered on the way");
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let app = TestApp::start().await;
    let one = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    let last = "GET /health/live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let bytes = format!("{}{}{}{last}", one("/health"), one("/nosuch"), one("/api/v1/instances"));
    let answers = peegeeq_testkit::raw(app.address(), bytes.as_bytes(), secs(20)).await.expect("answers");
    let text = String::from_utf8_lossy(&answers).into_owned();
    let statuses: Vec<&str> = text.match_indices("HTTP/1.1 ").map(|(at, _)| &text[at + 9..at + 12]).collect();
    assert_eq!(statuses, ["200", "404", "200", "200"]);
}

#[tokio::test]
async fn a_half_closed_client_is_answered_or_let_go() {
    let app = TestApp::start().await;
    let mut stream = TcpStream::connect(app.address()).await.expect("a connection");
    stream.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("written");
    stream.shutdown().await.expect("half closed");
    // A client that closes cancels its request, unless the answer is faster.
    let answer = raw::answer(&mut stream).await;
    assert!(answer.status == Some(200) || answer.closed, "{answer:?}");
}

#[tokio::test]
async fn clients_that_leave_in_the_middle_leave_nothing_behind() {
    let app = TestApp::start().await;
    let partial: [&[u8]; 4] = [
        b"GET /hea",
        b"POST /api/v1/instances/register HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{\"inst",
        b"POST /api/v1/instances/register HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"in",
        b"GET /api/v1/instances HTTP/1.1\r\nhost: localhost\r\n\r\n",
    ];
    for bytes in partial.iter().cycle().take(100) {
        let mut stream = TcpStream::connect(app.address()).await.expect("a connection");
        stream.write_all(bytes).await.expect("written");
    }
    wait_until("no request to be in flight but this one", secs(20), || async {
        let text = app.get("/metrics").await.text();
        let gauge = text.lines().find(|line| line.starts_with("peegeeq_http_requests_in_flight ")).unwrap_or_default().to_owned();
        // Managers of other tests share the gauge: it is low, never one for each client that left.
        let number: f64 = gauge.rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or(f64::MAX);
        if number < 75.0 { Ok(()) } else { Err(gauge) }
    })
    .await;
    assert_eq!(app.get("/api/v1/instances").await.json()["count"], 0);
}
