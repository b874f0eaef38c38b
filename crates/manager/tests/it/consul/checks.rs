//! The managers' verdicts as other readers of Consul see them.

use peegeeq_testkit::{World, secs, wait_until};
use serde_json::Value;

use crate::support::consul::Consul;

async fn check(consul: &Consul, id: &str) -> Value {
    consul.entry(id).await.map_or(Value::Null, |entry| entry["Checks"][0].clone())
}

async fn wait_for(consul: &Consul, id: &str, status: &str) -> Value {
    wait_until(&format!("the check of {id} to be {status}"), secs(30), || async {
        let check = check(consul, id).await;
        if check["Status"] == status { Ok(check) } else { Err(check.to_string()) }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn checks_turn_with_the_verdict_and_are_not_written_for_each_probe() {
    let consul = Consul::start().await;
    let app = consul.plan().with("-Dhealth.check.interval=200").start().await;
    let instance = app.instance("p1", World::sample("alpha")).await;
    let passing = wait_for(&consul, "p1", "passing").await;
    assert!(passing["Output"].as_str().is_some_and(|output| output.contains("observed by peegeeq-service-manager")), "{passing}");
    let probes = instance.hits("/health");
    wait_until("ten more probes", secs(30), || async {
        let more = instance.hits("/health") - probes;
        if more >= 10 { Ok(()) } else { Err(more.to_string()) }
    })
    .await;
    assert_eq!(check(&consul, "p1").await["ModifyIndex"], passing["ModifyIndex"], "nothing turned, nothing was written");
    app.post("/api/v1/instances/p1/drain", &serde_json::json!({})).await;
    wait_for(&consul, "p1", "critical").await;
    app.post("/api/v1/instances/p1/resume", &serde_json::json!({})).await;
    wait_for(&consul, "p1", "passing").await;
    drop(instance);
    wait_for(&consul, "p1", "critical").await;
}
