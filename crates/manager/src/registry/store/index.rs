//! Where the entries about an instance and the entries of a kind are found.
//!
//! Owns that both indexes say exactly what the journal holds: they change in the transaction in which it does. Does not own
//! reading by them (the reader does).

use redb::{Database, ReadableDatabase, ReadableTable, Table, WriteTransaction};

use super::journal_record::{self, Keys};
use super::schema::{BY_INSTANCE, BY_KIND, FORMAT, FORMAT_KNOWN, JOURNAL, META};
use super::seams::{self, SEAMS};

/// The journal and its indexes, open for writing.
pub(super) struct IndexedJournal<'t> {
    pub(super) entries: Table<'t, u64, &'static [u8]>,
    by_instance: Table<'t, (&'static str, u64), ()>,
    by_kind: Table<'t, (&'static str, u64), ()>,
    seams: Table<'t, u64, u64>,
}

impl<'t> IndexedJournal<'t> {
    /// Opens all three.
    pub(super) fn open(transaction: &'t WriteTransaction) -> Result<Self, redb::Error> {
        Ok(Self {
            entries: transaction.open_table(JOURNAL)?,
            by_instance: transaction.open_table(BY_INSTANCE)?,
            by_kind: transaction.open_table(BY_KIND)?,
            seams: transaction.open_table(SEAMS)?,
        })
    }

    /// Adds an entry.
    pub(super) fn insert(&mut self, number: u64, record: &[u8], kind: &str, id: Option<&str>) -> Result<(), redb::Error> {
        self.entries.insert(number, record)?;
        self.by_kind.insert((kind, number), ())?;
        if let Some(id) = id {
            self.by_instance.insert((id, number), ())?;
        }
        Ok(())
    }

    /// The clock was set back before this entry.
    pub(super) fn mark_seam(&mut self, number: u64) -> Result<(), redb::Error> {
        self.seams.insert(number, 0)?;
        Ok(())
    }

    /// Removes the entries of these numbers.
    pub(super) fn remove(&mut self, numbers: impl std::ops::RangeBounds<u64> + Clone) -> Result<(), redb::Error> {
        for entry in self.entries.range(numbers.clone())? {
            let (number, record) = entry?;
            let Some(Keys { kind, id }) = journal_record::keys_of(record.value()) else { continue };
            self.by_kind.remove((&*kind, number.value()))?;
            if let Some(id) = id {
                self.by_instance.remove((&*id, number.value()))?;
            }
        }
        seams::prune(&mut self.seams, numbers.clone())?;
        Ok(self.entries.retain_in(numbers, |_, _| false)?)
    }
}

/// Brings a store of the first format up to date: makes the indexes of its journal, all or nothing.
pub(super) fn migrate(database: &Database) -> Result<(), redb::Error> {
    let reading = database.begin_read()?.open_table(JOURNAL)?;
    let transaction = database.begin_write()?;
    {
        let (mut by_instance, mut by_kind) = (transaction.open_table(BY_INSTANCE)?, transaction.open_table(BY_KIND)?);
        for entry in reading.iter()? {
            let (number, record) = entry?;
            let Some(Keys { kind, id }) = journal_record::keys_of(record.value()) else { continue };
            by_kind.insert((&*kind, number.value()), ())?;
            if let Some(id) = id {
                by_instance.insert((&*id, number.value()), ())?;
            }
        }
        transaction.open_table(META)?.insert(FORMAT, FORMAT_KNOWN.to_string().as_bytes())?;
    }
    transaction.commit()?;
    tracing::info!(format = FORMAT_KNOWN, "registry file brought to format {FORMAT_KNOWN}");
    Ok(())
}
