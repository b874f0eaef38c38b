//! A setup that was taken away through the manager is not missed after a `kill -9` right behind the answer.

use http::Method;
use peegeeq_testkit::{FakeInstance, HttpClient, Options, World, secs, wait_until};
use serde_json::Value;

use super::inject::{inject, possible};
use crate::gateway::choosing::setup;
use crate::support::{Launch, ManagerProcess, registration};

/// The setups of `a` as shown, with their states.
async fn setups(manager: &ManagerProcess) -> Vec<(String, String)> {
    let instance = manager.get("/api/v1/instances/a").await.json();
    let rows = instance["setups"].as_array().cloned().unwrap_or_default();
    let text = |row: &Value, field: &str| row[field].as_str().unwrap_or_default().to_owned();
    rows.iter().map(|row| (text(row, "setupId"), text(row, "status"))).collect()
}

async fn seen(manager: &ManagerProcess, count: usize) -> Vec<(String, String)> {
    wait_until("the setups to be seen", secs(60), || async {
        let found = setups(manager).await;
        let complete = found.len() == count && found.iter().all(|(_, state)| state != "unknown");
        if complete { Ok(found) } else { Err(format!("{found:?}")) }
    })
    .await
}

#[tokio::test]
async fn what_was_detached_is_not_missed_after_a_kill_behind_the_answer() {
    if !possible("what_was_detached_is_not_missed_after_a_kill_behind_the_answer") {
        return;
    }
    let launch = Launch::serve().arg("-Dhealth.setups.interval=300");
    let mut world = World::empty();
    world.setups.extend(["kept", "gone"].map(|id| setup(id, id)));
    let instance = FakeInstance::start(Options::named("a", world)).await.expect("an instance");
    let manager = launch.start().await;
    assert_eq!(manager.register(&registration(&instance)).await.expect("an answer").status, 201);
    seen(&manager, 2).await;
    // What was seen reaches the disk at the end of this life.
    manager.signal(rustix::process::Signal::TERM);
    assert_eq!(manager.finish().await.code, Some(0));

    // A slow disk: without waiting for it, the answer would be far ahead of the record.
    let manager = inject(&launch, "fdatasync:delay_enter=300000").start().await;
    seen(&manager, 2).await;
    let url = format!("{}/api/v1/database-setup/gone", manager.base());
    let answer = wait_until("the detach", secs(60), || async {
        let reply = HttpClient::default().request(Method::DELETE, &url, &[], "").await.map_err(|error| error.to_string())?;
        if reply.status.is_success() { Ok(reply) } else { Err(reply.text()) }
    })
    .await;
    manager.kill().await;
    assert!(answer.status.is_success());
    instance.forget_setup("gone");

    let manager = launch.start().await;
    assert_eq!(seen(&manager, 1).await.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["kept"]);
}
