//! Event stores, by name and as they were sent.

use peegeeq_domain::federation::{Named, Placed, Standing, StoreRow, StoreTotals};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Envelope, FlatRow, standing_word, worded};
use crate::federation::List;

/// `GET /api/v1/federation/event-stores`
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the answer; it is written from prepared text")]
pub struct GroupedStores {
    #[serde(flatten)]
    envelope: Envelope,
    /// Length of `eventStores`, on all pages together.
    event_store_count: usize,
    /// Event stores by name.
    event_stores: Vec<NamedStore<'static>>,
    /// All stores together.
    aggregated_stats: StoreStats,
    /// The same stores as they were sent; left out where a page was asked for.
    #[schema(required = false)]
    rows: Vec<FlatRow>,
}

/// `GET /api/v1/federated/event-stores`
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the answer; it is written from prepared text")]
pub struct FlatStores {
    #[serde(flatten)]
    envelope: Envelope,
    /// Length of `eventStores`, on all pages together.
    event_store_count: usize,
    /// Event stores as they were sent: one row for each instance, setup and store.
    event_stores: Vec<FlatRow>,
    /// All stores together.
    aggregated_stats: StoreStats,
    /// The same stores by name; left out where a page was asked for.
    #[schema(required = false)]
    grouped: Vec<NamedStore<'static>>,
}

/// All event stores of one name. Null is "nobody knows".
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NamedStore<'a> {
    /// The name.
    pub store_name: &'a str,
    /// The name again.
    pub name: &'a str,
    /// Where there is such a store.
    pub instances: Vec<StoreInstance<'a>>,
    /// Events, each database counted once.
    pub total_events: Option<u64>,
    /// Streams, which today's instances call aggregates.
    pub total_streams: Option<u64>,
    /// Space on disk, such as `4.3GB`.
    pub total_storage_size: Option<String>,
}

/// An event store on one instance.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StoreInstance<'a> {
    /// The instance.
    pub instance_id: &'a str,
    /// The setup, if it was told.
    pub setup_id: Option<&'a str>,
    /// Events.
    pub event_count: Option<u64>,
    /// Streams.
    pub stream_count: Option<u64>,
    /// Corrections of earlier events.
    pub correction_count: Option<u64>,
    /// Space on disk; today's instances do not tell it.
    pub storage_size: Option<String>,
    /// `active`, `error` or `unknown`.
    pub status: &'static str,
    /// `counted`, `shared` (counted with another instance) or `unknown`.
    pub standing: &'static str,
}

/// All event stores together.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StoreStats {
    /// Events, each database counted once.
    pub total_events: Option<u64>,
    /// Streams.
    pub total_streams: Option<u64>,
    /// Corrections of earlier events.
    pub total_corrections: Option<u64>,
    /// Space on disk.
    pub total_storage_size: Option<String>,
    /// Events divided by streams, to one decimal as in the guide.
    pub average_events_per_stream: Option<f64>,
    /// Names whose stores are all well.
    pub healthy_stores: u64,
    /// Names with a store that is not.
    pub unhealthy_stores: u64,
    /// Names of which nobody knows.
    pub unknown_stores: u64,
}

impl<'a> NamedStore<'a> {
    /// How one name looks.
    pub fn of(list: &'a List<StoreRow>, named: &'a Named<StoreTotals>) -> Self {
        let instance = |placed: &Placed| StoreInstance::of(list, *placed);
        Self {
            store_name: &named.name,
            name: &named.name,
            instances: list.rows_of(named).iter().filter_map(instance).collect(),
            total_events: named.totals.events.total(),
            total_streams: named.totals.streams.total(),
            total_storage_size: worded(named.totals.storage_size()),
        }
    }
}

impl<'a> StoreInstance<'a> {
    fn of(list: &'a List<StoreRow>, placed: Placed) -> Option<Self> {
        let (part, row) = (list.parts.get(placed.source)?, list.row(placed)?);
        // What an instance says about a database that is down is no knowledge.
        let known = placed.standing != Standing::Unknown;
        Some(Self {
            instance_id: part.source.instance.as_str(),
            setup_id: row.setup.as_deref(),
            event_count: row.events.filter(|_| known),
            stream_count: row.streams.filter(|_| known),
            correction_count: row.corrections.filter(|_| known),
            storage_size: worded(row.storage.filter(|_| known)),
            status: row.status.word(),
            standing: standing_word(placed.standing),
        })
    }
}

impl StoreStats {
    /// The stores of an answer together.
    pub fn of(list: &List<StoreRow>) -> Self {
        Self {
            total_events: list.totals.events.total(),
            total_streams: list.totals.streams.total(),
            total_corrections: list.totals.corrections.total(),
            total_storage_size: worded(list.totals.storage_size()),
            average_events_per_stream: list.totals.average_events_per_stream().map(|mean| (mean * 10.0).round() / 10.0),
            healthy_stores: list.conditions.good,
            unhealthy_stores: list.conditions.bad,
            unknown_stores: list.conditions.unknown,
        }
    }
}
