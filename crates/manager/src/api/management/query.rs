//! What the management UI says when it asks for queues. Instances ignore all of it; here it is honoured.
//!
//! Unknown parameters and empty values are ignored, as instances do; a page that is no number is refused.

use std::cmp::Ordering;
use std::ops::Range;

use http::Uri;
use peegeeq_domain::federation::{Placed, QueueRow, QueueStatus};
use peegeeq_domain::instance::Fault;

use super::envelope::LeftOut;
use super::lists::only_setup;
use super::needs::queue_type;
use super::row::Sent;
use crate::api::error::ApiError;
use crate::api::extract::{query, said_twice};
use crate::federation::{List, Want, raw_row};

/// Rows of a page when only its number is said, as in the UI.
const PAGE_SIZE: usize = 10;

/// Most rows of a page.
const PAGE_SIZE_MAX: usize = 10_000;

/// The parameters that are read once; types and statuses may be said again.
const ONCE: [&str; 7] = ["setupId", "search", "sortBy", "sortOrder", "page", "pageSize", "fresh"];

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct QueueQuery {
    pub(super) want: Want,
    types: Vec<String>,
    statuses: Vec<String>,
    setup: Option<String>,
    /// In small letters.
    search: Option<String>,
    sort_by: Option<SortKey>,
    descending: bool,
    page: Option<usize>,
    page_size: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SortKey {
    Name,
    Setup,
    Type,
    Status,
    Messages,
    Consumers,
    Rate,
    ErrorRate,
}

/// A row that was found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sorted {
    pub(super) placed: Placed,
    kind: &'static str,
    status: &'static str,
}

impl QueueQuery {
    /// Reads the parameters.
    pub(super) fn read(uri: &Uri) -> Result<Self, ApiError> {
        let mut read = Self {
            want: Want::Recent,
            types: Vec::new(),
            statuses: Vec::new(),
            setup: None,
            search: None,
            sort_by: None,
            descending: false,
            page: None,
            page_size: None,
        };
        let mut pairs = query(uri).map_err(ApiError::numeric_time)?;
        pairs.retain(|(_, value)| !value.is_empty());
        let mut faults = said_twice(&pairs, |name| ONCE.contains(&name));
        faults.extend(pairs.into_iter().filter_map(|(name, value)| read.take_parameter(&name, value).err()));
        if faults.is_empty() { Ok(read) } else { Err(ApiError::faults(faults).numeric_time()) }
    }

    fn take_parameter(&mut self, name: &str, value: String) -> Result<(), Fault> {
        match name {
            "type" => self.types.extend(words(&value)),
            "status" => self.statuses.extend(words(&value)),
            "setupId" => self.setup = Some(value),
            "search" => self.search = Some(value.to_lowercase()),
            "sortBy" => self.sort_by = SortKey::read(&value),
            "sortOrder" => self.descending = value.to_ascii_lowercase().starts_with("desc"),
            "page" => self.page = Some(number(name, &value, usize::MAX)?),
            "pageSize" => self.page_size = Some(number(name, &value, PAGE_SIZE_MAX)?),
            "fresh" if value == "true" => self.want = Want::Now,
            _ => {}
        }
        Ok(())
    }

    /// Whether all rows are asked for, in any order.
    pub(super) fn is_everything(&self) -> bool {
        let filters = !self.types.is_empty() || !self.statuses.is_empty() || self.setup.is_some() || self.search.is_some();
        !filters && self.sort_by.is_none() && self.page().is_none()
    }

    /// Number and size of the page.
    pub(super) fn page(&self) -> Option<(usize, usize)> {
        (self.page.is_some() || self.page_size.is_some()).then(|| (self.page.unwrap_or(1), self.page_size.unwrap_or(PAGE_SIZE)))
    }

    /// Which of so many rows are on the page.
    pub(super) fn page_of(&self, count: usize) -> Range<usize> {
        let Some((number, size)) = self.page() else { return 0..count };
        let start = (number - 1).saturating_mul(size).min(count);
        start..start.saturating_add(size).min(count)
    }

    /// The row, if it is asked for. What can be told without reading its text is looked at first.
    pub(super) fn take(&self, list: &List<QueueRow>, placed: Placed, left_out: &mut LeftOut) -> Option<Sorted> {
        let (part, row) = (list.parts.get(placed.source)?, list.row(placed)?);
        let Some(setup) = row.setup.as_deref().or_else(|| only_setup(part)) else {
            left_out.add("a row has no usable setupId".to_owned());
            return None;
        };
        let found = |text: &str| self.search.as_deref().is_none_or(|search| text.to_lowercase().contains(search));
        if self.setup.as_deref().is_some_and(|wanted| wanted != setup) || !(found(&row.name) || found(setup)) {
            return None;
        }
        let status = if row.status == QueueStatus::Unknown { QueueStatus::Idle.word() } else { row.status.word() };
        let sent = Sent::read(raw_row(part, placed.row).0).map_err(|reason| left_out.add(reason)).ok()?;
        let kind = queue_type(row, &sent).unwrap_or("native");
        let among = |words: &[String], word: &str| words.is_empty() || words.iter().any(|wanted| wanted == word);
        (among(&self.types, kind) && among(&self.statuses, status)).then_some(Sorted { placed, kind, status })
    }

    /// Puts rows into the order asked for; without one they stay by name.
    pub(super) fn sort(&self, list: &List<QueueRow>, rows: &mut [Sorted]) {
        let Some(key) = self.sort_by else { return };
        rows.sort_by(|a, b| {
            let order = match (list.row(a.placed), list.row(b.placed)) {
                (Some(left), Some(right)) => key.compare((left, a), (right, b)),
                _ => Ordering::Equal,
            };
            if self.descending { order.reverse() } else { order }
        });
    }
}

impl SortKey {
    fn read(word: &str) -> Option<Self> {
        Some(match word {
            "name" | "queueName" => Self::Name,
            "setup" | "setupId" => Self::Setup,
            "type" => Self::Type,
            "status" => Self::Status,
            "messages" | "messageCount" => Self::Messages,
            "consumers" | "consumerCount" => Self::Consumers,
            "messageRate" | "messagesPerSecond" => Self::Rate,
            "errorRate" => Self::ErrorRate,
            _ => return None,
        })
    }

    fn compare(self, (left, a): (&QueueRow, &Sorted), (right, b): (&QueueRow, &Sorted)) -> Ordering {
        match self {
            Self::Name => left.name.cmp(&right.name),
            Self::Setup => left.setup.cmp(&right.setup),
            Self::Type => a.kind.cmp(b.kind),
            Self::Status => a.status.cmp(b.status),
            Self::Messages => left.messages.cmp(&right.messages),
            Self::Consumers => left.consumers.cmp(&right.consumers),
            Self::Rate => left.rate.partial_cmp(&right.rate).unwrap_or(Ordering::Equal),
            Self::ErrorRate => left.error_rate.partial_cmp(&right.error_rate).unwrap_or(Ordering::Equal),
        }
    }
}

/// Words between commas.
fn words(list: &str) -> impl Iterator<Item = String> + '_ {
    list.split(',').map(|word| word.trim().to_ascii_lowercase()).filter(|word| !word.is_empty())
}

fn number(name: &str, value: &str, max: usize) -> Result<usize, Fault> {
    let read = value.parse().ok().filter(|number| (1..=max).contains(number));
    read.ok_or_else(|| Fault::new(name, format!("{name} must be a whole number from 1{}", up_to(max))))
}

fn up_to(max: usize) -> String {
    if max == usize::MAX { String::new() } else { format!(" to {max}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<QueueQuery, ApiError> {
        QueueQuery::read(&format!("/x?{query}").parse().expect("a URI"))
    }

    #[test]
    fn the_words_of_the_ui_are_read() {
        let query = read("type=native,OUTBOX&status=active&setupId=s&search=Ord&sortBy=messageCount&sortOrder=desc&page=2&pageSize=25");
        let query = query.expect("good");
        assert_eq!((query.types.len(), query.search.as_deref(), query.sort_by), (2, Some("ord"), Some(SortKey::Messages)));
        assert!(query.descending && !query.is_everything());
        assert_eq!((query.page(), query.page_of(30), query.page_of(10)), (Some((2, 25)), 25..30, 10..10));
    }

    #[test]
    fn nothing_said_is_everything() {
        for query in ["", "type=&search=&page=", "nonsense=1", "sortOrder=asc"] {
            assert!(read(query).expect("good").is_everything(), "{query}");
        }
        for query in ["page=0", "page=x", "pageSize=10001", "pageSize=-1"] {
            assert!(read(query).is_err(), "{query}");
        }
    }
}
