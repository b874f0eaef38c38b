//! Every JSON block of the guide, against answers of a manager whose instances speak as the guide writes.

use peegeeq_testkit::{Dialect, World};
use serde_json::json;

use super::{assert_like, golden};
use crate::support::{Cluster, Plan};

#[tokio::test]
async fn answers_about_instances() {
    let cluster = Cluster::start(Plan::new(), Dialect::Guide, vec![World::sample("alpha")]).await;
    let app = &cluster.app;
    for (name, path) in [
        ("health", "/health"),
        ("list", "/api/v1/instances"),
        ("list-filtered", "/api/v1/instances?environment=production&status=healthy"),
        ("read", "/api/v1/instances/peegeeq-a"),
        ("check", "/api/v1/instances/peegeeq-a/health"),
        ("error", "/api/v1/instances/nosuch"),
    ] {
        assert_like(name, &golden(&format!("guide/{name}.json")), &app.get(path).await.json());
    }
    let registered = app.register(&golden("guide/register.request.json")).await.json();
    assert_like("register", &golden("guide/register.json"), &registered);
    assert_eq!(registered["message"], golden("guide/register.json")["message"]);
    let row = app.row("peegeeq-prod-01").await;
    for (field, value) in golden("guide/register.request.json").as_object().expect("an object") {
        assert_eq!(&row[field], value, "{field} comes back as it was written");
    }
    let gone = app.delete("/api/v1/instances/peegeeq-prod-01/deregister").await.json();
    assert_like("deregister", &golden("guide/deregister.json"), &gone);
}

#[tokio::test]
async fn answers_about_what_is_wrong() {
    let mut cluster = Cluster::start(Plan::new(), Dialect::Guide, vec![World::sample("alpha")]).await;
    let wrong = cluster.app.post("/api/v1/instances/register", &json!({"instanceId": "", "host": "h", "port": 0})).await.json();
    assert_like("error-validation", &golden("guide/error-validation.json"), &wrong);
    assert_eq!(wrong["details"], golden("guide/error-validation.json")["details"], "word for word");
    assert_eq!((&wrong["error"], &wrong["status"]), (&json!("Validation failed"), &json!(400)));
    cluster.instances[0].stop().await;
    cluster.app.wait_for_status("peegeeq-a", "unhealthy").await;
    let check = cluster.app.get("/api/v1/instances/peegeeq-a/health").await.json();
    assert_like("check-unhealthy", &golden("guide/check-unhealthy.json"), &check);
    assert_eq!((&check["health"], &check["successful"]), (&json!("unhealthy"), &json!(false)));
}

#[tokio::test]
async fn answers_for_the_whole_cluster() {
    let cluster = Cluster::of_two(Dialect::Guide).await;
    for name in ["federation-overview", "federation-queues", "federation-consumer-groups", "federation-event-stores", "federation-metrics"]
    {
        let golden = golden(&format!("guide/{name}.json"));
        let answer = cluster.complete(&format!("/api/v1/{}", name.replacen('-', "/", 1))).await;
        assert_like(name, &golden, &answer);
        assert_eq!(answer["message"], golden["message"], "{name}");
    }
}
