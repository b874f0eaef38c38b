//! What would become of a request is what becomes of it.

use peegeeq_testkit::Mode;
use serde_json::{Value, json};

use super::{QUEUE, explained, joined, members, once, one, picked_from};
use crate::gateway::choosing::world;
use crate::support::{Plan, TestApp};

/// Asks, does the same, and expects that the same happens.
async fn as_told(app: &TestApp, method: &str, path: &str, headers: &[(&str, &str)]) -> Value {
    let named: serde_json::Map<String, Value> = headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let told = explained(app, &json!({"method": method, "path": path, "headers": named})).await;
    let done = app.ask(method, path, headers, "").await;
    let answered_by = Some(done.header("x-peegeeq-instance")).filter(|id| !id.is_empty());
    assert_eq!(told["chosen"]["instanceId"].as_str(), answered_by, "{path}: {told} but {} {}", done.status, done.text());
    if answered_by.is_none() && told["outcome"] != "manager" {
        assert_eq!(told["status"], done.status.as_u16(), "{path}: {told} but {}", done.text());
    }
    told
}

#[tokio::test]
async fn the_explanation_is_what_happens() {
    let app = Plan::new().with("-Dload.balancing.strategy=first_available").start().await;
    let _a = joined(&app, "a", world(&[("s1", "d1"), ("s3", "x")]), json!({})).await;
    let _b = joined(&app, "b", world(&[("s1", "d1"), ("s3", "y")]), json!({"region": "north"})).await;
    let _c = joined(&app, "c", world(&[("s2", "d2")]), json!({"weight": 3})).await;
    once(&app, "two groups", |told| told["groups"].as_array().is_some_and(|groups| groups.len() == 2)).await;
    let table = [
        ("GET", QUEUE, vec![("x-peegeeq-region", "north")], "picked", "setup"),
        ("GET", QUEUE, vec![], "conflict", "setup"),
        ("GET", QUEUE, vec![("x-peegeeq-instance", "b")], "picked", "setup"),
        ("GET", QUEUE, vec![("x-peegeeq-instance", "ghost")], "no-such-instance", "setup"),
        ("GET", "/api/v1/queues/s2/q", vec![], "picked", "setup"),
        ("GET", "/api/v1/queues/s3/q", vec![], "conflict", "setup"),
        ("GET", "/api/v1/queues/ghost/q", vec![], "unknown", "setup"),
        ("GET", "/api/v1/instances/c/proxy/health", vec![], "picked", "any-instance"),
        ("GET", "/api/v1/setups", vec![], "manager", "manager"),
        ("GET", "/api/v1/setups", vec![("x-peegeeq-instance", "c")], "picked", "chosen-instance"),
        ("GET", "/api/v1/routing", vec![], "manager", "manager"),
    ];
    for (method, path, headers, outcome, need) in table {
        let told = as_told(&app, method, path, &headers).await;
        assert_eq!((&told["outcome"], &told["need"]), (&json!(outcome), &json!(need)), "{path}: {told}");
        assert!(told["sentence"].as_str().is_some_and(|sentence| !sentence.is_empty()), "{told}");
    }
    let beside = explained(&app, &json!({"method": "POST", "path": "/api/v1/management/queues", "setup": "s2"})).await;
    assert_eq!((&beside["chosen"]["instanceId"], &beside["effect"]), (&json!("c"), &json!("write")), "{beside}");
    assert_eq!(beside["groups"][0]["members"][0]["score"]["weight"], 3, "{beside}");
    let unsaid = app.post("/api/v1/routing/explain", &json!({"method": "POST", "path": "/api/v1/management/queues"})).await;
    assert!(unsaid.status == 400 && unsaid.text().contains("'setup'"), "{}", unsaid.text());
}

#[tokio::test]
async fn all_members_are_told_with_what_excludes_them_and_nothing_is_sent() {
    let plan = Plan::new().with("-Dhealth.check.interval=200").with("-Dhealth.max.failures=1").with("-Dload.balancing.strategy=peak_ewma");
    let app = plan.start().await;
    let mut instances = Vec::new();
    for id in ["a", "b", "c", "d"] {
        instances.push(joined(&app, id, one(), json!({})).await);
    }
    picked_from(&app, &["a", "b", "c", "d"]).await;
    instances[0].stop().await;
    instances[1].set_database_down("s1", true);
    app.put("/api/v1/instances/c", &json!({"presence": "draining"})).await;
    let told = once(&app, "all to be known", |told| members(told).iter().filter(|(_, word)| word == "candidate").count() == 1).await;
    let words: Vec<_> = members(&told).into_iter().map(|(_, word)| word).collect();
    assert_eq!(words, ["not-healthy", "database-down", "draining", "candidate"], "{told}");
    let rows = told["groups"][0]["members"].as_array().expect("members");
    assert!(rows.iter().all(|row| !row["sentence"].as_str().unwrap_or_default().is_empty()), "{told}");
    let only = rows.iter().find(|row| row["instanceId"] == "d").expect("d");
    assert!(only["chosen"] == true && only["score"]["cost"].is_f64() && only["score"]["latencyMs"].is_f64(), "{only}");
    assert_eq!(told["groups"][0]["levels"], json!([{"rung": "region", "share": 1000, "candidates": 1}]), "{told}");
    let before = (instances[3].hits(QUEUE), app.get("/api/v1/routing").await.json()["retries"]["requests"].clone());
    for _ in 0..20 {
        explained(&app, &json!({"path": QUEUE})).await;
    }
    let after = (instances[3].hits(QUEUE), app.get("/api/v1/routing").await.json()["retries"]["requests"].clone());
    assert!(after.0 == before.0 && after.1.as_u64() <= before.1.as_u64(), "nothing was sent: {before:?} {after:?}");
    instances[3].set_path_mode("/health", Mode::HealthDown);
    let last = once(&app, "nobody to be well", |told| told["outcome"] == "last-resort").await;
    assert_eq!((&last["chosen"]["instanceId"], &last["status"]), (&json!("d"), &Value::Null), "{last}");
    let write = explained(&app, &json!({"method": "POST", "path": "/api/v1/queues/s1/q/messages"})).await;
    assert_eq!((&write["outcome"], &write["status"], &write["chosen"]), (&json!("nobody"), &json!(503), &Value::Null), "{write}");
    let by_name = json!({"path": QUEUE, "headers": {"X-PeeGeeQ-Instance": "d"}});
    assert_eq!(explained(&app, &by_name).await["outcome"], "nobody", "who was chosen by name is not tried against all evidence");
}

#[tokio::test]
async fn questions_are_read_with_all_their_faults() {
    let app = TestApp::start().await;
    for (body, field) in [
        (json!({}), "path"),
        (json!({"path": "no path"}), "path"),
        (json!({"path": "/x", "method": "G T"}), "method"),
        (json!({"path": "/x", "headers": ["a"]}), "headers"),
        (json!({"path": "/x", "body": {}}), "body"),
    ] {
        let reply = app.post("/api/v1/routing/explain", &body).await;
        assert_eq!((reply.status.as_u16(), &reply.json()["details"][0]["field"]), (400, &json!(field)), "{body}: {}", reply.text());
    }
    let wrong = app.post("/api/v1/routing/explain", &json!({"path": "/api/v1/queues/%ff/q"})).await;
    assert_eq!(wrong.status, 400, "as the request itself: {}", wrong.text());
}
