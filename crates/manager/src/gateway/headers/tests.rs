use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::*;
use crate::server::Marks;

fn map(pairs: &[(&str, &str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (HeaderName::try_from(*name).expect("name"), HeaderValue::try_from(*value).expect("value"))).collect()
}

/// The head as the instance gets it.
fn written(method: &Method, pairs: &[(&str, &str)], trusted: &[&str], credentials: bool, length: Option<u64>) -> String {
    let headers = map(pairs);
    let networks = trusted.iter().map(|network| network.parse().expect("a network")).collect();
    let told = Forwarded::new(networks, false).told([10, 0, 0, 7].into(), &headers);
    let timeout = Duration::from_secs(30);
    let own = RequestDress { told, timeout, websocket: false, is_read: false };
    let target = "/api/v1/queues/s/q?a=b".parse().expect("a target");
    let (head, mut out) = (RequestHead { method, target: &target, headers: &headers, marks: Marks::of(&headers) }, Vec::new());
    write_head(&mut out, &head, &HeaderValue::from_static("10.0.0.9:8080"), length, &Dress::new("m-1", credentials, timeout), &own);
    String::from_utf8(out).expect("text")
}

fn dressed(pairs: &[(&str, &str)], trusted: &[&str], credentials: bool) -> HeaderMap {
    let text = written(&Method::GET, pairs, trusted, credentials, Some(0));
    let (first, fields) = text.strip_suffix("\r\n\r\n").and_then(|head| head.split_once("\r\n")).expect("a head");
    assert_eq!(first, "GET /api/v1/queues/s/q?a=b HTTP/1.1");
    let fields: Vec<_> = fields.split("\r\n").map(|field| field.split_once(": ").expect("a field")).collect();
    let headers = map(&fields);
    assert_eq!((headers.len(), &headers["host"]), (fields.len(), &HeaderValue::from_static("10.0.0.9:8080")), "each once: {text}");
    headers
}

#[test]
fn a_client_cannot_speak_for_a_proxy() {
    let headers = dressed(
        &[
            ("host", "manager:9090"),
            ("x-forwarded-for", "1.1.1.1"),
            ("forwarded", "for=1.1.1.1"),
            ("x_forwarded_for", "1.1.1.1"),
            ("x-real-ip", "1.1.1.1"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-user", "root"),
            ("x-peegeeq-instance", "b"),
        ],
        &[],
        false,
    );
    assert_eq!(headers["x-forwarded-for"], "10.0.0.7");
    assert_eq!(headers["forwarded"], "for=10.0.0.7;host=\"manager:9090\";proto=http");
    assert_eq!(headers["x-forwarded-proto"], "http");
    assert_eq!(headers["x-peegeeq-manager-hop"], "m-1");
    for gone in ["x_forwarded_for", "x-real-ip", "x-forwarded-user", "x-peegeeq-instance"] {
        assert!(!headers.contains_key(gone), "{gone}");
    }
}

#[test]
fn a_trusted_proxy_is_continued() {
    let said = [("host", "m"), ("x-forwarded-for", "1.1.1.1"), ("forwarded", "for=1.1.1.1"), ("x-forwarded-proto", "https")];
    let headers = dressed(&said, &["10.0.0.0/8"], false);
    assert_eq!(headers["x-forwarded-for"], "1.1.1.1, 10.0.0.7");
    assert_eq!(headers["forwarded"], "for=1.1.1.1, for=10.0.0.7;host=\"m\";proto=http");
    assert_eq!(headers["x-forwarded-proto"], "https");
}

#[test]
fn what_concerns_one_connection_stays_on_it() {
    let headers = dressed(
        &[
            ("host", "m"),
            ("connection", "close, X-Forwarded-For, x-secret"),
            ("x-secret", "1"),
            ("te", "trailers"),
            ("upgrade", "h2c"),
            ("http2-settings", "AAA"),
            ("traceparent", "00-1"),
            ("idempotency-key", "k"),
        ],
        &[],
        false,
    );
    for gone in ["connection", "x-secret", "te", "upgrade", "http2-settings"] {
        assert!(!headers.contains_key(gone), "{gone}");
    }
    assert_eq!(headers["x-forwarded-for"], "10.0.0.7");
    assert_eq!((&headers["traceparent"], &headers["idempotency-key"]), (&HeaderValue::from_static("00-1"), &HeaderValue::from_static("k")));
}

#[test]
fn credentials_pass_only_if_set() {
    let sent = [("host", "m"), ("authorization", "Bearer x"), ("cookie", "a=b")];
    assert!(!dressed(&sent, &[], false).contains_key("authorization"));
    assert!(!dressed(&sent, &[], false).contains_key("cookie"));
    assert_eq!(dressed(&sent, &[], true)["authorization"], "Bearer x");
}

#[test]
fn managers_before_are_named_too() {
    assert_eq!(dressed(&[("host", "m"), ("x-peegeeq-manager-hop", "m-0")], &[], false)["x-peegeeq-manager-hop"], "m-0, m-1");
}

#[test]
fn a_body_is_framed_once_whatever_the_client_said() {
    let post = |pairs: &[(&str, &str)], length| written(&Method::POST, pairs, &[], false, length);
    let framing = |text: &str| {
        let fields = text.split("\r\n").filter(|field| field.starts_with("content-length") || field.starts_with("transfer-encoding"));
        fields.collect::<Vec<_>>().join(", ")
    };
    assert_eq!(framing(&post(&[("host", "m"), ("transfer-encoding", "chunked")], None)), "transfer-encoding: chunked");
    assert_eq!(framing(&post(&[("host", "m"), ("transfer-encoding", "chunked")], Some(3))), "content-length: 3", "it was read");
    assert_eq!(framing(&post(&[("host", "m"), ("content-length", "3")], Some(3))), "content-length: 3");
    assert_eq!(framing(&post(&[("host", "m"), ("content-length", "0")], Some(0))), "content-length: 0");
    assert_eq!(framing(&post(&[("host", "m")], Some(0))), "");
}

#[test]
fn only_websockets_are_switched_to() {
    let asks = |pairs: &[(&str, &str)]| wants_websocket(&Method::GET, &map(pairs));
    assert!(asks(&[("upgrade", "WebSocket"), ("connection", "keep-alive, Upgrade")]));
    assert!(!asks(&[("upgrade", "websocket")]));
    assert!(!asks(&[("upgrade", "h2c"), ("connection", "upgrade")]));
    assert!(!wants_websocket(&Method::POST, &map(&[("upgrade", "websocket"), ("connection", "upgrade")])));
}
