//! Event store rows: `name|storeName|eventStoreName`, `events|eventCount`, `aggregates|streamCount`, and so on.

use std::sync::Arc;

use peegeeq_domain::federation::{StoreRow, StoreStatus};
use serde::Deserialize;

use super::lenient::{Lenient, first_count, first_text};
use super::list::{Placeholder, RowReader, excerpt, note};

/// Reads event stores.
pub(in crate::federation) enum StoreReader {}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Raw<'a> {
    #[serde(borrow)]
    name: Lenient<'a>,
    store_name: Lenient<'a>,
    event_store_name: Lenient<'a>,
    setup_id: Lenient<'a>,
    setup: Lenient<'a>,
    events: Lenient<'a>,
    event_count: Lenient<'a>,
    aggregates: Lenient<'a>,
    stream_count: Lenient<'a>,
    corrections: Lenient<'a>,
    correction_count: Lenient<'a>,
    storage_size: Lenient<'a>,
    status: Lenient<'a>,
    retention: Lenient<'a>,
    last_event: Lenient<'a>,
}

impl RowReader for StoreReader {
    type Row = StoreRow;
    const KEYS: &'static [&'static str] = &["eventStores", "stores"];
    const COUNTS: &'static [&'static str] = &["eventStoreCount", "count"];

    fn read(text: &str, fallback: Option<&str>, placeholders: &mut Vec<Placeholder>) -> Result<StoreRow, String> {
        let raw: Raw<'_> = serde_json::from_str(text).map_err(|error| format!("an event store cannot be read: {error}"))?;
        let name = first_text(&[&raw.name, &raw.store_name, &raw.event_store_name]).or(fallback.map(Into::into));
        let name = name.ok_or_else(|| format!("an event store has no name: {}", excerpt(text)))?;
        if raw.last_event.is_said() {
            note(placeholders, Placeholder::LastEvent);
        }
        if raw.retention.is_said() {
            note(placeholders, Placeholder::Retention);
        }
        Ok(StoreRow {
            setup: first_text(&[&raw.setup_id, &raw.setup]).map(Arc::from),
            name: Arc::from(name),
            events: first_count(&[&raw.events, &raw.event_count]),
            streams: first_count(&[&raw.aggregates, &raw.stream_count]),
            corrections: first_count(&[&raw.corrections, &raw.correction_count]),
            storage: raw.storage_size.size(),
            status: raw.status.text().map(|word| StoreStatus::read(&word)).unwrap_or_default(),
        })
    }

    fn named(name: &str) -> StoreRow {
        StoreRow { name: name.into(), ..StoreRow::default() }
    }
}
