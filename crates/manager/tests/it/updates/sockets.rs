//! The WebSocket of the guide's client: the same things as messages.

use peegeeq_service_manager::app::Stopped;
use serde_json::json;

use super::clients::{Frame, Socket};
use crate::support::{Plan, TestApp};

#[tokio::test]
async fn the_same_things_come_as_messages() {
    let app = TestApp::start().await;
    let mut socket = Socket::open(app.address(), "", "").await;
    assert_eq!(socket.status, 101);
    let Frame::Json(first) = socket.next().await else { panic!("no snapshot") };
    assert_eq!((&first["type"], &first["instances"]), (&json!("snapshot"), &json!([])));
    app.register(&json!({"instanceId": "a", "host": "127.0.0.1", "port": 1})).await;
    let change = socket.find(|message| message["type"] == "change").await;
    assert_eq!((&change["kind"], &change["instance"]["instanceId"]), (&json!("instance.added"), &json!("a")));
    let entry = socket.find(|message| message["type"] == "journal").await;
    assert_eq!((&entry["kind"], &entry["instanceId"]), (&json!("instance.registered"), &json!("a")));
    assert!(entry["id"].as_str().is_some_and(|id| id.contains(':')), "{entry}");
}

#[tokio::test]
async fn a_subscriber_may_choose_another_part_and_is_told_what_is_wrong() {
    let app = TestApp::start().await;
    for (id, environment) in [("a", "x"), ("b", "y")] {
        app.register(&json!({"instanceId": id, "host": "127.0.0.1", "port": 1, "environment": environment})).await;
    }
    let mut socket = Socket::open(app.address(), "?topics=instances", "").await;
    socket.find(|message| message["type"] == "snapshot" && message["instances"][1]["instanceId"] == "b").await;
    socket.say(r#"{"type":"subscribe","topics":["instances"],"filter":{"environment":"y"}}"#).await;
    let part = socket.find(|message| message["type"] == "snapshot").await;
    assert_eq!(part["instances"].as_array().map(Vec::len), Some(1), "{part}");
    socket.say("what").await;
    socket.find(|message| message["type"] == "error").await;
}

#[tokio::test]
async fn a_stop_says_good_bye() {
    let app = Plan::new().with("-Dshutdown.grace=5000").start().await;
    let mut socket = Socket::open(app.address(), "", "").await;
    socket.find(|message| message["type"] == "snapshot").await;
    let goodbye = async {
        loop {
            match socket.next().await {
                Frame::Json(_) => {}
                other => return other,
            }
        }
    };
    let (stopped, goodbye) = tokio::join!(app.stop(), goodbye);
    assert_eq!((stopped, goodbye), (Stopped::Cleanly, Frame::Close(1001)));
}

#[tokio::test]
async fn strangers_and_plain_requests_are_refused() {
    let app = TestApp::start().await;
    assert_eq!(Socket::open(app.address(), "", "Origin: https://evil.example\r\n").await.status, 403);
    assert_eq!(Socket::open(app.address(), "?topics=x", "").await.status, 400);
    assert_eq!(app.get("/ws/updates").await.status, 426);
}
