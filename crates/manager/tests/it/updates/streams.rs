//! The event stream: what it tells, in which order, where it goes on, how it ends.

use peegeeq_service_manager::app::Stopped;
use serde_json::{Value, json};

use super::clients::{Event, Stream};
use crate::support::{Plan, TestApp};

async fn register(app: &TestApp, id: &str, environment: &str) {
    app.register(&json!({"instanceId": id, "host": "127.0.0.1", "port": 1, "environment": environment, "presence": "maintenance"})).await;
}

fn is_change(event: &Event, kind: &str, id: &str) -> bool {
    event.kind == "change" && event.data["kind"] == kind && event.data["instanceId"] == id
}

fn is_entry(event: &Event, kind: &str) -> bool {
    event.kind == "journal" && event.data["kind"] == kind
}

#[tokio::test]
async fn a_snapshot_then_rows_and_then_the_entries_that_say_why() {
    let app = TestApp::start().await;
    register(&app, "a", "x").await;
    let mut stream = Stream::open(app.address(), "", None).await;
    let first = stream.next().await.expect("an event");
    assert_eq!((&*first.kind, first.data["generation"].is_u64()), ("snapshot", true));
    assert_eq!(first.data["instances"][0]["instanceId"], "a");
    assert_eq!(first.data["instances"][0]["order"], Value::Null);
    register(&app, "b", "x").await;
    let added = stream.find(|event| is_change(event, "instance.added", "b")).await;
    let entry = stream.find(|event| is_entry(event, "instance.registered") && event.data["instanceId"] == "b").await;
    assert_eq!((&entry.data["id"], entry.data["details"]["registration"]["environment"].clone()), (&json!(entry.id), json!("x")));
    assert_eq!(added.data["instance"], without_times(app.row("b").await, &added.data["instance"]));
    app.post("/api/v1/instances/b/drain", &json!({"reason": "disk"})).await;
    stream.find(|event| is_change(event, "instance.updated", "b") && event.data["instance"]["presence"] == "draining").await;
    let ordered = stream.find(|event| is_entry(event, "operator.drain")).await;
    assert_eq!(ordered.data["summary"], "anonymous ordered b to drain: disk");
    app.delete("/api/v1/instances/b").await;
    let removed = stream.find(|event| is_change(event, "instance.removed", "b")).await;
    assert_eq!(removed.data["instance"], Value::Null);
    stream.find(|event| is_entry(event, "instance.deregistered")).await;
}

/// A row with what probes may change meanwhile as in another.
fn without_times(mut row: Value, other: &Value) -> Value {
    for field in ["lastHealthCheck", "consecutiveFailures", "statusReason"] {
        row[field] = other[field].clone();
    }
    row
}

#[tokio::test]
async fn who_comes_back_is_told_what_it_missed_and_only_that() {
    let app = TestApp::start().await;
    let mut stream = Stream::open(app.address(), "", None).await;
    register(&app, "a", "x").await;
    let last = stream.find(|event| is_entry(event, "instance.registered")).await;
    drop(stream);
    register(&app, "b", "x").await;
    app.delete("/api/v1/instances/a").await;
    app.get("/api/v1/instances").await;
    let mut stream = Stream::open(app.address(), "", Some(&last.id)).await;
    let mut told = Vec::new();
    while !told.iter().any(|event| is_entry(event, "instance.deregistered")) {
        told.push(stream.next().await.expect("an event"));
    }
    assert!(told.iter().all(|event| event.kind != "snapshot" && event.kind != "resync"), "{told:?}");
    assert!(told.iter().any(|event| is_change(event, "instance.removed", "a")), "{told:?}");
    assert!(told.iter().any(|event| is_change(event, "instance.added", "b")), "{told:?}");
    let entries = told.iter().filter(|event| event.kind == "journal" && event.data["kind"] != "instance.verdict");
    let entries: Vec<_> = entries.map(|event| event.data["kind"].clone()).collect();
    assert_eq!(entries, ["instance.registered", "instance.deregistered"]);
}

#[tokio::test]
async fn a_place_of_another_life_gives_everything_anew() {
    let plan = Plan::new();
    let app = plan.start().await;
    register(&app, "a", "x").await;
    let mut stream = Stream::open(app.address(), "", None).await;
    let last = stream.next().await.expect("a snapshot").id;
    drop(stream);
    app.stop().await;
    let app = plan.start().await;
    for last in [&*last, "1:999999", "9:1", "nonsense"] {
        let mut stream = Stream::open(app.address(), "", Some(last)).await;
        let resync = stream.next().await.expect("an event");
        assert_eq!((&*resync.kind, &resync.data), ("resync", &json!({"reason": "restarted"})), "{last}");
        assert_eq!(stream.next().await.expect("a snapshot").data["instances"][0]["instanceId"], "a", "{last}");
    }
}

#[tokio::test]
async fn topics_and_filters_choose_what_is_told() {
    let app = TestApp::start().await;
    register(&app, "a", "x").await;
    let mut rows = Stream::open(app.address(), "?topics=instances&environment=x", None).await;
    let mut entries = Stream::open(app.address(), "?topics=journal", None).await;
    assert_eq!(rows.next().await.expect("a snapshot").data["instances"].as_array().map(Vec::len), Some(1));
    register(&app, "b", "y").await;
    register(&app, "c", "x").await;
    register(&app, "a", "y").await;
    let mut told = Vec::new();
    // What leaves the filter leaves the view.
    let expected = |told: &[Event]| {
        let seen = |kind, id| told.iter().any(|event| is_change(event, kind, id));
        seen("instance.removed", "a") && seen("instance.added", "c")
    };
    while !expected(&told) {
        told.push(rows.next().await.expect("an event"));
    }
    assert!(told.iter().all(|event| event.data["instanceId"] != "b"), "{told:?}");
    for id in ["b", "c", "a"] {
        entries.find(|event| event.data["instanceId"] == id && event.data["kind"] != "instance.verdict").await;
    }
    assert_eq!(Stream::open(app.address(), "?topics=colours&since=x", None).await.status, 400);
}

#[tokio::test]
async fn a_stop_ends_streams_and_is_clean() {
    let app = Plan::new().with("-Dshutdown.grace=5000").start().await;
    let mut stream = Stream::open(app.address(), "", None).await;
    stream.next().await.expect("a snapshot");
    let (stopped, end) = tokio::join!(app.stop(), async { while stream.next().await.is_some() {} });
    assert_eq!((stopped, end), (Stopped::Cleanly, ()));
}

#[tokio::test]
async fn one_subscriber_more_than_allowed_is_refused_until_one_goes() {
    let app = Plan::new().with("-Dupdates.subscribers.max=1").start().await;
    let first = Stream::open(app.address(), "", None).await;
    assert_eq!(Stream::open(app.address(), "", None).await.status, 503);
    drop(first);
    peegeeq_testkit::wait_until("the place to be free", peegeeq_testkit::secs(10), || async {
        match Stream::open(app.address(), "", None).await.status {
            200 => Ok(()),
            status => Err(status.to_string()),
        }
    })
    .await;
}

#[tokio::test]
async fn who_missed_more_than_is_kept_is_told_so() {
    let app = Plan::new().with("-Dupdates.buffer.max.bytes=65536").start().await;
    register(&app, "a", "x").await;
    let mut stream = Stream::open(app.address(), "", None).await;
    let last = stream.next().await.expect("a snapshot").id;
    let large = "x".repeat(15_000);
    for n in 0..12 {
        app.put("/api/v1/instances/a", &json!({"metadata": {"large": large, "n": n.to_string()}})).await;
        stream.find(|event| event.kind == "change" && event.data["instance"]["metadata"]["n"].as_str() == Some(&n.to_string())).await;
    }
    let mut returned = Stream::open(app.address(), "", Some(&last)).await;
    let resync = returned.next().await.expect("an event");
    assert_eq!((&*resync.kind, &resync.data), ("resync", &json!({"reason": "too-old"})));
    assert_eq!(returned.next().await.expect("a snapshot").data["instances"][0]["metadata"]["n"], "11");
}

#[tokio::test]
async fn who_never_reads_costs_the_ring_only_and_is_told_that_it_missed_something() {
    let app = Plan::new().with("-Dupdates.buffer.max.bytes=65536").start().await;
    register(&app, "a", "x").await;
    let mut deaf = Stream::open(app.address(), "", None).await;
    let large = "x".repeat(15_000);
    // More than the sockets of both sides take, several times over.
    for n in 0..600 {
        app.put("/api/v1/instances/a", &json!({"metadata": {"large": large, "n": n.to_string()}})).await;
    }
    let resync = deaf.find(|event| event.kind == "resync").await;
    assert_eq!(resync.data, json!({"reason": "too-slow"}));
    assert_eq!(deaf.find(|event| event.kind == "snapshot").await.data["instances"][0]["metadata"]["n"], "599");
}
