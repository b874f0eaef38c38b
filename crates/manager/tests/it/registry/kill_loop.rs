//! `kill -9` at any moment under concurrent registrations, again and again on one data directory.

use std::cell::{Cell, RefCell};

use peegeeq_testkit::{secs, wait_until};
use rustix::process::Signal;

use super::ledger::Ledger;
use crate::support::{Launch, ManagerProcess};

const ROUNDS: usize = 24;
const CLIENTS: usize = 8;

/// One client: registers ids of its own, some again, until the manager is gone.
async fn client(manager: &ManagerProcess, ledger: &RefCell<Ledger>, round: usize, number: usize, acknowledged: &Cell<usize>) {
    for turn in 0_usize.. {
        let id = format!("r{}-c{number}-{}", if turn % 3 == 0 { 0 } else { round }, turn % 7);
        let registration = ledger.borrow_mut().send(&id);
        match manager.register(&registration).await {
            Ok(reply) if reply.status == 201 => {
                ledger.borrow_mut().acknowledge(&registration);
                acknowledged.set(acknowledged.get() + 1);
            }
            Ok(reply) => panic!("{}: {}", reply.status, reply.text()),
            // The manager is gone, and nobody knows whether this one was stored.
            Err(_) => return,
        }
    }
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_and_nothing_invented() {
    let launch = Launch::serve();
    let mut kept = Ledger::default();
    for round in 0..ROUNDS {
        let manager = launch.start().await;
        kept.compare(&manager).await;
        let (ledger, acknowledged) = (RefCell::new(kept), Cell::new(0));
        let clients = (0..CLIENTS).map(|number| client(&manager, &ledger, round, number, &acknowledged));
        // The moment of the kill wanders: after so many acknowledgements, with others under way.
        let killing = async {
            wait_until("acknowledgements", secs(30), || {
                let count = acknowledged.get();
                std::future::ready(if count >= round * 3 % 50 { Ok(()) } else { Err(count) })
            })
            .await;
            manager.signal(Signal::KILL);
        };
        tokio::join!(futures_util::future::join_all(clients), killing);
        manager.finish().await;
        kept = ledger.into_inner();
    }
    let manager = launch.start().await;
    kept.compare(&manager).await;
    assert!(kept.acknowledged() > CLIENTS, "the rounds registered something");
    assert_eq!(manager.get("/health/detail").await.json()["registry"]["epoch"], ROUNDS + 1);
}
