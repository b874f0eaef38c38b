//! `GET …/{instanceId}/health` and `POST …/health/check`: probing now.

use peegeeq_testkit::{Canned, Mode, World, secs, wait_until};
use serde_json::{Value, json};

use crate::support::snapshot::{Redaction, snapshot};
use crate::support::{Plan, TestApp, registration};
use peegeeq_testkit::{FakeInstance, Options};

async fn check(app: &TestApp, id: &str) -> Value {
    let reply = app.get(&format!("/api/v1/instances/{id}/health")).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

#[tokio::test]
async fn a_well_instance_has_the_fields_of_guide_and_original() {
    let app = TestApp::start().await;
    let instance = app.instance("one", World::sample("s1")).await;
    let reply = wait_until("the setups to be seen", secs(20), || async {
        let reply = app.get("/api/v1/instances/one/health").await;
        if reply.json()["setups"].is_array() { Ok(reply) } else { Err(reply.text()) }
    })
    .await;
    snapshot!("well", Redaction::of(&[&instance]), reply);
}

#[tokio::test]
async fn a_refused_connection_is_said() {
    let app = TestApp::start().await;
    let mut instance = app.instance("one", World::empty()).await;
    app.wait_for_status("one", "healthy").await;
    instance.stop().await;
    app.wait_for_status("one", "unhealthy").await;
    let redaction = Redaction::of(&[&instance]).without("setups");
    snapshot!("refused", redaction, app.get("/api/v1/instances/one/health").await);
}

#[tokio::test]
async fn what_an_instance_may_answer_and_what_it_means() {
    let app = Plan::new().with("-Dhealth.response.max.bytes=64KB").start().await;
    let instance = app.instance("one", World::empty()).await;
    let cases: [(&str, Canned, bool, Value); 9] = [
        ("500 with JSON", Canned::json(r#"{"status":"DOWN"}"#).status(500), false, json!({"status": "DOWN"})),
        ("200 without JSON", Canned::html(), true, Value::Null),
        ("200 without a body", Canned::empty(), true, Value::Null),
        ("200 with DOWN", Canned::json(r#"{"status":"DOWN"}"#), false, json!({"status": "DOWN"})),
        ("a redirect", Canned::redirect("http://127.0.0.1:1/health"), false, Value::Null),
        ("JSON cut short", Canned::cut_short(r#"{"status":"UP""#), false, Value::Null),
        ("a body without end", Canned::endless(), true, Value::Null),
        ("deep JSON", Canned::deeply_nested(10_000), true, Value::Null),
        ("a manager", Canned::json(r#"{"status":"UP","service":"peegeeq-service-manager"}"#), false, Value::Null),
    ];
    for (name, canned, well, data) in cases {
        instance.set_path_mode("/health", canned);
        let found = check(&app, "one").await;
        assert_eq!(found["successful"], well, "{name}: {found}");
        if !data.is_null() {
            assert_eq!(found["healthData"], data, "{name}");
        }
        assert_eq!(found["errorMessage"].is_string(), !well, "{name}: {found}");
    }
    instance.clear_path_mode("/health");
    assert_eq!(check(&app, "one").await["healthData"]["status"], "UP");
}

#[tokio::test]
async fn looking_never_counts_as_a_failure_but_forcing_does() {
    let plan = Plan::new().with("-Dhealth.check.interval=86400000").with("-Dhealth.recheck.interval=3600000");
    let app = plan.with("-Dhealth.tripwire.enabled=false").start().await;
    let instance = app.instance("one", World::empty()).await;
    app.wait_for_status("one", "healthy").await;
    instance.set_path_mode("/health", Mode::error(500, "{}"));
    for _ in 0..4 {
        assert_eq!(check(&app, "one").await["consecutiveFailures"], 0);
    }
    assert_eq!(app.row("one").await["status"], "healthy");
    let forced = app.post("/api/v1/instances/one/health/check", &json!({})).await.json();
    assert_eq!((&forced["successful"], &forced["consecutiveFailures"]), (&json!(false), &json!(1)));
}

#[tokio::test]
async fn a_forced_check_is_a_fresh_one() {
    let app = TestApp::start().await;
    let instance = app.instance("one", World::empty()).await;
    app.wait_for_status("one", "healthy").await;
    let first = check(&app, "one").await["checkTime"].as_str().expect("a time").to_owned();
    let probes = instance.hits("/health");
    let second = app.post("/api/v1/instances/one/health/check", &json!({})).await.json();
    assert!(instance.hits("/health") > probes, "it asked the instance");
    assert!(second["checkTime"].as_str().expect("a time") >= first.as_str());
}

#[tokio::test]
async fn checks_of_the_same_moment_share_one_probe() {
    let app = TestApp::start().await;
    let instance = FakeInstance::start(Options::named("one", World::empty())).await.expect("an instance");
    app.register(&registration(&instance)).await;
    app.wait_for_status("one", "healthy").await;
    instance.set_path_mode("/health", Mode::Hang);
    instance.clear_hits();
    let checks = (0..40).map(|_| check(&app, "one"));
    let release = async {
        wait_until("a probe to arrive", secs(20), || std::future::ready(if instance.hits("/health") > 0 { Ok(()) } else { Err("none") }))
            .await;
        instance.set_path_mode("/health", Mode::Normal);
    };
    let (answers, ()) = tokio::join!(futures_util::future::join_all(checks), release);
    assert!(answers.iter().all(|answer| answer["successful"] == true));
    assert!(instance.hits("/health") < 20, "{} probes for 40 questions", instance.hits("/health"));
}

#[tokio::test]
async fn a_database_that_is_gone_is_seen_on_an_instance_that_is_up() {
    let app = Plan::new().with("-Dhealth.setups.interval=100").start().await;
    let instance = app.instance("one", World::sample("s1")).await;
    app.wait_for_status("one", "healthy").await;
    instance.set_database_down("s1", true);
    let found = wait_until("the setup to be down", secs(20), || async {
        let found = check(&app, "one").await;
        if found["setups"][0]["status"] == "down" { Ok(found) } else { Err(found.to_string()) }
    })
    .await;
    assert_eq!((&found["healthy"], &found["setups"][0]["setupId"]), (&json!(true), &json!("s1")));
    assert!(found["setups"][0]["reason"].is_string());
}

#[tokio::test]
async fn unknown_ids_are_404_and_not_healthy() {
    let app = TestApp::start().await;
    snapshot!("unknown", app.get("/api/v1/instances/nosuch/health").await);
    assert_eq!(app.post("/api/v1/instances/nosuch/health/check", &json!({})).await.status, 404);
}
