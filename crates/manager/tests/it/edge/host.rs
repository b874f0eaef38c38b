//! By which names the manager answers: a page that rebinds its own name to this machine gets nothing.

use crate::support::{Plan, TestApp, raw};

async fn status(app: &TestApp, host: &str) -> Option<u16> {
    raw::send(app.address(), format!("GET /api/v1/instances HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").as_bytes()).await.status
}

#[tokio::test]
async fn addresses_and_localhost_pass_and_strangers_do_not() {
    let app = TestApp::start().await;
    for host in ["localhost", "localhost:1234", "127.0.0.1", "[::1]:9090", "10.1.2.3:80", "LOCALHOST"] {
        assert_eq!(status(&app, host).await, Some(200), "{host}");
    }
    for host in ["evil.example", "evil.example:9090", "localhost.evil.example", "127.0.0.1.evil.example", "localhost@evil.example"] {
        let refused = status(&app, host).await;
        assert!(matches!(refused, Some(421 | 400)), "{host}: {refused:?}");
    }
}

#[tokio::test]
async fn names_of_the_settings_pass() {
    let app = Plan::new().with("-Dservice.names=manager.example,other.example").start().await;
    for host in ["manager.example", "OTHER.example:9090"] {
        assert_eq!(status(&app, host).await, Some(200), "{host}");
    }
    assert_eq!(status(&app, "third.example").await, Some(421));
}

#[tokio::test]
async fn a_token_is_as_good_as_a_name() {
    let plan = super::tokens::with_tokens(Plan::new());
    let app = plan.start().await;
    let request =
        |token: &str| format!("GET /health HTTP/1.1\r\nhost: evil.example\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n");
    assert_eq!(raw::send(app.address(), request(super::tokens::READ).as_bytes()).await.status, Some(200));
    assert_eq!(raw::send(app.address(), request("unknown-unknown-unknown").as_bytes()).await.status, Some(421));
    assert_eq!(status(&app, "evil.example").await, Some(421), "refused before anybody asks for a token");
}
