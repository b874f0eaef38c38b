//! Queue rows: `queueName|name`, `setupId|setup`, `messageCount|messages`, and so on.

use std::sync::Arc;

use peegeeq_domain::federation::{Implementation, QueueRow, QueueStatus};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::lenient::{Lenient, first_count, first_text};
use super::list::{Placeholder, RowReader, excerpt};

/// Reads queues.
pub(in crate::federation) enum QueueReader {}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Raw<'a> {
    #[serde(borrow)]
    queue_name: Lenient<'a>,
    name: Lenient<'a>,
    setup_id: Lenient<'a>,
    setup: Lenient<'a>,
    message_count: Lenient<'a>,
    messages: Lenient<'a>,
    consumer_count: Lenient<'a>,
    consumers: Lenient<'a>,
    message_rate: Lenient<'a>,
    messages_per_second: Lenient<'a>,
    processing_rate: Lenient<'a>,
    error_rate: Lenient<'a>,
    avg_processing_time_ms: Lenient<'a>,
    status: Lenient<'a>,
    implementation_type: Lenient<'a>,
    #[serde(rename = "type")]
    kind: Lenient<'a>,
    #[serde(borrow)]
    statistics: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Statistics<'a> {
    #[serde(borrow)]
    total_messages: Lenient<'a>,
    active_consumers: Lenient<'a>,
    messages_per_second: Lenient<'a>,
    avg_processing_time_ms: Lenient<'a>,
}

impl RowReader for QueueReader {
    type Row = QueueRow;
    const KEYS: &'static [&'static str] = &["queues", "queueDetails"];
    const COUNTS: &'static [&'static str] = &["queueCount", "count"];

    fn read(text: &str, fallback: Option<&str>, _: &mut Vec<Placeholder>) -> Result<QueueRow, String> {
        let raw: Raw<'_> = serde_json::from_str(text).map_err(|error| format!("a queue cannot be read: {error}"))?;
        let name = first_text(&[&raw.queue_name, &raw.name]).or(fallback.map(Into::into));
        let name = name.ok_or_else(|| format!("a queue has no name: {}", excerpt(text)))?;
        // Statistics of another type than an object say nothing, and cost nothing else of the row.
        let statistics: Statistics<'_> = raw.statistics.and_then(|text| serde_json::from_str(text.get()).ok()).unwrap_or_default();
        let rates = [&raw.message_rate, &raw.messages_per_second, &raw.processing_rate, &statistics.messages_per_second];
        let times = [&statistics.avg_processing_time_ms, &raw.avg_processing_time_ms];
        Ok(QueueRow {
            setup: first_text(&[&raw.setup_id, &raw.setup]).map(Arc::from),
            name: Arc::from(name),
            messages: first_count(&[&raw.message_count, &raw.messages, &statistics.total_messages]),
            consumers: first_count(&[&raw.consumer_count, &raw.consumers, &statistics.active_consumers]),
            rate: rates.iter().find_map(|rate| rate.rate()),
            error_rate: raw.error_rate.share(),
            average_processing: times.iter().find_map(|time| time.millis()),
            status: raw.status.text().map(|word| QueueStatus::read(&word)).unwrap_or_default(),
            implementation: first_text(&[&raw.implementation_type, &raw.kind]).and_then(|word| Implementation::read(&word)),
        })
    }

    fn named(name: &str) -> QueueRow {
        QueueRow { name: name.into(), ..QueueRow::default() }
    }
}
