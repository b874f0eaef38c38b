//! Tables, JSON, YAML and names.

use insta::assert_snapshot;
use serde_json::Value;

use super::{ask, cluster, said, with_dead};
use crate::gateway::choosing::routed;

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

#[tokio::test]
async fn routes_are_shown_and_explained() {
    let cluster = cluster().await;
    for instance in &cluster.instances {
        routed(&cluster.app, instance.name()).await;
    }
    let of: Vec<_> = cluster.instances.iter().collect();
    let base = cluster.app.base();
    let routing = ask(&base, &["routing"]).await;
    let heads = ["INSTANCE", "STANDING", "REQUESTS", "FAILURES"];
    assert!(routing.code == Some(0) && heads.iter().all(|head| routing.out.contains(head)), "{routing:?}");
    assert!(routing.out.starts_with("strategy round_robin, affinity none\n"), "{}", routing.out);
    assert!(routing.out.lines().any(|line| line.starts_with("peegeeq-a  active")), "{}", routing.out);
    assert_eq!(ask(&base, &["routing", "-o", "name"]).await.out, "peegeeq-a\npeegeeq-b\n");
    let unknown = ask(&base, &["route", "explain", "/api/v1/queues/nosuch/q"]).await;
    assert_snapshot!("route_unknown", said(&unknown, &of));
    let known = ask(&base, &["route", "explain", "/api/v1/queues/alpha/orders"]).await;
    assert!(known.code == Some(0) && known.out.contains("->  peegeeq-a  candidate"), "{known:?}");
    assert_eq!(ask(&base, &["route", "explain", "/api/v1/queues/alpha/orders", "-o", "name"]).await.out, "peegeeq-a\n");
}

#[tokio::test]
async fn the_past_of_an_instance_is_told() {
    let cluster = cluster().await;
    with_dead(&cluster.app, "peegeeq-gone").await;
    let base = cluster.app.base();
    let history = ask(&base, &["instances", "history", "peegeeq-gone"]).await;
    let kinds: Vec<_> = history.out.lines().filter_map(|line| line.split_whitespace().find(|word| word.starts_with("instance."))).collect();
    assert_eq!((history.code, &kinds[..2]), (Some(0), &["instance.registered", "instance.verdict"][..]), "{history:?}");
    let last = ask(&base, &["instances", "history", "peegeeq-gone", "-n", "1", "--kind", "instance.registered"]).await;
    assert!(last.out.contains("instance.registered") && !last.out.contains("instance.verdict"), "{last:?}");

    let available = ask(&base, &["instances", "availability", "peegeeq-gone", "--window", "7d"]).await;
    assert!(available.out.starts_with("peegeeq-gone: available 0 % of the time that is known, over 7d\n"), "{available:?}");
    assert!(available.out.trim_end().ends_with("  unhealthy") && available.out.contains("  now "), "{available:?}");
    let wrong = ask(&base, &["instances", "availability", "peegeeq-gone", "--window", "7w"]).await;
    assert!(wrong.code == Some(2) || wrong.code == Some(1), "{wrong:?}");

    let at = cluster.app.get("/api/v1/instances").await.json()["timestamp"].as_str().expect("a time").to_owned();
    assert_eq!(cluster.app.delete("/api/v1/instances/peegeeq-gone").await.status, 200);
    let then = ask(&base, &["instances", "list", "--at", &at]).await;
    assert!(then.out.contains("peegeeq-gone") && then.out.contains(&format!("as of {at}")), "{then:?}");
    assert!(!ask(&base, &["instances", "list"]).await.out.contains("peegeeq-gone"));
    let one = ask(&base, &["instances", "get", "peegeeq-gone", "--at", &at]).await;
    assert!(one.code == Some(0) && one.out.starts_with("peegeeq-gone is unhealthy"), "{one:?}");
}
