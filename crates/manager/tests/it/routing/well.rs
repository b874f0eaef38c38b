//! Settings of what happens when instances are not well, and what is remembered of setups that went on purpose.

use peegeeq_testkit::{Canned, Mode, secs, wait_until};
use serde_json::{Value, json};

use super::{QUEUE, explained, joined, once, one, picked_from, spread};
use crate::gateway::choosing::{routed, setup, world};
use crate::support::{Plan, TestApp};

const SEND: &str = "/api/v1/queues/s1/q/messages";

/// One instance that says it is down and answers all the same.
async fn doubtful(defines: &[&str]) -> (TestApp, peegeeq_testkit::FakeInstance) {
    let plan = Plan::new().with("-Dhealth.check.interval=200").with("-Dhealth.max.failures=1");
    let app = defines.iter().fold(plan, |plan, define| plan.with(define)).start().await;
    let a = joined(&app, "a", one(), json!({})).await;
    picked_from(&app, &["a"]).await;
    a.set_path_mode("/health", Mode::HealthDown);
    app.wait_for_status("a", "unhealthy").await;
    once(&app, "the table to follow", |told| told["outcome"] != "picked").await;
    (app, a)
}

#[tokio::test]
async fn a_read_goes_to_whoever_was_healthy_last_and_a_write_fails() {
    let (app, a) = doubtful(&[]).await;
    let read = app.get(QUEUE).await;
    assert_eq!((read.status.as_u16(), read.header("x-peegeeq-evidence")), (200, "last-healthy"), "{}", read.text());
    let hits = a.hits(SEND);
    let written = app.post(SEND, &json!({"payload": 1})).await;
    assert_eq!((written.status.as_u16(), written.header("retry-after")), (503, "1"), "{}", written.text());
    assert_eq!(a.hits(SEND), hits, "it was not sent");
}

#[tokio::test]
async fn what_happens_when_nobody_is_well_is_a_setting() {
    let (app, _a) = doubtful(&["-Drouting.panic.reads=fail", "-Drouting.panic.writes=best_evidence"]).await;
    let read = app.get(QUEUE).await;
    assert_eq!((read.status.as_u16(), read.header("x-peegeeq-evidence")), (503, ""), "{}", read.text());
    let written = app.post(SEND, &json!({"payload": 1})).await;
    assert!(written.status.is_success() && written.header("x-peegeeq-evidence") == "last-healthy", "{}", written.text());
}

/// Two instances, the first of which fails every read of a queue.
async fn one_fails(defines: &[&str]) -> (TestApp, [peegeeq_testkit::FakeInstance; 2]) {
    let plan = Plan::new().with("-Dload.balancing.strategy=first_available").with("-Dserver.workers=1");
    let app = defines.iter().fold(plan, |plan, define| plan.with(define)).start().await;
    let instances = [joined(&app, "a", one(), json!({})).await, joined(&app, "b", one(), json!({})).await];
    picked_from(&app, &["a", "b"]).await;
    instances[0].set_path_mode("/api/v1/queues", Mode::error(503, "{}"));
    (app, instances)
}

#[tokio::test]
async fn how_many_may_be_left_alone_is_a_setting() {
    let common = ["-Drouting.ejection.failures=2", "-Drouting.ejection.duration=3600000"];
    let (app, _some) = one_fails(&[common[0], common[1], "-Drouting.ejection.max.percent=0"]).await;
    assert_eq!(spread(&app, "GET", QUEUE, 6).await, [("b".to_owned(), 6)].into());
    let told = once(&app, "a to be spared", |told| told["groups"][0]["members"][0]["score"]["spared"] == true).await;
    assert_eq!(told["chosen"]["instanceId"], "a", "{told}");
    let again = app.get(QUEUE).await;
    assert_eq!((again.header("x-peegeeq-instance"), again.header("x-peegeeq-attempts")), ("b", "2"), "it is still tried first");
    let (app, _some) = one_fails(&common).await;
    spread(&app, "GET", QUEUE, 6).await;
    once(&app, "a to be left alone", |told| told["groups"][0]["members"][1]["reason"] == "ejected").await;
    assert_eq!(app.get(QUEUE).await.header("x-peegeeq-attempts"), "");
}

#[tokio::test]
async fn the_budget_of_retries_is_a_setting() {
    let off = "-Drouting.ejection.failures=0";
    let (app, _some) = one_fails(&[off, "-Drouting.retry.budget.percent=0", "-Drouting.retry.budget.reserve=0"]).await;
    assert_eq!(spread(&app, "GET", QUEUE, 5).await, [("a".to_owned(), 5)].into(), "nothing is sent twice");
    let (app, _some) = one_fails(&[off, "-Drouting.retry.budget.percent=0", "-Drouting.retry.budget.reserve=1"]).await;
    let got = spread(&app, "GET", QUEUE, 40).await;
    assert!((1..=20).contains(&got["b"]), "a second for one, over ten seconds: {got:?}");
    let (app, _some) = one_fails(&[off, "-Drouting.retry.budget.percent=100", "-Drouting.retry.budget.reserve=0"]).await;
    assert_eq!(spread(&app, "GET", QUEUE, 20).await, [("b".to_owned(), 20)].into());
}

async fn setups_of(app: &TestApp, id: &str) -> Value {
    app.get(&format!("/api/v1/instances/{id}")).await.json()["setups"].clone()
}

#[tokio::test]
async fn a_setup_that_went_on_purpose_is_missed_by_nobody_also_after_a_restart() {
    let plan = Plan::new().with("-Dhealth.setups.interval=300");
    let app = plan.start().await;
    let a = joined(&app, "a", world(&[("s1", "d1")]), json!({})).await;
    a.set_path_mode("/api/v1/database-setup", Canned::json("{}").status(201));
    for id in ["kept", "gone"] {
        a.update(|world| world.setups.push(setup(id, id)));
        let created = app.post("/api/v1/database-setup/create", &json!({"setupId": id})).await;
        assert!(created.status.is_success(), "{}", created.text());
    }
    wait_until("all to be seen", secs(30), || async {
        let setups = setups_of(&app, "a").await;
        if setups.as_array().is_some_and(|setups| setups.len() == 3) { Ok(()) } else { Err(setups.to_string()) }
    })
    .await;
    // One goes through the manager, the other by itself.
    a.forget_setup("gone");
    assert!(app.delete("/api/v1/database-setup/gone").await.status.is_success());
    a.forget_setup("kept");
    let one_is_missed = |setups: &Value| {
        let rows = setups.as_array().cloned().unwrap_or_default();
        let named: Vec<_> =
            rows.iter().map(|row| (row["setupId"].as_str().unwrap_or_default().to_owned(), row["status"].clone())).collect();
        let is_missing = |status: &Value| status == "missing";
        named.iter().any(|(id, status)| id == "kept" && is_missing(status)) && !named.iter().any(|(id, _)| id == "gone")
    };
    let seen = async |app: &TestApp| {
        wait_until("one to be missed", secs(30), || async {
            let setups = setups_of(app, "a").await;
            if one_is_missed(&setups) { Ok(()) } else { Err(setups.to_string()) }
        })
        .await;
    };
    seen(&app).await;
    app.stop().await;
    let app = plan.start().await;
    routed(&app, "a").await;
    seen(&app).await;
    wait_until("the table to follow what was seen", secs(30), || async {
        let kept = explained(&app, &json!({"path": "/api/v1/queues/kept/q"})).await;
        if kept["groups"][0]["members"][0]["reason"] == "setup-missing" { Ok(()) } else { Err(kept.to_string()) }
    })
    .await;
    let gone = explained(&app, &json!({"path": "/api/v1/queues/gone/q"})).await;
    assert_eq!(gone["outcome"], "unknown", "{gone}");
}
