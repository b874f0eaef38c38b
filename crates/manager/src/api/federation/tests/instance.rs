//! Cases 56 to 59: one instance's own answer, handed on with its status.

use http::StatusCode;
use peegeeq_domain::health::Verdict;
use peegeeq_testkit::{Canned, HttpClient, Mode, World, secs};

use super::cluster::{Cluster, instance, settings};
use crate::federation::FederationSettings;

#[tokio::test]
async fn the_instances_bytes_are_handed_on() {
    let cluster = Cluster::of(settings());
    let a = instance(World::sample("alpha")).await;
    cluster.add("a b/ä", &a).await;
    a.set_mode(Canned::json(r#" {"queues": [1, 2],   "odd":1.0} "#));
    let told = cluster.get("/api/v1/instances/a%20b%2F%C3%A4/queues").await;
    assert_eq!((told.status, told.text.as_slice()), (StatusCode::OK, &br#" {"queues": [1, 2],   "odd":1.0} "#[..]));
    assert_eq!(told.headers["content-type"], "application/json");
    a.set_mode(Mode::Normal);
    // The first metrics of an instance lack fields that the next ones have.
    cluster.get("/api/v1/instances/a%20b%2F%C3%A4/metrics").await;
    for kind in ["overview", "queues", "consumer-groups", "event-stores", "metrics"] {
        let own = HttpClient::new(secs(5)).get(&format!("{}/api/v1/management/{kind}", a.base_url())).await.expect("an answer").json();
        let told = cluster.get(&format!("/api/v1/instances/a%20b%2F%C3%A4/{kind}")).await;
        let keys = |body: &serde_json::Value| body.as_object().map(|body| body.keys().cloned().collect::<Vec<_>>());
        assert_eq!(keys(&told.body), keys(&own), "{kind}");
    }
    a.set_mode(Mode::error(503, r#"{"error":"setup query failed","timestamp":1}"#));
    let told = cluster.get("/api/v1/instances/a%20b%2F%C3%A4/overview").await;
    assert_eq!(
        (told.status, told.text.as_slice()),
        (StatusCode::SERVICE_UNAVAILABLE, &br#"{"error":"setup query failed","timestamp":1}"#[..])
    );
}

#[tokio::test]
async fn what_cannot_be_handed_on_is_explained() {
    let short = FederationSettings { request_timeout: secs(1), ..settings() };
    let cluster = Cluster::of(short);
    let mut a = instance(World::sample("alpha")).await;
    cluster.add("a", &a).await;
    let path = "/api/v1/instances/a/queues";
    assert_eq!(cluster.get("/api/v1/instances/ghost/queues").await.status, StatusCode::NOT_FOUND);
    for (mode, status) in [
        (Mode::from(Canned::html()), StatusCode::BAD_GATEWAY),
        (Canned::json("[]").into(), StatusCode::BAD_GATEWAY),
        (Canned::json("{\"a\":").into(), StatusCode::BAD_GATEWAY),
        (Canned::empty().into(), StatusCode::BAD_GATEWAY),
        (Canned::redirect("http://127.0.0.1:1/").into(), StatusCode::BAD_GATEWAY),
        (Canned::endless().into(), StatusCode::BAD_GATEWAY),
        (Mode::Hang, StatusCode::GATEWAY_TIMEOUT),
    ] {
        let shown = format!("{mode:?}");
        a.set_mode(mode);
        let told = cluster.get(path).await;
        assert_eq!((told.status, &told.body["instanceId"]), (status, &serde_json::json!("a")), "{shown}: {}", told.body);
    }
    a.stop().await;
    assert_eq!(cluster.get(path).await.status, StatusCode::SERVICE_UNAVAILABLE);
    a.restart_on_same_port().await.expect("restarted");
    a.set_mode(Mode::Normal);
    assert_eq!(cluster.get(path).await.status, StatusCode::OK);
    cluster.judge("a", Verdict::Failing { in_a_row: 1, passed_before: false }).await;
    let told = cluster.get(path).await;
    let error = told.body["error"].as_str().unwrap_or_default();
    assert_eq!(told.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(error.contains("not routable (state unknown): it was not probed yet"), "{error}");
    cluster.judge("a", Verdict::Down { in_a_row: 3 }).await;
    a.clear_hits();
    assert_eq!((cluster.get(path).await.status, a.hits("")), (StatusCode::SERVICE_UNAVAILABLE, 0));
}
