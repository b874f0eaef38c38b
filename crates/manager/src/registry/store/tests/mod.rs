//! Tests of the store: what survives a power cut, what a failing disk does, what is refused at the start.

pub(in crate::registry) mod disk;
mod faults;
mod files;
mod golden;
mod journal;
mod pages;
mod past;
mod power_cut;
mod rolling;
mod setups;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use peegeeq_domain::instance::{Draft, Instance, InstanceId, Registration};
use peegeeq_domain::journal::JournalEvent;
use peegeeq_domain::time::Timestamp;

use self::disk::Disk;
use super::{Loaded, Seq, Store, StoreSettings, Write, schema};
use crate::registry::store::Medium;

pub(in crate::registry) const KEEP_ALL: StoreSettings =
    StoreSettings { journal_entries_max: 1_000_000, journal_age_max: Duration::from_secs(1_000_000_000) };

pub(in crate::registry) fn registration(id: &str, port: u64) -> Registration {
    let metadata = BTreeMap::from([("zone".into(), "a-1".into())]);
    let (instance_id, host) = (Some(id.into()), Some("10.0.1.100".into()));
    Registration::from_draft(Draft { instance_id, host, port: Some(Some(port)), metadata, ..Draft::default() }).unwrap()
}

pub(in crate::registry) fn instance(id: &str, port: u64) -> Arc<Instance> {
    Arc::new(Instance::registered(registration(id, port), Timestamp::from_epoch_millis(1)))
}

/// A disk with an empty store on it.
pub(in crate::registry) fn prepared_disk() -> Disk {
    let disk = Disk::default();
    schema::initialise(disk.open().unwrap()).unwrap();
    disk
}

fn put(id: &str, port: u64) -> Write {
    Write::Put(instance(id, port))
}

fn remove(id: &str) -> Write {
    Write::Remove(InstanceId::parse(id).unwrap())
}

/// A journal entry that can be told from all others.
fn note(n: u64) -> Write {
    Write::Note { at: at(n), event: JournalEvent::Gap { lost: n } }
}

fn at(millis: u64) -> Timestamp {
    Timestamp::from_epoch_millis(i64::try_from(millis).unwrap())
}

/// What a store should hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Model {
    instances: BTreeMap<InstanceId, Arc<Instance>>,
    notes: Vec<u64>,
}

impl Model {
    fn after(&self, batch: &[Write]) -> Self {
        let mut next = self.clone();
        for write in batch {
            match write {
                Write::Put(instance) => drop(next.instances.insert(instance.id().clone(), instance.clone())),
                Write::Remove(id) => drop(next.instances.remove(id)),
                Write::Note { event: JournalEvent::Gap { lost }, .. } => next.notes.push(*lost),
                Write::Setups(_) | Write::Rolling(_) | Write::ForgetRolling(_) | Write::Note { .. } => {}
            }
        }
        next
    }

    fn of<M: Medium>(store: &Store<M>, loaded: &Loaded) -> Self {
        assert_eq!(loaded.set_aside, []);
        let instances = loaded.instances.iter().map(|instance| (instance.id().clone(), instance.clone())).collect();
        let entries = store.journal(Seq::default(), usize::MAX).unwrap();
        assert!(entries.windows(2).all(|pair| pair[0].seq.number + 1 == pair[1].seq.number), "the journal has holes");
        let number = |event: &Option<JournalEvent>| if let Some(JournalEvent::Gap { lost }) = event { Some(*lost) } else { None };
        Self { instances, notes: entries.iter().filter_map(|entry| number(&entry.event)).collect() }
    }
}
