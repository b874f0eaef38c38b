//! Orders and verdicts while the disk hangs or fails.

use std::io::ErrorKind;

use peegeeq_domain::journal::JournalEvent;
use tokio::task::JoinSet;

use super::*;
use crate::registry::store::CommitErrorKind;
use crate::registry::store::Seq;
use crate::registry::store::tests::disk::{Fault, On};

/// Registers `count` ids at the same time.
fn register_many(registry: &Running, tasks: &mut JoinSet<Result<Registered, RegistryError>>, count: usize) {
    for n in 0..count {
        let handle = registry.registry.clone();
        tasks.spawn(async move { handle.register(registration(&format!("instance-{n}"), 1)).await });
    }
}

/// Hangs the disk in the middle of a commit. The commit registers `first`.
async fn hang(registry: &Running, tasks: &mut JoinSet<Result<Registered, RegistryError>>) {
    registry.disk.set_stuck(true);
    let handle = registry.registry.clone();
    tasks.spawn(async move { handle.register(registration("first", 1)).await });
    until("a sync hangs", || registry.disk.has_sync_waiting()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_goes_into_one_commit() {
    let registry = running(SETTINGS);
    let mut tasks = JoinSet::new();
    hang(&registry, &mut tasks).await;
    register_many(&registry, &mut tasks, 64);
    until("64 wait", || registry.registry.queue_depth() == 64).await;
    assert!(registry.reader.current().entries().is_empty(), "something is visible that is not durable");
    let syncs_before = registry.disk.syncs();
    registry.disk.set_stuck(false);
    while let Some(answer) = tasks.join_next().await {
        assert!(answer.unwrap().unwrap().created);
    }
    let syncs = registry.disk.syncs() - syncs_before;
    assert!(syncs <= 6, "{syncs} syncs for two commits");
    assert_eq!(registry.reader.current().entries().len(), 65);
    registry.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn registrations_of_one_id_in_one_batch_are_all_accepted_in_sequence() {
    let registry = running(SETTINGS);
    let mut tasks = JoinSet::new();
    hang(&registry, &mut tasks).await;
    for _ in 0..10 {
        let handle = registry.registry.clone();
        tasks.spawn(async move { handle.register(registration("same", 1)).await });
    }
    until("10 wait", || registry.registry.queue_depth() == 10).await;
    registry.disk.set_stuck(false);
    let answers: Vec<_> =
        tasks.join_all().await.into_iter().map(Result::unwrap).filter(|answer| answer.instance.id() == &id("same")).collect();
    let mut revisions: Vec<_> = answers.iter().map(|answer| answer.instance.revision.0).collect();
    revisions.sort_unstable();
    assert_eq!(revisions, (1..=10).collect::<Vec<_>>());
    assert_eq!(answers.iter().filter(|answer| answer.created).count(), 1);
    registry.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn verdicts_do_not_wait_for_the_disk_and_a_full_queue_leaves_a_mark() {
    let registry = running(RegistrySettings { journal_queue_max: 3, ..SETTINGS });
    registry.registry.register(registration("a", 1)).await.unwrap();
    let mut tasks = JoinSet::new();
    hang(&registry, &mut tasks).await;
    for n in 1..=10 {
        registry.registry.judge(vec![judgement("a", 1, Verdict::Down { in_a_row: n })]).await;
        assert_eq!(registry.verdict("a"), Some(Verdict::Down { in_a_row: n }));
    }
    registry.disk.set_stuck(false);
    tasks.join_all().await;
    let disk = registry.stop().await;
    let (store, _) = Store::on_medium(disk, KEEP_ALL).unwrap();
    let events: Vec<_> = store.journal(Seq::default(), 100).unwrap().into_iter().filter_map(|entry| entry.event).collect();
    let verdicts = events.iter().filter(|event| matches!(event, JournalEvent::VerdictChanged { .. })).count();
    assert_eq!(verdicts, 3);
    assert_eq!(events.iter().filter(|event| **event == JournalEvent::Gap { lost: 7 }).count(), 1, "{events:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_is_busy() {
    let registry = running(RegistrySettings { queue_max: 4, ..SETTINGS });
    let mut tasks = JoinSet::new();
    hang(&registry, &mut tasks).await;
    register_many(&registry, &mut tasks, 4);
    until("the queue is full", || registry.registry.queue_depth() == 4).await;
    assert_eq!(registry.registry.deregister(id("first")).await, Err(RegistryError::Busy));
    registry.disk.set_stuck(false);
    assert!(tasks.join_all().await.into_iter().all(|answer| answer.is_ok()));
    registry.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_finishes_what_was_taken_even_if_its_caller_went_away() {
    let registry = running(SETTINGS);
    let mut tasks = JoinSet::new();
    hang(&registry, &mut tasks).await;
    register_many(&registry, &mut tasks, 10);
    until("10 wait", || registry.registry.queue_depth() == 10).await;
    tasks.shutdown().await;
    let stopped = registry.tasks.clone();
    let stopping = tokio::task::JoinSet::from_iter([async move { stopped.stop(Duration::from_secs(10)).await }]);
    registry.tasks.stop_signal().cancelled().await;
    registry.disk.set_stuck(false);
    assert_eq!(stopping.join_all().await, [true]);
    let (_, loaded) = Store::on_medium(registry.disk.clone(), KEEP_ALL).unwrap();
    assert_eq!(loaded.instances.len(), 11);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_disk_refuses_and_says_so_until_it_works_again() {
    let registry = running(SETTINGS);
    registry.registry.register(registration("a", 1)).await.unwrap();
    registry.disk.fail(Fault { on: On::Write, after: 0, between: 0, times: u64::MAX, error: ErrorKind::StorageFull });
    for _ in 0..2 {
        let error = registry.registry.register(registration("b", 1)).await.unwrap_err();
        assert!(matches!(&error, RegistryError::Storage { kind: CommitErrorKind::Full, .. }), "{error}");
        assert!(registry.reader.current().get("b").is_none());
    }
    assert!(matches!(registry.registry.store_status(), StoreStatus::Failing { .. }));
    registry.registry.judge(vec![judgement("a", 1, Verdict::Passing)]).await;
    assert_eq!(registry.verdict("a"), Some(Verdict::Passing));
    assert!(registry.disk.mend() > 0);
    assert!(registry.registry.register(registration("b", 1)).await.unwrap().created);
    assert_eq!(registry.registry.store_status(), StoreStatus::Ok);
    let disk = registry.stop().await;
    let (store, loaded) = Store::on_medium(disk, KEEP_ALL).unwrap();
    assert_eq!(loaded.instances.len(), 2);
    let events = store.journal(Seq::default(), 100).unwrap();
    let verdicts = events.iter().filter(|entry| matches!(entry.event, Some(JournalEvent::VerdictChanged { .. }))).count();
    assert_eq!(verdicts, 1, "the verdict that came while the disk failed is journalled once");
}

#[tokio::test]
async fn a_failing_store_comes_back_without_being_asked() {
    let registry = running(SETTINGS);
    registry.disk.fail(Fault { on: On::Sync, after: 0, between: 0, times: 1, error: ErrorKind::Other });
    registry.registry.register(registration("a", 1)).await.unwrap_err();
    until("it works again", || registry.registry.store_status() == StoreStatus::Ok).await;
    registry.stop().await;
}
