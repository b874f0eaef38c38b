//! Reading what a store holds without changing a byte of it.
//!
//! Owns the decision whether a file is ours, whole, and of a format that this version knows. Does not own what is done
//! with the content.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use peegeeq_domain::instance::Instance;
use peegeeq_domain::rolling::Rolling;
use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable, StorageBackend, TableError, TableHandle};

use super::bounds::JournalBounds;
use super::error::OpenError;
use super::instance_record;
use super::medium::{Medium, Overlay};
use super::rolling_record;
use super::schema::{self, BACKEND, BACKEND_KNOWN, EPOCH, FORMAT, FORMAT_KNOWN, INSTANCES, JOURNAL, META, SETUPS};
use super::setups_record::{self, KnownSetups};

/// The first bytes of every file of the database.
const MAGIC: &[u8] = b"redb";

/// A record that could not be read. It stays in the store as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// The id it is filed under.
    pub id: String,
    /// Why it could not be read.
    pub reason: String,
}

/// All that a store holds, but for the journal's entries.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) instances: Vec<Arc<Instance>>,
    pub(super) set_aside: Vec<SetAside>,
    pub(super) setups: Vec<KnownSetups>,
    pub(super) rolling: Vec<Rolling>,
    pub(super) journal: JournalBounds,
    pub(super) epoch: u64,
    pub(super) format: u64,
}

/// Reads a whole store, compares every checksum, and changes nothing.
pub(super) fn contents(medium: &impl Medium) -> Result<Contents, OpenError> {
    let file = medium.name();
    let fault = |error: &redb::Error| OpenError::of(&file, error);
    let backend = medium.open().map_err(|error| fault(&redb::Error::Io(error)))?;
    check_beginning(&backend, &file)?;
    let overlay = Overlay::new(backend).map_err(|error| fault(&redb::Error::Io(error)))?;
    // The database promises errors for damaged files, but its plain reads may panic on some.
    let read = catch_unwind(AssertUnwindSafe(|| read_checked(overlay, &file)));
    read.unwrap_or_else(|_| Err(OpenError::Damaged { file: file.clone(), reason: "its pages contradict each other".into() }))
}

fn check_beginning(backend: &impl StorageBackend, file: &str) -> Result<(), OpenError> {
    let fault = |error| OpenError::of(file, &redb::Error::Io(error));
    let length = backend.len().map_err(fault)?;
    if length == 0 {
        return Err(OpenError::Empty { file: file.into() });
    }
    let mut beginning = [0; MAGIC.len()];
    if length >= MAGIC.len() as u64 {
        backend.read(0, &mut beginning).map_err(fault)?;
    }
    if beginning == MAGIC { Ok(()) } else { Err(OpenError::Foreign { file: file.into() }) }
}

fn read_checked(overlay: impl StorageBackend, file: &str) -> Result<Contents, OpenError> {
    let fault = |error: &redb::Error| OpenError::of(file, error);
    let database = schema::open(overlay, true).map_err(|error| fault(&error))?;
    if !has_meta(&database).map_err(|error| fault(&error))? {
        return Err(OpenError::Foreign { file: file.into() });
    }
    let format = fact(&database, FORMAT).map_err(|error| fault(&error))?;
    match format.parse::<u64>() {
        Ok(found) if (1..=FORMAT_KNOWN).contains(&found) => {}
        _ => return Err(OpenError::Newer { file: file.into(), found: format, known: FORMAT_KNOWN }),
    }
    let backend = fact(&database, BACKEND).map_err(|error| fault(&error))?;
    if backend != BACKEND_KNOWN {
        return Err(OpenError::Newer { file: file.into(), found: format!("of the backend '{backend}'"), known: FORMAT_KNOWN });
    }
    read_tables(&database).map_err(|error| fault(&error))
}

fn has_meta(database: &Database) -> Result<bool, redb::Error> {
    Ok(database.begin_read()?.list_tables()?.any(|table| table.name() == META.name()))
}

fn fact(database: &Database, key: &str) -> Result<String, redb::Error> {
    let table = database.begin_read()?.open_table(META)?;
    let value = table.get(key)?.ok_or_else(|| redb::Error::Corrupted(format!("it does not say its {key}")))?;
    Ok(String::from_utf8_lossy(value.value()).into_owned())
}

/// Reads everything from an open database.
pub(super) fn read_tables(database: &Database) -> Result<Contents, redb::Error> {
    let epoch = fact(database, EPOCH)?.parse().map_err(|_| redb::Error::Corrupted("its epoch is not a number".into()))?;
    let format = fact(database, FORMAT)?.parse().map_err(|_| redb::Error::Corrupted("its format is not a number".into()))?;
    let transaction = database.begin_read()?;
    let journal = JournalBounds::of(&transaction.open_table(JOURNAL)?)?;
    let mut contents =
        Contents { instances: Vec::new(), set_aside: Vec::new(), setups: Vec::new(), rolling: Vec::new(), journal, epoch, format };
    for entry in transaction.open_table(INSTANCES)?.iter()? {
        let (id, record) = entry?;
        match instance_record::read(id.value(), record.value()) {
            Ok(instance) => contents.instances.push(Arc::new(instance)),
            Err(reason) => contents.set_aside.push(SetAside { id: id.value().into(), reason }),
        }
    }
    contents.setups = read_setups(&transaction, &contents.instances)?;
    contents.rolling = rolling_record::read_all(&transaction)?;
    Ok(contents)
}

/// The setups once seen on these instances. A record that cannot be read, or that is about another instance of that id,
/// counts as none: the next look tells what there is.
fn read_setups(transaction: &ReadTransaction, instances: &[Arc<Instance>]) -> Result<Vec<KnownSetups>, redb::Error> {
    let table = match transaction.open_table(SETUPS) {
        Ok(table) => table,
        Err(TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let mut setups = Vec::new();
    for instance in instances {
        let Some(record) = table.get(instance.id().as_str())? else { continue };
        match setups_record::read(instance.id().clone(), record.value()) {
            Ok(known) if known.registered_at == instance.registered_at => setups.push(known),
            Ok(_) => {}
            Err(reason) => tracing::warn!(instanceId = instance.id().as_str(), reason, "stored setups cannot be read, they are not used"),
        }
    }
    Ok(setups)
}
