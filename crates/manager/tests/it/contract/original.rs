//! The original's answers, as captured, against ours: a client written for the original finds all it reads.

use peegeeq_testkit::Dialect;
use serde_json::Value;

use super::{assert_like, golden};
use crate::support::{Cluster, TestApp};

/// Compares status, message and shape.
fn compare(name: &str, status: u16, answer: &Value) {
    let golden = golden(&format!("original/{name}.json"));
    assert_eq!(golden["status"], status, "{name}: {answer}");
    if golden["body"]["message"].is_string() {
        assert_eq!(golden["body"]["message"], answer["message"], "{name}");
    }
    assert_like(name, &golden["body"], answer);
}

#[tokio::test]
async fn answers_with_two_instances() {
    let cluster = Cluster::of_two(Dialect::Current).await;
    // The first answer of an instance to its metrics lacks some of them, so they are asked for twice.
    for name in ["overview", "queues", "consumer-groups", "event-stores", "metrics", "metrics"] {
        cluster.complete(&format!("/api/v1/federated/{name}")).await;
    }
    for (name, path) in [
        ("health", "/health"),
        ("list", "/api/v1/instances"),
        ("list-filtered", "/api/v1/instances?environment=production&region=us-east-1&status=healthy"),
        ("check", "/api/v1/instances/peegeeq-a/health"),
        ("federated-overview", "/api/v1/federated/overview"),
        ("federated-queues", "/api/v1/federated/queues"),
        ("federated-consumer-groups", "/api/v1/federated/consumer-groups"),
        ("federated-event-stores", "/api/v1/federated/event-stores"),
        ("federated-metrics", "/api/v1/federated/metrics"),
        ("instance-overview", "/api/v1/instances/peegeeq-a/overview"),
        ("instance-queues", "/api/v1/instances/peegeeq-a/queues"),
        ("instance-consumer-groups", "/api/v1/instances/peegeeq-a/consumer-groups"),
        ("instance-event-stores", "/api/v1/instances/peegeeq-a/event-stores"),
        ("instance-metrics", "/api/v1/instances/peegeeq-a/metrics"),
    ] {
        let reply = cluster.app.get(path).await;
        compare(name, reply.status.as_u16(), &reply.json());
    }
}

#[tokio::test]
async fn answers_to_changes() {
    let app = TestApp::start().await;
    let body = serde_json::json!({"instanceId": "peegeeq-a", "host": "127.0.0.1", "port": 1});
    let reply = app.post("/api/v1/instances/register", &body).await;
    compare("register", reply.status.as_u16(), &reply.json());
    let reply = app.delete("/api/v1/instances/peegeeq-a/deregister").await;
    compare("deregister", reply.status.as_u16(), &reply.json());
    let reply = app.post("/api/v1/instances/register", &serde_json::json!({"host": "h", "port": 1})).await;
    compare("error", reply.status.as_u16(), &reply.json());
    assert_eq!(reply.json()["error"], golden("original/error.json")["body"]["error"]);
}

#[tokio::test]
async fn answers_without_instances() {
    let app = TestApp::start().await;
    for name in [
        "federated-overview-empty",
        "federated-queues-empty",
        "federated-consumer-groups-empty",
        "federated-event-stores-empty",
        "federated-metrics-empty",
    ] {
        let path = name.trim_end_matches("-empty").replacen('-', "/", 1);
        let reply = app.get(&format!("/api/v1/{path}")).await;
        compare(name, reply.status.as_u16(), &reply.json());
    }
}
