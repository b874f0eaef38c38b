//! What reaches an instance, and what comes back: to the byte.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use peegeeq_testkit::secs;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Coming, Plan, TestApp, Upstream, raw};

async fn echo_head(mut coming: Coming) -> Option<Coming> {
    let head = serde_json::json!({ "head": coming.head }).to_string();
    coming.reply("200 OK", &head).await;
    Some(coming)
}

#[tokio::test]
async fn a_request_arrives_as_it_was_but_for_what_the_manager_says() {
    let app = TestApp::start().await;
    let upstream = Upstream::start(echo_head).await;
    upstream.join(&app, "a").await;
    let sent = [
        ("traceparent", "00-1-2-01"),
        ("idempotency-key", "k1"),
        ("x-forwarded-for", "6.6.6.6"),
        ("x_forwarded_for", "6.6.6.6"),
        ("forwarded", "for=6.6.6.6"),
        ("authorization", "Basic eA=="),
        ("cookie", "a=b"),
        ("connection", "close, x-private"),
        ("x-private", "1"),
        ("te", "trailers"),
        ("x-peegeeq-anything", "1"),
    ];
    let reply = app.ask("GET", "/api/v1/queues/s1/q%20x/stats?a=%2F&b", &sent, "").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.header("x-peegeeq-instance"), "a");
    assert_eq!(reply.header("x-peegeeq-attempts"), "", "it took one");
    assert_ne!(reply.header("x-request-id"), "");
    let head = reply.json()["head"].as_str().expect("text").to_ascii_lowercase();
    assert!(head.starts_with("get /api/v1/queues/s1/q%20x/stats?a=%2f&b http/1.1\r\n"), "{head}");
    for line in [
        format!("host: {}", upstream.address),
        "traceparent: 00-1-2-01".to_owned(),
        "idempotency-key: k1".to_owned(),
        "x-forwarded-for: 127.0.0.1".to_owned(),
        "x-forwarded-proto: http".to_owned(),
        format!("x-forwarded-host: {}", app.address()),
        format!("forwarded: for=127.0.0.1;host=\"{}\";proto=http", app.address()),
        "x-request-timeout-ms: 29950".to_owned(),
    ] {
        assert!(head.contains(&format!("{line}\r\n")), "{line} in {head}");
    }
    for gone in ["6.6.6.6", "authorization", "cookie", "x-private", "te: ", "connection:", "x-peegeeq-anything"] {
        assert!(!head.contains(gone), "{gone} in {head}");
    }
    assert!(head.contains("x-peegeeq-manager-hop: peegeeq-service-manager-"), "{head}");
}

#[tokio::test]
async fn settings_say_whose_credentials_and_proxies_are_believed() {
    let plan = Plan::new().with("-Drouting.forward.credentials=true").with("-Drouting.trusted.proxies=127.0.0.0/8");
    let app = plan.start().await;
    Upstream::start(echo_head).await.join(&app, "a").await;
    let sent = [("x-forwarded-for", "6.6.6.6"), ("x-forwarded-proto", "https"), ("authorization", "Basic eA=="), ("cookie", "a=b")];
    let reply = app.ask("GET", "/api/v1/queues/s1/q/stats", &sent, "").await;
    let head = reply.json()["head"].as_str().expect("text").to_ascii_lowercase();
    for line in ["x-forwarded-for: 6.6.6.6, 127.0.0.1", "x-forwarded-proto: https", "authorization: basic ea==", "cookie: a=b"] {
        assert!(head.contains(line), "{line} in {head}");
    }
}

#[tokio::test]
async fn an_answer_comes_back_without_what_concerned_the_other_connection() {
    let app = TestApp::start().await;
    let upstream = Upstream::start(|mut coming| async move {
        coming
            .send(
                "HTTP/1.1 207 Multi-Status\r\ncontent-length: 2\r\nconnection: x-hop\r\nx-hop: 1\r\nkeep-alive: timeout=5\r\n\
                 access-control-allow-origin: *\r\nx-peegeeq-instance: forged\r\netag: \"1\"\r\n\r\nok",
            )
            .await;
        Some(coming)
    })
    .await;
    upstream.join(&app, "ü").await;
    let reply = app.ask("POST", "/api/v1/queues/s1/q/messages/batch", &[], "{}").await;
    assert_eq!((reply.status.as_u16(), reply.text().as_str()), (207, "ok"));
    assert_eq!(reply.header("x-peegeeq-instance"), "%C3%BC");
    assert_eq!(reply.header("etag"), "\"1\"");
    for gone in ["x-hop", "keep-alive", "access-control-allow-origin"] {
        assert_eq!(reply.header(gone), "", "{gone}");
    }
}

#[tokio::test]
async fn connections_are_used_again_and_bodies_of_every_framing_are_whole() {
    let app = TestApp::start().await;
    let used = Arc::new(Mutex::new(BTreeSet::new()));
    let using = used.clone();
    let upstream = Upstream::start(move |mut coming| {
        using.lock().expect("no panic").insert(coming.connection);
        async move {
        let path = coming.head.split(' ').nth(1).unwrap_or_default().to_owned();
        match path.rsplit('/').next() {
            Some("chunked") => {
                coming.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-t\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nx-t: 1\r\n\r\n").await;
            }
            Some("closed") => {
                coming.send("HTTP/1.0 200 OK\r\n\r\nabcde").await;
                return None;
            }
            Some("none") => coming.send("HTTP/1.1 204 No Content\r\n\r\n").await,
            Some("head") => coming.send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n").await,
            _ => coming.reply("200 OK", "abcde").await,
        }
        Some(coming)
        }
    })
    .await;
    upstream.join(&app, "a").await;
    let mut client = TcpStream::connect(app.address()).await.expect("a connection");
    for (method, kind, body) in [
        ("GET", "length", "abcde"),
        ("GET", "chunked", "abcde"),
        ("GET", "none", ""),
        ("HEAD", "head", ""),
        ("GET", "length", "abcde"),
        ("GET", "closed", "abcde"),
    ] {
        let request = format!("{method} /api/v1/queues/s1/q/{kind} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        client.write_all(request.as_bytes()).await.expect("open");
        let (status, got) = read_answer(&mut client, method == "HEAD").await;
        assert_eq!((status, got.as_str()), (if kind == "none" { 204 } else { 200 }, body), "{kind}");
    }
    assert_eq!(used.lock().expect("no panic").len(), 1, "one connection for six requests of one client");
}

/// One answer on a kept connection: status and body, whatever its framing.
pub(super) async fn read_answer(client: &mut TcpStream, is_head: bool) -> (u16, String) {
    let mut read = Vec::new();
    let reading = async {
        loop {
            let text = String::from_utf8_lossy(&read).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let status: u16 = head.get(9..12).and_then(|status| status.parse().ok()).expect("a status");
                let lower = head.to_ascii_lowercase();
                let length = lower.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
                if is_head || status == 204 {
                    return (status, String::new());
                }
                if lower.contains("transfer-encoding: chunked") {
                    if body.ends_with("0\r\n\r\n") {
                        let pieces = body.split("\r\n").collect::<Vec<_>>();
                        return (status, pieces.iter().skip(1).step_by(2).copied().collect());
                    }
                } else if length.is_some_and(|length| body.len() >= length) {
                    return (status, body.to_owned());
                }
            }
            assert!(client.read_buf(&mut read).await.is_ok_and(|read| read > 0), "it ended early: {text}");
        }
    };
    tokio::time::timeout(secs(20), reading).await.expect("an answer")
}

#[tokio::test]
async fn a_body_is_passed_on_as_it_comes_in_both_directions() {
    let app = TestApp::start().await;
    let upstream = Upstream::start(|mut coming| async move {
        coming.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
        // Every piece of the request is answered at once.
        let mut done = 0;
        loop {
            let next = coming.read(done + 6).await.get(done..).map(<[u8]>::to_vec).unwrap_or_default();
            if next.len() < 6 || next.starts_with(b"0\r\n") {
                break;
            }
            done += 6;
            coming.send(&next[..6]).await;
        }
        coming.send("0\r\n\r\n").await;
        Some(coming)
    })
    .await;
    upstream.join(&app, "a").await;
    let mut client = TcpStream::connect(app.address()).await.expect("a connection");
    let head = "POST /api/v1/queues/s1/q/messages HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n";
    client.write_all(head.as_bytes()).await.expect("open");
    let mut got = Vec::new();
    for piece in ["a", "b", "c"] {
        client.write_all(format!("1\r\n{piece}\r\n").as_bytes()).await.expect("open");
        let until = format!("1\r\n{piece}\r\n");
        let reading = async {
            while !String::from_utf8_lossy(&got).ends_with(&until) {
                assert!(client.read_buf(&mut got).await.is_ok_and(|read| read > 0), "it ended early");
            }
        };
        tokio::time::timeout(secs(10), reading).await.expect("each piece comes before the next is sent");
    }
}

#[tokio::test]
async fn an_early_answer_comes_before_the_body_was_read() {
    let app = TestApp::start().await;
    let upstream = Upstream::start(|mut coming| async move {
        coming.reply("413 Content Too Large", "{\"error\":\"too large\"}").await;
        coming.gone().await;
        None
    })
    .await;
    upstream.join(&app, "a").await;
    let head = "POST /api/v1/queues/s1/q/messages HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000\r\n\r\n{";
    let answer = raw::send(app.address(), head.as_bytes()).await;
    assert_eq!(answer.status, Some(413), "{}", answer.text);
    assert!(answer.body().contains("too large"), "{}", answer.text);
}

#[tokio::test]
async fn a_body_waits_until_the_instance_asks_for_it() {
    let app = TestApp::start().await;
    let upstream = Upstream::start(|mut coming| async move {
        if coming.header("expect") != Some("100-continue") || !coming.rest.is_empty() {
            coming.reply("500 Wrong", &coming.head.clone()).await;
            return None;
        }
        if coming.head.contains("/refused/") {
            coming.reply("401 Unauthorized", "{}").await;
            return None;
        }
        coming.send("HTTP/1.1 100 Continue\r\n\r\n").await;
        let body = String::from_utf8_lossy(coming.read(2).await).into_owned();
        coming.rest.clear();
        coming.reply("200 OK", &body).await;
        Some(coming)
    })
    .await;
    upstream.join(&app, "a").await;
    let mut client = TcpStream::connect(app.address()).await.expect("a connection");
    let head = "POST /api/v1/queues/s1/q/messages HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n";
    client.write_all(head.as_bytes()).await.expect("open");
    let mut interim = [0; 25];
    tokio::time::timeout(secs(10), client.read_exact(&mut interim)).await.expect("asked for").expect("open");
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    client.write_all(b"{}").await.expect("open");
    assert_eq!(read_answer(&mut client, false).await, (200, "{}".to_owned()));
    let refused = head.replace("/q/messages", "/refused/messages");
    let answer = raw::send(app.address(), refused.as_bytes()).await;
    assert_eq!(answer.status, Some(401), "no 100 before it: {}", answer.text);
}

#[tokio::test]
async fn interim_answers_are_passed_over_and_a_flood_of_them_is_refused() {
    let app = Plan::new().with("-Dload.balancing.max.retries=0").start().await;
    let upstream = Upstream::start(|mut coming| async move {
        let floods = coming.head.contains("/flood/");
        for _ in 0..if floods { 20_000 } else { 3 } {
            if coming.stream.write_all(b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n").await.is_err() {
                return None;
            }
        }
        coming.reply("200 OK", "{}").await;
        Some(coming)
    })
    .await;
    upstream.join(&app, "a").await;
    assert_eq!(app.get("/api/v1/queues/s1/q/stats").await.status, 200);
    let refused = app.get("/api/v1/queues/s1/flood/stats").await;
    assert_eq!(refused.status, 502, "{}", refused.text());
}

#[tokio::test]
async fn what_is_sent_on_has_one_length_whatever_came() {
    let app = TestApp::start().await;
    let upstream = Upstream::start(|coming| async move {
        // The body is not read, so the connection serves nobody else.
        echo_head(coming).await;
        None
    })
    .await;
    upstream.join(&app, "a").await;
    // The server reads such a request as chunked and drops the length: so does what the instance sees.
    let both = "POST /api/v1/queues/s1/q/messages HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n\
                0\r\n\r\n";
    let answer = raw::send(app.address(), both.as_bytes()).await;
    assert!(answer.body().contains("transfer-encoding: chunked") && !answer.body().contains("content-length"), "{}", answer.text);
    let absolute = format!("GET http://{0}/api/v1/queues/s1/q/stats?a=b HTTP/1.1\r\nhost: {0}\r\n\r\n", app.address());
    let answer = raw::send(app.address(), absolute.as_bytes()).await;
    assert!(answer.body().contains("GET /api/v1/queues/s1/q/stats?a=b HTTP/1.1"), "{}", answer.text);
    let get = "GET /api/v1/queues/s1/q/stats HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n";
    let answer = raw::send(app.address(), get.as_bytes()).await;
    assert!(answer.body().contains("transfer-encoding: chunked"), "a body of a GET is framed too: {}", answer.text);
}
