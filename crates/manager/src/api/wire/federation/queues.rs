//! Queues, by name and as they were sent.

use peegeeq_domain::federation::{Implementation, Named, Placed, QueueRow, QueueTotals, Standing};
use peegeeq_domain::quantity::{Rate, Ratio};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Envelope, FlatRow, rounded, standing_word};
use crate::federation::List;

/// `GET /api/v1/federation/queues`
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the answer; it is written from prepared text")]
pub struct GroupedQueues {
    #[serde(flatten)]
    envelope: Envelope,
    /// Length of `queues`, on all pages together.
    queue_count: usize,
    /// Queues by name.
    queues: Vec<NamedQueue<'static>>,
    /// All queues together.
    aggregated_stats: QueueStats,
    /// The same queues as they were sent; left out where a page was asked for.
    #[schema(required = false)]
    rows: Vec<FlatRow>,
}

/// `GET /api/v1/federated/queues`
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the answer; it is written from prepared text")]
pub struct FlatQueues {
    #[serde(flatten)]
    envelope: Envelope,
    /// Length of `queues`, on all pages together.
    queue_count: usize,
    /// Queues as they were sent: one row for each instance, setup and queue.
    queues: Vec<FlatRow>,
    /// All queues together.
    aggregated_stats: QueueStats,
    /// The same queues by name; left out where a page was asked for.
    #[schema(required = false)]
    grouped: Vec<NamedQueue<'static>>,
}

/// All queues of one name. Null is "nobody knows".
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NamedQueue<'a> {
    /// The name.
    pub queue_name: &'a str,
    /// The name again.
    pub name: &'a str,
    /// Where there is such a queue.
    pub instances: Vec<QueueInstance<'a>>,
    /// Messages, each database counted once.
    pub total_messages: Option<u64>,
    /// Active consumers.
    pub total_consumers: Option<u64>,
    /// The plain mean of the rates.
    pub average_processing_rate: Option<f64>,
}

/// A queue on one instance.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueueInstance<'a> {
    /// The instance.
    pub instance_id: &'a str,
    /// The setup, if it was told.
    pub setup_id: Option<&'a str>,
    /// Messages.
    pub message_count: Option<u64>,
    /// Active consumers.
    pub consumer_count: Option<u64>,
    /// Messages a second; from today's instances an average over the queue's life.
    pub processing_rate: Option<f64>,
    /// Share of messages that failed.
    pub error_rate: Option<f64>,
    /// `active`, `paused`, `idle`, `error` or `unknown`.
    pub status: &'static str,
    /// `native` or `outbox`.
    pub implementation_type: Option<&'static str>,
    /// `counted`, `shared` (counted with another instance) or `unknown`.
    pub standing: &'static str,
}

/// All queues together.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueueStats {
    /// Messages, each database counted once.
    pub total_messages: Option<u64>,
    /// Active consumers.
    pub total_consumers: Option<u64>,
    /// The plain mean of the rates.
    pub average_processing_rate: Option<f64>,
    /// The plain mean of the times that messages take.
    pub average_processing_time: Option<String>,
    /// Names whose queues are all well.
    pub healthy_queues: u64,
    /// Names with a queue that is not.
    pub unhealthy_queues: u64,
    /// Names of which nobody knows.
    pub unknown_queues: u64,
}

impl<'a> NamedQueue<'a> {
    /// How one name looks.
    pub fn of(list: &'a List<QueueRow>, named: &'a Named<QueueTotals>) -> Self {
        let instance = |placed: &Placed| QueueInstance::of(list, *placed);
        Self {
            queue_name: &named.name,
            name: &named.name,
            instances: list.rows_of(named).iter().filter_map(instance).collect(),
            total_messages: named.totals.messages.total(),
            total_consumers: named.totals.consumers.total(),
            average_processing_rate: rounded(named.totals.average_rate()),
        }
    }
}

impl<'a> QueueInstance<'a> {
    fn of(list: &'a List<QueueRow>, placed: Placed) -> Option<Self> {
        let (part, row) = (list.parts.get(placed.source)?, list.row(placed)?);
        // What an instance says about a database that is down is no knowledge.
        let known = placed.standing != Standing::Unknown;
        Some(Self {
            instance_id: part.source.instance.as_str(),
            setup_id: row.setup.as_deref(),
            message_count: row.messages.filter(|_| known),
            consumer_count: row.consumers.filter(|_| known),
            processing_rate: row.rate.map(Rate::per_second).filter(|_| known),
            error_rate: row.error_rate.map(Ratio::share).filter(|_| known),
            status: row.status.word(),
            implementation_type: row.implementation.map(Implementation::word),
            standing: standing_word(placed.standing),
        })
    }
}

impl QueueStats {
    /// The queues of an answer together.
    pub fn of(list: &List<QueueRow>) -> Self {
        Self {
            total_messages: list.totals.messages.total(),
            total_consumers: list.totals.consumers.total(),
            average_processing_rate: rounded(list.totals.average_rate()),
            average_processing_time: super::worded(list.totals.average_processing()),
            healthy_queues: list.conditions.good,
            unhealthy_queues: list.conditions.bad,
            unknown_queues: list.conditions.unknown,
        }
    }
}
