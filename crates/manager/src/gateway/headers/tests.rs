use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::*;

fn map(pairs: &[(&str, &str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (HeaderName::try_from(*name).expect("name"), HeaderValue::try_from(*value).expect("value"))).collect()
}

fn dressed(pairs: &[(&str, &str)], trusted: &[&str], credentials: bool) -> HeaderMap {
    let mut headers = map(pairs);
    let networks = trusted.iter().map(|network| network.parse().expect("a network")).collect();
    let told = Forwarded::new(networks, false).told([10, 0, 0, 7].into(), &headers);
    let timeout = Duration::from_secs(30);
    let request = RequestDress { told, timeout, websocket: false, chunked: false };
    dress(&mut headers, &Dress::new("m-1", credentials, timeout), request);
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
fn answers_lose_what_is_the_managers_to_say() {
    let mut headers = map(&[
        ("connection", "close, x-hop"),
        ("x-hop", "1"),
        ("transfer-encoding", "chunked"),
        ("content-length", "3"),
        ("access-control-allow-origin", "*"),
        ("x-peegeeq-instance", "forged"),
        ("x-peegeeq-manager-hop", "m"),
        ("etag", "1"),
    ]);
    assert!(clean_answer(&mut headers, &HeaderValue::from_static("a")));
    let mut names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["etag", "x-peegeeq-instance"]);
    assert_eq!(headers["x-peegeeq-instance"], "a");
}

#[test]
fn only_websockets_are_switched_to() {
    let asks = |pairs: &[(&str, &str)]| wants_websocket(&Method::GET, &map(pairs));
    assert!(asks(&[("upgrade", "WebSocket"), ("connection", "keep-alive, Upgrade")]));
    assert!(!asks(&[("upgrade", "websocket")]));
    assert!(!asks(&[("upgrade", "h2c"), ("connection", "upgrade")]));
    assert!(!wants_websocket(&Method::POST, &map(&[("upgrade", "websocket"), ("connection", "upgrade")])));
}
