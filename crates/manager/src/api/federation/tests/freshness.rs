//! How old an answer may be, how many share a fetch, and that nobody sees what was taken away.

use std::time::Duration;

use futures_util::future::join_all;
use peegeeq_domain::health::Verdict;
use peegeeq_testkit::{Mode, World, millis, secs, wait_until};
use serde_json::json;

use super::cluster::{Cluster, find, instance, pair, settings};
use crate::federation::FederationSettings;

const QUEUES: &str = "/api/v1/management/queues";

fn aged(max_age: Duration) -> FederationSettings {
    FederationSettings { max_age: Some(max_age), ..settings() }
}

#[tokio::test]
async fn requests_of_the_same_moment_share_one_fetch() {
    let cluster = Cluster::of(settings());
    let (a, _b) = pair(&cluster).await;
    a.set_path_mode(QUEUES, Mode::Slow(millis(200)));
    let answers = join_all((0..50).map(|_| cluster.get("/api/v1/federation/queues"))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(a.hits(QUEUES), 1);
    let fresh = join_all((0..50).map(|_| cluster.get("/api/v1/federation/queues?fresh=true"))).await;
    assert!(fresh.iter().all(|answer| answer.status == 200));
    assert!(a.hits(QUEUES) <= 4, "{} fetches", a.hits(QUEUES));
}

#[tokio::test]
async fn young_answers_are_given_again_and_tell_their_age() {
    let cluster = Cluster::of(aged(secs(60)));
    let (a, b) = pair(&cluster).await;
    let first = cluster.get("/api/v1/federation/queues").await;
    assert_eq!(first.headers["age"], "0");
    let age = wait_until("an age", secs(5), || async {
        let body = cluster.ok("/api/v1/federated/queues").await;
        let age = find(&body["sources"], "instanceId", "a")["ageMs"].as_u64().unwrap_or_default();
        if age >= 20 { Ok(age) } else { Err(format!("{age} ms")) }
    });
    age.await;
    assert_eq!((a.hits(QUEUES), b.hits(QUEUES)), (1, 1), "both views are made of one fetch");
    let fresh = cluster.ok("/api/v1/federation/queues?fresh=true").await;
    assert!(find(&fresh["sources"], "instanceId", "a")["ageMs"].is_u64());
    assert_eq!(a.hits(QUEUES), 2);
}

#[tokio::test]
async fn old_answers_are_given_while_a_new_one_is_fetched() {
    let cluster = Cluster::of(aged(millis(300)));
    let (a, _b) = pair(&cluster).await;
    cluster.ok("/api/v1/federation/queues").await;
    a.set_path_mode(QUEUES, Mode::Slow(millis(600)));
    a.update(|world| world.setups[0].queues[0].messages = 1000);
    wait_until("a fetch in the background", secs(5), || async {
        let body = cluster.ok("/api/v1/federation/queues").await;
        assert!(body["aggregatedStats"]["totalMessages"] == 80 || a.hits(QUEUES) > 1);
        if a.hits(QUEUES) > 1 { Ok(()) } else { Err("not yet") }
    })
    .await;
    wait_until("the new answer", secs(5), || async {
        let body = cluster.ok("/api/v1/federation/queues").await;
        if body["aggregatedStats"]["totalMessages"] == 1080 { Ok(()) } else { Err(body["aggregatedStats"].to_string()) }
    })
    .await;
}

#[tokio::test]
async fn changes_of_the_cluster_are_in_the_next_answer() {
    let cluster = Cluster::of(aged(secs(60)));
    let (a, b) = pair(&cluster).await;
    assert_eq!(cluster.ok("/api/v1/federation/queues").await["instanceCount"], 2);
    cluster.judge("b", Verdict::Failing { in_a_row: 1, passed_before: true }).await;
    cluster.ok("/api/v1/federation/queues").await;
    assert_eq!(a.hits(QUEUES), 1, "a verdict that shows nowhere asks nobody");
    cluster.remove("b").await;
    let body = cluster.ok("/api/v1/federation/queues").await;
    assert_eq!((&body["instanceCount"], body["sources"].as_array().map(Vec::len)), (&json!(1), Some(1)));
    let c = instance(World::sample("gamma")).await;
    cluster.add("c", &c).await;
    assert_eq!(cluster.ok("/api/v1/federation/queues").await["instanceCount"], 2);
    cluster.judge("c", Verdict::Down { in_a_row: 3 }).await;
    assert_eq!(cluster.ok("/api/v1/federation/queues").await["coverage"]["skipped"], 1);
    assert_eq!(b.hits(QUEUES), 1);
}

#[tokio::test]
async fn a_fetch_goes_on_when_its_caller_hangs_up() {
    let cluster = Cluster::of(aged(secs(60)));
    let (a, _b) = pair(&cluster).await;
    a.set_path_mode(QUEUES, Mode::Slow(millis(300)));
    let hasty = tokio::time::timeout(millis(50), cluster.get("/api/v1/federation/queues")).await;
    assert!(hasty.is_err());
    cluster.ok("/api/v1/federation/queues").await;
    assert_eq!(a.hits(QUEUES), 1);
}

#[tokio::test]
async fn a_removed_instance_that_hangs_delays_nobody_twice() {
    let patient = FederationSettings { source_timeout: secs(3), ..settings() };
    let cluster = Cluster::of(patient);
    let (_a, b) = pair(&cluster).await;
    b.set_mode(Mode::Hang);
    let (slow, quick) = tokio::join!(cluster.get("/api/v1/federation/queues"), async {
        wait_until("the fetch began", secs(5), || async { if b.hits(QUEUES) > 0 { Ok(()) } else { Err("no") } }).await;
        cluster.remove("b").await;
        tokio::time::timeout(secs(2), cluster.get("/api/v1/federation/queues")).await
    });
    let quick = quick.expect("it does not wait for the fetch that asks the one that was removed");
    assert_eq!((&slow.body["instancesQueried"], &quick.body["instancesQueried"]), (&json!(2), &json!(1)));
}

#[tokio::test]
async fn an_answer_that_took_long_is_good_from_its_landing() {
    let (a, b) = (instance(World::sample("alpha")).await, instance(World::second_sample("beta")).await);
    // The fetch takes longer than three times the span for which an answer is good.
    let patient = FederationSettings { source_timeout: millis(400), max_age: Some(millis(100)), ..settings() };
    let slow = Cluster::of(patient);
    for (id, handle) in [("a", &a), ("b", &b)] {
        slow.add(id, handle).await;
    }
    b.set_path_mode(QUEUES, Mode::Hang);
    slow.ok("/api/v1/federation/queues").await;
    let before = a.hits(QUEUES);
    let again = slow.ok("/api/v1/federation/queues").await;
    assert!(find(&again["sources"], "instanceId", "a")["ageMs"].is_u64());
    assert_eq!(a.hits(QUEUES), before, "it has only just landed");
}

#[tokio::test]
async fn those_that_were_late_are_asked_behind_the_others() {
    let one_at_a_time = FederationSettings { concurrency: 1, request_timeout: millis(1000), source_timeout: millis(600), ..settings() };
    let cluster = Cluster::of(one_at_a_time);
    let mut late = Vec::new();
    for id in ["a1", "a2", "a3"] {
        let instance = instance(World::empty()).await;
        instance.set_mode(Mode::Hang);
        cluster.add(id, &instance).await;
        late.push(instance);
    }
    let good = instance(World::sample("alpha")).await;
    cluster.add("z", &good).await;
    cluster.get("/api/v1/federation/queues?fresh=true").await;
    let body = cluster.ok("/api/v1/federated/queues?fresh=true").await;
    assert_eq!(find(&body["sources"], "instanceId", "z")["status"], "ok", "{body}");
}
