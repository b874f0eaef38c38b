//! The clients count what happened.

use peegeeq_testkit::{Canned, HttpClient, LoadClient, LoadPlan};

use super::alpha;

#[tokio::test]
async fn load_is_counted_and_connections_are_kept() {
    let instance = alpha().await;
    let plan = LoadPlan::new(&format!("{}/health", instance.base_url()), 4, 50);
    let report = LoadClient::run(&plan).await;
    assert_eq!((report.ok(), report.answered(), report.errors), (200, 200, 0), "{:?}", report.last_error);
    assert_eq!((instance.hits("/health"), report.latencies.len()), (200, 200));
    assert!(report.quantile(0.5) <= report.quantile(0.99) && report.rate() > 0.0);
    assert!(instance.most_concurrent() <= 4);
}

#[tokio::test]
async fn load_counts_other_statuses_and_errors() {
    let mut instance = alpha().await;
    let plan = LoadPlan::new(&format!("{}/health", instance.base_url()), 2, 3);
    instance.set_mode(Canned::json("{}").status(503));
    let report = LoadClient::run(&plan).await;
    assert_eq!((report.statuses[&503], report.ok()), (6, 0));
    instance.stop().await;
    let report = LoadClient::run(&plan).await;
    assert_eq!((report.errors, report.answered()), (6, 0));
    assert!(report.last_error.unwrap().starts_with("no connection"));
}

#[tokio::test]
async fn impossible_requests_are_errors() {
    for url in ["/health", "http://", "not a url"] {
        let error = HttpClient::default().get(url).await.unwrap_err();
        assert!(error.to_string().starts_with("the request cannot be made"), "{url}: {error}");
    }
}
