//! `doctor` against a manager that is there.

use insta::assert_snapshot;
use serde_json::Value;

use super::{ask, cluster, said};
use crate::support::TestApp;

#[tokio::test]
async fn a_trial_has_warnings_and_an_empty_one_fails() {
    let cluster = cluster().await;
    cluster.complete("/api/v1/federation/overview").await;
    let well = ask(&cluster.app.base(), &["doctor", "--output", "json"]).await;
    let items: Vec<Value> = serde_json::from_str(&well.out).expect("JSON");
    let failed: Vec<&Value> = items.iter().filter(|item| item["level"] == "fail").collect();
    assert_eq!((well.code, failed), (Some(0), vec![]), "{well:?}");
    assert_eq!(ask(&cluster.app.base(), &["doctor", "--strict"]).await.code, Some(4));

    let empty = TestApp::start().await;
    let found = ask(&empty.base(), &["doctor"]).await;
    assert_eq!(found.code, Some(4));
    assert!(found.out.contains("no instance is registered"), "{}", found.out);
}

/// The settings that lie around are looked at too, and a manager that is away does not hide them.
#[tokio::test]
async fn faulty_settings_are_found_while_the_manager_is_away() {
    let launch = crate::support::Launch::command(&["doctor", "-Dfoo=1"]).variable("PEEGEEQ_SERVER", "http://127.0.0.1:1");
    assert_snapshot!("away", said(&launch.run().await, &[]));
}
