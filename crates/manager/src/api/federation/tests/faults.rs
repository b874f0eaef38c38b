//! Cases 52 to 55, 60, 61: an instance that errs costs its own part, in time and in content.

use std::time::Duration;

use http::StatusCode;
use peegeeq_domain::health::Verdict;
use peegeeq_testkit::{Canned, Mode, World, secs};
use serde_json::json;
use tokio::time::Instant;

use super::cluster::{Cluster, find, instance, pair, settings};
use crate::clock;
use crate::federation::FederationSettings;

/// Every way to err, with the code word and the longest time the whole answer may take.
fn misbehaviours() -> Vec<(Mode, &'static str)> {
    vec![
        (Mode::error(503, r#"{"error":"x"}"#), "status"),
        (Mode::error(500, "<html>"), "status"),
        (Canned::redirect("http://127.0.0.1:1/").into(), "status"),
        (Canned::empty().into(), "bad-body"),
        (Canned::json("null").into(), "bad-body"),
        (Canned::json("[]").into(), "bad-body"),
        (Canned::html().into(), "bad-body"),
        (Canned::json("{\"queues\":[{\"name\":").into(), "bad-body"),
        (Canned::deeply_nested(100_000).into(), "bad-body"),
        (Canned::cut_short("{\"queues\":").into(), "bad-body"),
        (Canned::gzip_claim("\x1f\x08not gzip").into(), "bad-body"),
        (Canned::endless().into(), "too-large"),
        (Canned::drip("{\"queues\":[]}", 1, secs(1)).into(), "timeout"),
        (Canned::header_flood(1000).into(), "bad-body"),
        (Mode::Slow(secs(30)), "timeout"),
        (Mode::Hang, "timeout"),
        (Mode::Reset, "unreachable"),
        (Mode::Raw("nonsense\r\n\r\n".into()), "bad-body"),
    ]
}

#[tokio::test]
async fn whatever_one_instance_does_the_others_are_told() {
    let cluster = Cluster::of(settings());
    let _pair = pair(&cluster).await;
    let liar = instance(World::sample("gamma")).await;
    cluster.add("liar", &liar).await;
    for (mode, word) in misbehaviours() {
        let shown = format!("{mode:?}");
        liar.set_mode(mode);
        for path in ["/api/v1/federated/queues", "/api/v1/federation/overview"] {
            let began: Instant = clock::instant();
            let body = cluster.ok(path).await;
            assert!(began.elapsed() < secs(9), "{shown}");
            let [failed] = body["failedInstances"].as_array().map(Vec::as_slice).expect("a list") else {
                panic!("{shown}: {}", body["failedInstances"])
            };
            assert_eq!((&failed["instanceId"], &failed["status"]), (&json!("liar"), &json!(word)), "{shown}: {failed}");
            assert_eq!((&body["instanceCount"], &body["instancesQueried"], &body["complete"]), (&json!(2), &json!(3), &json!(false)));
            assert_eq!(find(&body["sources"], "instanceId", "liar")["status"], "failed");
        }
    }
    liar.set_mode(Mode::error(503, r#"{"error":"database gone"}"#));
    let body = cluster.ok("/api/v1/federated/queues").await;
    assert_eq!(body["queueCount"], 4);
    let failed = &body["failedInstances"][0];
    assert_eq!(failed["httpStatus"], 503);
    assert!(failed["error"].as_str().is_some_and(|error| error.contains("database gone")));
    let strict = cluster.get("/api/v1/federation/queues?partial=strict").await;
    assert_eq!((strict.status, strict.body["failedInstances"][0]["instanceId"].as_str()), (StatusCode::SERVICE_UNAVAILABLE, Some("liar")));
    assert!(strict.body["queues"].is_null());
}

#[tokio::test]
async fn dead_ones_are_named_and_down_ones_not_asked() {
    let cluster = Cluster::of(settings());
    let (mut a, b) = pair(&cluster).await;
    a.stop().await;
    let body = cluster.ok("/api/v1/federation/queues").await;
    assert_eq!(find(&body["failedInstances"], "instanceId", "a")["status"], "refused");
    cluster.judge("b", Verdict::Down { in_a_row: 3 }).await;
    b.clear_hits();
    let none = cluster.get("/api/v1/federation/queues").await;
    assert_eq!(none.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(find(&none.body["failedInstances"], "instanceId", "b")["status"], "not-healthy");
    assert_eq!((find(&none.body["sources"], "instanceId", "b")["status"].as_str(), b.hits("")), (Some("skipped"), 0));
    assert!(none.body["aggregatedStats"]["totalMessages"].is_null(), "nobody knows, so it is not zero");
    let old = cluster.ok("/api/v1/federated/consumer-groups").await;
    assert_eq!((&old["instanceCount"], &old["groupCount"], &old["consumerGroups"]), (&json!(0), &json!(0), &json!([])));
}

#[tokio::test]
async fn many_that_hang_end_within_the_time_of_the_whole() {
    let short = FederationSettings { concurrency: 2, request_timeout: Duration::from_millis(1500), ..settings() };
    let cluster = Cluster::of(short);
    let (_a, _b) = pair(&cluster).await;
    let mut hanging = Vec::new();
    for number in 0..8 {
        let instance = instance(World::empty()).await;
        instance.set_mode(Mode::Hang);
        cluster.add(&format!("hang-{number}"), &instance).await;
        hanging.push(instance);
    }
    let body = cluster.ok("/api/v1/federation/queues").await;
    assert_eq!(body["instanceCount"], 2);
    let failed = body["failedInstances"].as_array().expect("a list");
    assert!(failed.iter().any(|failed| failed["status"] == "busy"), "{failed:?}");
    assert_eq!(failed.len(), 8);
}

#[tokio::test]
async fn odd_lists_are_read_and_odd_numbers_added() {
    let cluster = Cluster::of(settings());
    let _pair = pair(&cluster).await;
    let odd = instance(World::empty()).await;
    cluster.add("odd", &odd).await;
    let rows = r#"{"queues":[{"name":"orders","messages":"4294967297"},{"name":"two","messages":9007199254740993},{"name":"f","messages":1.0e3},7,"plain"]}"#;
    odd.set_mode(Canned::json(rows));
    let body = cluster.ok("/api/v1/federation/queues").await;
    assert_eq!(body["aggregatedStats"]["totalMessages"], 80_u64 + 4_294_967_297 + 9_007_199_254_740_993 + 1000);
    let source = find(&body["sources"], "instanceId", "odd");
    assert_eq!((&source["status"], &source["skippedRows"]), (&json!("degraded"), &json!(1)));
    assert!(source["error"].as_str().is_some_and(|error| error.contains('7')) && body["complete"] == false);
    assert_eq!((&find(&body["rows"], "name", "plain")["sourceInstanceId"], &body["coverage"]["degraded"]), (&json!("odd"), &json!(1)));
    for unsaid in ["{}", r#"{"queues":null}"#, r#"{"queues":5}"#, r#"{"error":"boom"}"#] {
        odd.set_mode(Canned::json(unsaid));
        let body = cluster.ok("/api/v1/federation/queues").await;
        assert_eq!(find(&body["failedInstances"], "instanceId", "odd")["status"], "bad-body", "{unsaid}");
        assert_eq!(body["aggregatedStats"]["totalMessages"], 80);
    }
    odd.set_mode(Canned::json(r#"{"queues":{"by-name":{"messages":2}}}"#));
    assert_eq!(find(&cluster.ok("/api/v1/federated/queues").await["queues"], "name", "by-name")["messages"], 2);
}

#[tokio::test]
async fn an_only_instance_that_says_nothing_has_no_zeros() {
    let cluster = Cluster::of(settings());
    let only = instance(World::empty()).await;
    cluster.add("only", &only).await;
    for (said, status) in [(r#"{"queues":null}"#, "failed"), (r#"{"error":"boom"}"#, "failed"), (r#"{"queues":[7]}"#, "degraded")] {
        only.set_mode(Canned::json(said));
        let body = cluster.ok("/api/v1/federated/queues").await;
        assert_eq!((&body["complete"], &body["aggregatedStats"]["totalMessages"]), (&json!(false), &json!(null)), "{said}");
        assert_eq!(body["sources"][0]["status"], status, "{said}");
        assert!(body["unavailable"].as_array().is_some_and(|names| names.contains(&json!("totalMessages"))), "{body}");
    }
}
