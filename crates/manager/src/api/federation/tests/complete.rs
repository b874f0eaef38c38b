//! Cases 21, 64, 65, and setups that are down or gone: what is unknown is never zero, what is shared counts once.

use peegeeq_testkit::{Mode, World};
use serde_json::json;

use super::cluster::{Cluster, find, instance, pair, settings};
use crate::observations::{SetupHealth, SetupSeen};

#[tokio::test]
async fn a_database_that_is_down_makes_numbers_unknown() {
    let cluster = Cluster::of(settings());
    let (a, _b) = pair(&cluster).await;
    a.set_mode(Mode::DatabaseDown);
    cluster.see_setups("a", &a, |setup| setup.health = SetupHealth::Down { reason: "database: connection refused".to_owned() });
    for kind in ["overview", "queues", "consumer-groups", "event-stores"] {
        let body = cluster.ok(&format!("/api/v1/federation/{kind}")).await;
        assert_eq!((&body["complete"], &body["coverage"]["setupsUnknown"]), (&json!(false), &json!(1)), "{kind}");
        let degraded = find(&body["degradedSetups"], "setupId", "alpha");
        assert_eq!((&degraded["status"], &degraded["instanceId"]), (&json!("database-down"), &json!("a")));
        assert_eq!(find(&body["sources"], "instanceId", "a")["status"], "degraded");
    }
    let overview = cluster.ok("/api/v1/federation/overview").await;
    assert_eq!(overview["aggregatedData"]["totalMessages"], 38, "what the other knows");
    assert_eq!(find(&overview["instanceDetails"], "instanceId", "a")["messages"], json!(null));
    let stores = cluster.ok("/api/v1/federation/event-stores").await;
    let audit = find(&stores["eventStores"], "storeName", "audit-events");
    assert_eq!(
        (&audit["totalEvents"], &audit["instances"][0]["eventCount"], &audit["instances"][0]["standing"]),
        (&json!(null), &json!(null), &json!("unknown"))
    );
}

#[tokio::test]
async fn a_database_that_has_just_gone_is_noticed_by_the_silence() {
    let cluster = Cluster::of(settings());
    let (a, _b) = pair(&cluster).await;
    cluster.see_setups("a", &a, |_| {});
    a.set_mode(Mode::DatabaseDown);
    let body = cluster.ok("/api/v1/federation/queues").await;
    assert_eq!(find(&body["degradedSetups"], "setupId", "alpha")["status"], "rows-absent");
}

#[tokio::test]
async fn missing_setups_come_with_what_to_do() {
    let cluster = Cluster::of(settings());
    let (a, _b) = pair(&cluster).await;
    cluster.see_setups("a", &a, |setup| setup.missing = true);
    a.forget_setup("alpha");
    let body = cluster.ok("/api/v1/federation/queues").await;
    let missing = find(&body["degradedSetups"], "setupId", "alpha");
    let action = missing["action"].as_str().expect("an action");
    assert_eq!(missing["status"], "missing");
    assert!(action.contains(&format!("POST {}/api/v1/database-setup/connect", a.base_url())) && action.contains("alpha"), "{action}");
}

#[tokio::test]
async fn one_database_behind_two_instances_counts_once() {
    let cluster = Cluster::of(settings());
    let (a, b) = (instance(World::sample("alpha")).await, instance(World::sample("alpha")).await);
    for (id, handle) in [("a", &a), ("b", &b)] {
        cluster.add(id, handle).await;
        cluster.see_setups(id, handle, |setup| {
            if let Some(database) = &mut setup.database {
                database.host = "db.internal".to_owned();
            }
        });
    }
    let body = cluster.ok("/api/v1/federation/queues").await;
    assert_eq!(body["aggregatedStats"]["totalMessages"], 42);
    let shared = &body["sharedSetups"][0];
    assert_eq!(
        (&shared["host"], &shared["merged"], shared["members"].as_array().map(Vec::len)),
        (&json!("db.internal"), &json!(true), Some(2))
    );
    assert_eq!(find(&shared["members"], "instanceId", "b")["standing"], "shared");
    let orders = find(&body["queues"], "queueName", "orders");
    assert_eq!(orders["instances"].as_array().map(Vec::len), Some(2), "both are shown");
    assert_eq!(cluster.ok("/api/v1/federated/overview").await["aggregatedData"]["totalMessages"], 42);
}

#[tokio::test]
async fn the_same_name_for_two_databases_counts_twice() {
    let cluster = Cluster::of(settings());
    let (a, b) = (instance(World::sample("alpha")).await, instance(World::sample("alpha")).await);
    for (id, handle, host) in [("a", &a, "db-1"), ("b", &b, "db-2")] {
        cluster.add(id, handle).await;
        cluster.see_setups(id, handle, |setup| {
            if let Some(database) = &mut setup.database {
                database.host = host.to_owned();
            }
        });
    }
    let body = cluster.ok("/api/v1/federation/queues").await;
    assert_eq!((&body["aggregatedStats"]["totalMessages"], &body["sharedSetups"]), (&json!(84), &json!([])));
}

#[tokio::test]
async fn a_health_question_asked_in_vain_is_no_good_health() {
    let cluster = Cluster::of(settings());
    let a = instance(World::sample("alpha")).await;
    cluster.add("a", &a).await;
    a.set_mode(Mode::DatabaseDown);
    cluster.see_setups("a", &a, |setup| {
        setup.health = SetupHealth::Unknown { reason: "HTTP status 500".to_owned() };
        setup.queues.clear();
    });
    for (kind, total) in [
        ("overview", "/aggregatedData/totalMessages"),
        ("queues", "/aggregatedStats/totalMessages"),
        ("consumer-groups", "/aggregatedStats/totalConsumers"),
        ("event-stores", "/aggregatedStats/totalEvents"),
    ] {
        let body = cluster.ok(&format!("/api/v1/federation/{kind}")).await;
        assert_eq!((&body["complete"], body.pointer(total)), (&json!(false), Some(&json!(null))), "{kind}: {body}");
        assert_eq!(find(&body["degradedSetups"], "setupId", "alpha")["status"], "health-unknown", "{kind}");
    }
}

#[tokio::test]
async fn a_list_of_setups_that_failed_makes_zeros_unknown() {
    let cluster = Cluster::of(settings());
    let a = instance(World::sample("alpha")).await;
    cluster.add("a", &a).await;
    a.set_mode(Mode::DatabaseDown);
    cluster.see_stale_setups("a", Vec::new());
    let body = cluster.ok("/api/v1/federation/queues").await;
    assert_eq!((&body["complete"], &body["aggregatedStats"]["totalMessages"]), (&json!(false), &json!(null)));
    assert!(body["sources"][0]["error"].as_str().is_some_and(|error| error.contains("HTTP status 500")), "{body}");
}

#[tokio::test]
async fn what_is_degraded_is_told_within_bounds() {
    let cluster = Cluster::of(settings());
    let a = instance(World::sample("alpha")).await;
    cluster.add("a", &a).await;
    let gone = |number: u32| SetupSeen {
        id: format!("gone-{number:03}").into(),
        health: SetupHealth::Down { reason: "x".repeat(5_000) },
        database: None,
        queues: Vec::new(),
        missing: false,
    };
    cluster.see_stale_setups("a", (0..130).map(gone).collect());
    let body = cluster.ok("/api/v1/federation/queues").await;
    assert_eq!((body["degradedSetups"].as_array().map(Vec::len), &body["degradedSetupCount"]), (Some(100), &json!(130)));
    for text in [&body["degradedSetups"][0]["reason"], &body["sources"][0]["error"]] {
        assert!(text.as_str().is_some_and(|text| text.chars().count() <= 513), "{text}");
    }
    let strict = cluster.get("/api/v1/federation/queues?partial=strict").await;
    assert_eq!((&strict.body["status"], &strict.body["degradedSetupCount"]), (&json!(503), &json!(130)));
    let text = String::from_utf8(strict.text).expect("UTF-8");
    assert!(text.starts_with("{\"error\":") && text.matches("\"timestamp\"").count() == 1, "no field twice: {}", &text[..200]);
}
