//! Files at the start: made if absent, refused with a sentence and left alone if not ours, broken or newer.

use std::fs;
use std::path::Path;

use super::*;
use crate::registry::store::{FileMedium, OpenError};
use redb::{Database, TableDefinition};

const FILE: &str = "registry.redb";

fn open(dir: &Path) -> Result<(Store<FileMedium>, Loaded), OpenError> {
    Store::open(dir, KEEP_ALL)
}

/// A data directory with three instances in it.
fn filled() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = open(dir.path()).unwrap();
    store.commit(&[put("a", 1), put("b", 2), put("c", 3), note(1)], at(1)).unwrap();
    dir
}

/// Opens, expects a refusal, and that the file is what it was.
fn refused(dir: &Path) -> OpenError {
    let before = fs::read(dir.join(FILE)).unwrap();
    let error = open(dir).map(|_| ()).unwrap_err();
    assert!(fs::read(dir.join(FILE)).unwrap() == before, "the file was touched: {error}");
    error
}

fn change(dir: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(dir.join(FILE)).unwrap();
    change(&mut bytes);
    fs::write(dir.join(FILE), bytes).unwrap();
}

#[test]
fn a_new_directory_is_made_private_and_empty() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("deep/data");
    let (store, loaded) = open(&dir).unwrap();
    assert_eq!((loaded.instances.len(), loaded.epoch), (0, 1));
    assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::metadata(dir.join(FILE)).unwrap().permissions().mode() & 0o777, 0o600);
    drop(store);
    fs::write(dir.join("registry.redb.new"), "left by a crash").unwrap();
    fs::remove_file(dir.join(FILE)).unwrap();
    assert_eq!(open(&dir).unwrap().1.epoch, 1);
}

#[test]
fn what_was_written_is_there_again() {
    let dir = filled();
    let (_, loaded) = open(dir.path()).unwrap();
    assert_eq!(loaded.instances, [instance("a", 1), instance("b", 2), instance("c", 3)]);
    assert_eq!(loaded.epoch, 2);
}

#[test]
fn nothing_is_acknowledged_into_a_file_that_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let (data, aside) = (dir.path().join("data"), dir.path().join("aside"));
    let (mut store, _) = open(&data).unwrap();
    store.commit(&[put("a", 1)], at(1)).unwrap();
    fs::rename(&data, &aside).unwrap();
    for batch in [&[][..], &[put("b", 2)]] {
        let sentence = store.commit(batch, at(2)).unwrap_err().sentence;
        assert!(sentence.contains("was removed or replaced") && sentence.contains("registry.redb"), "{sentence}");
    }
    assert!(!data.exists(), "something was made again");
    let (other, loaded) = open(&data).unwrap();
    assert_eq!(loaded.instances, []);
    store.commit(&[put("b", 2)], at(3)).unwrap_err();
    drop(other);
    fs::remove_dir_all(&data).unwrap();
    fs::rename(&aside, &data).unwrap();
    store.commit(&[put("c", 3)], at(4)).unwrap();
    drop(store);
    assert_eq!(open(&data).unwrap().1.instances, [instance("a", 1), instance("c", 3)]);
}

#[test]
fn a_second_manager_is_refused_and_told_whose_it_is() {
    let dir = filled();
    let first = open(dir.path()).unwrap();
    let error = open(dir.path()).map(|_| ()).unwrap_err();
    assert_eq!(error, OpenError::InUse { dir: dir.path().into(), pid: Some(std::process::id()) });
    let sentence = error.to_string();
    assert!(sentence.contains(&dir.path().display().to_string()) && sentence.contains(&std::process::id().to_string()), "{sentence}");
    drop(first);
    open(dir.path()).unwrap();
}

#[test]
fn empty_foreign_and_truncated_files_are_left_alone() {
    let dir = filled();
    let whole = fs::read(dir.path().join(FILE)).unwrap();
    for length in [3, 9, 100, 4096, 5000, whole.len() / 2, whole.len() - 4096, whole.len() - 1] {
        change(dir.path(), |bytes| *bytes = whole[..length].into());
        let error = refused(dir.path());
        assert!(matches!(error, OpenError::Damaged { .. } | OpenError::Foreign { .. }), "{length}: {error}");
    }
    change(dir.path(), Vec::clear);
    assert!(matches!(refused(dir.path()), OpenError::Empty { .. }));
    change(dir.path(), |bytes| *bytes = b"SQLite format 3\0 and more".repeat(1000));
    assert!(matches!(refused(dir.path()), OpenError::Foreign { .. }));
}

#[test]
fn a_database_of_somebody_else_is_foreign() {
    let dir = tempfile::tempdir().unwrap();
    let database = Database::create(dir.path().join(FILE)).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(TableDefinition::<u64, u64>::new("theirs")).unwrap().insert(1, 1).unwrap();
    transaction.commit().unwrap();
    drop(database);
    assert!(matches!(refused(dir.path()), OpenError::Foreign { .. }));
}

#[test]
fn a_newer_format_is_left_alone_even_after_a_crash_of_its_writer() {
    for crashed in [false, true] {
        let dir = filled();
        let path = dir.path().join(FILE);
        let database = Database::open(&path).unwrap();
        let transaction = database.begin_write().unwrap();
        transaction.open_table(schema::META).unwrap().insert(schema::FORMAT, b"3".as_slice()).unwrap();
        transaction.commit().unwrap();
        let as_it_is_while_open = fs::read(&path).unwrap();
        drop(database);
        if crashed {
            fs::write(&path, as_it_is_while_open).unwrap();
        }
        let error = refused(dir.path());
        assert_eq!(error, OpenError::Newer { file: path.display().to_string(), found: "3".into(), known: 2 });
        assert!(error.to_string().contains("start the version that wrote it"), "{error}");
    }
}

#[test]
fn a_changed_byte_gives_no_wrong_answer() {
    let dir = filled();
    let whole = fs::read(dir.path().join(FILE)).unwrap();
    let expected = [instance("a", 1), instance("b", 2), instance("c", 3)];
    let mut refusals = 0;
    let mut dice = disk::Dice::new(1);
    for _ in 0..150 {
        let offset = dice.roll(0..whole.len() as u64) as usize;
        change(dir.path(), |bytes| {
            *bytes = whole.clone();
            bytes[offset] ^= 0x10;
        });
        let before = fs::read(dir.path().join(FILE)).unwrap();
        match open(dir.path()) {
            Ok((_, loaded)) => assert_eq!(loaded.instances, expected, "offset {offset}"),
            Err(error) => {
                refusals += 1;
                assert!(fs::read(dir.path().join(FILE)).unwrap() == before, "offset {offset}: {error}");
            }
        }
    }
    eprintln!("{refusals} of 150 changes lay in used space");
}

#[test]
fn places_that_cannot_be_written_are_named() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("file"), "").unwrap();
    let error = open(&dir.path().join("file/data")).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("file/data"), "{error}");
    for (kind, wanted) in
        [(std::io::ErrorKind::StorageFull, "free some"), (std::io::ErrorKind::ReadOnlyFilesystem, "writable for this user")]
    {
        let disk = prepared_disk();
        disk.fail(disk::Fault { on: disk::On::Write, after: 0, between: 0, times: 99, error: kind });
        let error = Store::on_medium(disk, KEEP_ALL).map(|_| ()).unwrap_err();
        assert!(error.to_string().contains(wanted), "{error}");
    }
}

#[test]
fn a_record_that_cannot_be_read_is_set_aside_and_kept() {
    let disk = prepared_disk();
    let future = b"\x07{\"of\":\"a later version\"}".as_slice();
    let database = schema::open(disk.clone(), false).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(schema::INSTANCES).unwrap().insert("later", future).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let (mut store, loaded) = Store::on_medium(disk.clone(), KEEP_ALL).unwrap();
    assert_eq!((loaded.instances.len(), loaded.set_aside[0].id.as_str()), (0, "later"));
    // A failure and the recovery from it make the file say what was acknowledged, and still keep the record.
    disk.fail(disk::Fault { on: disk::On::Sync, after: 0, between: 0, times: 1, error: std::io::ErrorKind::Other });
    store.commit(&[put("a", 1)], at(1)).unwrap_err();
    store.commit(&[put("a", 1)], at(1)).unwrap();
    drop(store);
    let (_, loaded) = Store::on_medium(disk, KEEP_ALL).unwrap();
    assert_eq!((loaded.instances.len(), loaded.set_aside.len()), (1, 1));
}
