//! `demo`: a cluster to look at, with one command, that leaves nothing behind.

use peegeeq_testkit::{secs, wait_until};
use rustix::process::Signal;

use crate::support::Launch;

#[tokio::test]
async fn it_shows_healthy_instances_and_leaves_nothing_behind() {
    let manager = Launch::command(&["demo", "-Dservice.port=0", "--seed", "7"]).start().await;
    let temporary = |launch: &Launch| {
        let entries = std::fs::read_dir(launch.folder()).expect("the folder");
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect::<Vec<_>>()
    };
    wait_until("three healthy instances", secs(30), || async {
        let list = manager.get("/api/v1/instances?status=healthy").await.json();
        if list["count"] == 3 { Ok(()) } else { Err(list.to_string()) }
    })
    .await;
    let overview = wait_until("their numbers", secs(30), || async {
        let overview = manager.get("/api/v1/federation/overview?fresh=true").await.json();
        if overview["instanceCount"] == 3 { Ok(overview) } else { Err(overview.to_string()) }
    })
    .await;
    assert!(overview["aggregatedData"]["totalQueues"].as_u64() > Some(0), "{overview}");
    assert_eq!(temporary(manager.launch()).len(), 1, "one folder while it runs");
    let launch = manager.launch().clone();
    manager.signal(Signal::INT);
    let finished = manager.finish().await;
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(temporary(&launch).is_empty(), "{:?}", temporary(&launch));
}

#[tokio::test]
async fn there_may_be_more_of_them() {
    let manager = Launch::command(&["demo", "--instances", "5", "-Dservice.port=0"]).start().await;
    assert_eq!(manager.ids().await.len(), 5);
}
