//! Errors at every write and every sync: the batch is refused, the next one works, and nothing acknowledged is lost.

use std::io::ErrorKind;

use super::disk::{Dice, Disk, Fault, On};
use super::*;
use crate::registry::store::CommitErrorKind;

const COMMITS: u64 = 8;

/// Commits beside a fault, then without it, then cuts the power. `None`: the fault was never met.
fn run(fault: Fault, plant: fn(&Disk)) -> Option<Result<(), String>> {
    let disk = prepared_disk();
    let (mut store, loaded) = Store::on_medium(disk.clone(), KEEP_ALL).unwrap();
    // Enough for many pages, so that later commits do not happen to write again what an earlier one lost.
    let base: Vec<_> = (0..100).map(|n| put(&format!("base-{n}"), 1 + n)).collect();
    store.commit(&base, at(1)).unwrap();
    let mut model = Model::of(&store, &loaded).after(&base);
    plant(&disk);
    disk.fail(fault);
    for n in 1..=COMMITS {
        let spread = put(&format!("base-{}", n * 7), 1000 + n);
        let batch = [put(&format!("instance-{}", n % 5), n), spread, note(n), remove(&format!("instance-{}", (n + 2) % 5))];
        match store.commit(&batch, at(n)) {
            Ok(()) => model = model.after(&batch),
            Err(error) => assert_eq!(error.kind, kind(fault.error), "{error}"),
        }
    }
    if disk.mend() == 0 {
        return None;
    }
    let last = [put("last", 1), note(COMMITS + 1)];
    if let Err(error) = store.commit(&last, at(COMMITS + 1)) {
        return Some(Err(format!("no recovery: {error}")));
    }
    model = model.after(&last);
    // The power goes while the store is open, and nothing unsynced reaches the disk.
    let disk = disk.after_power_cut(&mut Dice::new(fault.after));
    Some(match Store::on_medium(disk, KEEP_ALL) {
        Ok((store, loaded)) if Model::of(&store, &loaded) == model => Ok(()),
        Ok((store, loaded)) => Err(format!("expected {model:?}, found {:?}", Model::of(&store, &loaded))),
        Err(error) => Err(error.to_string()),
    })
}

fn kind(error: ErrorKind) -> CommitErrorKind {
    match error {
        ErrorKind::StorageFull => CommitErrorKind::Full,
        ErrorKind::ReadOnlyFilesystem => CommitErrorKind::ReadOnly,
        _ => CommitErrorKind::Other,
    }
}

/// Runs with the fault at every place where it can be met. All outcomes.
fn everywhere(on: On, times: u64, between: u64, error: ErrorKind, plant: fn(&Disk)) -> Vec<Result<(), String>> {
    (0..).map_while(|after| run(Fault { on, after, between, times, error }, plant)).collect()
}

#[test]
fn a_failing_disk_refuses_and_recovers() {
    let faults =
        [(1, 0, ErrorKind::Other), (3, 0, ErrorKind::ReadOnlyFilesystem), (99, 0, ErrorKind::StorageFull), (4, 3, ErrorKind::Other)];
    for (on, (times, between, error)) in [On::Write, On::Sync].into_iter().flat_map(|on| faults.map(|fault| (on, fault))) {
        let outcomes = everywhere(on, times, between, error, |_| {});
        assert!(outcomes.len() as u64 >= COMMITS, "only {} places were met", outcomes.len());
        for (after, outcome) in outcomes.into_iter().enumerate() {
            assert_eq!(outcome, Ok(()), "{on:?} {times} × {error}, {between} apart, after {after}");
        }
    }
}

#[test]
fn the_checker_catches_a_recovery_that_trusts_the_page_cache() {
    let outcomes: Vec<_> = (1..8).flat_map(|between| everywhere(On::Sync, 4, between, ErrorKind::Other, Disk::forget_rewrites)).collect();
    let caught = outcomes.iter().filter(|outcome| outcome.is_err()).count();
    assert!(caught > 0, "none of {} noticed", outcomes.len());
}

#[test]
fn a_replaced_file_is_not_taken_for_ours() {
    let disk = prepared_disk();
    let (mut store, _) = Store::on_medium(disk.clone(), KEEP_ALL).unwrap();
    disk.fail(Fault { on: On::Sync, after: 0, between: 0, times: 1, error: ErrorKind::Other });
    store.commit(&[put("a", 1)], at(1)).unwrap_err();
    let (other, _) = Store::on_medium(disk, KEEP_ALL).unwrap();
    drop(other);
    let error = store.commit(&[put("a", 1)], at(1)).unwrap_err();
    assert!(error.sentence.contains("replaced"), "{error}");
}
