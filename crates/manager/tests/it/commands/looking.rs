//! Tables, JSON, YAML and names.

use insta::assert_snapshot;
use serde_json::Value;

use super::{ask, cluster, said, with_dead};

#[tokio::test]
async fn instances_are_listed() {
    let cluster = cluster().await;
    with_dead(&cluster.app, "peegeeq-gone").await;
    let of: Vec<_> = cluster.instances.iter().collect();
    let list = ask(&cluster.app.base(), &["instances", "list"]).await;
    assert_snapshot!("instances_list", said(&list, &of));
    let names = ask(&cluster.app.base(), &["instances", "ls", "--status", "unhealthy", "-o", "name"]).await;
    assert_eq!((names.code, names.out.as_str()), (Some(0), "peegeeq-gone\n"));
    let none = ask(&cluster.app.base(), &["instances", "list", "--region", "nowhere"]).await;
    assert_eq!((none.code, none.out.as_str()), (Some(0), "none of 3 instances is like that\n"));
}

/// Programs get what the manager sent, in its order.
#[tokio::test]
async fn json_is_the_answer_itself() {
    let cluster = cluster().await;
    let base = cluster.app.base();
    let printed = ask(&base, &["instances", "get", "peegeeq-a", "--output", "json"]).await;
    let sent = cluster.app.get("/api/v1/instances/peegeeq-a").await;
    let (mut printed_value, mut sent_value): (Value, Value) = (serde_json::from_str(&printed.out).expect("JSON"), sent.json());
    for value in [&mut printed_value, &mut sent_value] {
        value["timestamp"].take();
        value["instance"]["lastHealthCheck"].take();
    }
    assert_eq!(printed_value, sent_value);
    let place = |text: &str, key: &str| text.find(&format!("\"{key}\"")).expect("the key");
    assert!(
        place(&printed.out, "instanceId") < place(&printed.out, "host") && place(&printed.out, "host") < place(&printed.out, "baseUrl")
    );
    let yaml = ask(&base, &["instances", "get", "peegeeq-a", "--output", "yaml"]).await;
    assert!(yaml.out.contains("\n  instanceId: peegeeq-a\n"), "{}", yaml.out);
}

#[tokio::test]
async fn an_instance_is_described_and_checked() {
    let cluster = cluster().await;
    with_dead(&cluster.app, "peegeeq-gone").await;
    let of: Vec<_> = cluster.instances.iter().collect();
    let get = ask(&cluster.app.base(), &["instances", "get", "peegeeq-a"]).await;
    assert_snapshot!("instances_get", said(&get, &of));
    let well = ask(&cluster.app.base(), &["instances", "check", "peegeeq-a"]).await;
    assert!(well.code == Some(0) && well.out.starts_with("peegeeq-a  healthy in "), "{well:?}");
    let both = ask(&cluster.app.base(), &["instances", "check", "--record", "peegeeq-gone", "peegeeq-b"]).await;
    assert_eq!(both.code, Some(4), "{both:?}");
    assert!(both.out.contains("peegeeq-gone  unhealthy") && both.out.contains("peegeeq-b  healthy"), "{}", both.out);
}

#[tokio::test]
async fn the_cluster_is_shown_as_one() {
    let cluster = cluster().await;
    for path in ["overview", "queues", "consumer-groups", "event-stores"] {
        cluster.complete(&format!("/api/v1/federation/{path}")).await;
    }
    let base = cluster.app.base();
    assert_snapshot!("overview", said(&ask(&base, &["overview", "--fresh"]).await, &[]));
    assert_snapshot!("queues", said(&ask(&base, &["queues", "--parts", "--fresh"]).await, &[]));
    assert_snapshot!("groups", said(&ask(&base, &["groups", "--fresh"]).await, &[]));
    assert_snapshot!("stores", said(&ask(&base, &["stores", "--fresh"]).await, &[]));
    let metrics = ask(&base, &["metrics"]).await;
    assert!(metrics.out.contains("system:\n") && metrics.out.contains("totalMessages"), "{}", metrics.out);
    let own = ask(&base, &["metrics", "--own"]).await;
    assert!(own.code == Some(0) && own.out.contains("# TYPE peegeeq_instances gauge"), "{}", own.out);
    let one = ask(&base, &["queues", "--instance", "peegeeq-a"]).await;
    assert!(one.code == Some(0) && one.out.contains("orders") && !one.out.contains("beta"), "{}", one.out);
}

/// An answer that does not speak for the whole cluster is told so, and the exit code says it to programs.
#[tokio::test]
async fn an_incomplete_answer_is_no_success() {
    let mut cluster = cluster().await;
    cluster.complete("/api/v1/federation/queues").await;
    let base = cluster.app.base();
    drop(cluster.instances.pop());
    let incomplete = ask(&base, &["queues", "--fresh"]).await;
    assert_eq!(incomplete.code, Some(4), "{incomplete:?}");
    assert!(incomplete.err.starts_with("warning: incomplete: ") && incomplete.err.contains("peegeeq-b"), "{}", incomplete.err);
    drop(cluster.instances.pop());
    cluster.app.wait_for_status("peegeeq-a", "unhealthy").await;
    cluster.app.wait_for_status("peegeeq-b", "unhealthy").await;
    let none = ask(&base, &["overview", "--fresh"]).await;
    assert!(none.code == Some(4) && none.err.contains("No healthy instances"), "{none:?}");
}
