//! Commands that change the registry.

use peegeeq_testkit::{FakeInstance, Options, World};
use serde_json::json;

use super::ask;
use crate::support::{Launch, TestApp};

#[tokio::test]
async fn an_instance_comes_changes_and_goes() {
    let app = TestApp::start().await;
    let base = app.base();
    let instance = FakeInstance::start(Options::named("web-01", World::sample("alpha"))).await.expect("an instance");
    let port = instance.port().to_string();
    let flags = ["--environment", "production", "--region", "us-east-1", "--metadata", "zone=a", "--metadata", "rack=7", "--weight", "2"];
    let line = [&["instances", "register", "web-01", "--host", "127.0.0.1", "--port", &port][..], &flags].concat();
    let registered = ask(&base, &line).await;
    assert_eq!((registered.code, registered.out.as_str()), (Some(0), "web-01: Instance registered successfully (revision 1)\n"));

    assert_eq!(ask(&base, &["instances", "weight", "web-01", "5"]).await.code, Some(0));
    let update = ["instances", "update", "web-01", "--metadata", "zone=b", "--remove-metadata", "rack"];
    let updated = ask(&base, &update).await;
    assert_eq!(updated.out, "web-01: Instance updated successfully (revision 3)\n", "{updated:?}");
    let now = app.get("/api/v1/instances/web-01").await.json()["instance"].clone();
    assert_eq!((&now["weight"], &now["metadata"], &now["environment"]), (&json!(5), &json!({"zone": "b"}), &json!("production")));
    let stale = ask(&base, &["instances", "update", "web-01", "--weight", "1", "--revision", "1"]).await;
    assert!(stale.code == Some(1) && stale.err.contains("look at it again"), "{stale:?}");

    let gone = ask(&base, &["instances", "deregister", "web-01", "web-02"]).await;
    assert_eq!(gone.code, Some(3), "the first is gone, the second never was: {gone:?}");
    assert!(gone.out.starts_with("web-01: taken out") && gone.err.contains("web-02"), "{gone:?}");
    assert_eq!(app.get("/api/v1/instances/web-01").await.status, 404);
}

/// Running a command with input blocks its thread, and the manager in the test needs one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn registrations_are_taken_from_a_file_and_from_standard_input() {
    let app = TestApp::start().await;
    let base = app.base();
    let two = r#"[{"instanceId": "a", "host": "127.0.0.1", "port": 1}, {"instanceId": "b", "host": "127.0.0.1", "port": 0}]"#;
    let launch = Launch::command(&["instances", "register", "--file", "two.json"]).file("two.json", two).variable("PEEGEEQ_SERVER", &base);
    let finished = launch.run().await;
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(finished.out.contains("a: Instance registered") && finished.err.contains("error: b: "), "{finished:?}");
    let from_input = Launch::command(&["instances", "register", "-f", "-"]).variable("PEEGEEQ_SERVER", &base);
    let finished = from_input.run_with_input(r#"{"instanceId": "c", "host": "127.0.0.1", "port": 1}"#);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(from_input.run_with_input("{").code, Some(2));
    assert_eq!(app.get("/api/v1/instances/c").await.status, 200);
}

/// Managers that take no orders yet say so plainly; those that do obey.
#[tokio::test]
async fn orders_are_given_or_told_to_be_too_new() {
    let app = TestApp::start().await;
    app.register(&json!({"instanceId": "a", "host": "127.0.0.1", "port": 1})).await;
    for verb in ["drain", "maintenance", "resume"] {
        let finished = ask(&app.base(), &["instances", verb, "a", "--reason", "test"]).await;
        let is_plain = finished.code == Some(7) && finished.err.contains("its version is older than this command");
        assert!(finished.code == Some(0) || is_plain, "{verb}: {finished:?}");
    }
}
