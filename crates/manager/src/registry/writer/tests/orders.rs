//! Orders and their answers on a healthy disk.

use std::io::ErrorKind;
use std::sync::Arc;

use peegeeq_domain::instance::{Patch, Presence};
use peegeeq_domain::journal::JournalEvent;

use super::*;
use crate::registry::store::tests::disk::{Dice, Fault, On};
use crate::registry::store::{KnownSetup, KnownSetups, Seq};

#[tokio::test]
async fn what_was_acknowledged_is_seen_at_once_and_after_a_restart() {
    let registry = running(SETTINGS);
    let answer = registry.registry.register(registration("a", 1)).await.unwrap();
    assert!(answer.created);
    assert_eq!(registry.reader.current().get("a").unwrap().instance, answer.instance);
    let again = registry.registry.register(registration("a", 1)).await.unwrap();
    assert_eq!((again.created, again.instance.revision), (false, Revision(2)));
    let disk = registry.stop().await;
    let restarted = running_on(disk, SETTINGS);
    assert_eq!(restarted.reader.current().get("a").unwrap().instance, again.instance);
    restarted.registry.deregister(id("a")).await.unwrap();
    assert!(restarted.reader.current().get("a").is_none());
    let disk = restarted.stop().await;
    assert!(running_on(disk, SETTINGS).reader.current().entries().is_empty());
}

#[tokio::test]
async fn updates_name_their_revision() {
    let registry = running(SETTINGS);
    let drain = || Patch { presence: Some(Presence::Draining), ..Patch::default() };
    let update = |expected| registry.registry.change(id("a"), drain(), expected, None);
    assert_eq!(update(None).await, Err(RegistryError::NotFound));
    registry.registry.register(registration("a", 1)).await.unwrap();
    assert_eq!(update(Some(Revision(7))).await, Err(RegistryError::RevisionMismatch { current: Revision(1) }));
    let updated = update(Some(Revision(1))).await.unwrap();
    assert!(updated.changed());
    assert_eq!((updated.instance.revision, updated.instance.presence), (Revision(2), Presence::Draining));
    assert_eq!(registry.registry.deregister(id("b")).await, Err(RegistryError::NotFound));
    registry.stop().await;
}

#[tokio::test]
async fn an_update_that_changes_nothing_leaves_revision_and_journal_alone() {
    let registry = running(SETTINGS);
    registry.registry.register(registration("a", 1)).await.unwrap();
    for (changed, revision) in [(true, 2), (false, 2), (false, 2)] {
        let drain = Patch { presence: Some(Presence::Draining), ..Patch::default() };
        let updated = registry.registry.change(id("a"), drain, None, None).await.unwrap();
        assert_eq!((updated.changed(), updated.instance.revision), (changed, Revision(revision)));
    }
    let (store, _) = Store::on_medium(registry.stop().await, KEEP_ALL).unwrap();
    let events = store.journal(Seq::default(), 100).unwrap();
    assert_eq!(events.iter().filter(|entry| matches!(entry.event, Some(JournalEvent::Updated { .. }))).count(), 1);
}

#[tokio::test]
async fn known_setups_are_written_for_members_and_the_latest_counts() {
    let registry = running(SETTINGS);
    let instance = registry.registry.register(registration("a", 1)).await.unwrap().instance;
    let known = |name: &str, setups: &[&str]| {
        let setup = |id: &&str| KnownSetup { id: (*id).into(), database: None, queues: Vec::new() };
        let setups = setups.iter().map(setup).collect();
        Arc::new(KnownSetups { instance: id(name), registered_at: instance.registered_at, setups })
    };
    registry.disk.fail(Fault { on: On::Sync, after: 0, between: 0, times: 1, error: ErrorKind::Other });
    let refused = registry.registry.remember(vec![known("a", &["s1"])]).await;
    assert!(matches!(refused, Err(RegistryError::Storage { .. })), "{refused:?}");
    assert_eq!(registry.registry.remember(vec![known("a", &["s1", "s2"]), known("stranger", &["s1"])]).await, Ok(()));
    // Taken without a stop, as after a crash: what was answered is there.
    let (_, loaded) = Store::on_medium(registry.disk.after_power_cut(&mut Dice::new(1)), KEEP_ALL).unwrap();
    assert_eq!(loaded.setups, [(*known("a", &["s1", "s2"])).clone()]);
    registry.stop().await;
}

#[tokio::test]
async fn the_number_of_instances_is_bounded_but_not_their_renewal() {
    let registry = running(RegistrySettings { instances_max: 2, ..SETTINGS });
    for name in ["a", "b", "a"] {
        registry.registry.register(registration(name, 1)).await.unwrap();
    }
    let refused = registry.registry.register(registration("c", 1)).await;
    assert_eq!(refused, Err(RegistryError::InstancesFull { limit: 2 }));
    registry.registry.deregister(id("a")).await.unwrap();
    assert!(registry.registry.register(registration("c", 1)).await.unwrap().created);
    registry.stop().await;
}

#[tokio::test]
async fn an_id_that_comes_back_is_not_its_former_self() {
    let registry = running(SETTINGS);
    registry.registry.register(registration("a", 1)).await.unwrap();
    registry.registry.judge(vec![judgement("a", 1, Verdict::Passing)]).await;
    assert_eq!(registry.verdict("a"), Some(Verdict::Passing));
    registry.registry.deregister(id("a")).await.unwrap();
    let again = registry.registry.register(registration("a", 2)).await.unwrap();
    assert_eq!((again.created, again.instance.incarnation), (true, Revision(2)));
    registry.registry.judge(vec![judgement("a", 1, Verdict::Down { in_a_row: 3 })]).await;
    assert_eq!(registry.verdict("a"), Some(Verdict::Unprobed));
    registry.stop().await;
}

#[tokio::test]
async fn verdicts_are_shown_once_and_journalled() {
    let registry = running(SETTINGS);
    registry.registry.register(registration("a", 1)).await.unwrap();
    let before = registry.reader.current().generation();
    let passing = || judgement("a", 1, Verdict::Passing);
    registry.registry.judge(vec![passing(), passing(), judgement("nobody", 1, Verdict::Passing)]).await;
    registry.registry.judge(vec![passing()]).await;
    assert_eq!(registry.reader.current().generation().0, before.0 + 1);
    let disk = registry.stop().await;
    let (store, _) = Store::on_medium(disk, KEEP_ALL).unwrap();
    let events: Vec<_> = store.journal(Seq::default(), 100).unwrap().into_iter().filter_map(|entry| entry.event).collect();
    assert_eq!(
        events.iter().map(JournalEvent::kind).collect::<Vec<_>>(),
        ["manager.started", "instance.registered", "instance.verdict", "manager.stopped", "manager.started"]
    );
}

#[tokio::test]
async fn a_stopped_registry_says_so() {
    let registry = running(SETTINGS);
    let handle = registry.registry.clone();
    let mut reader = registry.reader.clone();
    registry.stop().await;
    assert_eq!(handle.register(registration("a", 1)).await, Err(RegistryError::Stopping));
    handle.judge(vec![judgement("a", 1, Verdict::Passing)]).await;
    assert!(!reader.changed().await);
}
