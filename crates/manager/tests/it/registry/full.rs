//! A disk that fails for a while: changes are refused with 507, reads go on, and it recovers by itself.

use std::cell::RefCell;

use peegeeq_testkit::{secs, wait_until};

use super::inject::{inject, possible};
use super::ledger::Ledger;
use crate::support::Launch;

#[tokio::test]
async fn a_manager_that_cannot_write_still_takes_part_and_says_so() {
    if !possible("a_manager_that_cannot_write_still_takes_part_and_says_so") {
        return;
    }
    let manager = inject(&Launch::serve(), "fdatasync:error=EIO:when=25+").start().await;
    assert_eq!(manager.get("/health/ready").await.json(), serde_json::json!({"status": "UP"}));
    let mut ledger = Ledger::default();
    let mut refused = 0;
    for _ in 0..60 {
        let reply = manager.register(&ledger.send("a")).await.expect("an answer");
        refused += u32::from(reply.status == 507);
    }
    assert!(refused > 0, "a run that injected nothing proves nothing");
    let ready = manager.get("/health/ready").await;
    assert_eq!((ready.status.as_u16(), ready.json()), (200, serde_json::json!({"status": "UP", "degraded": ["registry-writes"]})));
    let said = manager.get("/health").await.json()["degraded"].to_string();
    assert!(said.contains("registry: ") && said.contains("check the disk"), "{said}");
    assert_eq!(manager.ids().await, ["a"], "reads go on");
}

async fn fails_for_a_while(error: &str) {
    let launch = Launch::serve();
    // Late enough for the start to be over; the test itself finds out where it is.
    let manager = inject(&launch, &format!("fdatasync:error={error}:when=25..28")).start().await;
    let mut ledger = Ledger::default();
    let mut refused = None;
    for _ in 0..60 {
        let registration = ledger.send("a");
        let reply = manager.register(&registration).await.expect("an answer");
        match reply.status.as_u16() {
            201 => ledger.acknowledge(&registration),
            507 => {
                refused = Some(reply.json());
                break;
            }
            status => panic!("{status}: {}", reply.text()),
        }
    }
    let refused = refused.expect("a refusal; a run that injected nothing proves nothing");
    assert_eq!(refused["status"], 507);
    assert!(refused["error"].as_str().is_some_and(|sentence| sentence.contains("not in force")), "{refused}");
    assert_eq!(manager.ids().await, ["a"], "reads go on");
    assert_eq!(manager.get("/health").await.json()["status"], "UP");
    let ledger = RefCell::new(ledger);
    wait_until("the first change after the disk is well", secs(30), || async {
        let registration = ledger.borrow_mut().send("b");
        let reply = manager.register(&registration).await.map_err(|error| error.to_string())?;
        if reply.status == 201 {
            ledger.borrow_mut().acknowledge(&registration);
            return Ok(());
        }
        assert_eq!(reply.status, 507, "{}", reply.text());
        Err(reply.text())
    })
    .await;
    let ledger = ledger.into_inner();
    ledger.compare(&manager).await;
    assert_eq!(manager.get("/health").await.json()["degraded"], serde_json::json!([]));
    manager.kill().await;
    let again = launch.start().await;
    ledger.compare(&again).await;
}

#[tokio::test]
async fn a_full_disk_refuses_changes_and_recovers() {
    if possible("a_full_disk_refuses_changes_and_recovers") {
        fails_for_a_while("ENOSPC").await;
    }
}

#[tokio::test]
async fn a_failing_disk_refuses_changes_and_recovers() {
    if possible("a_failing_disk_refuses_changes_and_recovers") {
        fails_for_a_while("EIO").await;
    }
}
