//! `GET /api/v1/incidents`, from real instances that really go down, over a restart of the manager.

use peegeeq_testkit::{FakeInstance, Setup, secs, wait_until};
use serde_json::{Value, json};

use crate::support::{Plan, TestApp};

/// A manager that probes often and takes an incident to be over soon.
fn plan() -> Plan {
    Plan::new()
        .with("-Dhealth.check.interval=300")
        .with("-Dhealth.max.failures=2")
        .with("-Dhealth.setups.interval=300")
        .with("-Dincidents.stable.after=1500")
}

async fn until(app: &TestApp, query: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let path = format!("/api/v1/incidents{query}");
    wait_until(what, secs(60), || async {
        let page = app.get(&path).await.json();
        if page["complete"] == true && wanted(&page) { Ok(page) } else { Err(page.to_string()) }
    })
    .await
}

async fn register(app: &TestApp, id: &str, instance: &FakeInstance) {
    app.register(&json!({"instanceId": id, "host": instance.host(), "port": instance.port(), "environment": "prod"})).await;
    wait_until("it to be well", secs(60), || async {
        let row = app.row(id).await;
        if row["status"].as_str().is_some_and(|status| status.eq_ignore_ascii_case("healthy")) { Ok(()) } else { Err(row.to_string()) }
    })
    .await;
}

#[tokio::test]
async fn what_goes_down_opens_an_incident_that_closes_and_outlives_a_restart() {
    let plan = plan();
    let app = plan.start().await;
    let mut a = FakeInstance::builder().start().await.expect("an instance");
    let mut b = FakeInstance::builder().start().await.expect("an instance");
    register(&app, "a", &a).await;
    register(&app, "<b|b>", &b).await;
    app.put("/api/v1/instances/a", &json!({"weight": 7})).await;
    assert_eq!(until(&app, "", "no incident", |_| true).await["count"], 0);
    a.stop().await;
    b.stop().await;
    let both = |page: &Value| page["incidents"][0]["affected"]["bad"] == 2;
    let page = until(&app, "?status=open&environment=prod&instance=a", "both in one incident", both).await;
    let incident = &page["incidents"][0];
    assert_eq!((&page["open"], &incident["scope"]["kind"], &incident["worst"]), (&json!(1), &json!("host"), &json!("down")), "{incident}");
    assert_eq!((&incident["environments"], &incident["closesAt"]), (&json!(["prod"]), &Value::Null));
    let id = incident["id"].as_str().expect("an id").to_owned();

    let told = app.get(&format!("/api/v1/incidents/{id}")).await.json();
    assert_eq!(told["timeline"][0]["step"], "opened", "{told}");
    assert!(told["timeline"][0]["summary"].as_str().is_some_and(|summary| summary.contains("to down")), "{told}");
    let weight = told["before"].as_array().into_iter().flatten().any(|before| {
        before["relation"] == "same-instance"
            && before["summary"].as_str().is_some_and(|summary| summary.ends_with("its weight went from 1 to 7"))
    });
    assert!(weight, "{}", told["before"]);
    let page = app.ask("GET", &format!("/api/v1/incidents/{id}"), &[("accept", "text/markdown")], "").await;
    let markdown = String::from_utf8_lossy(&page.body).into_owned();
    assert!(markdown.starts_with(&format!("# Incident {id}: ")) && markdown.contains("&lt;b\\|b&gt;"), "{markdown}");
    assert!(!markdown.contains("<b"), "{markdown}");

    a.restart_on_same_port().await.expect("it is back");
    b.restart_on_same_port().await.expect("it is back");
    let closed = until(&app, "?status=closed", "it to close", |page| page["count"] == 1).await;
    let told = app.get(&format!("/api/v1/incidents/{id}")).await.json();
    app.stop().await;
    let app = plan.start().await;
    let again = until(&app, "?status=closed", "the same after a restart", |page| page["count"] == 1).await;
    assert_eq!(closed["incidents"], again["incidents"]);
    let told_again = app.get(&format!("/api/v1/incidents/{id}")).await.json();
    for part in ["incident", "before", "affected", "timeline"] {
        assert_eq!(told[part], told_again[part], "{part}");
    }
}

#[tokio::test]
async fn what_changed_too_long_before_is_not_named() {
    let app = plan().with("-Dincidents.before=0").start().await;
    let mut a = FakeInstance::builder().start().await.expect("an instance");
    register(&app, "a", &a).await;
    app.put("/api/v1/instances/a", &json!({"weight": 7})).await;
    a.stop().await;
    let page = until(&app, "?status=open", "an incident", |page| page["count"] == 1).await;
    let told = app.get(&format!("/api/v1/incidents/{}", page["incidents"][0]["id"].as_str().expect("an id"))).await.json();
    assert_eq!(told["before"], json!([]), "{told}");
}

#[tokio::test]
async fn what_failed_long_apart_is_two_incidents() {
    let app = plan().with("-Dincidents.together=1000").with("-Dincidents.stable.after=60000").start().await;
    let mut a = FakeInstance::builder().start().await.expect("an instance");
    let mut b = FakeInstance::builder().start().await.expect("an instance");
    register(&app, "a", &a).await;
    register(&app, "b", &b).await;
    a.stop().await;
    until(&app, "?status=open", "the first", |page| page["count"] == 1).await;
    a.restart_on_same_port().await.expect("it is back");
    let calm = until(&app, "?status=open", "it to be well", |page| page["incidents"][0]["affected"]["recovered"] == 1).await;
    let then = seconds(calm["incidents"][0]["lastBadAt"].as_str().expect("a time"));
    until(&app, "", "time to pass on the manager's clock", |page| seconds(page["timestamp"].as_str().expect("a time")) >= then + 2).await;
    b.stop().await;
    until(&app, "?status=open", "another beside it", |page| page["count"] == 2).await;
}

#[tokio::test]
async fn few_closed_ones_are_kept() {
    let app = plan().with("-Dincidents.stable.after=1000").with("-Dincidents.kept.max=1").start().await;
    let mut a = FakeInstance::builder().start().await.expect("an instance");
    register(&app, "a", &a).await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        a.stop().await;
        let page = until(&app, "?status=open", "an incident", |page| page["count"] == 1).await;
        ids.push(page["incidents"][0]["id"].as_str().expect("an id").to_owned());
        a.restart_on_same_port().await.expect("it is back");
        until(&app, "", "it to close", |page| page["open"] == 0).await;
    }
    let kept = until(&app, "?status=closed", "one to be kept", |page| page["count"] == 1).await;
    assert_eq!(kept["incidents"][0]["id"], ids[1].as_str(), "the newer one is kept");
    assert_eq!(app.get(&format!("/api/v1/incidents/{}", ids[0])).await.status, 404);
}

/// Seconds of a day in an ISO 8601 time; tests do not run over midnight for long.
fn seconds(time: &str) -> u32 {
    let number = |range| time.get(range).and_then(|digits: &str| digits.parse::<u32>().ok()).expect("digits");
    number(11..13) * 3600 + number(14..16) * 60 + number(17..19)
}

#[tokio::test]
async fn a_database_that_goes_is_one_incident_of_all_that_use_it() {
    let app = plan().start().await;
    let mut instances = Vec::new();
    for _ in 0..2 {
        instances.push(FakeInstance::builder().setup(Setup::empty("s1")).start().await.expect("an instance"));
    }
    for (id, instance) in ["a", "b"].into_iter().zip(&instances) {
        register(&app, id, instance).await;
        app.wait_for_setup(id).await;
    }
    for instance in &instances {
        instance.set_database_down("s1", true);
    }
    let both = |page: &Value| page["incidents"][0]["affected"]["bad"] == 2;
    let page = until(&app, "", "both setups in one incident", both).await;
    let scope = &page["incidents"][0]["scope"];
    assert_eq!(
        (&scope["kind"], &page["incidents"][0]["worst"], &page["count"]),
        (&json!("database"), &json!("setup-down"), &json!(1)),
        "{page}"
    );
}

#[tokio::test]
async fn wrong_questions_are_refused_with_all_their_faults() {
    let app = TestApp::start().await;
    let refused = app.get("/api/v1/incidents?status=x&since=x&until=x&before=x&after=-1&order=x&limit=0&colour=red").await;
    assert_eq!(refused.status, 400);
    let details = refused.json()["details"].as_array().cloned().unwrap_or_default();
    let fields: Vec<_> = details.iter().map(|detail| detail["field"].as_str().unwrap_or_default().to_owned()).collect();
    assert_eq!(fields, ["status", "since", "until", "before", "after", "order", "limit"]);
    assert_eq!(app.get("/api/v1/incidents?colour=red").await.json()["ignoredParameters"], json!(["colour"]));
    for (path, status) in [("/api/v1/incidents/7", 404), ("/api/v1/incidents/x", 404), ("/api/v1/incidents/7?format=pdf", 400)] {
        assert_eq!(app.get(path).await.status, status, "{path}");
    }
}
