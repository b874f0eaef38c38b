//! Settings of who is picked, seen from outside.

use std::collections::BTreeMap;

use peegeeq_testkit::{Mode, millis, secs, wait_until};
use serde_json::{Value, json};

use super::{QUEUE, explained, joined, one, picked_from, spread};
use crate::gateway::choosing::world;
use crate::support::{Plan, TestApp};

/// A manager with one worker and these settings, and instances that all have `s1`.
async fn cluster(defines: &[&str], members: &[(&str, Value)]) -> (TestApp, Vec<peegeeq_testkit::FakeInstance>) {
    let plan = defines.iter().fold(Plan::new().with("-Dserver.workers=1"), |plan, define| plan.with(define));
    let app = plan.start().await;
    let mut instances = Vec::new();
    for (id, labels) in members {
        instances.push(joined(&app, id, one(), labels.clone()).await);
    }
    let mut ids: Vec<_> = members.iter().map(|(id, _)| *id).collect();
    ids.sort_unstable();
    picked_from(&app, &ids).await;
    (app, instances)
}

fn counts(pairs: &[(&str, usize)]) -> BTreeMap<String, usize> {
    pairs.iter().map(|(id, count)| ((*id).to_owned(), *count)).collect()
}

#[tokio::test]
async fn each_strategy_spreads_as_it_says() {
    let heavy = [("a", json!({"weight": 30})), ("b", json!({"weight": 10}))];
    for strategy in ["round_robin", "random", "first_available", "least_connections", "weighted_round_robin", "peak_ewma"] {
        let define = format!("-Dload.balancing.strategy={strategy}");
        let (app, instances) = cluster(&[&define, "-Drouting.slow.start=0"], &heavy).await;
        if strategy == "peak_ewma" {
            instances[0].set_path_mode("/api/v1/queues", Mode::Slow(millis(150)));
        }
        let got = spread(&app, "GET", QUEUE, 40).await;
        let of = |id: &str| got.get(id).copied().unwrap_or_default();
        let is_right = match strategy {
            "round_robin" => (of("a"), of("b")) == (20, 20),
            "random" => of("a") >= 5 && of("b") >= 5,
            // Nothing is under way when the next comes, so that the heavier is the less busy for its weight.
            "first_available" | "least_connections" => of("a") == 40,
            "weighted_round_robin" => (of("a"), of("b")) == (30, 10),
            _ => of("a") <= 4,
        };
        assert!(is_right && of("a") + of("b") == 40, "{strategy}: {got:?}");
    }
}

#[tokio::test]
async fn an_environment_has_a_strategy_of_its_own() {
    let plan = Plan::new().with("-Dserver.workers=1");
    let plan = plan.file("config.json", r#"{"loadBalancing": {"strategy": {"Lab": "first_available"}}}"#);
    let app = plan.start().await;
    let (lab, other) = (json!({"environment": "Lab"}), json!({"environment": "plain"}));
    let _a = joined(&app, "a", one(), lab.clone()).await;
    let _b = joined(&app, "b", one(), lab).await;
    let _c = joined(&app, "c", world(&[("s2", "d2")]), other.clone()).await;
    let _d = joined(&app, "d", world(&[("s2", "d2")]), other).await;
    picked_from(&app, &["a", "b"]).await;
    assert_eq!(spread(&app, "GET", QUEUE, 10).await, counts(&[("a", 10)]));
    wait_until("both to hold s2", secs(30), || async {
        let got = spread(&app, "GET", "/api/v1/queues/s2/q", 10).await;
        if got == counts(&[("c", 5), ("d", 5)]) { Ok(()) } else { Err(format!("{got:?}")) }
    })
    .await;
    let told = explained(&app, &json!({"path": QUEUE})).await;
    assert_eq!((&told["strategy"], &told["strategyFrom"]), (&json!("first_available"), &json!("environment")));
}

#[tokio::test]
async fn kinds_of_requests_have_strategies_of_their_own() {
    let defines = ["-Drouting.strategy.reads=first_available", "-Drouting.strategy.streams=random", "-Drouting.strategy.writes=peak_ewma"];
    let (app, instances) = cluster(&defines, &[("a", json!({})), ("b", json!({}))]).await;
    assert_eq!(spread(&app, "GET", QUEUE, 10).await, counts(&[("a", 10)]));
    instances[0].set_path_mode("/api/v1/queues/s1/q/messages", Mode::Slow(millis(150)));
    let written = spread(&app, "POST", "/api/v1/queues/s1/q/messages", 20).await;
    assert!(written["b"] >= 15, "the slow one gets few writes: {written:?}");
    let mut streams = BTreeMap::<String, usize>::new();
    for _ in 0..40 {
        let told = explained(&app, &json!({"path": "/api/v1/queues/s1/q/messages/stream"})).await;
        assert_eq!((&told["strategy"], &told["strategyFrom"], &told["stream"]), (&json!("random"), &json!("streams"), &json!(true)));
        *streams.entry(told["chosen"]["instanceId"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
    }
    assert!(streams.len() == 2, "{streams:?}");
}

#[tokio::test]
async fn a_setup_may_keep_to_one_instance() {
    let (app, instances) = cluster(&["-Drouting.affinity=setup"], &[("a", json!({})), ("b", json!({})), ("c", json!({}))]).await;
    let got = spread(&app, "GET", QUEUE, 20).await;
    assert_eq!((got.len(), got.values().sum::<usize>()), (1, 20), "{got:?}");
    let (id, _) = got.first_key_value().expect("one");
    assert_eq!(explained(&app, &json!({"path": QUEUE})).await["affinity"], true);
    let kept = instances.iter().find(|instance| instance.name() == id).expect("that one");
    app.put(&format!("/api/v1/instances/{}", kept.name()), &json!({"presence": "draining"})).await;
    wait_until("another to have it", secs(30), || async {
        let next = spread(&app, "GET", QUEUE, 5).await;
        if next.len() == 1 && !next.contains_key(id) { Ok(()) } else { Err(format!("{next:?}")) }
    })
    .await;
}

#[tokio::test]
async fn the_own_zone_is_preferred_and_takes_back_what_it_lost_only_later() {
    for (failback, takes_back) in [("3600000", false), ("0", true)] {
        let failback = format!("-Drouting.failback.after={failback}");
        let zone = |zone: &str| json!({"metadata": {"zone": zone}});
        let (app, mut instances) = cluster(&["-Drouting.zone=near", &failback], &[("a", zone("far")), ("b", zone("near"))]).await;
        assert_eq!(spread(&app, "GET", QUEUE, 10).await, counts(&[("b", 10)]));
        instances[1].stop().await;
        app.wait_for_status("b", "unhealthy").await;
        wait_until("the table to follow", secs(30), || async {
            let told = explained(&app, &json!({"path": QUEUE})).await;
            if told["chosen"]["instanceId"] == "a" { Ok(()) } else { Err(told.to_string()) }
        })
        .await;
        assert_eq!(spread(&app, "GET", QUEUE, 10).await, counts(&[("a", 10)]));
        instances[1].restart_on_same_port().await.expect("the same port");
        app.wait_for_status("b", "healthy").await;
        picked_from(&app, &["a", "b"]).await;
        assert_eq!(spread(&app, "GET", QUEUE, 10).await, counts(&[(if takes_back { "b" } else { "a" }, 10)]), "{failback}");
    }
}

#[tokio::test]
async fn the_share_of_who_came_back_grows() {
    let defines = ["-Dload.balancing.strategy=weighted_round_robin", "-Drouting.slow.start=20000"];
    let (app, mut instances) = cluster(&defines, &[("a", json!({})), ("b", json!({}))]).await;
    wait_until("a to be no newcomer any more", secs(60), || async {
        let row = app.get("/api/v1/routing").await.json()["instances"][0].clone();
        if row["slowStart"].is_null() { Ok(()) } else { Err(row.to_string()) }
    })
    .await;
    instances[1].stop().await;
    app.wait_for_status("b", "unhealthy").await;
    instances[1].restart_on_same_port().await.expect("the same port");
    app.wait_for_status("b", "healthy").await;
    picked_from(&app, &["a", "b"]).await;
    let row = app.get("/api/v1/routing").await.json()["instances"][1].clone();
    let first = spread(&app, "GET", QUEUE, 100).await;
    assert!(row["slowStart"]["part"].as_f64() < Some(0.9), "{row}");
    let later = app.get("/api/v1/routing").await.json()["instances"][1]["slowStart"]["part"].as_f64();
    let most = later.map_or(100.0, |part| 100.0 * part.min(1.0) / (1.0 + part.min(1.0)) + 15.0);
    assert!(first["b"] as f64 <= most && first["a"] > first["b"], "{first:?} although its part was {row} and then {later:?}");
}

#[tokio::test]
async fn regions_may_share_the_names_of_databases() {
    for (share, status) in [("false", 409), ("true", 200)] {
        let app = Plan::new().with(&format!("-Drouting.regions.share.names={share}")).start().await;
        let _a = joined(&app, "a", one(), json!({"region": "north"})).await;
        let _b = joined(&app, "b", one(), json!({"region": "south"})).await;
        let groups = if share == "true" { 1 } else { 2 };
        super::once(&app, "both to be known", |told| {
            let members = |group: &Value| group["members"].as_array().map_or(0, Vec::len);
            told["groups"].as_array().is_some_and(|all| all.len() == groups && all.iter().map(members).sum::<usize>() == 2)
        })
        .await;
        assert_eq!(app.get(QUEUE).await.status, status, "{share}");
    }
}
