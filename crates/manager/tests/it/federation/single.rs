//! One instance's own answers through the manager.

use peegeeq_testkit::{Dialect, HttpClient, Mode, World};
use serde_json::json;

use crate::support::{Cluster, Plan};

const KINDS: [&str; 5] = ["overview", "queues", "consumer-groups", "event-stores", "metrics"];

#[tokio::test]
async fn an_answer_is_handed_on_unchanged() {
    let cluster = Cluster::of_two(Dialect::Guide).await;
    let instance = &cluster.instances[0];
    for kind in KINDS {
        let path = format!("/api/v1/management/{kind}");
        let body = format!("{{\"kind\": \"{kind}\",  \"odd\":[1.0, 1e3]}}");
        instance.set_path_mode(&path, peegeeq_testkit::Canned::json(body.clone()));
        let reply = cluster.app.get(&format!("/api/v1/instances/peegeeq-a/{kind}")).await;
        assert_eq!((reply.status.as_u16(), reply.text()), (200, body), "{kind}");
        assert_eq!(HttpClient::default().get(&format!("{}{path}", instance.base_url())).await.expect("an answer").text(), reply.text());
    }
}

#[tokio::test]
async fn errors_of_the_instance_are_its_own() {
    let cluster = Cluster::of_two(Dialect::Current).await;
    for status in [404, 503, 500, 409] {
        cluster.instances[0].set_path_mode("/api/v1/management", Mode::error(status, r#"{"error":"mine"}"#));
        let reply = cluster.app.get("/api/v1/instances/peegeeq-a/queues").await;
        assert_eq!((reply.status.as_u16(), reply.text()), (status, r#"{"error":"mine"}"#.to_owned()));
    }
}

#[tokio::test]
async fn unknown_down_late_and_nonsense_are_told_apart() {
    let plan = Plan::new().with("-Dfederation.source.timeout=200");
    let mut cluster = Cluster::start(plan, Dialect::Current, vec![World::sample("a"), World::sample("b")]).await;
    let status = |path: &'static str| {
        let app = &cluster.app;
        async move { app.get(path).await.status.as_u16() }
    };
    assert_eq!(status("/api/v1/instances/nosuch/queues").await, 404);
    cluster.instances[0].set_path_mode("/api/v1/management", Mode::Hang);
    assert_eq!(status("/api/v1/instances/peegeeq-a/queues").await, 504);
    cluster.instances[0].set_path_mode("/api/v1/management", peegeeq_testkit::Canned::html());
    assert_eq!(status("/api/v1/instances/peegeeq-a/queues").await, 502);
    cluster.instances[1].stop().await;
    cluster.app.wait_for_status("peegeeq-b", "unhealthy").await;
    let reply = cluster.app.get("/api/v1/instances/peegeeq-b/queues").await;
    assert_eq!((reply.status.as_u16(), &reply.json()["instanceId"]), (503, &json!("peegeeq-b")), "{}", reply.text());
}
