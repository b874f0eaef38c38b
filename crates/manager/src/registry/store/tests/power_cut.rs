//! Power cuts at every kind of moment: what was acknowledged is there afterwards, and a batch is there whole or not.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::disk::{Dice, Disk};
use super::*;

const SEEDS: u64 = 250;
const LIVES: u64 = 3;
const COMMITS: u64 = 25;

/// Writes until the power goes, three times in a row, and says what was wrong afterwards.
fn survive(seed: u64, plant: fn(&Disk)) -> Result<(), String> {
    let mut dice = Dice::new(seed);
    let mut disk = prepared_disk();
    let mut model = Model::default();
    let mut counter = 0;
    for life in 0..LIVES {
        plant(&disk);
        disk.cut_power_after(dice.roll(1..150));
        let unsure = write_until_the_cut(&disk, &mut model, &mut dice, &mut counter);
        disk = disk.after_power_cut(&mut dice);
        let (store, loaded) = Store::on_medium(disk.clone(), KEEP_ALL).map_err(|error| format!("life {life}: {error}"))?;
        let found = Model::of(&store, &loaded);
        if found != model && Some(&found) != unsure.as_ref() {
            return Err(format!("life {life}: expected {model:?} or {unsure:?}, found {found:?}"));
        }
        model = found;
    }
    Ok(())
}

/// The outcome of the batch at which the power went, if it was written after all.
fn write_until_the_cut(disk: &Disk, model: &mut Model, dice: &mut Dice, counter: &mut u64) -> Option<Model> {
    let (mut store, _) = Store::on_medium(disk.clone(), KEEP_ALL).ok()?;
    for _ in 0..COMMITS {
        let batch: Vec<_> = (0..dice.roll(1..8)).map(|_| random_write(dice, counter)).collect();
        let next = model.after(&batch);
        if store.commit(&batch, at(*counter)).is_err() {
            return Some(next);
        }
        *model = next;
    }
    None
}

fn random_write(dice: &mut Dice, counter: &mut u64) -> Write {
    *counter += 1;
    let id = format!("instance-{}", dice.roll(0..20));
    match dice.roll(0..5) {
        0 => remove(&id),
        1 => note(*counter),
        _ => put(&id, 1 + *counter),
    }
}

#[test]
fn acknowledged_writes_survive_power_cuts() {
    let failures: Vec<_> = (0..SEEDS).filter_map(|seed| survive(seed, |_| {}).err().map(|error| (seed, error))).collect();
    assert!(failures.is_empty(), "{} of {SEEDS}, first: {:?}", failures.len(), failures[0]);
}

#[test]
fn the_checker_catches_a_disk_that_ignores_syncs() {
    let lost = |seed: &u64| catch_unwind(AssertUnwindSafe(|| survive(*seed, Disk::ignore_syncs))).map_or(true, |found| found.is_err());
    let caught = (0..20).filter(lost).count();
    assert!(caught > 10, "only {caught} of 20 noticed");
}
