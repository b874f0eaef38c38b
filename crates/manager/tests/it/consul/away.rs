//! Consul killed, stopped, restarted, emptied, or never there.

use peegeeq_testkit::{secs, wait_until};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::consul::{Consul, on_port};

fn instance(id: &str) -> Value {
    json!({"instanceId": id, "host": "127.0.0.1", "port": 8081})
}

async fn wait_for_consul(app: &TestApp, word: &str) -> Value {
    wait_until(&format!("Consul to be {word}"), secs(60), || async {
        let health = app.get("/health").await.json();
        if health["consul"] == word { Ok(health) } else { Err(health.to_string()) }
    })
    .await
}

async fn count(app: &TestApp) -> Value {
    app.get("/api/v1/instances").await.json()["count"].clone()
}

/// What holds while Consul does not answer.
/// `read`: whether this manager read Consul since it started.
async fn goes_on_without_it(app: &TestApp, read: bool) {
    let health = wait_for_consul(app, "disconnected").await;
    assert_eq!(health["status"], "UP");
    assert!(health["degraded"][0].as_str().is_some_and(|sentence| sentence.starts_with("consul: ")), "{health}");
    assert_eq!(count(app).await, 2, "the last picture is served");
    let refused = app.post("/api/v1/instances/register", &instance("new")).await;
    assert_eq!(refused.status, 503, "never a false 201: {}", refused.text());
    assert!(app.row("new").await.is_null());
    assert_eq!(app.get("/api/v1/instances/nobody").await.status, 404, "nobody waits for it");
    let detail = app.get("/health/detail").await.json();
    let consul = &detail["registry"]["consul"];
    let own = &app.get("/api/v1/managers").await.json()["managers"][0];
    assert_eq!(
        (&own["leader"], &own["registry"]["backend"]),
        (&serde_json::Value::Null, &serde_json::json!("consul")),
        "others may be there"
    );
    assert!(consul["ageMs"].is_number() == read && consul["connected"] == false && detail["registry"]["backend"] == "consul", "{detail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_consul_changes_nothing_for_readers_and_comes_back() {
    let mut consul = Consul::start().await;
    let app = consul.plan().with("-Dconsul.timeout=500").start().await;
    app.register(&instance("a")).await;
    app.register(&instance("b")).await;
    consul.kill();
    goes_on_without_it(&app, true).await;
    app.stop().await;

    // A manager that starts without it serves what was known when it stopped.
    let plan = consul.plan().with("-Dconsul.timeout=500");
    let fresh = plan.start().await;
    wait_for_consul(&fresh, "disconnected").await;
    consul.run().await;
    wait_for_consul(&fresh, "connected").await;
    wait_until("the picture of Consul", secs(30), || async {
        let count = count(&fresh).await;
        if count == 2 { Ok(()) } else { Err(count.to_string()) }
    })
    .await;
    fresh.register(&instance("c")).await;
    assert_eq!(consul.entries().await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manager_restarted_without_consul_serves_the_last_picture() {
    let mut consul = Consul::start().await;
    let plan = consul.plan().with("-Dconsul.timeout=500");
    let app = plan.start().await;
    app.register(&instance("a")).await;
    app.register(&instance("b")).await;
    app.stop().await;
    consul.kill();
    goes_on_without_it(&plan.start().await, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consul_that_hangs_holds_up_no_reader() {
    let consul = Consul::start().await;
    let app = consul.plan().with("-Dconsul.timeout=500").with("-Dcache.refresh.interval=1000").start().await;
    app.register(&instance("a")).await;
    app.register(&instance("b")).await;
    consul.signal(Signal::STOP);
    wait_for_consul(&app, "disconnected").await;
    assert_eq!(count(&app).await, 2);
    let unsure = app.post("/api/v1/instances/register", &instance("new")).await;
    assert_eq!((unsure.status.as_u16(), &unsure.json()["outcome"]), (503, &json!("unknown")), "{}", unsure.text());
    consul.signal(Signal::CONT);
    wait_for_consul(&app, "connected").await;
    wait_until("both to agree", secs(30), || async {
        let (here, there) = (count(&app).await, json!(consul.entries().await.len()));
        if here == there { Ok(()) } else { Err(format!("{here} {there}")) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consul_that_lost_everything_gets_it_back_once() {
    let mut consul = Consul::start().await;
    let apps = [consul.plan().start().await, consul.plan().start().await];
    for id in ["a", "b", "c"] {
        apps[0].register(&instance(id)).await;
    }
    assert_eq!(apps[0].delete("/api/v1/instances/c").await.status, 200);
    for app in &apps {
        wait_until("both to know both", secs(20), || async {
            let count = count(app).await;
            if count == 2 { Ok(()) } else { Err(count.to_string()) }
        })
        .await;
    }
    consul.kill();
    for app in &apps {
        wait_for_consul(app, "disconnected").await;
    }
    consul.forget();
    consul.run().await;
    wait_until("both registrations to be there again", secs(60), || async {
        let there = consul.entries().await.len();
        if there == 2 { Ok(()) } else { Err(there.to_string()) }
    })
    .await;
    for app in &apps {
        wait_for_consul(app, "connected").await;
        wait_until("nothing to be missing", secs(60), || async {
            let health = app.get("/health").await.json();
            if health["degraded"] == json!([]) { Ok(()) } else { Err(health.to_string()) }
        })
        .await;
        assert_eq!(count(app).await, 2, "nothing was forgotten, and what was deregistered stays so");
    }
    assert_eq!(apps[1].delete("/api/v1/instances/a").await.status, 200);
    assert_eq!(consul.entries().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consul_that_was_asked_for_and_is_not_there_is_still_the_backend() {
    let plan = on_port(1).file("config.json", r#"{"instances": [{"instanceId": "listed", "host": "127.0.0.1", "port": 8081}]}"#);
    let app = plan.start().await;
    let health = wait_for_consul(&app, "disconnected").await;
    assert!(health.to_string().contains("Connection refused"), "{health}");
    let refused = app.post("/api/v1/instances/register", &instance("new")).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (503, &json!("consul_away")), "{}", refused.text());
    assert_eq!(app.get("/health/ready").await.status, 200);
}
