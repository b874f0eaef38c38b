//! Owns today's `/api/v1/management/*` answers. Does not own rows, nor other dialects.

use serde::Serialize;

use super::rows::{ActivityRow, GroupRow, QueueRow, StoreRow};
use super::{Answer, SetupView, View};

/// A real instance tells at most this many recent events.
const RECENT: usize = 20;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Overview<'a> {
    setups: Vec<SetupSummary<'a>>,
    system_stats: SystemStats,
    recent_activity: Vec<ActivityRow<'a>>,
    timestamp: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SetupSummary<'a> {
    setup_id: &'a str,
    status: &'static str,
    total_queues: usize,
    total_consumer_groups: usize,
    total_event_stores: usize,
    total_messages: u64,
    queues: Vec<QueueRow<'a>>,
    consumer_groups: Vec<GroupRow<'a>>,
    event_stores: Vec<StoreRow<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SystemStats {
    total_setups: usize,
    total_queues: usize,
    total_consumer_groups: usize,
    total_event_stores: usize,
    total_messages: u64,
    active_connections: u64,
    uptime: String,
}

pub(crate) fn overview(view: &View<'_>) -> Answer {
    let setups: Vec<_> = view.setups.iter().map(|setup| summary(view, *setup)).collect();
    let system_stats = SystemStats {
        total_setups: setups.len(),
        total_queues: setups.iter().map(|setup| setup.total_queues).sum(),
        total_consumer_groups: setups.iter().map(|setup| setup.total_consumer_groups).sum(),
        total_event_stores: setups.iter().map(|setup| setup.total_event_stores).sum(),
        total_messages: view.total_messages(),
        active_connections: view.connections(),
        uptime: uptime_text(view.uptime_ms()),
    };
    let recent_activity = recent_activity(view);
    Answer::json(200, &Overview { setups, system_stats, recent_activity, timestamp: view.now.millis() })
}

fn summary<'a>(view: &View<'a>, setup: SetupView<'a>) -> SetupSummary<'a> {
    let queues = queue_rows(view, setup);
    let consumer_groups = group_rows(setup);
    let event_stores = store_rows(view, setup);
    SetupSummary {
        setup_id: &setup.setup.id,
        status: "ACTIVE",
        total_queues: queues.len(),
        total_consumer_groups: consumer_groups.len(),
        total_event_stores: event_stores.len(),
        total_messages: if setup.database_up { setup.setup.total_messages() } else { 0 },
        queues,
        consumer_groups,
        event_stores,
    }
}

fn queue_rows<'a>(view: &View<'a>, setup: SetupView<'a>) -> Vec<QueueRow<'a>> {
    if !setup.database_up {
        return Vec::new();
    }
    setup.setup.queues.iter().map(|queue| QueueRow::new(setup, queue, view.now)).collect()
}

fn group_rows(setup: SetupView<'_>) -> Vec<GroupRow<'_>> {
    if !setup.database_up {
        return Vec::new();
    }
    setup.setup.groups.iter().map(|group| GroupRow::new(setup, group)).collect()
}

fn store_rows<'a>(view: &View<'a>, setup: SetupView<'a>) -> Vec<StoreRow<'a>> {
    setup.setup.stores.iter().map(|store| StoreRow::new(setup, store, view.now)).collect()
}

fn recent_activity<'a>(view: &View<'a>) -> Vec<ActivityRow<'a>> {
    let stores = view.reachable().flat_map(|setup| setup.setup.stores.iter().map(move |store| (setup, store)));
    let newest_first = stores.flat_map(|(setup, store)| {
        store
            .events
            .iter()
            .flat_map(move |(action, count)| (1..=*count).rev().map(move |number| ActivityRow::new(setup, store, action, number)))
    });
    newest_first.take(RECENT).collect()
}

/// How an instance words its uptime: `1d 2h 3m`.
pub(crate) fn uptime_text(uptime_ms: u64) -> String {
    let minutes = uptime_ms / 60_000;
    format!("{}d {}h {}m", minutes / 1_440, minutes / 60 % 24, minutes % 60)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct QueueList<'a> {
    message: &'static str,
    queue_count: usize,
    queues: Vec<QueueRow<'a>>,
    timestamp: u64,
}

pub(crate) fn queues(view: &View<'_>) -> Answer {
    let queues: Vec<_> = view.setups.iter().flat_map(|setup| queue_rows(view, *setup)).collect();
    let message = "Queues retrieved successfully";
    let queue_count = queues.len();
    Answer::json(200, &QueueList { message, queue_count, queues, timestamp: view.now.millis() })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GroupList<'a> {
    message: &'static str,
    group_count: usize,
    consumer_groups: Vec<GroupRow<'a>>,
    timestamp: u64,
}

pub(crate) fn consumer_groups(view: &View<'_>) -> Answer {
    let consumer_groups: Vec<_> = view.setups.iter().flat_map(|setup| group_rows(*setup)).collect();
    let message = "Consumer groups retrieved successfully";
    let group_count = consumer_groups.len();
    Answer::json(200, &GroupList { message, group_count, consumer_groups, timestamp: view.now.millis() })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StoreList<'a> {
    message: &'static str,
    event_store_count: usize,
    event_stores: Vec<StoreRow<'a>>,
    timestamp: u64,
}

pub(crate) fn event_stores(view: &View<'_>) -> Answer {
    let event_stores: Vec<_> = view.setups.iter().flat_map(|setup| store_rows(view, *setup)).collect();
    let message = "Event stores retrieved successfully";
    let event_store_count = event_stores.len();
    Answer::json(200, &StoreList { message, event_store_count, event_stores, timestamp: view.now.millis() })
}

/// Totals as an instance last saw them; they stay while its databases are away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) messages: u64,
    pub(crate) connections: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metrics {
    threads_active: u64,
    cpu_cores: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    active_connections: Option<u64>,
    memory_total: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_messages: Option<u64>,
    memory_max: u64,
    memory_used: u64,
    timestamp: u64,
    uptime: u64,
}

/// Numbers of the process. Without `totals`, as right after a start, two fields are absent.
pub(crate) fn metrics(view: &View<'_>, totals: Option<Totals>) -> Answer {
    Answer::json(
        200,
        &Metrics {
            threads_active: 31,
            cpu_cores: 2,
            active_connections: totals.map(|totals| totals.connections),
            memory_total: 35_651_584,
            total_messages: totals.map(|totals| totals.messages),
            memory_max: 536_870_912,
            memory_used: memory_used(view),
            timestamp: view.now.millis(),
            uptime: view.uptime_ms(),
        },
    )
}

/// Used heap in bytes: a saw-tooth between 16 and 32 MB, as garbage comes and goes.
pub(crate) fn memory_used(view: &View<'_>) -> u64 {
    16_777_216 + (view.uptime_ms() * 1_000) % 16_777_216
}
