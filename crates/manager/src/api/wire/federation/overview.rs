//! The overview: totals, and each instance's share.

use peegeeq_domain::federation::{OverviewTotals, Part, Sum};
use serde::Serialize;
use utoipa::ToSchema;

use super::Envelope;
use crate::federation::{Attached, Overview};

/// `GET /api/v1/federation/overview`
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the answer; it is written from prepared text")]
pub struct FederatedOverview {
    #[serde(flatten)]
    envelope: Envelope,
    /// The cluster as one.
    aggregated_data: AggregatedData,
    /// The instances that answered; on a page, those of the page.
    instance_details: Vec<InstanceDetail<'static>>,
}

/// Totals over all instances. Null is "nobody knows"; databases that several instances show count once.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AggregatedData {
    /// Instances that answered.
    pub total_instances: usize,
    /// Queues.
    pub total_queues: Option<u64>,
    /// Consumer groups.
    pub total_consumer_groups: Option<u64>,
    /// Event stores.
    pub total_event_stores: Option<u64>,
    /// Messages.
    pub total_messages: Option<u64>,
    /// Active consumers.
    pub total_consumers: Option<u64>,
    /// Connections to the databases.
    pub active_connections: Option<u64>,
}

impl AggregatedData {
    /// The totals of an overview.
    pub fn of(overview: &Overview) -> Self {
        let totals = &overview.totals;
        Self {
            total_instances: overview.coverage.answered,
            total_queues: totals.queues.total(),
            total_consumer_groups: totals.groups.total(),
            total_event_stores: totals.stores.total(),
            total_messages: totals.messages.total(),
            total_consumers: totals.consumers.total(),
            active_connections: totals.connections.total(),
        }
    }

    /// The names of the totals that instances could have supplied and did not.
    pub fn unavailable(totals: &OverviewTotals) -> Vec<&'static str> {
        let figures: [(&Sum, &str); 6] = [
            (&totals.queues, "totalQueues"),
            (&totals.groups, "totalConsumerGroups"),
            (&totals.stores, "totalEventStores"),
            (&totals.messages, "totalMessages"),
            (&totals.consumers, "totalConsumers"),
            (&totals.connections, "activeConnections"),
        ];
        figures.into_iter().filter(|(sum, _)| sum.total().is_none()).map(|(_, name)| name).collect()
    }
}

/// What one instance sees, also where another one shows the same data.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InstanceDetail<'a> {
    /// Its name.
    pub instance_id: &'a str,
    /// Where it listens.
    pub host: &'a str,
    /// Its port.
    pub port: u16,
    /// Its environment.
    pub environment: &'a str,
    /// Its region.
    pub region: &'a str,
    /// Its state.
    pub status: &'static str,
    /// Queues.
    pub queues: Option<u64>,
    /// Consumer groups.
    pub consumer_groups: Option<u64>,
    /// Event stores.
    pub event_stores: Option<u64>,
    /// Messages.
    pub messages: Option<u64>,
    /// Active consumers.
    pub consumers: Option<u64>,
    /// Connections to its databases.
    pub active_connections: Option<u64>,
}

impl<'a> InstanceDetail<'a> {
    /// How one instance looks.
    pub fn of<T>(part: &'a Part<T, Attached>, seen: &OverviewTotals) -> Self {
        Self {
            instance_id: part.source.instance.as_str(),
            host: &part.source.host,
            port: part.attached.entry.instance.registration.endpoint.port.get(),
            environment: &part.source.environment,
            region: &part.source.region,
            status: part.attached.entry.state().as_str(),
            queues: seen.queues.total(),
            consumer_groups: seen.groups.total(),
            event_stores: seen.stores.total(),
            messages: seen.messages.total(),
            consumers: seen.consumers.total(),
            active_connections: seen.connections.total(),
        }
    }
}
