//! Who may do what: every route and method with every kind of credential, generated from the description of the API.

use peegeeq_service_manager::cli::{Role, hash_line};
use peegeeq_testkit::Reply;
use serde_json::Value;

use crate::support::{Plan, TestApp};

pub(super) const READ: &str = "read-token-0123456789abcdef";
const ADMIN: &str = "admin-token-0123456789abcdef";
const METHODS: [&str; 7] = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH"];

/// Open to everybody, with every method: an answer of 405 is one too.
const PUBLIC: [&str; 9] =
    ["/health", "/health/live", "/health/ready", "/openapi.json", "/docs/", "/ui/", "/api/v1/health", "/api/v1/sse/health", "/ws/health"];

/// Read for the whole cluster; what else is done there is for one instance: the gateway's, and so not in the description.
const ALSO_ROUTED: [&str; 2] = ["/api/v1/management/", "/api/v1/setups"];

/// For administrators alone, although it only looks.
const CONFIDENTIAL: [&str; 1] = ["/api/v1/managers/self/settings"];

/// The plan with a tokens file that knows both tokens.
pub(crate) fn with_tokens(plan: Plan) -> Plan {
    let line = |token: &str, name: &str, role| hash_line(token, name, role).expect("a good token");
    let lines = format!("# who\n{}\n\n{}\n", line(READ, "viewer", Role::Read), line(ADMIN, "operator", Role::Admin));
    plan.file("tokens", &lines).with("-Dsecurity.tokens.file=tokens")
}

/// The status alone: some answers have no end.
async fn status_of(app: &TestApp, method: &str, path: &str, credential: Option<&str>) -> u16 {
    let stream = tokio::net::TcpStream::connect(app.address()).await.expect("a connection");
    let (mut sender, connection) = hyper::client::conn::http1::handshake(hyper_util::rt::TokioIo::new(stream)).await.expect("a handshake");
    let connection = tokio::spawn(connection);
    let request = http::Request::builder().method(method).uri(path).header("host", app.address().to_string());
    let request = credential.iter().fold(request, |request, credential| request.header("authorization", *credential));
    let answer = sender.send_request(request.body(String::new()).expect("a request")).await.expect("an answer");
    connection.abort();
    answer.status().as_u16()
}

async fn ask(app: &TestApp, method: &str, path: &str, credential: Option<&str>) -> Reply {
    let headers: Vec<(&str, &str)> = credential.iter().map(|credential| ("authorization", *credential)).collect();
    app.ask(method, path, &headers, "").await
}

/// Every path as it is described, and with an id in it.
fn paths(openapi: &Value) -> Vec<(String, String)> {
    let paths = openapi["paths"].as_object().expect("paths");
    assert!(paths.len() > 5, "the description has the routes");
    // A stream has no end, so it is asked for from a place that is none: who may ask is told that.
    let endless = |path: &str| if path == "/api/v1/updates" { "?since=nowhere" } else { "" };
    let named = |path: &str| path.replace("{instanceId}", "a").replace("{id}", "a").replace("{setup_id}", "a");
    let filled = |path: &str| format!("{}{}", named(path), endless(path));
    paths.keys().map(|path| (path.clone(), filled(path))).collect()
}

#[tokio::test]
async fn every_route_asks_for_the_right_credential() {
    let app = with_tokens(Plan::new()).start().await;
    let (read, admin) = (format!("Bearer {READ}"), format!("Bearer {ADMIN}"));
    let openapi = app.get("/openapi.json").await.json();
    let mut pairs = 0;
    for (described, path) in paths(&openapi) {
        for method in METHODS {
            let status = |credential: Option<String>| {
                let (app, path) = (&app, &path);
                async move { status_of(app, method, path, credential.as_deref()).await }
            };
            let safe = matches!(method, "GET" | "HEAD");
            let found = (status(None).await, status(Some(read.clone())).await, status(Some(admin.clone())).await);
            let refused = |status: u16| matches!(status, 401 | 403);
            let offered = openapi["paths"][&described][method.to_ascii_lowercase()].is_object()
                || (method == "HEAD" && openapi["paths"][&described]["get"].is_object())
                || (!safe && method != "OPTIONS" && !PUBLIC.contains(&&*path) && ALSO_ROUTED.iter().any(|start| path.starts_with(start)));
            let expected = if !offered {
                // Which methods there are is in the published description.
                found.0 == found.1 && found.1 == found.2 && matches!(found.0, 204 | 405)
            } else if PUBLIC.contains(&&*path) {
                !refused(found.0) && !refused(found.1) && !refused(found.2)
            } else if safe && !CONFIDENTIAL.contains(&&*path) {
                found.0 == 401 && !refused(found.1) && !refused(found.2)
            } else {
                found.0 == 401 && found.1 == 403 && !refused(found.2)
            };
            assert!(expected, "{method} {path}: without, with read, with admin: {found:?}");
            let unknown = status(Some("Bearer no-such-token-0123456789".to_owned())).await;
            let ignored = !offered || PUBLIC.contains(&&*path);
            assert_eq!(unknown, if ignored { found.0 } else { 401 }, "{method} {path}: an unknown token is as good as none");
            pairs += 1;
        }
    }
    assert!(pairs > 50, "{pairs} pairs of route and method");
}

#[tokio::test]
async fn what_is_no_route_tells_nothing_to_strangers() {
    let app = with_tokens(Plan::new()).start().await;
    for path in ["/api/v1/instances/a/proxy/x", "/healthy", "/health/detail", "/HEALTH", "/health%2Flive", "/docsx"] {
        let status = ask(&app, "GET", path, None).await.status;
        assert!(matches!(status.as_u16(), 401 | 404), "{path}: {status}");
    }
    assert_eq!(ask(&app, "GET", "/health/detail", None).await.status, 401, "public paths match exactly, never by prefix");
}

#[tokio::test]
async fn credentials_in_other_shapes_are_refused() {
    let app = with_tokens(Plan::new()).start().await;
    let credentials = [
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Basic {READ}"),
        READ.to_owned(),
        format!("Bearer {READ} "),
        format!("Bearer {READ}x"),
        format!("Bearer {}", "x".repeat(10_000)),
        format!("Bearer {READ}, Bearer {ADMIN}"),
    ];
    for credential in credentials {
        let reply = ask(&app, "GET", "/api/v1/instances", Some(&credential)).await;
        let trimmed_is_fine = credential.trim_end() == format!("Bearer {READ}");
        assert_eq!(reply.status.as_u16(), if trimmed_is_fine { 200 } else { 401 }, "{credential:.60}");
        if !trimmed_is_fine {
            assert_eq!(reply.header("www-authenticate"), "Bearer");
        }
    }
    let both = [("authorization", &*format!("Bearer {READ}")), ("authorization", &*format!("Bearer {ADMIN}"))];
    assert_eq!(app.ask("GET", "/api/v1/instances", &both, "").await.status, 401, "two credentials are none");
    assert_eq!(
        ask(&app, "GET", "/api/v1/instances", Some(&format!("bearer {READ}"))).await.status,
        200,
        "the scheme's case does not matter"
    );
}

#[tokio::test]
async fn everybody_may_if_the_settings_say_so() {
    let app = with_tokens(Plan::new()).with("-Dsecurity.anonymous.role=admin").start().await;
    assert_eq!(ask(&app, "GET", "/api/v1/instances", None).await.status, 200);
    assert_eq!(ask(&app, "DELETE", "/api/v1/instances/a", None).await.status, 404);
    assert_eq!(ask(&app, "DELETE", "/api/v1/instances/a", Some(&format!("Bearer {READ}"))).await.status, 403, "a token says who one is");
}

#[tokio::test]
async fn a_broken_tokens_file_is_no_start() {
    let plan = Plan::new().file("tokens", "blake3:123 viewer read\nrubbish\n").with("-Dsecurity.tokens.file=tokens");
    let error = plan.try_start().await.err().expect("refused").to_string();
    assert!(error.contains("line(s) 1, 2") && error.contains("token hash"), "{error}");
}
