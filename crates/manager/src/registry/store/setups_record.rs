//! How the setups once seen on an instance are written in the store, and read back.
//!
//! Owns the record's form: a version byte, then JSON, and its bounds. Holds which setups there were and where, never
//! whether they worked: what was found is not restored.

use std::borrow::Cow;
use std::sync::Arc;

use peegeeq_domain::instance::InstanceId;
use peegeeq_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::observations::Database;

/// The form that is written.
const VERSION: u8 = 1;

/// The most bytes of all names of queues in one record. Further queues are left out: the next look tells them again.
const QUEUE_BYTES_MAX: usize = 32 * 1024;

/// The setups that were once seen on an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownSetups {
    /// On which instance.
    pub instance: InstanceId,
    /// When that instance was registered: an instance that left and came back under the same id is another one.
    pub registered_at: Timestamp,
    /// Sorted by id.
    pub setups: Vec<KnownSetup>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownSetup {
    /// Its id.
    pub id: Arc<str>,
    /// Where its data lives, if the instance said.
    pub database: Option<Database>,
    /// Names of its queues, sorted.
    pub queues: Vec<Arc<str>>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SetupsRecord<'a> {
    registered_at: i64,
    #[serde(default, borrow)]
    setups: Vec<SetupRecord<'a>>,
}

#[derive(Serialize, Deserialize)]
struct SetupRecord<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    database: Option<DatabaseRecord<'a>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    queues: Vec<Arc<str>>,
}

#[derive(Serialize, Deserialize)]
struct DatabaseRecord<'a> {
    #[serde(borrow)]
    host: Cow<'a, str>,
    port: u16,
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    schema: Cow<'a, str>,
}

/// Appends the record. The id of the instance is not in it: it is the key.
pub(super) fn write(known: &KnownSetups, out: &mut Vec<u8>) {
    let mut left = QUEUE_BYTES_MAX;
    let mut fits = |queue: &&Arc<str>| {
        let fits = queue.len() <= left;
        left -= if fits { queue.len() } else { 0 };
        fits
    };
    let setups = known.setups.iter().map(|setup| SetupRecord {
        id: (&*setup.id).into(),
        database: setup.database.as_ref().map(DatabaseRecord::of),
        queues: setup.queues.iter().filter(&mut fits).cloned().collect(),
    });
    let record = SetupsRecord { registered_at: known.registered_at.epoch_millis(), setups: setups.collect() };
    out.push(VERSION);
    serde_json::to_writer(out, &record).expect("memory takes every byte, and the keys are text");
}

/// Reads the record filed under the id of an instance, or says why it cannot be used.
pub(super) fn read(instance: InstanceId, record: &[u8]) -> Result<KnownSetups, String> {
    let json = match record.split_first() {
        Some((&VERSION, json)) => json,
        Some((version, _)) => return Err(format!("the record has version {version}, and this version reads {VERSION}")),
        None => return Err("the record is empty".into()),
    };
    let record: SetupsRecord = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    let setup = |setup: SetupRecord| KnownSetup {
        id: (&*setup.id).into(),
        database: setup.database.map(DatabaseRecord::into_owned),
        queues: setup.queues,
    };
    let registered_at = Timestamp::from_epoch_millis(record.registered_at);
    Ok(KnownSetups { instance, registered_at, setups: record.setups.into_iter().map(setup).collect() })
}

impl<'a> DatabaseRecord<'a> {
    fn of(database: &'a Database) -> Self {
        let Database { host, port, name, schema } = database;
        Self { host: host.into(), port: *port, name: name.into(), schema: schema.into() }
    }

    fn into_owned(self) -> Database {
        Database { host: self.host.into_owned(), port: self.port, name: self.name.into_owned(), schema: self.schema.into_owned() }
    }
}

#[cfg(test)]
#[path = "tests/setups_record_tests.rs"]
mod tests;
