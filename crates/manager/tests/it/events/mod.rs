//! `GET /api/v1/events` and the history of an instance.

mod past;

use serde_json::{Value, json};

use crate::support::{Plan, TestApp};

async fn app() -> TestApp {
    let app = TestApp::start().await;
    for id in ["a", "b", "c"] {
        app.register(&json!({"instanceId": id, "host": "127.0.0.1", "port": 1, "presence": "maintenance"})).await;
    }
    app.post("/api/v1/instances/b/drain", &json!({"reason": "disk"})).await;
    app.put("/api/v1/instances/b", &json!({"weight": 0})).await;
    app.delete("/api/v1/instances/c").await;
    app
}

/// The events of a page that no probe causes, each as its kind and instance.
async fn kinds(app: &TestApp, path: &str) -> Vec<String> {
    let page = app.get(path).await.json();
    let events = page["events"].as_array().cloned().unwrap_or_default();
    let mine = events.iter().filter(|event| event["kind"] != "instance.verdict");
    mine.map(|event| format!("{} {}", event["kind"].as_str().unwrap_or_default(), event["instanceId"].as_str().unwrap_or("-"))).collect()
}

#[tokio::test]
async fn events_are_filtered_by_instance_kind_and_time() {
    let app = app().await;
    let all = kinds(&app, "/api/v1/events").await;
    let expected = [
        "manager.started -",
        "instance.registered a",
        "instance.registered b",
        "instance.registered c",
        "operator.drain b",
        "instance.updated b",
        "instance.deregistered c",
    ];
    assert_eq!(all, expected);
    assert_eq!(kinds(&app, "/api/v1/events?instance=c").await, ["instance.registered c", "instance.deregistered c"]);
    assert_eq!(kinds(&app, "/api/v1/events?kind=operator.,manager.started&order=desc").await, ["operator.drain b", "manager.started -"]);
    assert_eq!(kinds(&app, "/api/v1/events?to=2001-01-01T00:00:00Z").await, Vec::<String>::new());
    assert_eq!(kinds(&app, "/api/v1/events?from=2001-01-01T00:00:00Z").await, expected);
    assert_eq!(kinds(&app, "/api/v1/instances/c/history").await, ["instance.deregistered c", "instance.registered c"]);
    assert_eq!(app.get("/api/v1/instances/nosuch/history").await.status, 404);
    let drain = app.get("/api/v1/events?kind=operator.drain").await.json()["events"][0].clone();
    assert_eq!((&drain["details"]["by"], &drain["details"]["reason"]), (&json!("anonymous"), &json!("disk")));
    let weight = app.get("/api/v1/events?kind=instance.updated").await.json()["events"][0]["details"].clone();
    assert_eq!((&weight["by"], &weight["registration"]["weight"]), (&json!("anonymous"), &json!(0)));
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repetition() {
    let app = app().await;
    for (order, cursor) in [("asc", "since"), ("desc", "before")] {
        let (mut ids, mut next) = (Vec::new(), String::new());
        loop {
            let page = app.get(&format!("/api/v1/events?limit=2&kind=instance.registered,operator.&order={order}{next}")).await.json();
            ids.extend(page["events"].as_array().cloned().unwrap_or_default().iter().map(|event| event["id"].to_string()));
            match &page["next"] {
                Value::String(place) => next = format!("&{cursor}={place}"),
                _ => break,
            }
        }
        let unique: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!((ids.len(), unique.len()), (4, 4), "{order}: {ids:?}");
    }
}

#[tokio::test]
async fn wrong_questions_are_refused_with_all_their_faults() {
    let app = TestApp::start().await;
    let path = "/api/v1/events?kind=colours&from=yesterday&to=x&since=1&before=a:b&order=up&limit=0&colour=red";
    let refused = app.get(path).await;
    let details = refused.json()["details"].as_array().cloned().unwrap_or_default();
    let fields: Vec<_> = details.iter().map(|detail| detail["field"].as_str().unwrap_or_default().to_owned()).collect();
    assert_eq!(fields, ["kind", "from", "to", "since", "before", "order", "limit"]);
}

#[tokio::test]
async fn what_is_not_kept_any_more_is_said_to_be_missing() {
    let app = Plan::new().with("-Djournal.max.entries=1000").start().await;
    app.register(&json!({"instanceId": "a", "host": "127.0.0.1", "port": 1, "presence": "maintenance"})).await;
    assert_eq!(app.get("/api/v1/events?since=1:0").await.json()["compacted"], false);
    for n in 0..1100_u32 {
        assert_eq!(app.put("/api/v1/instances/a", &json!({"weight": n % 2 + 2})).await.status, 200);
    }
    let page = app.get("/api/v1/events?since=1:1").await.json();
    assert_eq!(page["compacted"], true, "{}", page["oldest"]);
    assert_eq!(app.get(&format!("/api/v1/events?since={}", page["oldest"].as_str().expect("an id"))).await.json()["compacted"], false);
}

#[tokio::test]
async fn events_are_filtered_by_the_environment_in_which_the_instance_was() {
    let app = TestApp::start().await;
    let body = |environment: &str| json!({"instanceId": "a", "host": "127.0.0.1", "port": 1, "presence": "maintenance", "environment": environment});
    app.register(&body("blue")).await;
    app.register(&body("green")).await;
    app.delete("/api/v1/instances/a").await;
    assert_eq!(kinds(&app, "/api/v1/events?environment=blue").await, ["instance.registered a"]);
    assert_eq!(kinds(&app, "/api/v1/events?environment=green").await, ["instance.updated a", "instance.deregistered a"]);
    assert_eq!(kinds(&app, "/api/v1/events?environment=green&order=desc&kind=instance.deregistered").await, ["instance.deregistered a"]);
    assert_eq!(kinds(&app, "/api/v1/events?environment=red").await, Vec::<String>::new());
}

#[tokio::test]
async fn what_a_token_does_is_told_with_its_name() {
    use peegeeq_service_manager::cli::{Role, hash_line};
    let token = "admin-token-0123456789abcdef";
    let line =
        hash_line(token, "night shift", Role::Admin).or_else(|_| hash_line(token, "night-shift", Role::Admin)).expect("a good token");
    let app = Plan::new().file("tokens", &format!("{line}\n")).with("-Dsecurity.tokens.file=tokens").start().await;
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", &*bearer), ("content-type", "application/json")];
    let body = json!({"instanceId": "a", "host": "127.0.0.1", "port": 1, "presence": "maintenance"}).to_string();
    assert_eq!(app.ask("POST", "/api/v1/instances/register", &headers, body).await.status, 201);
    assert_eq!(app.ask("PUT", "/api/v1/instances/a", &headers, r#"{"weight":3}"#).await.status, 200);
    assert_eq!(app.ask("POST", "/api/v1/instances/a/drain", &headers, "{}").await.status, 200);
    assert_eq!(app.ask("DELETE", "/api/v1/instances/a", &headers, "").await.status, 204);
    let page = app.ask("GET", "/api/v1/events?instance=a", &headers, "").await.json();
    let events = page["events"].as_array().cloned().unwrap_or_default();
    let mine: Vec<_> = events.iter().filter(|event| event["kind"] != "instance.verdict").collect();
    assert_eq!(mine.len(), 4, "{mine:?}");
    for event in mine {
        let by = event["details"]["by"].as_str().unwrap_or_default();
        assert!(by.starts_with("night") && event["summary"].as_str().is_some_and(|summary| summary.contains(by)), "{event}");
    }
}
