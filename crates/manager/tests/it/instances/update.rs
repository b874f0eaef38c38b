//! `PUT /api/v1/instances/{instanceId}`: labels, weight and orders of an instance that stays where it is.

use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::snapshot::snapshot;

async fn app_with_one() -> TestApp {
    let app = TestApp::start().await;
    app.register(&json!({"instanceId": "a", "host": "127.0.0.1", "port": 1, "metadata": {"old": "1"}, "presence": "maintenance"})).await;
    app
}

#[tokio::test]
async fn what_is_said_changes_and_the_rest_stays() {
    let app = app_with_one().await;
    snapshot!("changed", app.put("/api/v1/instances/a", &json!({"metadata": {"new": "2"}, "weight": 9, "hots": "x"})).await);
    let row = app.row("a").await;
    assert_eq!((&row["metadata"], &row["weight"], &row["presence"]), (&json!({"new": "2"}), &json!(9), &json!("maintenance")));
    app.put("/api/v1/instances/a", &json!({"presence": "draining"})).await;
    let row = app.row("a").await;
    assert_eq!((&row["status"], &row["weight"]), (&json!("stopping"), &json!(9)));
}

#[tokio::test]
async fn a_change_for_another_revision_is_refused() {
    let app = app_with_one().await;
    let revision = app.row("a").await["revision"].as_u64().expect("a revision");
    let change = |revision: u64, weight: u32| json!({"weight": weight, "revision": revision});
    assert_eq!(app.put("/api/v1/instances/a", &change(revision, 3)).await.status, 200);
    let refused = app.put("/api/v1/instances/a", &change(revision, 4)).await;
    snapshot!("other_revision", refused);
    assert_eq!(app.row("a").await["weight"], 3);
}

#[tokio::test]
async fn wrong_changes_are_refused_and_change_nothing() {
    let app = app_with_one().await;
    let cases: [Value; 6] = [
        json!({"weight": -1}),
        json!({"weight": 1001}),
        json!({"weight": "5"}),
        json!({"presence": "asleep"}),
        json!({"metadata": [1]}),
        json!({"weight": 2, "revision": -1}),
    ];
    for body in cases {
        assert_eq!(app.put("/api/v1/instances/a", &body).await.status, 400, "{body}");
    }
    assert_eq!(app.row("a").await["revision"], 1);
    assert_eq!(app.put("/api/v1/instances/nosuch", &json!({"weight": 2})).await.status, 404);
}

#[tokio::test]
async fn what_only_a_registration_says_is_told_where_to_say_it() {
    let app = app_with_one().await;
    let unchanged = app.put("/api/v1/instances/a", &json!({"host": "127.0.0.2", "port": 2})).await.json();
    assert_eq!((&unchanged["changed"], &unchanged["ignoredFields"]), (&json!(false), &json!(["host", "port"])));
    let again = "changed by registering the instance again (POST /api/v1/instances/register)";
    assert_eq!(unchanged["message"], format!("Nothing was changed: host and port are {again}"));
    let changed = app.put("/api/v1/instances/a", &json!({"weight": 7, "port": 2})).await.json();
    assert_eq!(changed["message"], format!("Instance updated successfully, but port is {again}"));
    assert_eq!(app.row("a").await["port"], 1);
}

#[tokio::test]
async fn a_change_that_changes_nothing_says_so() {
    let app = app_with_one().await;
    let change = json!({"weight": 3, "metadata": {"old": "1"}});
    let changed = app.put("/api/v1/instances/a", &change).await.json();
    assert_eq!((&changed["changed"], &changed["revision"]), (&json!(true), &json!(2)));
    let etag = app.get("/api/v1/instances/a").await.header("etag").to_owned();
    snapshot!("unchanged", app.put("/api/v1/instances/a", &change).await);
    assert_eq!(app.put("/api/v1/instances/a", &json!({})).await.json()["changed"], false);
    assert_eq!(app.row("a").await["revision"], 2);
    assert_eq!(app.get("/api/v1/instances/a").await.header("etag"), etag);
}
