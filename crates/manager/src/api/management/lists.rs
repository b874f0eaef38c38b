//! Queues, consumer groups and event stores of the cluster, row by row as one instance lists its own.

use peegeeq_domain::federation::{GroupRow, Part, Placed, QueueRow, Standing, StoreRow};

use super::envelope::{LeftOut, prepare};
use super::needs::Needing;
use super::query::{QueueQuery, Sorted};
use super::row::{Sent, write};
use crate::api::federation::flat::source;
use crate::api::federation::text::JsonText;
use crate::federation::{Answer, Attached, Content, List, Prepared, raw_row};

/// What differs between the lists.
pub(super) trait InstanceList: Needing + Sized {
    /// The key of the list.
    const KEY: &'static str;
    /// The key of its length.
    const COUNT: &'static str;
    /// What an instance says about it.
    const MESSAGE: &'static str;
}

impl InstanceList for QueueRow {
    const KEY: &'static str = "queues";
    const COUNT: &'static str = "queueCount";
    const MESSAGE: &'static str = "Queues retrieved successfully";
}

impl InstanceList for GroupRow {
    const KEY: &'static str = "consumerGroups";
    const COUNT: &'static str = "groupCount";
    const MESSAGE: &'static str = "Consumer groups retrieved successfully";
}

impl InstanceList for StoreRow {
    const KEY: &'static str = "eventStores";
    const COUNT: &'static str = "eventStoreCount";
    const MESSAGE: &'static str = "Event stores retrieved successfully";
}

/// Everything.
pub(super) fn whole<R: InstanceList>(answer: &Answer<List<R>>) -> Prepared
where
    List<R>: Content,
{
    let list = &answer.content;
    prepare(list, |text| {
        let rows = list.rows.iter().copied().filter(|placed| shows(*placed));
        let mut left_out = LeftOut::default();
        text.field("message", &R::MESSAGE);
        let written = write_rows(text.key(R::KEY), list, rows, &mut left_out);
        text.field(R::COUNT, &written);
        left_out
    })
}

/// The queues that a request asks for.
pub(super) fn chosen(answer: &Answer<List<QueueRow>>, query: &QueueQuery) -> Prepared {
    let list = &answer.content;
    prepare(list, |text| {
        let mut left_out = LeftOut::default();
        let rows = list.rows.iter().copied().filter(|placed| shows(*placed));
        let mut found: Vec<Sorted> = rows.filter_map(|placed| query.take(list, placed, &mut left_out)).collect();
        query.sort(list, &mut found);
        let page = query.page_of(found.len());
        text.field("message", &QueueRow::MESSAGE).field(QueueRow::COUNT, &found.len()).field("total", &found.len());
        if let Some((number, size)) = query.page() {
            text.field("page", &number).field("pageSize", &size);
        }
        let rows = found.get(page).unwrap_or_default().iter().map(|sorted| sorted.placed);
        write_rows(text.key(QueueRow::KEY), list, rows, &mut LeftOut::default());
        left_out
    })
}

/// What another instance shows too is listed once.
fn shows(placed: Placed) -> bool {
    !matches!(placed.standing, Standing::SameAs(_))
}

/// Writes the array, and tells how many rows are in it.
fn write_rows<R: Needing>(text: &mut JsonText, list: &List<R>, rows: impl Iterator<Item = Placed>, left_out: &mut LeftOut) -> usize {
    let sources: Vec<Vec<u8>> = list.parts.iter().map(source).collect();
    let mut written = Vec::new();
    let rows = rows.filter_map(|placed| {
        let (part, row) = (list.parts.get(placed.source)?, list.row(placed)?);
        let (raw, _) = raw_row(part, placed.row);
        written_row(row, raw, only_setup(part)).map_err(|reason| left_out.add(reason)).ok().map(|row| (row, placed.source))
    });
    text.array(rows, |text, (row, number)| {
        written.push(());
        text.raw(&row).raw(sources.get(number).map_or(b"}", Vec::as_slice));
    });
    written.len()
}

/// A row in the shape of an instance, without its source and its closing brace.
pub(super) fn written_row<R: Needing>(row: &R, raw: &[u8], only_setup: Option<&str>) -> Result<Vec<u8>, String> {
    let sent = Sent::read(raw)?;
    let mut text = JsonText::with_capacity(raw.len() + 256);
    write(&mut text, &sent, &row.needs(&sent, row.setup().map(|setup| &**setup).or(only_setup)))?;
    Ok(text.into_bytes())
}

/// The setup of rows that do not name theirs: the only one that the instance has.
pub(super) fn only_setup<T>(part: &Part<T, Attached>) -> Option<&str> {
    match &part.setups[..] {
        [only] => Some(&only.setup),
        _ => None,
    }
}
