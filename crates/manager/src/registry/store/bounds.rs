//! How far the journal reaches, and how its old end is cut off.
//!
//! Owns the two bounds, number and age, and that no commit prunes more than a chunk. Does not own the records.

use peegeeq_domain::time::{Timestamp, millis};
use redb::ReadableTable;

use super::index::IndexedJournal;
use super::seams::Watermark;
use super::{StoreSettings, journal_record};

/// The most entries that one commit cuts off, so that pruning never makes a commit slow.
const CHUNK_MAX: u64 = 1024;

/// The entries that are there: `first..next`, without holes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct JournalBounds {
    /// Number of the oldest entry.
    pub(super) first: u64,
    /// Number that the next entry gets.
    pub(super) next: u64,
    /// Time of the oldest entry.
    pub(super) oldest_at: Timestamp,
    /// The latest time since the clock was last set back.
    pub(super) watermark: Watermark,
}

impl JournalBounds {
    /// Reads the bounds from the table.
    pub(super) fn of(table: &impl ReadableTable<u64, &'static [u8]>) -> Result<Self, redb::Error> {
        let Some((last, _)) = table.last()? else { return Ok(Self { first: 1, next: 1, ..Self::default() }) };
        let next = last.value() + 1;
        let Some((first, record)) = table.first()? else { return Ok(Self { first: next, next, ..Self::default() }) };
        Ok(Self { first: first.value(), next, oldest_at: journal_record::time_of(record.value()), ..Self::default() })
    }

    /// An entry of that time was added. Whether the clock was set back before it.
    pub(super) fn grew(&mut self, at: Timestamp) -> bool {
        if self.first == self.next {
            self.oldest_at = at;
        }
        self.next += 1;
        self.watermark.pass(at)
    }

    /// How many entries the next commit may cut off, at most; 0 if nothing is too old or too much.
    pub(super) fn due(&self, settings: StoreSettings, now: Timestamp) -> u64 {
        let held = self.next - self.first;
        let too_many = held.saturating_sub(settings.journal_entries_max.max(1));
        let too_old = if self.oldest_at < oldest_allowed(settings, now) { held.saturating_sub(1) } else { 0 };
        too_many.max(too_old).min(CHUNK_MAX)
    }

    /// Cuts off at most a chunk.
    pub(super) fn prune(&mut self, journal: &mut IndexedJournal<'_>, settings: StoreSettings, now: Timestamp) -> Result<(), redb::Error> {
        let due = self.due(settings, now);
        if due == 0 {
            return Ok(());
        }
        let too_many = (self.next - self.first).saturating_sub(settings.journal_entries_max.max(1));
        let (cutoff, last) = (oldest_allowed(settings, now), self.first + due);
        let mut first = (self.first + too_many).min(last);
        for entry in journal.entries.range(first..last)? {
            let (number, record) = entry?;
            if journal_record::time_of(record.value()) >= cutoff {
                break;
            }
            first = number.value() + 1;
        }
        journal.remove(self.first..first)?;
        let oldest = journal.entries.first()?;
        self.oldest_at = oldest.map(|(_, record)| journal_record::time_of(record.value())).unwrap_or_default();
        self.first = first;
        Ok(())
    }
}

fn oldest_allowed(settings: StoreSettings, now: Timestamp) -> Timestamp {
    let age = i64::try_from(millis(settings.journal_age_max)).unwrap_or(i64::MAX);
    Timestamp::from_epoch_millis(now.epoch_millis().saturating_sub(age))
}
