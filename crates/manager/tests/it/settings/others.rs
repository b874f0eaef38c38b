//! Settings whose effect belongs to no other folder.

use peegeeq_testkit::{secs, wait_until};
use serde_json::{Value, json};

use crate::support::{Launch, Plan};

fn body(id: &str) -> Value {
    json!({"instanceId": id, "host": "127.0.0.1", "port": 1, "presence": "maintenance"})
}

#[tokio::test]
async fn a_full_registry_takes_changes_only() {
    let app = Plan::new().with("-Dregistry.instances.max=2").start().await;
    app.register(&body("a")).await;
    app.register(&body("b")).await;
    let refused = app.post("/api/v1/instances/register", &body("c")).await;
    assert_eq!(refused.status, 503);
    assert!(refused.text().contains("registry.instances.max"), "{}", refused.text());
    app.register(&body("b")).await;
    app.delete("/api/v1/instances/a").await;
    app.register(&body("c")).await;
}

#[tokio::test]
async fn a_full_queue_refuses_at_once() {
    let app = Plan::new().with("-Dregistry.queue.max=1").start().await;
    let refused = wait_until("a refusal", secs(60), || async {
        let asked = (0..64).map(|n| {
            let app = &app;
            async move { app.post("/api/v1/instances/register", &body(&format!("i{n}"))).await }
        });
        let replies = futures_util::future::join_all(asked).await;
        assert!(replies.iter().all(|reply| matches!(reply.status.as_u16(), 201 | 503)));
        replies.into_iter().find(|reply| reply.status == 503).ok_or("all were taken")
    })
    .await;
    assert_eq!(refused.header("retry-after"), "1");
    assert!(refused.text().contains("registry.queue.max"), "{}", refused.text());
}

#[tokio::test]
async fn metrics_can_be_switched_off() {
    let app = Plan::new().with("-Dmetrics.enabled=false").start().await;
    let reply = app.get("/metrics").await;
    assert_eq!(reply.status, 404);
    assert!(reply.text().contains("metrics.enabled=true"), "{}", reply.text());
}

#[tokio::test]
async fn there_is_one_format_of_metrics() {
    let refused = Launch::serve().arg("-Dmetrics.export.format=json").run().await;
    assert_eq!(refused.code, Some(78), "{refused:?}");
    assert!(refused.err.contains("prometheus"), "{}", refused.err);
    let manager = Launch::serve().arg("-Dmetrics.export.format=prometheus").start().await;
    assert!(manager.get("/metrics").await.header("content-type").starts_with("text/plain; version=0.0.4"));
}

#[tokio::test]
async fn there_are_as_many_workers_as_asked_for() {
    let manager = Launch::serve().arg("-Dserver.workers=5").start().await;
    let name = |thread: &std::path::Path| std::fs::read_to_string(thread.join("comm")).unwrap_or_default();
    let workers = || {
        let threads = std::fs::read_dir(format!("/proc/{}/task", manager.id())).expect("threads");
        threads.filter(|thread| thread.as_ref().is_ok_and(|thread| name(&thread.path()).starts_with("http-"))).count()
    };
    // A thread takes its name when it first runs.
    wait_until("five workers", secs(30), || std::future::ready(if workers() == 5 { Ok(()) } else { Err(workers().to_string()) })).await;
}
