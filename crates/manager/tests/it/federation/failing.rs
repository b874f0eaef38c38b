//! One bad instance costs its own rows and nothing else: no error for all, no hang, no false zeros.

use peegeeq_testkit::{Canned, Dialect, Mode, World, secs, wait_until};
use serde_json::{Value, json};

use crate::support::{Cluster, Plan};

const OVERVIEW: &str = "/api/v1/federation/overview";
const QUEUES: &str = "/api/v1/federated/queues";

async fn of_three(plan: Plan) -> Cluster {
    let worlds = vec![World::sample("alpha"), World::second_sample("beta"), World::sample("gamma")];
    Cluster::start(plan, Dialect::Current, worlds).await
}

fn failed(answer: &Value) -> Vec<&str> {
    let failed = answer["failedInstances"].as_array().map_or(&[][..], Vec::as_slice);
    failed.iter().map(|failed| failed["instanceId"].as_str().unwrap_or_default()).collect()
}

#[tokio::test]
async fn every_kind_of_nonsense_costs_only_its_own_rows() {
    let cluster = of_three(Plan::new().with("-Dfederation.response.max.bytes=1MB")).await;
    let nonsense: [(&str, Canned); 12] = [
        ("503", Canned::json(r#"{"error":"x"}"#).status(503)),
        ("empty", Canned::empty()),
        ("null", Canned::json("null")),
        ("an array", Canned::json("[]")),
        ("HTML", Canned::html()),
        ("broken JSON", Canned::json(r#"{"queues":[{"name":"#)),
        ("cut short", Canned::cut_short(r#"{"queues":[]}"#)),
        ("endless", Canned::endless()),
        ("deep", Canned::deeply_nested(100_000)),
        ("a claim of gzip", Canned::gzip_claim("no gzip")),
        ("a redirect", Canned::redirect("http://127.0.0.1:1/")),
        ("a flood of headers", Canned::header_flood(2000)),
    ];
    for (name, canned) in nonsense {
        cluster.instances[2].set_path_mode("/api/v1/management", canned);
        for path in [OVERVIEW, QUEUES, "/api/v1/federated/metrics"] {
            let answer = cluster.fresh(path).await;
            let source = &answer["sources"][2];
            assert!(source["status"] == "failed" || source["status"] == "degraded", "{name} {path}: {answer}");
            assert!(source["error"].is_string() && answer["complete"] == false, "{name} {path}: {answer}");
            assert_eq!(failed(&answer).len(), usize::from(source["status"] == "failed"), "{name} {path}: {answer}");
        }
        assert_eq!(cluster.fresh(OVERVIEW).await["aggregatedData"]["totalMessages"], 80, "{name}");
    }
    cluster.instances[2].heal();
    assert_eq!(cluster.complete(OVERVIEW).await["instanceCount"], 3);
}

#[tokio::test]
async fn a_hanging_instance_is_waited_for_no_longer_than_its_time() {
    let cluster = of_three(Plan::new().with("-Dfederation.source.timeout=200")).await;
    cluster.instances[1].set_path_mode("/api/v1/management", Mode::Hang);
    let answer = cluster.fresh(OVERVIEW).await;
    assert_eq!(failed(&answer), ["peegeeq-b"], "{answer}");
    assert_eq!(answer["failedInstances"][0]["status"], "timeout", "{answer}");
}

#[tokio::test]
async fn all_failing_is_told_with_reasons_and_without_zeros() {
    let cluster = of_three(Plan::new()).await;
    cluster.instances.iter().for_each(|instance| instance.set_path_mode("/api/v1/management", Mode::error(500, "{}")));
    let reply = cluster.app.get(&format!("{OVERVIEW}?fresh=true")).await;
    let body = reply.json();
    assert_eq!((reply.status.as_u16(), failed(&body).len()), (503, 3), "{body}");
    assert!(body["error"].as_str().is_some_and(|error| error.contains("none of the 3")), "{body}");
    assert_eq!(cluster.app.get(&format!("{QUEUES}?fresh=true")).await.status, 200, "the original never failed here");
}

#[tokio::test]
async fn who_wants_all_or_nothing_gets_nothing() {
    let cluster = of_three(Plan::new()).await;
    cluster.complete(OVERVIEW).await;
    assert_eq!(cluster.app.get(&format!("{OVERVIEW}?partial=strict&fresh=true")).await.status, 200);
    cluster.instances[0].set_path_mode("/api/v1/management", Mode::error(500, "{}"));
    let reply = cluster.app.get(&format!("{OVERVIEW}?partial=strict&fresh=true")).await;
    assert_eq!((reply.status.as_u16(), failed(&reply.json())), (503, vec!["peegeeq-a"]), "{}", reply.text());
}

#[tokio::test]
async fn a_lost_database_is_unknown_and_not_zero() {
    let plan = Plan::new().with("-Dhealth.setups.interval=100");
    let cluster = Cluster::start(plan, Dialect::Current, vec![World::sample("alpha"), World::second_sample("beta")]).await;
    cluster.complete(OVERVIEW).await;
    cluster.instances[0].set_database_down("alpha", true);
    let answer = wait_until("the setup to be degraded", secs(30), || async {
        let answer = cluster.fresh(QUEUES).await;
        if answer["degradedSetups"][0]["setupId"] == "alpha" { Ok(answer) } else { Err(answer.to_string()) }
    })
    .await;
    assert_eq!((&answer["complete"], &answer["sources"][0]["status"]), (&json!(false), &json!("degraded")), "{answer}");
    cluster.instances[0].heal();
    cluster.complete(QUEUES).await;
}

#[tokio::test]
async fn a_setup_forgotten_at_a_restart_is_missing_and_said() {
    let plan = Plan::new().with("-Dhealth.setups.interval=100");
    let cluster = Cluster::start(plan, Dialect::Current, vec![World::sample("alpha")]).await;
    cluster.complete(OVERVIEW).await;
    assert!(cluster.instances[0].forget_setup("alpha"));
    let answer = wait_until("the setup to be missing", secs(30), || async {
        let answer = cluster.fresh(OVERVIEW).await;
        if answer["degradedSetups"][0]["status"] == "missing" { Ok(answer) } else { Err(answer.to_string()) }
    })
    .await;
    assert_eq!(answer["complete"], false);
    assert!(answer["degradedSetups"][0]["action"].as_str().is_some_and(|action| action.contains("connect")), "{answer}");
}

#[tokio::test]
async fn a_setup_lost_while_the_manager_was_stopped_is_missing_and_said() {
    let plan = Plan::new().with("-Dhealth.setups.interval=100");
    let app = plan.start().await;
    let instance = app.instance("a", World::sample("alpha")).await;
    wait_until("the setup to be seen", secs(30), || async {
        let health = app.get("/api/v1/instances/a/health").await.json();
        if health["setups"][0]["setupId"] == "alpha" { Ok(()) } else { Err(health.to_string()) }
    })
    .await;
    app.stop().await;
    assert!(instance.forget_setup("alpha"));

    let app = plan.start().await;
    let answer = wait_until("the setup to be missing", secs(30), || async {
        let answer = app.get(&format!("{OVERVIEW}?fresh=true")).await.json();
        if answer["degradedSetups"][0]["status"] == "missing" { Ok(answer) } else { Err(answer.to_string()) }
    })
    .await;
    assert_eq!((&answer["sources"][0]["status"], &answer["complete"]), (&json!("degraded"), &json!(false)), "{answer}");
    assert!(answer["degradedSetups"][0]["action"].as_str().is_some_and(|action| action.contains("connect")), "{answer}");
}
