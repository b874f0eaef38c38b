//! How many registrations a second are made durable: by many callers at once, and by a loop that commits each alone.

use std::sync::Arc;
use std::time::Duration;

use peegeeq_domain::instance::Instance;
use peegeeq_domain::journal::JournalEvent;
use peegeeq_domain::time::Timestamp;
use tokio::task::JoinSet;

use super::*;
use crate::clock;
use crate::registry::store::{StoreSettings, Write};

const CALLERS: usize = 64;
const IDS: usize = 2_000;
const SPAN: Duration = Duration::from_secs(3);
const STORE: StoreSettings = StoreSettings { journal_entries_max: 100_000, journal_age_max: Duration::from_secs(86_400) };

fn open(dir: &std::path::Path) -> (Store, Loaded) {
    Store::open(dir, STORE).unwrap()
}

/// Commits of one registration each, without the writer. Registrations a second.
fn single(dir: &std::path::Path) -> f64 {
    let (mut store, _) = open(dir);
    let begun = clock::instant();
    let mut count = 0;
    while begun.elapsed() < SPAN {
        let instance = Arc::new(Instance::registered(registration(&format!("instance-{}", count % IDS), 1), Timestamp::default()));
        let event = JournalEvent::Registered {
            id: instance.id().clone(),
            endpoint: instance.registration.endpoint.base_url(),
            instance: None,
            by: None,
        };
        store.commit(&[Write::Put(instance), Write::Note { at: clock::wall(), event }], clock::wall()).unwrap();
        count += 1;
    }
    count as f64 / begun.elapsed().as_secs_f64()
}

/// Registrations through the handle by many callers, each waiting for its answer. Registrations a second.
async fn grouped(dir: &std::path::Path) -> f64 {
    let (tasks, _ended) = Tasks::new(Handle::current());
    let (store, loaded) = open(dir);
    let (registry, _reader) = start(store, loaded, SETTINGS, &tasks);
    let begun = clock::instant();
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let registry = registry.clone();
        callers.spawn(async move {
            let mut count = 0;
            while begun.elapsed() < SPAN {
                let id = format!("instance-{}", (caller + count * CALLERS) % IDS);
                registry.register(registration(&id, 1)).await.unwrap();
                count += 1;
            }
            count
        });
    }
    let count: usize = callers.join_all().await.into_iter().sum();
    let rate = count as f64 / begun.elapsed().as_secs_f64();
    assert!(tasks.stop(Duration::from_secs(10)).await);
    rate
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures for ten seconds; run it in a release build"]
async fn many_callers_share_syncs() {
    let dir = tempfile::tempdir().unwrap();
    let alone = single(&dir.path().join("single"));
    let together = grouped(&dir.path().join("grouped")).await;
    let bytes = std::fs::metadata(dir.path().join("grouped/registry.redb")).unwrap().len();
    eprintln!("one commit each {alone:.0}/s, {CALLERS} callers {together:.0}/s, ratio {:.1}, file {} KiB", together / alone, bytes / 1024);
    assert!(together >= 10.0 * alone, "{together:.0}/s is less than ten times {alone:.0}/s");
}
