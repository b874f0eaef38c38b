//! Death at the n-th write or sync of a start and some registrations, for each n: what was acknowledged is there afterwards.

use super::inject::{inject, possible};
use super::ledger::Ledger;
use crate::support::Launch;

/// Registers a few ids until the manager dies; says whether it did.
async fn dies_at(launch: &Launch, ledger: &mut Ledger, call: &str, n: u32) -> bool {
    let Ok(manager) = inject(launch, &format!("{call}:signal=KILL:when={n}")).try_start().await else { return true };
    for id in ["a", "b", "a", "c"] {
        let registration = ledger.send(id);
        match manager.register(&registration).await {
            Ok(reply) => {
                assert_eq!(reply.status, 201, "{}", reply.text());
                ledger.acknowledge(&registration);
            }
            Err(_) => {
                assert_eq!(manager.finish().await.code, None, "a signal ended it");
                return true;
            }
        }
    }
    manager.kill().await;
    false
}

/// Dies at every `step`-th call until a run has fewer calls than that.
async fn die_everywhere(call: &str, step: u32) {
    let mut deaths = 0;
    let mut n = 1;
    loop {
        let launch = Launch::serve();
        let mut ledger = Ledger::default();
        let died = dies_at(&launch, &mut ledger, call, n).await;
        let manager = launch.start().await;
        ledger.compare(&manager).await;
        let registration = ledger.send("afterwards");
        let reply = manager.register(&registration).await.expect("an answer");
        assert_eq!(reply.status, 201, "after a death at {call} {n}: {}", reply.text());
        manager.kill().await;
        if !died {
            break;
        }
        deaths += 1;
        n += step;
    }
    // A run that injected nothing proves nothing.
    assert!(deaths >= 4, "{deaths} deaths at {call}");
}

#[tokio::test]
async fn death_at_any_sync_loses_nothing() {
    if possible("death_at_any_sync_loses_nothing") {
        die_everywhere("fdatasync", 1).await;
    }
}

#[tokio::test]
async fn death_at_any_write_loses_nothing() {
    if possible("death_at_any_write_loses_nothing") {
        die_everywhere("pwrite64", 7).await;
    }
}
