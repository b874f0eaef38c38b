//! Reading the journal beside its one writer.
//!
//! Owns the handle that both share, and how a page of entries is found without reading those before it. A page reads at most a
//! bounded number of entries, whatever is asked: if that is not enough it says where to go on. Everything here blocks.

use std::iter::Peekable;
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};

use peegeeq_domain::catalog::Catalog;
use peegeeq_domain::journal::JournalEvent;
use peegeeq_domain::time::Timestamp;
use redb::{Database, ReadOnlyTable, ReadableDatabase, ReadableTable};

use super::environment::Environments;
use super::journal_record::{self, JournalEntry, Seq};
use super::schema::{BY_INSTANCE, BY_KIND, JOURNAL};
use super::seams::SEAMS;

/// The most entries that one page reads, wanted or not.
pub(super) const EXAMINED_MAX: usize = 10_000;

/// The database while it is open. Readers keep it open for the time of one read, so that it is never closed under them.
#[derive(Clone, Debug)]
pub(super) struct SharedDatabase(Arc<RwLock<Option<Database>>>);

impl SharedDatabase {
    pub(super) fn open(database: Database) -> Self {
        Self(Arc::new(RwLock::new(Some(database))))
    }

    pub(super) fn is_open(&self) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Opens or closes it, when no reader uses it any more.
    pub(super) fn set(&self, database: Option<Database>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = database;
    }

    pub(super) fn with<T>(&self, work: impl FnOnce(&Database) -> Result<T, redb::Error>) -> Result<T, redb::Error> {
        let database = self.0.read().unwrap_or_else(PoisonError::into_inner);
        work(database.as_ref().ok_or(redb::Error::PreviousIo)?)
    }
}

/// The journal cannot be read now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the journal cannot be read: {0}")]
pub struct ReadError(pub String);

impl From<redb::Error> for ReadError {
    fn from(error: redb::Error) -> Self {
        Self(error.to_string())
    }
}

/// Which way a page goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Old entries first.
    #[default]
    Ascending,
    /// New entries first.
    Descending,
}

/// Which kinds are asked for: one, or all that begin alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindPattern(String);

impl KindPattern {
    /// Reads `instance.verdict`, or `instance.` and `instance.*` for all that begin so; an error if no kind is meant.
    pub fn parse(text: &str) -> Result<Self, String> {
        let pattern = Self(text.strip_suffix('*').unwrap_or(text).to_owned());
        if JournalEvent::KINDS.into_iter().any(|kind| pattern.matches(kind)) {
            return Ok(pattern);
        }
        Err(format!("kind must be one of {}, or the beginning of some up to a '.'", JournalEvent::KINDS.join(", ")))
    }

    /// Whether a kind is meant.
    pub fn matches(&self, kind: &str) -> bool {
        kind == self.0 || (self.0.ends_with('.') && kind.starts_with(&self.0))
    }
}

/// What is asked of the journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventQuery {
    /// Only about this instance.
    pub instance: Option<String>,
    /// Only about instances that were in this environment.
    pub environment: Option<String>,
    /// What is registered now: where the journal does not say in which environment an instance was.
    pub now: Option<Arc<Catalog>>,
    /// Only of these kinds; empty: all.
    pub kinds: Vec<KindPattern>,
    /// Only at this time or later.
    pub from: Option<Timestamp>,
    /// Only before this time.
    pub to: Option<Timestamp>,
    /// Only entries with a greater number.
    pub after: Option<u64>,
    /// Only entries with a smaller number.
    pub before: Option<u64>,
    /// Which way.
    pub order: Order,
    /// The most entries of the page.
    pub limit: usize,
}

/// A page of the journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventPage {
    /// The entries.
    pub entries: Vec<JournalEntry>,
    /// The number behind which (in the order asked for) there may be more.
    pub next: Option<u64>,
    /// The oldest entry that is kept.
    pub oldest: Option<Seq>,
    /// When that happened.
    pub oldest_at: Option<Timestamp>,
    /// The newest entry.
    pub newest: Option<Seq>,
}

/// Reads the journal. Cheap to clone.
#[derive(Clone, Debug)]
pub struct JournalReader {
    pub(super) database: SharedDatabase,
}

impl JournalReader {
    pub(super) fn new(database: SharedDatabase) -> Self {
        Self { database }
    }

    /// One page.
    pub fn page(&self, query: &EventQuery) -> Result<EventPage, ReadError> {
        Ok(self.database.with(|database| Snapshot::of(database)?.page(query))?)
    }

    /// The entries of these numbers, as far as they are kept.
    pub fn entries(&self, numbers: &[u64]) -> Result<Vec<JournalEntry>, ReadError> {
        Ok(self.database.with(|database| {
            let snapshot = Snapshot::of(database)?;
            let found: Result<Vec<_>, redb::Error> = numbers.iter().map(|number| snapshot.entry(*number)).collect();
            Ok(found?.into_iter().flatten().collect())
        })?)
    }

    /// Entries after a number, in order, at most `limit`.
    pub fn after(&self, number: u64, limit: usize) -> Result<EventPage, ReadError> {
        self.page(&EventQuery { after: Some(number), limit, ..EventQuery::default() })
    }
}

/// The journal as it was at one moment.
pub(super) struct Snapshot {
    pub(super) entries: ReadOnlyTable<u64, &'static [u8]>,
    pub(super) by_instance: ReadOnlyTable<(&'static str, u64), ()>,
    pub(super) by_kind: ReadOnlyTable<(&'static str, u64), ()>,
    pub(super) seams: ReadOnlyTable<u64, u64>,
}

pub(super) type Numbers<'a> = Box<dyn Iterator<Item = Result<u64, redb::Error>> + 'a>;

impl Snapshot {
    pub(super) fn of(database: &Database) -> Result<Self, redb::Error> {
        let transaction = database.begin_read()?;
        Ok(Self {
            entries: transaction.open_table(JOURNAL)?,
            by_instance: transaction.open_table(BY_INSTANCE)?,
            by_kind: transaction.open_table(BY_KIND)?,
            seams: transaction.open_table(SEAMS)?,
        })
    }

    /// The entry of that number.
    pub(super) fn entry(&self, number: u64) -> Result<Option<JournalEntry>, redb::Error> {
        Ok(self.entries.get(number)?.map(|record| journal_record::read(number, record.value())))
    }

    /// The oldest and the newest entry.
    pub(super) fn ends(&self) -> Result<Option<(JournalEntry, JournalEntry)>, redb::Error> {
        let (Some((first, oldest)), Some((last, newest))) = (self.entries.first()?, self.entries.last()?) else { return Ok(None) };
        let read = journal_record::read;
        Ok(Some((read(first.value(), oldest.value()), read(last.value(), newest.value()))))
    }

    fn page(&self, query: &EventQuery) -> Result<EventPage, redb::Error> {
        let Some((oldest, newest)) = self.ends()? else { return Ok(EventPage::default()) };
        let mut page = EventPage { oldest: Some(oldest.seq), oldest_at: Some(oldest.at), newest: Some(newest.seq), ..EventPage::default() };
        let range = self.range(query, newest.seq.number)?;
        let mut environments = Environments::new(self, query.now.as_deref());
        for (examined, number) in self.numbers(query, range)?.enumerate() {
            let number = number?;
            if page.entries.len() >= query.limit.max(1) || (examined > 0 && examined + environments.examined >= EXAMINED_MAX) {
                // The caller goes on behind the last number that was looked at.
                page.next = Some(if query.order == Order::Ascending { number - 1 } else { number + 1 });
                break;
            }
            let Some(entry) = self.entry(number)? else { continue };
            let is_there = |environment: &String| environments.is_in(&entry, environment);
            if wanted(&entry, query) && query.environment.as_ref().map_or(Ok(true), is_there)? {
                page.entries.push(entry);
            }
        }
        Ok(page)
    }

    fn range(&self, query: &EventQuery, newest: u64) -> Result<Range<u64>, redb::Error> {
        let mut range = query.after.map_or(0, |after| after.saturating_add(1))..query.before.unwrap_or(u64::MAX).min(newest + 1);
        if query.from.is_some() || query.to.is_some() {
            let around = self.between(query.from, query.to)?;
            range = range.start.max(around.start)..range.end.min(around.end);
        }
        range.start = range.start.min(range.end);
        Ok(range)
    }

    /// The numbers of entries that may be wanted, in the order asked for.
    fn numbers<'a>(&'a self, query: &'a EventQuery, range: Range<u64>) -> Result<Numbers<'a>, redb::Error> {
        if let Some(id) = &query.instance {
            return about(&self.by_instance, id, range, query.order);
        }
        if query.kinds.is_empty() {
            let all = range.map(Ok);
            return Ok(if query.order == Order::Ascending { Box::new(all) } else { Box::new(all.rev()) });
        }
        let kinds = JournalEvent::KINDS.into_iter().filter(|kind| query.kinds.iter().any(|pattern| pattern.matches(kind)));
        let sources = kinds.map(|kind| Ok(about(&self.by_kind, kind, range.clone(), query.order)?.peekable()));
        Ok(merged(sources.collect::<Result<_, redb::Error>>()?, query.order))
    }
}

/// The numbers filed under a key, in an order.
pub(super) fn about<'a>(
    table: &'a ReadOnlyTable<(&'static str, u64), ()>,
    key: &'a str,
    range: Range<u64>,
    order: Order,
) -> Result<Numbers<'a>, redb::Error> {
    let found = table.range((key, range.start)..(key, range.end))?.map(|entry| Ok(entry?.0.value().1));
    Ok(if order == Order::Ascending { Box::new(found) } else { Box::new(found.rev()) })
}

fn wanted(entry: &JournalEntry, query: &EventQuery) -> bool {
    let kind = entry.event.as_ref().map(JournalEvent::kind);
    let of_kind = query.kinds.is_empty() || kind.is_some_and(|kind| query.kinds.iter().any(|pattern| pattern.matches(kind)));
    of_kind && query.from.is_none_or(|from| entry.at >= from) && query.to.is_none_or(|to| entry.at < to)
}

/// Several sequences of numbers as one, in order.
pub(super) fn merged(sources: Vec<Peekable<Numbers<'_>>>, order: Order) -> Numbers<'_> {
    Box::new(Merged { sources, order })
}

/// Several sequences of numbers as one, in order.
struct Merged<'a> {
    sources: Vec<Peekable<Numbers<'a>>>,
    order: Order,
}

impl Iterator for Merged<'_> {
    type Item = Result<u64, redb::Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let order = self.order;
        // An error comes before every number, so that it is told at once.
        let rank = move |found: &Result<u64, redb::Error>| match found {
            Err(_) => 0,
            Ok(number) if order == Order::Ascending => *number,
            Ok(number) => u64::MAX - number,
        };
        let ahead = self.sources.iter_mut().enumerate().filter_map(|(index, source)| Some((rank(source.peek()?), index)));
        let (_, index) = ahead.min()?;
        self.sources[index].next()
    }
}
