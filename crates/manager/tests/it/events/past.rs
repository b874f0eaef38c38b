//! Reads about another time than now.

use serde_json::json;

use crate::support::{Plan, TestApp};
use peegeeq_testkit::World;

fn maintained(id: &str, environment: &str) -> serde_json::Value {
    json!({"instanceId": id, "host": "127.0.0.1", "port": 1, "presence": "maintenance", "environment": environment})
}

/// The time at which the last entry of a kind was written.
async fn time_of(app: &TestApp, kind: &str) -> String {
    let page = app.get(&format!("/api/v1/events?kind={kind}&order=desc&limit=1")).await.json();
    page["events"][0]["at"].as_str().expect("an event").replace('+', "%2B")
}

/// Lets the clock of the manager move on, so that what follows has another time.
async fn next_millisecond(app: &TestApp) {
    let now = || async { app.get("/api/v1/events?limit=1").await.json()["timestamp"].to_string() };
    let before = now().await;
    while now().await == before {}
}

#[tokio::test]
async fn the_list_at_a_time_is_as_it_was_with_filters_and_pages() {
    let app = TestApp::start().await;
    for id in ["a", "b", "c"] {
        app.register(&maintained(id, if id == "b" { "test" } else { "prod" })).await;
    }
    let then = time_of(&app, "instance.registered").await;
    next_millisecond(&app).await;
    app.put("/api/v1/instances/a", &json!({"weight": 7})).await;
    app.delete("/api/v1/instances/b").await;
    app.register(&maintained("d", "test")).await;
    let list = app.get(&format!("/api/v1/instances?at={then}")).await.json();
    let ids = |list: &serde_json::Value| {
        let rows = list["instances"].as_array().cloned().unwrap_or_default();
        rows.iter().map(|row| row["instanceId"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&list), ["a", "b", "c"], "{list}");
    assert_eq!((&list["past"]["at"], &list["past"]["incomplete"]), (&json!(then), &json!([])));
    let filtered = app.get(&format!("/api/v1/instances?at={then}&environment=prod&sort=-instanceId&pageSize=1")).await.json();
    assert_eq!((ids(&filtered), &filtered["matchedInstances"]), (vec!["c".to_owned()], &json!(2)));
    let one = app.get(&format!("/api/v1/instances/a?at={then}")).await.json();
    assert_eq!((&one["instance"]["weight"], &one["instance"]["region"]), (&json!(1), &json!("default")), "{one}");
    assert_eq!(app.get("/api/v1/instances/a").await.json()["instance"]["weight"], 7);
    assert_eq!(app.get(&format!("/api/v1/instances/d?at={then}")).await.status, 404);
    assert_eq!(app.get(&format!("/api/v1/instances/b?at={then}")).await.status, 200);
    let diff = app.get(&format!("/api/v1/events/diff?from={then}")).await.json();
    assert_eq!((&diff["added"][0]["instanceId"], &diff["removed"][0]["instanceId"]), (&json!("d"), &json!("b")), "{diff}");
    let fields = diff["changed"][0]["fields"].as_array().cloned().unwrap_or_default();
    let named: Vec<_> = fields.iter().map(|field| field["field"].as_str().unwrap_or_default().to_owned()).collect();
    assert_eq!((&diff["changed"][0]["instanceId"], named), (&json!("a"), vec!["revision".to_owned(), "weight".to_owned()]));
}

#[tokio::test]
async fn times_that_the_journal_does_not_reach_are_refused_with_its_reach() {
    let app = TestApp::start().await;
    for path in ["/api/v1/instances?", "/api/v1/instances/a?", "/api/v1/events/diff?from=2001-01-01T00:00:00Z&"] {
        let refused = app.get(&format!("{path}at=2001-01-01T00:00:00Z")).await;
        assert_eq!(refused.status, 410, "{path}");
        assert!(refused.json()["reaches"].is_string(), "{path}");
    }
    for path in ["/api/v1/instances?at=x", "/api/v1/instances/a?at=x", "/api/v1/events/diff", "/api/v1/instances/a/availability?window=1w"]
    {
        assert_eq!(app.get(path).await.status, 400, "{path}");
    }
    assert_eq!(app.get("/api/v1/instances/nosuch/availability").await.status, 404);
}

#[tokio::test]
async fn what_is_true_of_an_instance_whose_registration_is_not_kept_any_more_is_still_told() {
    let app = Plan::new().with("-Djournal.max.entries=1000").start().await;
    for id in ["a", "quiet", "late"] {
        app.register(&maintained(id, "prod")).await;
    }
    for n in 0..1100_u32 {
        assert_eq!(app.put("/api/v1/instances/a", &json!({"weight": n % 2 + 2})).await.status, 200);
    }
    let then = time_of(&app, "instance.updated").await;
    next_millisecond(&app).await;
    app.put("/api/v1/instances/late", &json!({"weight": 5})).await;
    let list = app.get(&format!("/api/v1/instances?at={then}")).await.json();
    assert_eq!((&list["matchedInstances"], &list["past"]["incomplete"]), (&json!(2), &json!(["late"])), "{}", list["past"]);
    assert_eq!(app.get(&format!("/api/v1/instances/late?at={then}")).await.status, 410);
}

#[tokio::test]
async fn availability_counts_what_is_known() {
    let app = TestApp::start().await;
    let well = app.instance("well", World::default()).await;
    app.wait_for_status("well", "healthy").await;
    let answer = app.get("/api/v1/instances/well/availability?window=1h").await.json();
    let spans = answer["spans"].as_array().cloned().unwrap_or_default();
    let states: Vec<_> = spans.iter().map(|span| span["state"].as_str().unwrap_or_default().to_owned()).collect();
    assert_eq!(states.last().map(String::as_str), Some("healthy"), "{answer}");
    assert_eq!((&answer["availability"], &spans[spans.len() - 1]["to"], &states[0][..]), (&json!(1.0), &json!(null), "unknown"));
    let (known, unknown) = (answer["knownSeconds"].as_f64(), answer["unknownSeconds"].as_f64());
    assert!(known < Some(600.0) && unknown > Some(3000.0), "{answer}");
    drop(well);
    app.wait_for_status("well", "unhealthy").await;
    let answer = app.get("/api/v1/instances/well/availability").await.json();
    assert_eq!((&answer["failures"], &answer["mttrSeconds"], &answer["window"]), (&json!(1), &json!(null), &json!("24h")), "{answer}");
    assert!(answer["availability"].as_f64() < Some(1.0) && answer["mtbfSeconds"].is_number(), "{answer}");
    app.delete("/api/v1/instances/well").await;
    assert_eq!(app.get("/api/v1/instances/well/availability").await.status, 200, "the history of who left");
}
