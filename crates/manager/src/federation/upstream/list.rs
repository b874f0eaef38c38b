//! Lists: where they lie in an answer, and their rows one by one.

use std::ops::Range;

use peegeeq_domain::federation::FetchFailure;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::body::{bad, broken, require_object};
use super::lenient::Lenient;
use super::strict::check_row;

/// The most rows of one instance's list that are used.
const ROWS_MAX: usize = 50_000;

/// Rows of an answer that could not be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// How many.
    pub count: usize,
    /// What was wrong with the first of them, as a sentence.
    pub first: Option<String>,
}

impl Faults {
    /// Notes one more.
    pub(super) fn add(&mut self, reason: impl FnOnce() -> String) {
        self.count += 1;
        self.first.get_or_insert_with(reason);
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// A field that instances fill with something that means nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Placeholder {
    /// Always 0.
    Lag,
    /// Always the time of the request.
    LastEvent,
    /// Always 365 days.
    Retention,
}

impl Placeholder {
    /// The name of the field.
    pub const fn field(self) -> &'static str {
        match self {
            Self::Lag => "lag",
            Self::LastEvent => "lastEvent",
            Self::Retention => "retention",
        }
    }
}

/// A row as the instance wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawRow {
    /// Where it lies in the body: a JSON object, or a JSON text that is the name alone.
    pub place: Range<usize>,
    /// The name stands elsewhere: before an object, as the key of it.
    pub name_outside: bool,
}

/// A list as it was read. `rows` and `raw` belong together one by one.
#[derive(Clone, Debug)]
pub struct ReadList<R> {
    /// The rows that could be used, in the instance's own order.
    pub rows: Vec<R>,
    /// What each of them is in the body.
    pub raw: Vec<RawRow>,
    /// Those that could not be used.
    pub faults: Faults,
    /// Placeholders seen, without repetition.
    pub placeholders: Vec<Placeholder>,
}

/// How one kind of row is read.
pub(in crate::federation) trait RowReader {
    /// The row.
    type Row;

    /// The keys under which the list may lie; the first that holds objects counts.
    const KEYS: &'static [&'static str];

    /// The keys under which the number of rows may be told.
    const COUNTS: &'static [&'static str];

    /// Reads an object. `fallback` is a name from elsewhere, for objects that do not tell their own.
    fn read(text: &str, fallback: Option<&str>, placeholders: &mut Vec<Placeholder>) -> Result<Self::Row, String>;

    /// A row of which the name is all that is known.
    fn named(name: &str) -> Self::Row;
}

/// Reads the list of an answer. Fails only if the answer as a whole makes no sense.
pub(in crate::federation) fn read_list<Q: RowReader>(body: &[u8]) -> Result<ReadList<Q::Row>, FetchFailure> {
    let text = require_object(body)?;
    let Entries(fields) = serde_json::from_str(text).map_err(|error| broken(&error))?;
    let under = |key: &&str| fields.iter().rev().find(|(name, _)| name == key).map(|(_, value)| *value);
    let mut gathering = Gathering::<Q>::new(body);
    let lists = || Q::KEYS.iter().filter_map(under);
    let found = lists().find(|list| holds_objects(list.get())).or_else(|| lists().find(|list| list.get() != "null"));
    match found.filter(|list| list.get().starts_with(['[', '{'])) {
        Some(list) => gathering.take(list),
        // An answer without a list is no empty list, unless it says so.
        None if Q::COUNTS.iter().filter_map(under).any(|count| count.get() == "0") => {}
        None => return Err(bad(format!("it has no list {:?}", Q::KEYS.first().copied().unwrap_or_default()))),
    }
    Ok(gathering.list)
}

/// Reads a list that lies within something else, such as the queues of a setup in an overview.
pub(super) fn read_rows<Q: RowReader>(list: &RawValue) -> ReadList<Q::Row> {
    let mut gathering = Gathering::<Q>::new(list.get().as_bytes());
    gathering.take(list);
    gathering.list
}

/// Whether a list is an array that opens with an object, or an object that is not empty.
fn holds_objects(list: &str) -> bool {
    let inner = list.trim_start_matches(['[', ' ', '\t', '\r', '\n']);
    inner.starts_with('{')
}

struct Gathering<'a, Q: RowReader> {
    /// Where the body begins in memory: places of rows are told from here.
    begin: usize,
    body: &'a [u8],
    list: ReadList<Q::Row>,
}

impl<'a, Q: RowReader> Gathering<'a, Q> {
    fn new(body: &'a [u8]) -> Self {
        let list = ReadList { rows: Vec::new(), raw: Vec::new(), faults: Faults::default(), placeholders: Vec::new() };
        Self { begin: body.as_ptr() as usize, body, list }
    }

    fn take(&mut self, list: &RawValue) {
        let text = list.get();
        match text.as_bytes().first() {
            Some(b'[') => match serde_json::from_str::<Vec<&RawValue>>(text) {
                Ok(rows) => {
                    rows.iter().take(ROWS_MAX).for_each(|row| self.row(row.get()));
                    self.leave_out(rows.len().saturating_sub(ROWS_MAX));
                }
                Err(error) => self.list.faults.add(|| format!("the list cannot be read: {error}")),
            },
            Some(b'{') => self.object(text),
            _ => self.list.faults.add(|| "the list is neither an array nor an object".to_owned()),
        }
    }

    /// An object instead of an array: either one row, or rows by name.
    fn object(&mut self, text: &str) {
        if let Ok(row) = Q::read(text, None, &mut self.list.placeholders) {
            return self.keep(row, text, false);
        }
        match serde_json::from_str::<Entries<'_>>(text) {
            Ok(Entries(entries)) => {
                entries.iter().take(ROWS_MAX).for_each(|(name, value)| self.entry(name, value.get()));
                self.leave_out(entries.len().saturating_sub(ROWS_MAX));
            }
            Err(error) => self.list.faults.add(|| format!("the list cannot be read: {error}")),
        }
    }

    fn leave_out(&mut self, rows: usize) {
        if rows > 0 {
            self.list.faults.add(|| format!("the list has more than {ROWS_MAX} rows: the rest is left out"));
            self.list.faults.count += rows - 1;
        }
    }

    fn row(&mut self, text: &str) {
        match text.as_bytes().first() {
            Some(b'{') => match Q::read(text, None, &mut self.list.placeholders) {
                Ok(row) => self.keep(row, text, false),
                Err(reason) => self.list.faults.add(|| reason),
            },
            Some(b'"') => match serde_json::from_str::<Lenient<'_>>(text) {
                Ok(Lenient::Text(name)) if !name.trim().is_empty() => self.keep(Q::named(&name), text, false),
                _ => self.list.faults.add(|| "a row is an empty text".to_owned()),
            },
            _ => self.not_a_row(text),
        }
    }

    fn entry(&mut self, name: &str, text: &str) {
        if !text.starts_with('{') {
            return self.not_a_row(text);
        }
        if let Ok(row) = Q::read(text, None, &mut self.list.placeholders) {
            return self.keep(row, text, false);
        }
        match Q::read(text, Some(name), &mut self.list.placeholders) {
            Ok(row) => self.keep(row, text, true),
            Err(reason) => self.list.faults.add(|| reason),
        }
    }

    fn not_a_row(&mut self, text: &str) {
        self.list.faults.add(|| format!("a row is {} instead of an object", excerpt(text)));
    }

    fn keep(&mut self, row: Q::Row, text: &str, name_outside: bool) {
        if let Err(reason) = check_row(text) {
            return self.list.faults.add(|| format!("a row cannot be handed on because {reason}: {}", excerpt(text)));
        }
        let start = (text.as_ptr() as usize).wrapping_sub(self.begin);
        debug_assert!(start + text.len() <= self.body.len(), "rows are read in place");
        self.list.rows.push(row);
        self.list.raw.push(RawRow { place: start..start + text.len(), name_outside });
    }
}

/// Adds a placeholder that was seen, once.
pub(super) fn note(placeholders: &mut Vec<Placeholder>, seen: Placeholder) {
    if !placeholders.contains(&seen) {
        placeholders.push(seen);
    }
}

/// The beginning of a JSON value, for a sentence.
pub(super) fn excerpt(text: &str) -> String {
    const CHARACTERS: usize = 40;
    let short: String = text.chars().take(CHARACTERS).collect();
    if short.len() < text.len() { format!("{short}…") } else { short }
}

/// The fields of an object in their order, the values still as text.
pub(super) struct Entries<'a>(pub(super) Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntriesVisitor;
        impl<'de> Visitor<'de> for EntriesVisitor {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry::<String, &RawValue>()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(EntriesVisitor)
    }
}
