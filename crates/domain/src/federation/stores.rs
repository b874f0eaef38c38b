//! Event stores: one row of an instance's list, and what rows add up to.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::placement::{Placeable, Shown};
use super::{Condition, ConditionCounts, Row, StoreStatus, Sum, Totals};
use crate::quantity::ByteSize;

/// One event store as one instance sees it. `None` is "the instance did not say".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreRow {
    /// The setup it belongs to.
    pub setup: Option<Arc<str>>,
    /// Its name.
    pub name: Arc<str>,
    /// Events in it.
    pub events: Option<u64>,
    /// Streams, which real instances call aggregates.
    pub streams: Option<u64>,
    /// Corrections of earlier events.
    pub corrections: Option<u64>,
    /// What it takes on disk.
    pub storage: Option<ByteSize>,
    /// What the instance says about it.
    pub status: StoreStatus,
}

impl Placeable for StoreRow {
    const SHOWS_QUEUES: bool = false;

    fn is_blank(&self) -> bool {
        self.events.unwrap_or_default() == 0
    }

    fn setup(&self) -> Option<&Arc<str>> {
        self.setup.as_ref()
    }

    fn show<'a>(&'a self, shown: &mut Shown<'a>) {
        shown.names.push((&self.name, ""));
    }
}

impl Row for StoreRow {
    type Totals = StoreTotals;

    fn name(&self) -> &Arc<str> {
        &self.name
    }

    fn queue(&self) -> Option<&Arc<str>> {
        None
    }

    fn condition(&self) -> Condition {
        match self.status {
            StoreStatus::Active => Condition::Good,
            StoreStatus::Error => Condition::Bad,
            StoreStatus::Unknown => Condition::Unknown,
        }
    }

    fn condition_together(rows: &ConditionCounts) -> Condition {
        rows.worst()
    }
}

/// What event stores add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreTotals {
    /// Events.
    pub events: Sum,
    /// Streams.
    pub streams: Sum,
    /// Corrections.
    pub corrections: Sum,
    /// Bytes on disk.
    pub storage: Sum,
    /// Events and streams of the rows that told both.
    paired: (Sum, Sum),
}

impl StoreTotals {
    /// What all stores take on disk.
    pub fn storage_size(&self) -> Option<ByteSize> {
        self.storage.total().filter(|_| self.storage.known() > 0).map(ByteSize::from_bytes)
    }

    /// All events divided by all streams, over the stores that told both; `None` if there are no streams.
    pub fn average_events_per_stream(&self) -> Option<f64> {
        let streams = self.paired.1.total().filter(|streams| *streams > 0)?;
        Some(self.paired.0.total()? as f64 / streams as f64)
    }

    /// The guide's names of the totals that no instance supplied.
    pub fn unavailable(&self) -> Vec<&'static str> {
        let figures = [
            (self.events.total().is_some(), "totalEvents"),
            (self.streams.total().is_some(), "totalStreams"),
            (self.storage.known() > 0, "totalStorageSize"),
        ];
        figures.into_iter().filter(|(known, _)| !known).map(|(_, name)| name).collect()
    }
}

impl Totals<StoreRow> for StoreTotals {
    fn add(&mut self, row: &StoreRow) {
        self.events.add(row.events);
        self.streams.add(row.streams);
        self.corrections.add(row.corrections);
        self.storage.add(row.storage.map(ByteSize::bytes));
        if let (Some(_), Some(_)) = (row.events, row.streams) {
            self.paired.0.add(row.events);
            self.paired.1.add(row.streams);
        }
    }

    fn add_unknown(&mut self) {
        self.events.add(None);
        self.streams.add(None);
        self.corrections.add(None);
        self.storage.add(None);
    }

    fn absorb(&mut self, other: &Self) {
        self.events.absorb(&other.events);
        self.streams.absorb(&other.streams);
        self.corrections.absorb(&other.corrections);
        self.storage.absorb(&other.storage);
        self.paired.0.absorb(&other.paired.0);
        self.paired.1.absorb(&other.paired.1);
    }
}
