//! `/ws/monitoring` of the manager: what instances say, merged, and the cluster as one of them.

use futures_util::{SinkExt, StreamExt};
use peegeeq_testkit::{Dialect, World, millis, secs, wait_until};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::support::{Cluster, Plan, TestApp};

type Socket = WebSocketStream<TcpStream>;

async fn try_open(app: &TestApp) -> Result<Socket, Error> {
    let stream = TcpStream::connect(app.address()).await.expect("a connection");
    client_async(format!("ws://{}/ws/monitoring", app.address()), stream).await.map(|(socket, _)| socket)
}

async fn open(app: &TestApp) -> Socket {
    try_open(app).await.expect("a socket")
}

/// The next frame that this holds for.
async fn until(socket: &mut Socket, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
    let find = async {
        while let Some(message) = socket.next().await {
            if let Message::Text(text) = message.expect("a frame") {
                let frame: Value = serde_json::from_str(&text).expect("JSON");
                if holds(&frame) {
                    return frame;
                }
            }
        }
        panic!("the socket ended before {what}")
    };
    tokio::time::timeout(secs(30), find).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

async fn say(socket: &mut Socket, message: Value) {
    socket.send(Message::text(message.to_string())).await.expect("sent");
}

async fn cluster() -> Cluster {
    let cluster = Cluster::of_two(Dialect::Current).await;
    cluster.complete("/api/v1/management/overview").await;
    cluster.instances.iter().for_each(|instance| instance.set_stream_pace(millis(100)));
    cluster
}

#[tokio::test]
async fn the_client_is_welcome_and_answered() {
    let cluster = cluster().await;
    let mut socket = open(&cluster.app).await;
    let welcome = until(&mut socket, "a welcome", |_| true).await;
    assert_eq!(welcome["type"], "welcome");
    assert!(welcome["connectionId"].is_string() && welcome["timestamp"].is_u64());
    say(&mut socket, json!({"type": "ping", "id": {"n": 7}})).await;
    assert_eq!(until(&mut socket, "a pong", |frame| frame["type"] == "pong").await["id"], json!({"n": 7}));
    say(&mut socket, json!({"type": "configure", "interval": 1000})).await;
    assert_eq!(until(&mut socket, "configured", |frame| frame["type"] == "configured").await["interval"], 60);
    say(&mut socket, json!({"type": "dance"})).await;
    let error = until(&mut socket, "an error", |frame| frame["type"] == "error").await;
    assert!(error["message"].as_str().is_some_and(|message| message.contains("dance")));
}

#[tokio::test]
async fn statistics_are_about_the_cluster_and_about_each_instance() {
    let cluster = cluster().await;
    let mut socket = open(&cluster.app).await;
    for instance in ["peegeeq-a", "peegeeq-b"] {
        let frame = until(&mut socket, instance, |frame| frame["sourceInstanceId"] == instance).await;
        assert_eq!((&frame["type"], &frame["sourceRegion"]), (&json!("instance_system_stats"), &json!("us-east-1")), "{frame}");
        assert_eq!(frame["data"]["cpuCores"], 2);
    }
    say(&mut socket, json!({"type": "refresh"})).await;
    let frame = until(&mut socket, "statistics", |frame| frame["type"] == "system_stats").await;
    let data = &frame["data"];
    assert_eq!((&data["totalSetups"], &data["totalQueues"], &data["totalPendingMessages"]), (&json!(2), &json!(4), &json!(80)), "{data}");
    assert_eq!((&data["cpuCores"], &data["instancesStreaming"], &data["complete"]), (&json!(4), &json!(2), &json!(true)), "{data}");
    assert!(frame.get("sourceInstanceId").is_none() && data["uptime"].is_string() && data["timestamp"].is_u64());
    say(&mut socket, json!({"type": "configure", "interval": 1})).await;
    until(&mut socket, "statistics without being asked", |frame| frame["type"] == "system_stats").await;
}

#[tokio::test]
async fn what_is_done_on_one_instance_is_told_with_its_name() {
    let cluster = cluster().await;
    let mut socket = open(&cluster.app).await;
    until(&mut socket, "the second instance", |frame| frame["sourceInstanceId"] == "peegeeq-b").await;
    create_queue(&cluster, 1, "beta", "fresh").await;
    let event = until(&mut socket, "an event", |frame| frame["type"] == "management_event").await;
    assert_eq!((&event["sourceInstanceId"], &event["data"]["name"]), (&json!("peegeeq-b"), &json!("fresh")), "{event}");
}

/// Creates a queue on one of the instances.
pub(super) async fn create_queue(cluster: &Cluster, instance: usize, setup: &str, name: &str) {
    let instance = &cluster.instances[instance];
    let url = format!("http://{}:{}/api/v1/management/queues", instance.host(), instance.port());
    let body = json!({"setup": setup, "name": name, "type": "native"}).to_string();
    let http = peegeeq_testkit::HttpClient::default();
    let reply = http.request(http::Method::POST, &url, &[("content-type", "application/json")], body).await.expect("an answer");
    assert!(reply.status.is_success(), "{}", reply.text());
}

#[tokio::test]
async fn instances_see_one_connection_and_only_while_somebody_listens() {
    let cluster = cluster().await;
    let streams = || cluster.instances[0].streams();
    assert_eq!(streams(), 0);
    let mut sockets = Vec::new();
    for _ in 0..15 {
        let mut socket = open(&cluster.app).await;
        until(&mut socket, "the first instance", |frame| frame["sourceInstanceId"] == "peegeeq-a").await;
        sockets.push(socket);
    }
    assert_eq!(streams(), 1, "one for all");
    drop(sockets);
    wait_until("the connection to be closed", secs(20), || async { if streams() == 0 { Ok(()) } else { Err(streams()) } }).await;
}

#[tokio::test]
async fn an_instance_that_breaks_off_leaves_a_gap_and_comes_back() {
    let cluster = cluster().await;
    let mut socket = open(&cluster.app).await;
    until(&mut socket, "the first instance", |frame| frame["sourceInstanceId"] == "peegeeq-a").await;
    cluster.instances[0].cut_connections();
    let gap = until(&mut socket, "a gap", |frame| frame["type"] == "gap").await;
    assert_eq!(gap["sourceInstanceId"], "peegeeq-a", "{gap}");
    until(&mut socket, "the instance again", |frame| frame["sourceInstanceId"] == "peegeeq-a" && frame["type"] == "instance_system_stats")
        .await;
}

#[tokio::test]
async fn an_instance_that_leaves_is_a_gap_too() {
    let cluster = cluster().await;
    let mut socket = open(&cluster.app).await;
    until(&mut socket, "the first instance", |frame| frame["sourceInstanceId"] == "peegeeq-a").await;
    assert!(cluster.app.delete("/api/v1/instances/peegeeq-a").await.status.is_success());
    let gap = until(&mut socket, "a gap", |frame| frame["type"] == "gap").await;
    assert_eq!(gap["sourceInstanceId"], "peegeeq-a", "{gap}");
}

#[tokio::test]
async fn clients_are_bounded_by_a_setting() {
    let app = Plan::new().with("-Dstreams.clients.max=2").start().await;
    let sockets = [open(&app).await, open(&app).await];
    match try_open(&app).await {
        Err(Error::Http(refusal)) => assert_eq!(refusal.status(), 503),
        other => panic!("a third is refused, not {other:?}"),
    }
    drop(sockets);
    wait_until("a place", secs(20), || async { try_open(&app).await.map(drop) }).await;
}

#[tokio::test]
async fn a_foreign_page_gets_no_socket() {
    use tokio_tungstenite::tungstenite::client::IntoClientRequest;
    let app = TestApp::start().await;
    let mut request = format!("ws://{}/ws/monitoring", app.address()).into_client_request().expect("a request");
    request.headers_mut().insert("origin", http::HeaderValue::from_static("http://evil.example"));
    let stream = TcpStream::connect(app.address()).await.expect("a connection");
    match client_async(request, stream).await {
        Err(Error::Http(refusal)) => assert_eq!(refusal.status(), 403),
        other => panic!("a foreign origin is refused, not {other:?}"),
    }
}

#[tokio::test]
async fn who_asks_without_end_is_let_go() {
    let app = TestApp::start().await;
    let mut socket = open(&app).await;
    for _ in 0..200 {
        if socket.send(Message::text(r#"{"type":"ping"}"#)).await.is_err() {
            break;
        }
    }
    let closed = async {
        while let Some(Ok(message)) = socket.next().await {
            if let Message::Close(Some(frame)) = message {
                return frame.code.into();
            }
        }
        0_u16
    };
    assert_eq!(tokio::time::timeout(secs(20), closed).await, Ok(1008));
}

#[tokio::test]
async fn a_manager_that_stops_says_good_bye() {
    let cluster = Cluster::start(Plan::new(), Dialect::Current, vec![World::sample("alpha")]).await;
    let mut socket = open(&cluster.app).await;
    until(&mut socket, "a welcome", |frame| frame["type"] == "welcome").await;
    let stopping = tokio::spawn(cluster.app.stop());
    let mut code = None;
    while let Some(Ok(message)) = socket.next().await {
        if let Message::Close(frame) = message {
            code = frame.map(|frame| u16::from(frame.code));
        }
    }
    assert_eq!(code, Some(1001));
    assert_eq!(stopping.await.expect("stopped"), peegeeq_service_manager::app::Stopped::Cleanly);
}
