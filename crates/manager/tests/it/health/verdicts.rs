//! Instances that die, hang, err and come back, and what may not count as an instance.

use peegeeq_testkit::{Canned, FakeInstance, Mode, Options, World, secs, wait_until};
use serde_json::json;

use crate::support::{Plan, TestApp, registration};

#[tokio::test]
async fn a_killed_instance_is_unhealthy_with_the_reason_and_recovers() {
    let app = TestApp::start().await;
    let mut instance = app.instance("one", World::empty()).await;
    app.wait_for_status("one", "healthy").await;
    instance.stop().await;
    let row = app.wait_for_status("one", "unhealthy").await;
    assert_eq!((&row["healthy"], &row["consecutiveFailures"]), (&json!(false), &json!(3)));
    assert!(row["statusReason"].as_str().is_some_and(|reason| reason.contains("refused")), "{row}");
    instance.restart_on_same_port().await.expect("the port is free");
    let row = app.wait_for_status("one", "healthy").await;
    assert_eq!((&row["statusReason"], &row["consecutiveFailures"]), (&json!(null), &json!(0)));
}

#[tokio::test]
async fn a_hanging_instance_is_unhealthy_with_the_reason() {
    let app = Plan::new().with("-Dhealth.check.timeout=300").with("-Dhealth.check.interval=300").start().await;
    let instance = app.instance("one", World::empty()).await;
    app.wait_for_status("one", "healthy").await;
    instance.set_mode(Mode::Hang);
    let row = app.wait_for_status("one", "unhealthy").await;
    assert!(row["statusReason"].as_str().is_some_and(|reason| reason.contains("300ms")), "{row}");
    instance.heal();
    app.wait_for_status("one", "healthy").await;
}

#[tokio::test]
async fn errors_count_one_by_one_and_one_success_ends_them() {
    let app = Plan::new().with("-Dhealth.check.interval=86400000").with("-Dhealth.recheck.interval=3600000").start().await;
    let instance = FakeInstance::start(Options::named("one", World::empty())).await.expect("an instance");
    instance.set_path_mode("/health", Mode::error(500, r#"{"status":"DOWN"}"#));
    app.register(&registration(&instance)).await;
    wait_until("the first failure", secs(20), || async {
        let row = app.row("one").await;
        if row["consecutiveFailures"] == 1 { Ok(()) } else { Err(row.to_string()) }
    })
    .await;
    let row = app.row("one").await;
    assert_eq!(row["status"], "unknown", "one failure is no verdict");
    // A failure that is asked for counts at most once a second, so asking goes on until all three are counted.
    let found = wait_until("the third failure", secs(30), || async {
        let found = app.post("/api/v1/instances/one/health/check", &json!({})).await.json();
        if found["health"] == "unhealthy" { Ok(found) } else { Err(found.to_string()) }
    })
    .await;
    assert!(found["consecutiveFailures"].as_u64() >= Some(3), "{found}");
    instance.heal();
    let found = app.post("/api/v1/instances/one/health/check", &json!({})).await.json();
    assert_eq!((&found["health"], &found["consecutiveFailures"]), (&json!("healthy"), &json!(0)));
}

#[tokio::test]
async fn a_page_that_is_no_json_is_healthy_by_its_status() {
    let app = TestApp::start().await;
    let instance = FakeInstance::start(Options::named("one", World::empty())).await.expect("an instance");
    instance.set_path_mode("/health", Canned::html());
    app.register(&registration(&instance)).await;
    app.wait_for_status("one", "healthy").await;
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let app = TestApp::start().await;
    let elsewhere = FakeInstance::start(Options::named("elsewhere", World::empty())).await.expect("an instance");
    let instance = FakeInstance::start(Options::named("one", World::empty())).await.expect("an instance");
    instance.set_path_mode("/health", Canned::redirect(&format!("{}/health", elsewhere.base_url())));
    app.register(&registration(&instance)).await;
    let row = app.wait_for_status("one", "unhealthy").await;
    assert!(row["statusReason"].as_str().is_some_and(|reason| reason.contains("redirects are not followed")), "{row}");
    assert_eq!(elsewhere.hits(""), 0);
}

#[tokio::test]
async fn a_manager_is_no_instance() {
    let (app, other) = (TestApp::start().await, TestApp::start().await);
    app.register(&json!({"instanceId": "manager", "host": "127.0.0.1", "port": other.address().port()})).await;
    app.register(&json!({"instanceId": "itself", "host": "127.0.0.1", "port": app.address().port()})).await;
    for id in ["manager", "itself"] {
        let row = app.wait_for_status(id, "unhealthy").await;
        assert!(row["statusReason"].as_str().is_some_and(|reason| reason.contains("Service Manager")), "{row}");
    }
}

#[tokio::test]
async fn what_was_ordered_stands_before_what_was_observed() {
    let app = TestApp::start().await;
    let _instance = app.instance("one", World::empty()).await;
    app.wait_for_status("one", "healthy").await;
    for (presence, status) in
        [("draining", "stopping"), ("stopping", "stopping"), ("maintenance", "unknown"), ("starting", "healthy"), ("serving", "healthy")]
    {
        assert_eq!(app.put("/api/v1/instances/one", &json!({"presence": presence})).await.status, 200);
        let row = app.row("one").await;
        assert_eq!((&row["status"], &row["presence"]), (&json!(status), &json!(presence)), "{row}");
    }
}

#[tokio::test]
async fn an_instance_that_moved_is_judged_anew() {
    let app = TestApp::start().await;
    let (mut old, new) =
        (app.instance("one", World::empty()).await, FakeInstance::start(Options::named("one", World::empty())).await.expect("an instance"));
    app.wait_for_status("one", "healthy").await;
    old.stop().await;
    app.wait_for_status("one", "unhealthy").await;
    app.register(&registration(&new)).await;
    assert_ne!(app.row("one").await["status"], "unhealthy", "failures of the old address say nothing about the new one");
    app.wait_for_status("one", "healthy").await;
}

#[tokio::test]
async fn the_path_and_status_of_health_may_be_others() {
    let app = TestApp::start().await;
    let instance = FakeInstance::start(Options::named("one", World::empty())).await.expect("an instance");
    instance.set_path_mode("/alive", Canned::empty().status(418));
    let mut body = registration(&instance);
    body["healthPath"] = json!("/alive?deep=no");
    body["healthStatus"] = json!(418);
    app.register(&body).await;
    app.wait_for_status("one", "healthy").await;
    assert_eq!(instance.hits("/health"), 0);
    assert_eq!(instance.last_request("/alive").expect("asked").target, "/alive?deep=no");
}
