//! Consumer groups, by name and as they were sent.

use peegeeq_domain::federation::{GroupRow, GroupTotals, Implementation, Named, Placed, Standing};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Envelope, FlatRow, rounded, standing_word};
use crate::federation::List;

/// `GET /api/v1/federation/consumer-groups`
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the answer; it is written from prepared text")]
pub struct GroupedGroups {
    #[serde(flatten)]
    envelope: Envelope,
    /// Length of `consumerGroups`, on all pages together.
    group_count: usize,
    /// Consumer groups by name.
    consumer_groups: Vec<NamedGroup<'static>>,
    /// All groups together.
    aggregated_stats: GroupStats,
    /// The same groups as they were sent; left out where a page was asked for.
    #[schema(required = false)]
    rows: Vec<FlatRow>,
}

/// `GET /api/v1/federated/consumer-groups`
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the answer; it is written from prepared text")]
pub struct FlatGroups {
    #[serde(flatten)]
    envelope: Envelope,
    /// Length of `consumerGroups`, on all pages together.
    group_count: usize,
    /// Consumer groups as they were sent: one row for each instance, setup, queue and group.
    consumer_groups: Vec<FlatRow>,
    /// All groups together.
    aggregated_stats: GroupStats,
    /// The same groups by name; left out where a page was asked for.
    #[schema(required = false)]
    grouped: Vec<NamedGroup<'static>>,
}

/// All consumer groups of one name. Null is "nobody knows".
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NamedGroup<'a> {
    /// The name.
    pub group_id: &'a str,
    /// The name again.
    pub name: &'a str,
    /// Where there is such a group.
    pub instances: Vec<GroupInstance<'a>>,
    /// Members, each database counted once.
    pub total_consumers: Option<u64>,
    /// Messages processed.
    pub total_messages_processed: Option<u64>,
    /// Messages waiting.
    pub total_lag: Option<u64>,
    /// The plain mean of the lags.
    pub average_lag: Option<f64>,
}

/// A consumer group on one instance.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupInstance<'a> {
    /// The instance.
    pub instance_id: &'a str,
    /// The setup, if it was told.
    pub setup_id: Option<&'a str>,
    /// The queue it reads, if it was told.
    pub queue_name: Option<&'a str>,
    /// Members; today's instances say 0 or 1.
    pub consumer_count: Option<u64>,
    /// Messages processed.
    pub messages_processed: Option<u64>,
    /// Messages waiting; null where the instance writes a constant 0.
    pub lag: Option<u64>,
    /// `active`, `paused`, `dead`, `cancelled` or `unknown`.
    pub status: &'static str,
    /// `native` or `outbox`.
    pub implementation_type: Option<&'static str>,
    /// `counted`, `shared` (counted with another instance) or `unknown`.
    pub standing: &'static str,
}

/// All consumer groups together.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupStats {
    /// Members, each database counted once.
    pub total_consumers: Option<u64>,
    /// Messages processed.
    pub total_messages_processed: Option<u64>,
    /// Messages waiting.
    pub total_lag: Option<u64>,
    /// Messages waiting, divided by the names whose lag is known.
    pub average_lag: Option<f64>,
    /// Names that are active anywhere.
    pub active_groups: u64,
    /// Names that are active nowhere.
    pub inactive_groups: u64,
    /// Names of which nobody knows.
    pub unknown_groups: u64,
}

impl<'a> NamedGroup<'a> {
    /// How one name looks.
    pub fn of(list: &'a List<GroupRow>, named: &'a Named<GroupTotals>) -> Self {
        let instance = |placed: &Placed| GroupInstance::of(list, *placed);
        Self {
            group_id: &named.name,
            name: &named.name,
            instances: list.rows_of(named).iter().filter_map(instance).collect(),
            total_consumers: named.totals.consumers.total(),
            total_messages_processed: named.totals.processed.total(),
            total_lag: named.totals.lag.total(),
            average_lag: rounded(named.totals.lag.mean()),
        }
    }
}

impl<'a> GroupInstance<'a> {
    fn of(list: &'a List<GroupRow>, placed: Placed) -> Option<Self> {
        let (part, row) = (list.parts.get(placed.source)?, list.row(placed)?);
        // What an instance says about a database that is down is no knowledge.
        let known = placed.standing != Standing::Unknown;
        Some(Self {
            instance_id: part.source.instance.as_str(),
            setup_id: row.setup.as_deref(),
            queue_name: row.queue.as_deref(),
            consumer_count: row.consumers.filter(|_| known),
            messages_processed: row.processed.filter(|_| known),
            lag: row.lag.filter(|_| known),
            status: row.status.word(),
            implementation_type: row.implementation.map(Implementation::word),
            standing: standing_word(placed.standing),
        })
    }
}

impl GroupStats {
    /// The groups of an answer together.
    pub fn of(list: &List<GroupRow>) -> Self {
        Self {
            total_consumers: list.totals.consumers.total(),
            total_messages_processed: list.totals.processed.total(),
            total_lag: list.totals.lag.total(),
            average_lag: rounded(list.average_lag()),
            active_groups: list.conditions.good,
            inactive_groups: list.conditions.bad,
            unknown_groups: list.conditions.unknown,
        }
    }
}
