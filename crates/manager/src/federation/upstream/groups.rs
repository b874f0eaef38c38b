//! Consumer group rows: `name|groupName|groupId`, `members|memberCount|consumerCount`, and so on.

use std::sync::Arc;

use peegeeq_domain::federation::{GroupRow, GroupStatus, Implementation};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::lenient::{Lenient, first_count, first_text};
use super::list::{Placeholder, RowReader, excerpt, note};

/// Reads consumer groups.
pub(in crate::federation) enum GroupReader {}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Raw<'a> {
    #[serde(borrow)]
    name: Lenient<'a>,
    group_name: Lenient<'a>,
    group_id: Lenient<'a>,
    setup_id: Lenient<'a>,
    setup: Lenient<'a>,
    queue_name: Lenient<'a>,
    queue: Lenient<'a>,
    members: Lenient<'a>,
    member_count: Lenient<'a>,
    consumer_count: Lenient<'a>,
    messages_processed: Lenient<'a>,
    lag: Lenient<'a>,
    status: Lenient<'a>,
    implementation_type: Lenient<'a>,
    partition: Lenient<'a>,
    backfill_status: Lenient<'a>,
    #[serde(borrow)]
    stats: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Stats<'a> {
    #[serde(borrow)]
    messages_processed: Lenient<'a>,
}

impl Raw<'_> {
    /// Real instances write a constant 0, and are known by fields that nobody else writes.
    fn lag_is_placeholder(&self) -> bool {
        self.lag.count() == Some(0) && (self.partition.is_said() || self.backfill_status.is_said())
    }
}

impl RowReader for GroupReader {
    type Row = GroupRow;
    const KEYS: &'static [&'static str] = &["consumerGroups", "groups"];
    const COUNTS: &'static [&'static str] = &["groupCount", "count"];

    fn read(text: &str, fallback: Option<&str>, placeholders: &mut Vec<Placeholder>) -> Result<GroupRow, String> {
        let raw: Raw<'_> = serde_json::from_str(text).map_err(|error| format!("a consumer group cannot be read: {error}"))?;
        let name = first_text(&[&raw.name, &raw.group_name, &raw.group_id]).or(fallback.map(Into::into));
        let name = name.ok_or_else(|| format!("a consumer group has no name: {}", excerpt(text)))?;
        let stats: Stats<'_> = raw.stats.and_then(|text| serde_json::from_str(text.get()).ok()).unwrap_or_default();
        let placeholder = raw.lag_is_placeholder();
        if placeholder {
            note(placeholders, Placeholder::Lag);
        }
        Ok(GroupRow {
            setup: first_text(&[&raw.setup_id, &raw.setup]).map(Arc::from),
            queue: first_text(&[&raw.queue_name, &raw.queue]).map(Arc::from),
            name: Arc::from(name),
            consumers: first_count(&[&raw.members, &raw.member_count, &raw.consumer_count]),
            processed: first_count(&[&raw.messages_processed, &stats.messages_processed]),
            lag: if placeholder { None } else { raw.lag.count() },
            status: raw.status.text().map(|word| GroupStatus::read(&word)).unwrap_or_default(),
            implementation: raw.implementation_type.text().and_then(|word| Implementation::read(&word)),
        })
    }

    fn named(name: &str) -> GroupRow {
        GroupRow { name: name.into(), ..GroupRow::default() }
    }
}
