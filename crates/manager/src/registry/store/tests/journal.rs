//! The journal: its order, its bounds in number and age, and what reading it gives.

use super::*;
use crate::registry::store::JournalEntry;
use peegeeq_domain::health::Verdict;
use peegeeq_domain::instance::{Presence, Revision, Verb};

fn numbers<M: Medium>(store: &Store<M>) -> Vec<u64> {
    store.journal(Seq::default(), usize::MAX).unwrap().iter().map(|entry| entry.seq.number).collect()
}

fn open(settings: StoreSettings) -> Store<Disk> {
    Store::on_medium(prepared_disk(), settings).unwrap().0
}

#[test]
fn every_kind_of_event_is_read_as_it_was_written() {
    let id = InstanceId::parse("a \"quoted\" ä").unwrap();
    let text = String::from("why: \"it\" \\ said\nso");
    let failing = Verdict::Failing { in_a_row: 2, passed_before: true };
    let changed = |from, to| JournalEvent::VerdictChanged { id: id.clone(), from, to, evidence: text.clone() };
    let named = instance(id.as_str(), 5);
    let events = [
        JournalEvent::Registered { id: id.clone(), endpoint: text.clone(), instance: None, by: None },
        JournalEvent::Updated {
            id: id.clone(),
            revision: Revision(7),
            endpoint: text.clone(),
            presence: Presence::Draining,
            instance: Some(named.clone()),
            by: Some("ann".into()),
        },
        JournalEvent::Ordered { id: id.clone(), verb: Verb::Drain, by: "ann".into(), instance: Some(named), reason: Some("why".into()) },
        JournalEvent::Ordered { id: id.clone(), verb: Verb::Expire, by: "manager".into(), instance: None, reason: None },
        JournalEvent::Deregistered { id: id.clone(), by: None },
        changed(Verdict::Unprobed, Verdict::Passing),
        changed(failing, Verdict::Down { in_a_row: 3 }),
        JournalEvent::Gap { lost: 9 },
    ];
    let mut store = open(KEEP_ALL);
    let batch: Vec<_> = events.iter().map(|event| Write::Note { at: at(5), event: event.clone() }).collect();
    store.commit(&batch, at(5)).unwrap();
    let entries = store.journal(Seq { epoch: 1, number: 1 }, 100).unwrap();
    let expected =
        |(place, event): (u64, JournalEvent)| JournalEntry { seq: Seq { epoch: 1, number: place }, at: at(5), event: Some(event) };
    assert_eq!(entries, (2..).zip(events).map(expected).collect::<Vec<_>>());
    assert_eq!(store.journal(Seq { epoch: 1, number: 3 }, 2).unwrap().len(), 2);
    assert_eq!(store.last_seq().to_string(), "1:9");
}

#[test]
fn an_opening_is_an_epoch_and_numbers_go_on() {
    let disk = prepared_disk();
    for epoch in 1..=3 {
        let (store, loaded) = Store::on_medium(disk.clone(), KEEP_ALL).unwrap();
        assert_eq!(loaded.epoch, epoch);
        assert_eq!(store.last_seq(), Seq { epoch, number: epoch });
        let entries = store.journal(Seq::default(), 10).unwrap();
        assert!(entries.iter().all(|entry| matches!(entry.event, Some(JournalEvent::ManagerStarted { .. }))));
    }
}

#[test]
fn the_number_of_entries_is_bounded() {
    let mut store = open(StoreSettings { journal_entries_max: 100, ..KEEP_ALL });
    for n in 0..50 {
        let batch: Vec<_> = (0..37).map(|_| note(n)).collect();
        store.commit(&batch, at(n)).unwrap();
        assert!(numbers(&store).len() <= 100);
    }
    assert_eq!(numbers(&store), (1752..=1851).collect::<Vec<_>>());
}

#[test]
fn old_entries_go_in_chunks_and_the_last_one_stays() {
    let mut store = open(StoreSettings { journal_age_max: Duration::from_secs(10), ..KEEP_ALL });
    let batch: Vec<_> = (0..3000).map(note).collect();
    store.commit(&batch, at(0)).unwrap();
    // The entry of the opening is of today, and so is not too old in the 1970s: number is what orders the journal.
    let day = Timestamp::from_epoch_millis(crate::clock::wall().epoch_millis() + 86_400_000);
    let mut held = numbers(&store).len();
    while held > 1 {
        store.commit(&[], day).unwrap();
        let now = numbers(&store).len();
        assert!(now < held && held - now <= 1024, "from {held} to {now}");
        held = now;
    }
    store.commit(&[], day).unwrap();
    assert_eq!(numbers(&store), [3001]);
}

#[test]
fn an_empty_commit_with_nothing_to_prune_costs_no_sync() {
    let disk = prepared_disk();
    let (mut store, _) = Store::on_medium(disk.clone(), KEEP_ALL).unwrap();
    let before = disk.syncs();
    store.commit(&[], at(1)).unwrap();
    assert_eq!(disk.syncs(), before);
}

#[test]
fn the_file_stays_bounded_under_endless_events() {
    let mut store = open(StoreSettings { journal_entries_max: 1000, ..KEEP_ALL });
    let mut sizes = Vec::new();
    for n in 0..600 {
        let batch: Vec<_> = (0..50).map(|k| put(&format!("instance-{}", k % 100), 1 + n)).chain((0..50).map(|_| note(n))).collect();
        store.commit(&batch, at(n)).unwrap();
        sizes.push(redb::StorageBackend::len(&store.medium).unwrap());
    }
    assert!(sizes[599] <= sizes[200], "{} after 200 commits, {} after 600", sizes[200], sizes[599]);
}
