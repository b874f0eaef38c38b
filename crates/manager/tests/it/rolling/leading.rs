//! What an operator is told, and may say, while one is under way.

use peegeeq_testkit::{EventClient, HttpClient, secs, wait_until};
use serde_json::json;

use super::{QUEUE, ROLLING, all_used, begin, instance, order, stage, state};
use crate::support::{Plan, TestApp};

#[tokio::test]
async fn it_waits_for_former_setups_and_pauses_without_them() {
    let app = TestApp::start().await;
    let (mut a, _b) = (instance(&app, "a", true).await, instance(&app, "b", false).await);
    all_used(&app, &["a", "b"]).await;
    let path = begin(&app, &json!({"instanceIds": ["a"], "setupsWithin": "2s"})).await;
    stage(&app, &path, "a", "ready-to-restart").await;
    a.stop().await;
    stage(&app, &path, "a", "restarting").await;
    a.restart_on_same_port().await.expect("the same port");
    let paused = state(&app, &path, "paused").await;
    assert_eq!(paused["pausedFor"], "a");
    assert!(paused["sentence"].as_str().is_some_and(|sentence| sentence.contains("does not list s1 again")), "{paused}");
    assert_eq!(paused["instances"][0]["formerSetups"], json!(["s1"]));
    assert_eq!(app.row("a").await["presence"], "draining", "it is not let in without them");
    let connect = format!("{}/api/v1/database-setup/connect", a.base_url());
    let connected = HttpClient::default().post_json(&connect, &json!({"setupId": "s1"})).await.expect("an answer");
    assert_eq!(connected.status, 200);
    assert_eq!(app.post(&format!("{path}/continue"), &json!({})).await.status, 200);
    state(&app, &path, "done").await;
    let reply = app.ask("GET", QUEUE, &[("x-peegeeq-instance", "a")], "").await;
    assert_eq!(reply.status, 200, "it is routed to again at once: {}", reply.text());
}

#[tokio::test]
async fn it_goes_on_after_a_restart_of_the_manager() {
    let plan = Plan::new();
    let app = plan.start().await;
    let (mut a, _b) = (instance(&app, "a", false).await, instance(&app, "b", false).await);
    all_used(&app, &["a", "b"]).await;
    let path = begin(&app, &order(&["a"])).await;
    stage(&app, &path, "a", "ready-to-restart").await;
    app.stop().await;
    let app = plan.start().await;
    let told = stage(&app, &path, "a", "ready-to-restart").await;
    assert_eq!((told["reason"].as_str(), told["by"].as_str()), (Some("1.3"), Some("anonymous")), "{told}");
    app.wait_for_status("a", "stopping").await;
    a.stop().await;
    stage(&app, &path, "a", "restarting").await;
    a.restart_on_same_port().await.expect("the same port");
    let over = state(&app, &path, "done").await;
    assert_eq!(over["done"], 1, "{over}");
    assert_eq!(app.row("a").await["presence"], "serving");
}

#[tokio::test]
async fn a_quick_restart_may_be_told_and_all_may_be_called_off() {
    let app = TestApp::start().await;
    let (_a, _b) = (instance(&app, "a", false).await, instance(&app, "b", false).await);
    all_used(&app, &["a", "b"]).await;
    let path = begin(&app, &order(&["a", "b"])).await;
    assert_eq!(app.post(&format!("{path}/instances/b/restarted"), &json!({})).await.status, 409);
    assert_eq!(app.post(&format!("{path}/instances/x/restarted"), &json!({})).await.status, 409);
    stage(&app, &path, "a", "ready-to-restart").await;
    assert_eq!(app.post(&format!("{path}/instances/a/restarted"), &json!({})).await.status, 200);
    stage(&app, &path, "a", "done").await;
    stage(&app, &path, "b", "ready-to-restart").await;
    assert_eq!(app.post(&format!("{path}/pause"), &json!({"reason": "night"})).await.json()["sentence"], "paused: night");
    assert_eq!(app.post(&format!("{path}/cancel"), &json!({})).await.status, 200);
    let over = stage(&app, &path, "b", "skipped").await;
    assert_eq!((over["state"].as_str(), over["done"].as_u64()), (Some("cancelled"), Some(1)), "{over}");
    assert_eq!(app.row("b").await["presence"], "serving");
    assert_eq!(app.post(&format!("{path}/continue"), &json!({})).await.status, 409);
}

#[tokio::test]
async fn one_at_a_time_and_faults_are_told() {
    let app = TestApp::start().await;
    let _a = instance(&app, "a", false).await;
    all_used(&app, &["a"]).await;
    for (body, word) in
        [(json!({}), "say which"), (json!({"instanceIds": ["x"]}), "not registered"), (json!({"region": "mars"}), "no instance")]
    {
        let reply = app.post(ROLLING, &body).await;
        assert!(reply.status == 400 && reply.text().contains(word), "{}", reply.text());
    }
    assert_eq!(app.get(&format!("{ROLLING}/r0")).await.status, 404);
    assert_eq!(app.post(&format!("{ROLLING}/r0/cancel"), &json!({})).await.status, 404);
    let path = begin(&app, &json!({"all": true})).await;
    let another = app.post(ROLLING, &json!({"all": true})).await;
    assert_eq!(another.status, 409, "{}", another.text());
    assert!(path.ends_with(another.json()["restartId"].as_str().expect("which")));
    let paused = state(&app, &path, "paused").await;
    assert!(paused["sentence"].as_str().is_some_and(|sentence| sentence.contains("nobody else serves s1")), "{paused}");
    assert_eq!(app.row("a").await["presence"], "serving", "it was not taken out");
    assert_eq!(app.post(&format!("{path}/continue"), &json!({"force": true})).await.status, 200);
    stage(&app, &path, "a", "ready-to-restart").await;
    assert_eq!(app.post(&format!("{path}/cancel"), &json!({})).await.status, 200);
    stage(&app, &path, "a", "skipped").await;
    assert_eq!(app.get(ROLLING).await.json()["restarts"][0]["state"], "cancelled");
}

#[tokio::test]
async fn a_drain_shows_its_progress_and_its_deadline_ends_streams() {
    let app = TestApp::start().await;
    let _a = instance(&app, "a", false).await;
    all_used(&app, &["a"]).await;
    let path = format!("{QUEUE}/messages/stream");
    let mut events = EventClient::open(app.address(), &path, &[], secs(60)).await.expect("a stream");
    assert_eq!(events.head().status, 200);
    let read = async |app: &TestApp| app.get("/api/v1/instances/a").await.json();
    assert!(read(&app).await.get("drain").is_none());
    assert_eq!(app.post("/api/v1/instances/a/drain", &json!({})).await.status, 200);
    let drain = read(&app).await["drain"].clone();
    assert_eq!((drain["progress"].as_str(), drain["streams"].as_u64()), (Some("draining"), Some(1)), "{drain}");
    assert_eq!(drain["sentence"], "draining: 1 requests under way, 1 of them streams");
    assert_eq!(app.post("/api/v1/instances/a/drain", &json!({"deadline": "300ms"})).await.status, 200);
    while events.next().await.expect("it ends with its last chunk").is_some() {}
    wait_until("it to be drained", secs(20), || async {
        let answer = read(&app).await;
        let drain = &answer["drain"];
        if drain["sentence"] == "drained: deadline passed, 1 stream ended" { Ok(()) } else { Err(drain.to_string()) }
    })
    .await;
    let routing = app.get("/api/v1/routing").await.json();
    let told = &routing["instances"][0];
    assert_eq!((told["streams"].as_u64(), told["drain"]["progress"].as_str()), (Some(0), Some("drained")), "{told}");
}

#[tokio::test]
async fn who_asks_again_and_again_does_not_hold_it_up() {
    let app = TestApp::start().await;
    let (_a, _b) = (instance(&app, "a", false).await, instance(&app, "b", false).await);
    all_used(&app, &["a", "b"]).await;
    let path = begin(&app, &order(&["a"])).await;
    let again_and_again = async {
        loop {
            assert_eq!(app.post(ROLLING, &order(&["b"])).await.status, 409);
        }
    };
    tokio::select! {
        () = again_and_again => {}
        _ = stage(&app, &path, "a", "ready-to-restart") => {}
    }
}
