//! Where the clock was set back: between two such places the times of entries are in order, but for a moment.
//!
//! Owns the table of these places, which changes in the transaction in which the journal does, and the search by time. A file that
//! a release without this table wrote to is read through once when it is opened. The order of the journal is that of its numbers:
//! time only says where to look.

use std::ops::Range;

use peegeeq_domain::time::Timestamp;
use redb::{Database, ReadableTable, Table, TableDefinition};

use super::journal_record;
use super::reader::Snapshot;
use super::schema::JOURNAL;

/// The numbers of entries that are much earlier than one before them; under [`COVERED`] the last opening that kept the table.
pub(super) const SEAMS: TableDefinition<u64, u64> = TableDefinition::new("journal_seams");

/// The key that is no number of an entry.
const COVERED: u64 = u64::MAX;

/// Entries are stamped before they are written, and not all wait equally long: so much disorder is no seam, in milliseconds.
const DISORDER: i64 = 60_000;

/// The most entries that are looked through for the last one before a time.
const LOOKED_THROUGH_MAX: u64 = 100_000;

/// Finds seams as entries come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Watermark(Option<Timestamp>);

impl Watermark {
    /// Takes an entry; whether it is a seam.
    pub(super) fn pass(&mut self, at: Timestamp) -> bool {
        let is_seam = self.0.is_some_and(|high| at.epoch_millis().saturating_add(DISORDER) < high.epoch_millis());
        self.0 = if is_seam { Some(at) } else { self.0.max(Some(at)) };
        is_seam
    }
}

/// Brings the table up to date before the opening `epoch` writes its first entry, and gives the watermark of what is there.
pub(super) fn complete(database: &Database, epoch: u64) -> Result<Watermark, redb::Error> {
    let transaction = database.begin_write()?;
    let mut watermark = Watermark::default();
    {
        let (journal, mut seams) = (transaction.open_table(JOURNAL)?, transaction.open_table(SEAMS)?);
        let covered = seams.get(COVERED)?.map(|covered| covered.value());
        if covered.is_none_or(|covered| covered.saturating_add(1) < epoch) {
            seams.retain(|_, _| false)?;
            for entry in journal.iter()? {
                let (number, record) = entry?;
                if watermark.pass(journal_record::time_of(record.value())) {
                    seams.insert(number.value(), 0)?;
                }
            }
        } else if let Some((_, last)) = journal.last()? {
            watermark.pass(journal_record::time_of(last.value()));
        }
        seams.insert(COVERED, epoch)?;
    }
    transaction.commit()?;
    Ok(watermark)
}

/// Forgets the seams among entries that are cut off.
pub(super) fn prune(seams: &mut Table<'_, u64, u64>, numbers: impl std::ops::RangeBounds<u64> + Clone) -> Result<(), redb::Error> {
    let is_seam = |found: Result<(redb::AccessGuard<'_, u64>, _), _>| found.is_ok_and(|(number, _)| number.value() != COVERED);
    if seams.range(numbers.clone())?.any(is_seam) {
        seams.retain_in(numbers, |number, _| number == COVERED)?;
    }
    Ok(())
}

impl Snapshot {
    /// The parts of the journal in which times are in order, in the order of the journal.
    fn parts(&self) -> Result<Vec<Range<u64>>, redb::Error> {
        let (Some((first, _)), Some((last, _))) = (self.entries.first()?, self.entries.last()?) else { return Ok(Vec::new()) };
        let (mut begin, end) = (first.value(), last.value() + 1);
        let mut parts = Vec::new();
        for seam in self.seams.range(begin + 1..end)? {
            let seam = seam?.0.value();
            parts.push(begin..seam);
            begin = seam;
        }
        parts.push(begin..end);
        Ok(parts)
    }

    /// Numbers between which all entries are whose time is from `from` on and before `to`. Others may be among them.
    pub(super) fn between(&self, from: Option<Timestamp>, to: Option<Timestamp>) -> Result<Range<u64>, redb::Error> {
        let mut around: Option<Range<u64>> = None;
        for part in self.parts()? {
            // Within a part an entry is earlier than one before it by the disorder at most; twice, where a manager died meanwhile.
            let begin = from.map_or(Ok(part.start), |from| self.first_at(&part, moved(from, -2 * DISORDER)))?;
            let end = to.map_or(Ok(part.end), |to| self.first_at(&part, moved(to, 2 * DISORDER)))?;
            if begin < end {
                around = Some(around.map_or(begin, |around| around.start)..end);
            }
        }
        Ok(around.unwrap_or_default())
    }

    /// The number behind the last entry whose time is not later than `at`; `None`: there is none.
    pub(super) fn behind(&self, at: Timestamp) -> Result<Option<u64>, redb::Error> {
        for part in self.parts()?.into_iter().rev() {
            let end = self.first_at(&part, moved(at, 2 * DISORDER))?;
            let nearest = part.start.max(end.saturating_sub(LOOKED_THROUGH_MAX));
            for number in (nearest..end).rev() {
                if self.time(number)?.is_some_and(|time| time <= at) {
                    return Ok(Some(number + 1));
                }
            }
        }
        Ok(None)
    }

    /// The first number in a part whose entry is not before `at`, found by halving.
    fn first_at(&self, part: &Range<u64>, at: Timestamp) -> Result<u64, redb::Error> {
        let (mut low, mut high) = (part.start, part.end);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.time(middle)?.is_some_and(|time| time < at) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }

    fn time(&self, number: u64) -> Result<Option<Timestamp>, redb::Error> {
        Ok(self.entries.get(number)?.map(|record| journal_record::time_of(record.value())))
    }
}

fn moved(at: Timestamp, millis: i64) -> Timestamp {
    Timestamp::from_epoch_millis(at.epoch_millis().saturating_add(millis))
}
