//! Known setups in the store: there again at the next start, gone with their instance, and as they were after a refusal.

use std::io::ErrorKind;

use super::disk::{Fault, On};
use super::*;
use crate::registry::store::{KnownSetup, KnownSetups};

/// What `instance("…", _)` has in the store of a release that knew no table of setups.
const INSTANCE_GOLDEN: &str = include_str!("golden/instance-1.json");

fn known(id: &str, setups: &[&str]) -> KnownSetups {
    let setup = |id: &&str| KnownSetup { id: (*id).into(), database: None, queues: Vec::new() };
    let instance = InstanceId::parse(id).unwrap();
    KnownSetups { instance, registered_at: at(1), setups: setups.iter().map(setup).collect() }
}

fn setups(id: &str, setups: &[&str]) -> Write {
    Write::Setups(Arc::new(known(id, setups)))
}

fn opened(disk: &Disk) -> (Store<Disk>, Loaded) {
    Store::on_medium(disk.clone(), KEEP_ALL).unwrap()
}

#[test]
fn they_are_there_at_the_next_start_and_go_with_their_instance() {
    let disk = prepared_disk();
    let (mut store, _) = opened(&disk);
    store.commit(&[put("a", 1), put("b", 2), setups("a", &["s0"]), setups("b", &["s2"])], at(1)).unwrap();
    store.commit(&[setups("a", &["s1", "s3"])], at(2)).unwrap();
    drop(store);
    let (mut store, loaded) = opened(&disk);
    assert_eq!(loaded.setups, [known("a", &["s1", "s3"]), known("b", &["s2"])]);
    store.commit(&[remove("a"), setups("a", &["s1"])], at(3)).unwrap();
    store.commit(&[put("a", 1)], at(4)).unwrap();
    drop(store);
    assert_eq!(opened(&disk).1.setups, [known("b", &["s2"])]);
}

#[test]
fn those_of_an_instance_that_left_and_came_back_are_not_its_own() {
    let disk = prepared_disk();
    let (mut store, _) = opened(&disk);
    let mut earlier = known("a", &["s1"]);
    earlier.registered_at = at(0);
    store.commit(&[put("a", 1), Write::Setups(Arc::new(earlier))], at(1)).unwrap();
    drop(store);
    assert_eq!(opened(&disk).1.setups, []);
}

#[test]
fn a_store_without_the_table_opens_and_gets_it() {
    let disk = prepared_disk();
    let database = schema::open(disk.clone(), false).unwrap();
    let transaction = database.begin_write().unwrap();
    let record = [&[1], INSTANCE_GOLDEN.trim_end().as_bytes()].concat();
    transaction.open_table(schema::INSTANCES).unwrap().insert("a", &*record).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let (mut store, loaded) = opened(&disk);
    assert_eq!((loaded.instances, loaded.setups), (vec![instance("a", 1)], vec![]));
    store.commit(&[setups("a", &["s1"])], at(1)).unwrap();
    drop(store);
    assert_eq!(opened(&disk).1.setups, [known("a", &["s1"])]);
}

#[test]
fn a_refused_batch_changes_none_of_them() {
    for on in [On::Write, On::Sync] {
        for after in 0..6 {
            let disk = prepared_disk();
            let (mut store, _) = opened(&disk);
            store.commit(&[put("a", 1), put("b", 1), setups("a", &["s1"]), setups("b", &["s1"])], at(1)).unwrap();
            disk.fail(Fault { on, after, between: 0, times: 1, error: ErrorKind::Other });
            let refused = store.commit(&[remove("a"), setups("b", &["s2"]), setups("b", &["s3"])], at(2)).is_err();
            disk.mend();
            store.commit(&[note(1)], at(3)).unwrap();
            drop(store);
            let expected = if refused { vec![known("a", &["s1"]), known("b", &["s1"])] } else { vec![known("b", &["s3"])] };
            assert_eq!(opened(&disk).1.setups, expected, "{on:?} after {after}, refused: {refused}");
        }
    }
}
