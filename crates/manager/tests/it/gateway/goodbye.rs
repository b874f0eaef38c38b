//! How WebSockets end from this side: with a close frame to both, understood by a library for WebSockets on either side.

use std::sync::{Arc, Mutex};

use futures_util::{SinkExt, StreamExt};
use peegeeq_testkit::{Said, SocketClient, secs, wait_until};
use serde_json::json;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::support::{Coming, Plan, TestApp, Upstream};

const SOCKET: &str = "/ws/queues/s1/q";

/// The codes with which sockets were closed, as an instance heard them; 0: without a close frame.
type Heard = Arc<Mutex<Vec<u16>>>;

/// An instance that echoes over WebSockets.
async fn echoing(app: &TestApp, id: &str) -> Heard {
    let heard = Heard::default();
    let hearing = heard.clone();
    let upstream = Upstream::start(move |coming| {
        let hearing = hearing.clone();
        async move {
            let code = echo(coming).await;
            hearing.lock().expect("no panic").push(code);
            None
        }
    })
    .await;
    upstream.join(app, id).await;
    heard
}

/// Echoes over a WebSocket until its end; answers with the code it was closed with.
pub(super) async fn echo(mut coming: Coming) -> u16 {
    let accept = derive_accept_key(coming.header("sec-websocket-key").unwrap_or_default().as_bytes());
    let switch = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ";
    coming.send(format!("{switch}{accept}\r\n\r\n")).await;
    let mut socket = WebSocketStream::from_raw_socket(coming.stream, Role::Server, None).await;
    let mut code = 0;
    // Asked once more after a close, the library answers it.
    while let Some(Ok(message)) = socket.next().await {
        match message {
            Message::Close(frame) => code = frame.map_or(1005, |frame| frame.code.into()),
            other => drop(socket.send(other).await),
        }
    }
    code
}

async fn open(app: &TestApp) -> SocketClient {
    let mut client = SocketClient::open(app.address(), SOCKET, &[], secs(20)).await.expect("a socket");
    client.say(&json!({"n": 1})).await.expect("open");
    assert_eq!(client.next().await.expect("an echo"), Said::Text(json!({"n": 1}).to_string()));
    client
}

async fn heard_1001(heard: &Heard) {
    wait_until("the instance to hear it", secs(20), || async {
        let codes = heard.lock().expect("no panic").clone();
        if codes == [1001] { Ok(()) } else { Err(format!("{codes:?}")) }
    })
    .await;
}

#[tokio::test]
async fn at_a_graceful_stop_both_sides_hear_going_away() {
    let app = Plan::new().with("-Dshutdown.delay=0").with("-Dshutdown.grace=8000").start().await;
    let heard = echoing(&app, "a").await;
    let mut client = open(&app).await;
    let listening = tokio::spawn(async move { client.next().await });
    assert_eq!(app.stop().await, peegeeq_service_manager::app::Stopped::Cleanly);
    assert_eq!(listening.await.expect("no panic").expect("a close"), Said::Closed(1001));
    heard_1001(&heard).await;
}

#[tokio::test]
async fn at_the_deadline_of_a_drain_both_sides_hear_going_away() {
    let app = TestApp::start().await;
    let heard = echoing(&app, "a").await;
    let mut client = open(&app).await;
    let drained = app.post("/api/v1/instances/a/drain", &json!({"deadline": "300ms"})).await;
    assert_eq!(drained.status, 200, "{}", drained.text());
    assert_eq!(client.next().await.expect("a close"), Said::Closed(1001));
    heard_1001(&heard).await;
    wait_until("it to be drained", secs(20), || async {
        let drain = app.get("/api/v1/instances/a").await.json()["drain"].clone();
        if drain["sentence"] == "drained: deadline passed, 1 stream ended" { Ok(()) } else { Err(drain.to_string()) }
    })
    .await;
}

#[tokio::test]
async fn a_drain_without_a_deadline_leaves_sockets_alone() {
    let app = TestApp::start().await;
    let _heard = echoing(&app, "a").await;
    let mut client = open(&app).await;
    assert_eq!(app.post("/api/v1/instances/a/drain", &json!({})).await.status, 200);
    wait_until("nothing new to go there", secs(20), || async {
        let reply = app.get("/api/v1/queues/s1/q/stats").await;
        if reply.status == 503 { Ok(()) } else { Err(reply.text()) }
    })
    .await;
    client.say(&json!({"n": 2})).await.expect("open");
    assert_eq!(client.next().await.expect("an echo"), Said::Text(json!({"n": 2}).to_string()));
}

#[tokio::test]
async fn who_said_goodbye_itself_hears_no_second_one() {
    let app = TestApp::start().await;
    let heard = echoing(&app, "a").await;
    let mut client = open(&app).await;
    client.close().await.expect("open");
    assert_eq!(client.next().await.expect("the instance's own"), Said::Closed(1005));
    wait_until("the instance to hear it", secs(20), || async {
        let codes = heard.lock().expect("no panic").clone();
        if codes == [1005] { Ok(()) } else { Err(format!("{codes:?}")) }
    })
    .await;
}
