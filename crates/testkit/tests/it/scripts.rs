//! What can happen on the wire instead of an ordinary answer.

use peegeeq_testkit::{Canned, Connection, FakeInstance, HttpClient, Mode, Script, Step, millis, secs, wait_until};
use serde_json::json as value;

use super::alpha;

const PATH: &str = "/api/v1/queues/alpha/orders/messages";
const BODY: &str = r#"{"payload":1}"#;

async fn with(mode: impl Into<Mode>) -> FakeInstance {
    let instance = alpha().await;
    instance.set_path_mode(PATH, mode);
    instance
}

/// A connection on which a message was sent; `more` are further headers.
async fn sent(instance: &FakeInstance, more: &str) -> Connection {
    let mut connection = Connection::open(instance.addr(), secs(5)).await.unwrap();
    let head = format!("POST {PATH} HTTP/1.1\r\nhost: x\r\n{more}content-length: {}\r\n\r\n", BODY.len());
    connection.send(head + BODY).await.unwrap();
    connection
}

async fn everything(instance: &FakeInstance) -> String {
    let bytes = sent(instance, "").await.to_the_end().await.unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn connections_end_at_any_place() {
    assert!(everything(&with(Script::close_after_head()).await).await.ends_with("content-length: 100\r\n\r\n"));
    let half = everything(&with(Script::close_mid_body()).await).await;
    let (head, body) = half.split_once("\r\n\r\n").unwrap();
    let length: usize = head.rsplit("content-length: ").next().unwrap().parse().unwrap();
    assert_eq!(body.len(), length / 2);
    assert_eq!(everything(&with(Script::close_mid_request_body(3)).await).await, "");
    assert_eq!(everything(&with(Script::new().then(Step::Reset)).await).await, "");
    let instance = with(Script::close_mid_request_body(3)).await;
    everything(&instance).await;
    assert_eq!(instance.accepted_count(), 0);
}

#[tokio::test]
async fn lengths_lie_and_bodies_are_framed_oddly() {
    let short = everything(&with(Script::wrong_length(2)).await).await;
    assert!(short.contains("content-length: 2\r\n") && short.ends_with('}'));
    assert!(everything(&with(Script::wrong_length(9_999)).await).await.contains("content-length: 9999\r\n"));
    assert!(everything(&with(Script::http_1_0()).await).await.starts_with("HTTP/1.0 200"));
    assert!(!everything(&with(Script::close_delimited()).await).await.contains("content-length"));
    assert!(everything(&with(Script::huge_head(100_000)).await).await.len() > 100_000);
    let instance = with(Script::chunked_garbage()).await;
    let mut garbage = sent(&instance, "").await;
    assert_eq!(garbage.head().await.unwrap().header("transfer-encoding"), "chunked");
    assert_eq!(garbage.chunk().await.unwrap(), "{}");
    garbage.chunk().await.unwrap_err();
}

#[tokio::test]
async fn informational_answers_come_before_the_real_one_and_the_connection_goes_on() {
    for (script, first) in [(Script::early_hints(), 103), (Script::says_continue(), 100)] {
        let instance = with(script).await;
        let mut connection = sent(&instance, "").await;
        for _ in 0..2 {
            assert_eq!(connection.head().await.unwrap().status, first);
            let head = connection.head().await.unwrap();
            assert_eq!(head.status, 200);
            connection.exactly(head.header("content-length").parse().unwrap()).await.unwrap();
            let again = format!(
                "POST {PATH} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{{\"pay\r\n8\r\nload\":1}}\r\n0\r\n\r\n"
            );
            connection.send(again).await.unwrap();
        }
        wait_until("all three were acted on", secs(5), || async {
            if instance.accepted_count() == 3 { Ok(()) } else { Err(instance.accepted_count()) }
        })
        .await;
        assert_eq!(instance.accepted_connections(), 1);
    }
}

#[tokio::test]
async fn expectations_are_refused_ignored_or_met() {
    let expect = "expect: 100-continue\r\n";
    let instance = with(Script::refuses_continue()).await;
    assert_eq!(sent(&instance, expect).await.head().await.unwrap().status, 417);
    let instance = with(Script::ignores_continue()).await;
    assert_eq!(sent(&instance, expect).await.head().await.unwrap().status, 200);
    let instance = alpha().await;
    let mut connection = Connection::open(instance.addr(), secs(5)).await.unwrap();
    connection.send(format!("POST {PATH} HTTP/1.1\r\nhost: x\r\n{expect}content-length: 13\r\n\r\n")).await.unwrap();
    assert_eq!(connection.head().await.unwrap().status, 100);
    connection.send(BODY).await.unwrap();
    assert_eq!(connection.head().await.unwrap().status, 200);
}

#[tokio::test]
async fn answers_come_early_slowly_or_never() {
    let instance = with(Script::early_answer(413)).await;
    let mut connection = Connection::open(instance.addr(), secs(5)).await.unwrap();
    connection.send(format!("POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-length: 999999\r\n\r\n")).await.unwrap();
    assert_eq!(connection.head().await.unwrap().status, 413);
    drop(connection);
    let instance = with(Script::trickle(millis(1))).await;
    let reply = HttpClient::new(secs(5)).post_json(&format!("{}{PATH}", instance.base_url()), &value!({"payload": 1})).await;
    assert_eq!(reply.unwrap().json()["messageId"], "1");
    let instance = with(Script::endless()).await;
    let mut endless = sent(&instance, "").await;
    endless.head().await.unwrap();
    for _ in 0..100 {
        assert_eq!(endless.chunk().await.unwrap().len(), 4_096);
    }
    let busy = with(Canned::busy(429, 7)).await;
    assert_eq!(sent(&busy, "").await.head().await.unwrap().header("retry-after"), "7");
}

#[tokio::test]
async fn a_client_that_leaves_is_noticed() {
    for mode in [Mode::from(Script::never_answers()), Mode::Hang, Mode::from(Canned::endless())] {
        let instance = with(mode).await;
        let connection = sent(&instance, "").await;
        wait_until("the request arrived", secs(5), || async { if instance.hits(PATH) == 1 { Ok(()) } else { Err("not yet") } }).await;
        assert!(instance.departures().is_empty());
        drop(connection);
        wait_until("it was noticed", secs(5), || async { if instance.departures().len() == 1 { Ok(()) } else { Err("not yet") } }).await;
        assert_eq!(instance.departures()[0].path, PATH);
    }
}

#[tokio::test]
async fn kept_connections_end_without_a_word() {
    let instance = alpha().await;
    let mut connection = sent(&instance, "").await;
    let head = connection.head().await.unwrap();
    connection.exactly(head.header("content-length").parse().unwrap()).await.unwrap();
    instance.set_path_mode("/health", Mode::Hang);
    let mut busy = Connection::open(instance.addr(), secs(5)).await.unwrap();
    busy.send("GET /health HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    wait_until("the other is under way", secs(5), || async { if instance.hits("/health") == 1 { Ok(()) } else { Err("not yet") } }).await;
    instance.close_idle_connections();
    assert_eq!(connection.to_the_end().await.unwrap(), "");
    instance.heal();
    assert_eq!(busy.head().await.unwrap().status, 200);

    instance.close_one_in(1);
    let answer = everything(&instance).await;
    assert!(answer.starts_with("HTTP/1.1 200") && !answer.contains("connection"), "{answer}");
    let answer = everything(&with(Script::answer_then_close()).await).await;
    assert!(answer.starts_with("HTTP/1.1 200") && !answer.contains("connection"), "{answer}");
}

#[tokio::test]
async fn a_mode_can_be_for_a_few_requests_only() {
    let instance = alpha().await;
    instance.set_path_mode_for(PATH, 2, Canned::busy(503, 1));
    for status in [503, 503, 200] {
        assert_eq!(sent(&instance, "").await.head().await.unwrap().status, status);
    }
}
