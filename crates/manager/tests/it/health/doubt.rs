//! When most instances fall silent at once the fault is probably here: the manager says so, and finds nobody down.

use peegeeq_testkit::{FakeFleet, FleetOptions, Mode, World, secs, wait_until};
use serde_json::json;

use crate::support::Plan;

#[tokio::test]
async fn many_silent_hosts_make_the_manager_doubt_itself() {
    let app = Plan::new().with("-Dhealth.check.timeout=200").with("-Dhealth.check.interval=200").start().await;
    let fleet = FakeFleet::start(8, FleetOptions::of(World::empty())).await.expect("a fleet");
    for instance in fleet.handles() {
        app.register(&json!({"instanceId": instance.name(), "host": instance.host(), "port": instance.port()})).await;
    }
    wait_until("all to be healthy", secs(30), || async {
        let list = app.get("/api/v1/instances?status=healthy").await.json();
        if list["count"] == 8 { Ok(()) } else { Err(list["count"].to_string()) }
    })
    .await;
    fleet.handles().for_each(|instance| instance.set_mode(Mode::Hang));
    let degraded = wait_until("the doubt to be said", secs(30), || async {
        let health = app.get("/health").await.json();
        let degraded = health["degraded"].as_array().cloned().unwrap_or_default();
        degraded
            .into_iter()
            .find(|reason| reason.as_str().is_some_and(|reason| reason.contains("silent")))
            .ok_or_else(|| health.to_string())
    })
    .await;
    assert!(degraded.as_str().is_some_and(|reason| reason.starts_with("health: ")), "{degraded}");
    assert!(app.get("/health/detail").await.json()["selfDoubt"].is_string());
    assert_eq!(app.get("/health").await.json()["status"], "UP", "who doubts still answers");
    let down = app.get("/api/v1/instances?status=unhealthy").await.json();
    assert_eq!(down["count"], 0, "nobody is found down while it doubts");
    fleet.handles().for_each(peegeeq_testkit::FakeInstanceHandle::heal);
    wait_until("the doubt to end", secs(30), || async {
        let health = app.get("/health").await.json();
        if health["degraded"] == json!([]) { Ok(()) } else { Err(health.to_string()) }
    })
    .await;
    fleet.stop().await;
}
