//! The embedded store: one file that holds who the members are, and the journal beside them.
//!
//! Owns what is durable: a commit either survives a power cut or is refused, and after a refused commit the file is
//! rewritten, reopened and compared before anything else is written. Does not own the decision what to write, nor who
//! may see it (the writer does both).

mod bounds;
mod directory;
mod environment;
mod error;
mod index;
mod inspect;
mod instance_record;
mod journal_record;
mod medium;
mod past;
mod reader;
mod recovery;
mod rolling_record;
mod schema;
mod seams;
mod setups_record;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use peegeeq_domain::instance::{Instance, InstanceId};
use peegeeq_domain::journal::JournalEvent;
use peegeeq_domain::rolling::Rolling;
use peegeeq_domain::time::Timestamp;
use redb::{ReadableDatabase, ReadableTable, StorageBackend, WriteTransaction};

use crate::clock;
use bounds::JournalBounds;
pub use directory::FileMedium;
use directory::{DirectoryLock, lock_and_prepare};
pub use error::{CommitError, CommitErrorKind, OpenError};
use index::IndexedJournal;
pub use inspect::SetAside;
pub(in crate::registry) use instance_record::{from_json as instance_from_json, json as instance_json};
pub use journal_record::{JournalEntry, Seq};
pub use medium::Medium;
use medium::rewrite;
pub use past::{Life, Picture, PictureError};
use reader::SharedDatabase;
pub use reader::{EventPage, EventQuery, JournalReader, KindPattern, Order, ReadError};
use schema::{EPOCH, INSTANCES, JOURNAL, META, SETUPS};
pub use setups_record::{KnownSetup, KnownSetups};

/// How much of the journal is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreSettings {
    /// The most entries, at least 1. Up to one pruning step more may be there for a moment.
    pub journal_entries_max: u64,
    /// The greatest age of an entry. The last entry stays whatever its age.
    pub journal_age_max: Duration,
}

/// One thing to make durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// This is what an instance is now.
    Put(Arc<Instance>),
    /// This instance is gone.
    Remove(InstanceId),
    /// These setups were seen on an instance. Nothing is written if the instance is not there.
    Setups(Arc<KnownSetups>),
    /// This is how far a rolling restart is.
    Rolling(Arc<Rolling>),
    /// Nobody asks for this rolling restart any more.
    ForgetRolling(Arc<str>),
    /// This happened.
    Note {
        /// When.
        at: Timestamp,
        /// What.
        event: JournalEvent,
    },
}

/// What the store held when it was opened.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// Every instance that could be read.
    pub instances: Vec<Arc<Instance>>,
    /// Records that could not be read. They stay in the file, untouched.
    pub set_aside: Vec<SetAside>,
    /// The setups that were once seen on these instances.
    pub setups: Vec<KnownSetups>,
    /// Rolling restarts, the oldest first.
    pub rolling: Vec<Rolling>,
    /// The number of this opening: one more than the last.
    pub epoch: u64,
}

/// The open store. It has one owner and one writer.
#[derive(Debug)]
pub struct Store<M: Medium = FileMedium> {
    medium: M,
    settings: StoreSettings,
    /// Closed after a commit failed, until the file was rewritten, reopened and compared.
    database: SharedDatabase,
    /// What was acknowledged: the truth that the file is compared with after a failure.
    acknowledged: HashMap<InstanceId, Arc<Instance>>,
    /// The records of setups before a batch that may not have reached the disk, newest last.
    unsure_setups: Vec<(InstanceId, Option<Vec<u8>>)>,
    /// The same of rolling restarts.
    unsure_rolling: Vec<rolling_record::Before>,
    journal: JournalBounds,
    epoch: u64,
    /// Reused for every record that is written.
    buffer: Vec<u8>,
    /// Held for as long as the store is open.
    _lock: Option<DirectoryLock>,
}

impl Store {
    /// Opens the store in `dir`, which is created if it is not there (mode 0700), as is the file in it.
    ///
    /// A file that cannot be understood is left exactly as it is.
    pub fn open(dir: &Path, settings: StoreSettings) -> Result<(Self, Loaded), OpenError> {
        let (medium, lock) = lock_and_prepare(dir)?;
        let (mut store, loaded) = Store::on_medium(medium, settings)?;
        store._lock = Some(lock);
        Ok((store, loaded))
    }
}

impl<M: Medium> Store<M> {
    /// Opens the store that lies on `medium`, which must not be in use by anybody else.
    pub fn on_medium(medium: M, settings: StoreSettings) -> Result<(Self, Loaded), OpenError> {
        let contents = inspect::contents(&medium)?;
        let fault = |error: &redb::Error| OpenError::of(&medium.name(), error);
        if !schema::was_closed_well(medium.open().map_err(|error| fault(&redb::Error::Io(error)))?) {
            // Whoever wrote last may have seen a sync fail: see `rewrite`.
            medium.open().and_then(|backend| rewrite(&backend)).map_err(|error| fault(&redb::Error::Io(error)))?;
        }
        let backend = medium.open().map_err(|error| fault(&redb::Error::Io(error)))?;
        let bytes = backend.len().map_err(|error| fault(&redb::Error::Io(error)))?;
        let mut database = schema::open(backend, false).map_err(|error| fault(&error))?;
        let entries = contents.journal.next - contents.journal.first;
        if schema::may_be_half_free(bytes, entries, contents.instances.len() as u64) {
            schema::compact_if_much_is_free(&mut database, bytes).map_err(|error| fault(&error))?;
        }
        if contents.format < schema::FORMAT_KNOWN {
            index::migrate(&database).map_err(|error| fault(&error))?;
        }
        let acknowledged = contents.instances.iter().map(|instance| (instance.id().clone(), instance.clone())).collect();
        let epoch = contents.epoch + 1;
        let watermark = seams::complete(&database, epoch).map_err(|error| fault(&error))?;
        let (journal, buffer) = (JournalBounds { watermark, ..contents.journal }, Vec::new());
        let (database, unsure_setups, unsure_rolling) = (SharedDatabase::open(database), Vec::new(), Vec::new());
        let mut store =
            Self { medium, settings, database, acknowledged, unsure_setups, unsure_rolling, journal, epoch, buffer, _lock: None };
        store.begin_epoch()?;
        let inspect::Contents { instances, set_aside, setups, rolling, .. } = contents;
        Ok((store, Loaded { instances, set_aside, setups, rolling, epoch }))
    }

    /// Makes a whole batch durable, or nothing of it. `now` decides which journal entries are too old.
    ///
    /// An empty batch notices a file that is gone, prunes the journal if it is due, and brings a failed store back if that is
    /// possible.
    pub fn commit(&mut self, batch: &[Write], now: Timestamp) -> Result<(), CommitError> {
        // What goes into a deleted file is gone after the next start, so it must not be acknowledged.
        if let Some(reason) = self.medium.displacement() {
            return Err(CommitError::displaced(&self.medium.name(), &reason));
        }
        let outcome = self.recover().and_then(|()| self.write(batch, now));
        outcome.map_err(|error| {
            // What of this batch reached the disk is unknown. Whoever writes next must find that out first.
            self.database.set(None);
            CommitError::of(&self.medium.name(), &error)
        })
    }

    /// At most `limit` journal entries after `after`, in order: what tests read of what was written. Everybody else reads beside
    /// the one writer, by [`Self::journal_reader`].
    pub fn journal(&self, after: Seq, limit: usize) -> Result<Vec<JournalEntry>, CommitError> {
        self.read_journal(after, limit).map_err(|error| CommitError::of(&self.medium.name(), &error))
    }

    /// Reads the journal beside the one writer.
    pub fn journal_reader(&self) -> JournalReader {
        JournalReader::new(self.database.clone())
    }

    /// The sequence of the last journal entry that was acknowledged: where a reader of [`Self::journal`] has all.
    pub fn last_seq(&self) -> Seq {
        Seq { epoch: self.epoch, number: self.journal.next.saturating_sub(1) }
    }

    fn read_journal(&self, after: Seq, limit: usize) -> Result<Vec<JournalEntry>, redb::Error> {
        self.database.with(|database| {
            let table = database.begin_read()?.open_table(JOURNAL)?;
            let entries = table.range(after.number.saturating_add(1)..)?.take(limit);
            entries.map(|entry| entry.map(|(key, value)| journal_record::read(key.value(), value.value())).map_err(Into::into)).collect()
        })
    }

    fn begin_epoch(&mut self) -> Result<(), OpenError> {
        let now = clock::wall();
        let started = JournalEvent::ManagerStarted { version: env!("CARGO_PKG_VERSION").into() };
        let outcome = self.write(&[Write::Note { at: now, event: started }], now);
        outcome.map_err(|error| OpenError::of(&self.medium.name(), &error))?;
        while self.journal.due(self.settings, now) > 0 {
            self.write(&[], now).map_err(|error| OpenError::of(&self.medium.name(), &error))?;
        }
        Ok(())
    }

    fn write(&mut self, batch: &[Write], now: Timestamp) -> Result<(), redb::Error> {
        if batch.is_empty() && self.journal.due(self.settings, now) == 0 {
            return Ok(());
        }
        let transaction = self.database.with(|database| Ok(database.begin_write()?))?;
        if batch.iter().any(begins_epoch) {
            transaction.open_table(META)?.insert(EPOCH, self.epoch.to_string().as_bytes())?;
        }
        let mut journal = write_records(&transaction, batch, self.epoch, self.journal, &mut self.buffer)?;
        write_setups(&transaction, batch, &mut self.buffer, &mut self.unsure_setups)?;
        rolling_record::write_all(&transaction, batch, &mut self.buffer, &mut self.unsure_rolling)?;
        journal.prune(&mut IndexedJournal::open(&transaction)?, self.settings, now)?;
        transaction.commit()?;
        self.unsure_setups.clear();
        self.unsure_rolling.clear();
        self.journal = journal;
        self.acknowledge(batch);
        Ok(())
    }

    fn acknowledge(&mut self, batch: &[Write]) {
        for write in batch {
            match write {
                Write::Put(instance) => drop(self.acknowledged.insert(instance.id().clone(), instance.clone())),
                Write::Remove(id) => drop(self.acknowledged.remove(id)),
                Write::Setups(_) | Write::Rolling(_) | Write::ForgetRolling(_) | Write::Note { .. } => {}
            }
        }
    }
}

/// The first entry of an epoch: the commit that holds it also writes the epoch's number.
fn begins_epoch(write: &Write) -> bool {
    matches!(write, Write::Note { event: JournalEvent::ManagerStarted { .. }, .. })
}

/// Writes the records of a batch into an open transaction, and says how far the journal then reaches.
fn write_records(
    transaction: &WriteTransaction,
    batch: &[Write],
    epoch: u64,
    mut bounds: JournalBounds,
    buffer: &mut Vec<u8>,
) -> Result<JournalBounds, redb::Error> {
    let mut instances = transaction.open_table(INSTANCES)?;
    let mut journal = IndexedJournal::open(transaction)?;
    for write in batch {
        buffer.clear();
        match write {
            Write::Put(instance) => {
                instance_record::write(instance, buffer);
                instances.insert(instance.id().as_str(), &**buffer)?;
            }
            Write::Remove(id) => drop(instances.remove(id.as_str())?),
            Write::Note { at, event } => {
                journal_record::write(epoch, *at, event, buffer);
                journal.insert(bounds.next, buffer, event.kind(), event.instance().map(InstanceId::as_str))?;
                if bounds.grew(*at) {
                    journal.mark_seam(bounds.next - 1)?;
                }
            }
            Write::Setups(_) | Write::Rolling(_) | Write::ForgetRolling(_) => {}
        }
    }
    Ok(bounds)
}

/// Writes what a batch does to the records of setups, after the instances, and notes in `before` what stood there.
fn write_setups(
    transaction: &WriteTransaction,
    batch: &[Write],
    buffer: &mut Vec<u8>,
    before: &mut Vec<(InstanceId, Option<Vec<u8>>)>,
) -> Result<(), redb::Error> {
    if !batch.iter().any(|write| matches!(write, Write::Remove(_) | Write::Setups(_))) {
        return Ok(());
    }
    let instances = transaction.open_table(INSTANCES)?;
    let mut setups = transaction.open_table(SETUPS)?;
    for write in batch {
        let (id, replaced) = match write {
            Write::Remove(id) => (id, setups.remove(id.as_str())?),
            Write::Setups(known) if instances.get(known.instance.as_str())?.is_some() => {
                buffer.clear();
                setups_record::write(known, buffer);
                (&known.instance, setups.insert(known.instance.as_str(), &**buffer)?)
            }
            _ => continue,
        };
        before.push((id.clone(), replaced.map(|record| record.value().to_vec())));
    }
    Ok(())
}

#[cfg(test)]
#[path = "tests/mod.rs"]
pub(in crate::registry) mod tests;
