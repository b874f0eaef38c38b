//! How requests are spread: what is shown of it, how one is explained, and the rules that settings make.

mod explaining;
mod rules;
mod shown;
mod well;

use peegeeq_testkit::{FakeInstance, Options, World, secs, wait_until};
use serde_json::{Value, json};

use crate::gateway::choosing::{routed, world};
use crate::support::{TestApp, registration};

/// The setup that most of these tests are about.
const QUEUE: &str = "/api/v1/queues/s1/q";

/// The world of an instance that has `s1` on the one database.
fn one() -> World {
    world(&[("s1", "d1")])
}

/// An instance with these labels, once it can be routed to.
async fn joined(app: &TestApp, id: &str, world: World, labels: Value) -> FakeInstance {
    let instance = FakeInstance::start(Options::named(id, world)).await.expect("an instance");
    let mut body = registration(&instance);
    for (key, value) in labels.as_object().expect("labels") {
        body[key] = value.clone();
    }
    app.register(&body).await;
    routed(app, id).await;
    instance
}

/// What would become of a request.
async fn explained(app: &TestApp, question: &Value) -> Value {
    let reply = app.post("/api/v1/routing/explain", question).await;
    assert_eq!(reply.status, 200, "{question}: {}", reply.text());
    reply.json()
}

/// The explanation of reading `s1`, once `is_so` holds for it.
async fn once(app: &TestApp, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    wait_until(what, secs(30), || async {
        let told = explained(app, &json!({"path": QUEUE})).await;
        if is_so(&told) { Ok(told) } else { Err(told.to_string()) }
    })
    .await
}

/// How the members of the first group stand: `id` and `candidate`, `probation`, or the word that excludes it.
fn members(told: &Value) -> Vec<(String, String)> {
    let word = |row: &Value| row["reason"].as_str().or(row["standing"].as_str()).unwrap_or_default().to_owned();
    let rows = told["groups"][0]["members"].as_array().cloned().unwrap_or_default();
    let mut rows: Vec<_> = rows.iter().map(|row| (row["instanceId"].as_str().unwrap_or_default().to_owned(), word(row))).collect();
    rows.sort();
    rows
}

/// Waits until all of these can be picked for `s1`.
async fn picked_from(app: &TestApp, ids: &[&str]) {
    let all: Vec<_> = ids.iter().map(|id| ((*id).to_owned(), "candidate".to_owned())).collect();
    once(app, &format!("{ids:?} to be candidates"), |told| members(told) == all).await;
}

/// Who answered so many requests.
async fn spread(app: &TestApp, method: &str, path: &str, count: usize) -> std::collections::BTreeMap<String, usize> {
    let mut spread = std::collections::BTreeMap::new();
    for _ in 0..count {
        let reply = app.ask(method, path, &[("content-type", "application/json")], if method == "GET" { "" } else { "{}" }).await;
        *spread.entry(reply.header("x-peegeeq-instance").to_owned()).or_insert(0) += 1;
    }
    spread
}
