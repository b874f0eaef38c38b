//! The cluster in the shape in which one instance answers. Times are numbers here: milliseconds since 1970.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::federation::{CoverageView, DegradedSetupView, FailedInstance, FlatRow, SharedSetupView, SourceView};

/// What these answers say beside what an instance would.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the answer; it is written from prepared text")]
pub struct Beside {
    /// When this answer was sent.
    timestamp: i64,
    /// Whether the answer speaks for all there is.
    complete: bool,
    /// How much of the cluster the answer speaks for.
    coverage: CoverageView,
    /// Every instance, whether it was asked, and what came of it.
    sources: Vec<SourceView>,
    /// The instances that gave nothing.
    failed_instances: Vec<FailedInstance<'static>>,
    /// Databases that several attachments show: listed and counted once if the instances agree about what is in them.
    shared_setups: Vec<SharedSetupView<'static>>,
    /// Setups that the answer does not speak for although their instance answered; the first hundred of them.
    degraded_setups: Vec<DegradedSetupView<'static>>,
    /// Ids that mean several databases: `setupId`, `candidates` and what to do.
    conflicts: Vec<BTreeMap<String, serde_json::Value>>,
    /// Rows that could not be brought into the shape that readers insist on.
    left_out_rows: usize,
    /// What was wrong with the first of them.
    #[schema(required = false)]
    left_out_reason: String,
}

macro_rules! lists {
    ($($(#[doc = $doc:literal])+ $name:ident($count:ident, $rows:ident);)+) => {
        $(
            $(#[doc = $doc])+
            #[derive(ToSchema)]
            #[schema(rename_all = "camelCase")]
            #[expect(dead_code, reason = "describes the answer; it is written from prepared text")]
            pub struct $name {
                #[serde(flatten)]
                beside: Beside,
                /// As an instance says it.
                message: String,
                /// How many there are.
                $count: usize,
                /// Rows as their instances sent them. Fields that readers insist on are mended: then `reported` holds what was sent,
                /// and `assumed` names what nobody said.
                $rows: Vec<FlatRow>,
            }
        )+
    };
}

lists! {
    /// `GET /api/v1/management/queues`; also `total`, `page` and `pageSize` where they were asked for.
    ClusterQueues(queue_count, queues);
    /// `GET /api/v1/management/consumer-groups`
    ClusterGroups(group_count, consumer_groups);
    /// `GET /api/v1/management/event-stores`
    ClusterEventStores(event_store_count, event_stores);
}

/// `GET /api/v1/management/overview`
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the answer; it is written from prepared text")]
pub struct ClusterOverview {
    #[serde(flatten)]
    beside: Beside,
    /// Every setup with its queues, consumer groups and event stores.
    setups: Vec<FlatRow>,
    /// Sums over the cluster, each database counted once, and the longest uptime.
    system_stats: BTreeMap<String, serde_json::Value>,
    /// The twenty newest events of all instances.
    recent_activity: Vec<FlatRow>,
}

/// `GET /api/v1/management/metrics`
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the answer; it is written from prepared text")]
pub struct ClusterMetrics {
    #[serde(flatten)]
    beside: Beside,
    /// The longest uptime of an instance, in milliseconds.
    uptime: u64,
    /// Bytes in use.
    memory_used: u64,
    /// Bytes taken from the systems.
    memory_total: u64,
    /// The most bytes the processes may take.
    memory_max: u64,
    /// Processors.
    cpu_cores: u64,
    /// Threads.
    threads_active: u64,
    /// Messages, each database counted once; absent where nobody knows.
    #[schema(required = false)]
    total_messages: u64,
    /// Connections to databases, likewise.
    #[schema(required = false)]
    active_connections: u64,
    /// Figures that no instance supplied.
    unavailable: Vec<String>,
}

/// `GET /api/v1/setups`
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the answer; it is written from prepared text")]
pub struct ClusterSetups {
    #[serde(flatten)]
    beside: Beside,
    /// Length of `setupIds`.
    count: usize,
    /// The ids, sorted; an id on several instances is listed once.
    setup_ids: Vec<String>,
}

/// `GET /api/v1/health`
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InstanceHealth {
    /// `UP`
    pub status: &'static str,
    /// Milliseconds since 1970.
    pub timestamp: i64,
    /// Milliseconds since the manager's start.
    pub uptime: u64,
    /// Version of the manager.
    pub version: &'static str,
    /// `peegeeq-service-manager`
    pub build: &'static str,
}
