//! What is written to disk, byte for byte, and what older versions wrote.
//!
//! A golden file is never changed: another form gets another version, and a file of its own.

use std::fs;

use super::*;
use crate::registry::store::{instance_record, journal_record};
use peegeeq_domain::health::Verdict;
use peegeeq_domain::instance::{Patch, Presence, Revision, Said, Verb};

/// A store as the version before the second format left it.
const FORMAT_1: &[u8] = include_bytes!("golden/format-1.redb");

#[test]
fn an_old_store_opens_and_becomes_one_of_this_format() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("registry.redb"), FORMAT_1).unwrap();
    let (mut store, loaded) = Store::open(dir.path(), KEEP_ALL).unwrap();
    assert_eq!(loaded.set_aside, []);
    let seen: Vec<_> =
        loaded.instances.iter().map(|i| (i.id().as_str(), i.registration.weight.get(), i.presence, i.order.clone())).collect();
    assert_eq!(seen, [("old-a", 7, Presence::Serving, None), ("old-b", 1, Presence::Draining, None)]);
    let page = |instance: &str| {
        let query = crate::registry::store::EventQuery { instance: Some(instance.into()), limit: 100, ..Default::default() };
        let entries = store.journal_reader().page(&query).unwrap().entries;
        entries.iter().map(|entry| entry.event.as_ref().map_or("?", JournalEvent::kind)).collect::<Vec<_>>()
    };
    assert_eq!(page("old-c")[..1], ["instance.registered"]);
    assert_eq!(page("old-c").last(), Some(&"instance.deregistered"));
    assert!(page("old-a").contains(&"instance.updated"), "{:?}", page("old-a"));
    store.commit(&[put("new", 1), note(1)], at(1)).unwrap();
    drop(store);
    let (_, loaded) = Store::open(dir.path(), KEEP_ALL).unwrap();
    assert_eq!((loaded.instances.len(), loaded.epoch), (3, 3));
}

/// Each record as a line: its version, then its JSON.
fn line(record: &[u8]) -> String {
    format!("{} {}\n", record[0], std::str::from_utf8(&record[1..]).unwrap())
}

fn drained() -> Instance {
    let order = Said { reason: Some(Some("new disk".into())), until: Some(Some(at(90))), ..Said::plain(Verb::Drain, "ann".into()) };
    instance("a", 8080).patched(Patch { order: Some(order), ..Patch::default() }, at(9))
}

#[test]
fn instances_are_written_as_in_the_golden_file() {
    let mut text = String::new();
    for instance in [(*instance("a", 8080)).clone(), drained()] {
        let mut record = Vec::new();
        instance_record::write(&instance, &mut record);
        text.push_str(&line(&record));
    }
    assert_eq!(text, include_str!("golden/instance-2.txt"));
}

#[test]
fn journal_entries_are_written_as_in_the_golden_file() {
    let id = InstanceId::parse("a").unwrap();
    let (instance, endpoint) = (Some(Arc::new(drained())), "http://10.0.1.100:8080".to_owned());
    let updated = |by: Option<&str>| JournalEvent::Updated {
        id: id.clone(),
        revision: Revision(2),
        endpoint: endpoint.clone(),
        presence: Presence::Draining,
        instance: instance.clone(),
        by: by.map(Into::into),
    };
    let events = [
        JournalEvent::ManagerStarted { version: "0.1.0".into() },
        JournalEvent::Registered { id: id.clone(), endpoint: endpoint.clone(), instance: instance.clone(), by: None },
        updated(None),
        updated(Some("ann")),
        JournalEvent::Ordered { id: id.clone(), verb: Verb::Drain, by: "ann".into(), instance, reason: Some("new disk".into()) },
        JournalEvent::VerdictChanged {
            id: id.clone(),
            from: Verdict::Failing { in_a_row: 2, passed_before: true },
            to: Verdict::Down { in_a_row: 3 },
            evidence: "connection refused".into(),
        },
        JournalEvent::Deregistered { id, by: None },
        JournalEvent::Gap { lost: 7 },
    ];
    let mut text = String::new();
    for event in &events {
        let mut record = Vec::new();
        journal_record::write(4, at(5), event, &mut record);
        text.push_str(&line(&record));
    }
    assert_eq!(text, include_str!("golden/journal-2.txt"));
}
