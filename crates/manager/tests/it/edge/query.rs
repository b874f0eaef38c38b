//! What a query may not say: bytes that are no text, and the same thing twice. And what `OPTIONS *` is told.

use crate::support::{TestApp, raw};

#[tokio::test]
async fn a_query_that_is_not_text_is_refused_by_name() {
    let app = TestApp::start().await;
    for (path, field) in [
        ("/api/v1/instances?region=%zz", "region"),
        ("/api/v1/instances?environment=a&metadata.zone=%ff", "metadata.zone"),
        ("/api/v1/instances/a?at=%", "at"),
        ("/api/v1/instances/a/availability?window=%f", "window"),
        ("/api/v1/events?kind=%ff", "kind"),
        ("/api/v1/events/diff?from=%zz", "from"),
        ("/api/v1/instances/a/history?kind=%zz", "kind"),
        ("/api/v1/federated/queues?view=%zz", "view"),
        ("/api/v1/routing?setup=%zz", "setup"),
        ("/api/v1/updates?topics=%ff", "topics"),
        ("/api/v1/management/queues?search=%ff", "search"),
        ("/api/v1/management/consumer-groups?fresh=%ff", "fresh"),
    ] {
        let reply = app.get(path).await;
        assert_eq!(reply.status, 400, "{path}: {}", reply.text());
        let body = reply.json();
        assert_eq!(body["details"][0]["field"], field, "{path}: {body}");
        assert!(body["error"].as_str().is_some_and(|error| error.contains("percent-encoded UTF-8")), "{path}: {body}");
    }
    let good = app.get("/api/v1/instances?region=%C3%A4&x=1&x=2").await;
    assert_eq!((good.status.as_u16(), good.json()["filters"]["region"].as_str()), (200, Some("\u{e4}")));
}

#[tokio::test]
async fn a_parameter_said_twice_is_refused_by_name() {
    let app = TestApp::start().await;
    for (path, field) in [
        ("/api/v1/instances?region=a&region=b", "region"),
        ("/api/v1/instances?metadata.zone=a&metadata.zone=a", "metadata.zone"),
        ("/api/v1/instances?page=1&page=2", "page"),
        ("/api/v1/instances/a?at=2026-01-31T12:00:00Z&at=2026-01-31T12:00:00Z", "at"),
        ("/api/v1/instances/a/availability?window=1h&window=2h", "window"),
        ("/api/v1/events?limit=1&limit=2", "limit"),
        ("/api/v1/events/diff?from=2026-01-31T12:00:00Z&from=2026-01-31T12:00:00Z", "from"),
        ("/api/v1/federated/queues?view=flat&view=grouped", "view"),
        ("/api/v1/routing?setup=a&setup=b", "setup"),
        ("/api/v1/updates?since=1:1&since=1:2", "since"),
        ("/api/v1/updates?region=a&region=b", "region"),
        ("/api/v1/management/queues?page=1&page=2", "page"),
    ] {
        let reply = app.get(path).await;
        assert_eq!(reply.status, 400, "{path}: {}", reply.text());
        assert_eq!(reply.json()["error"], format!("{field} must be said once"), "{path}");
    }
    for path in [
        "/api/v1/events?kind=instance.verdict&kind=operator.",
        "/api/v1/management/queues?type=native&type=outbox&status=active&status=idle",
        "/api/v1/instances?utm=1&utm=2",
    ] {
        assert_eq!(app.get(path).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn options_of_everything_is_told_the_methods() {
    let app = TestApp::start().await;
    let told = raw::send(app.address(), b"OPTIONS * HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await;
    assert_eq!(told.status, Some(204), "{}", told.text);
    assert!(told.text.to_ascii_lowercase().contains("\r\nallow: get, head, post, put, patch, delete, options\r\n"), "{}", told.text);
}
