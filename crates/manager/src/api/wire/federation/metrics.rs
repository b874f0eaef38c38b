//! Metrics: the guide's blocks in its words, the original's in numbers.

use peegeeq_domain::federation::{InstanceMetrics, MetricsPart, MetricsTotals, Part, Sum};
use peegeeq_domain::quantity::{ByteSize, Rate, Ratio};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Envelope, rounded, worded};
use crate::federation::{Attached, Metrics};

/// `GET /api/v1/federation/metrics`
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the answer; it is written from prepared text")]
pub struct FederatedMetrics {
    #[serde(flatten)]
    envelope: Envelope,
    /// The cluster as one.
    metrics: MetricsBlocks<'static>,
    /// Each instance that answered, in the guide's words; on a page, those of the page.
    instance_metrics: Vec<InstanceFigures<'static>>,
}

/// The cluster as one. Null is "no instance supplied it".
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MetricsBlocks<'a> {
    /// Machines.
    pub system: SystemBlock,
    /// Requests.
    pub application: ApplicationBlock,
    /// Databases; those that several instances show count once.
    pub database: DatabaseBlock,
    /// Queues; likewise.
    pub queues: QueuesBlock,
    /// The original's totals, in bytes and plain numbers.
    pub aggregated: AggregatedBlock,
    /// The original's row of each instance.
    pub instances: Vec<InstanceRow<'a>>,
}

/// Machines.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SystemBlock {
    /// Processors' use of all instances together, in percent.
    pub total_cpu_usage: Option<f64>,
    /// The same of an average instance.
    pub average_cpu_usage: Option<f64>,
    /// Memory in use, such as `2.8GB`.
    pub total_memory_usage: Option<String>,
    /// The same of an average instance.
    pub average_memory_usage: Option<String>,
    /// Space in use on disks.
    pub total_disk_usage: Option<String>,
    /// The same of an average instance.
    pub average_disk_usage: Option<String>,
}

/// Requests.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationBlock {
    /// Requests since the instances' starts.
    pub total_requests: Option<u64>,
    /// Requests a second, lately or since the start.
    pub requests_per_second: Option<f64>,
    /// Mean time to answer, weighted by requests, such as `125ms`.
    pub average_response_time: Option<String>,
    /// Requests answered with 5xx, in percent.
    pub error_rate: Option<f64>,
    /// Requests answered with 5xx.
    pub total_errors: Option<u64>,
}

/// Databases.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseBlock {
    /// Connections.
    pub total_connections: Option<u64>,
    /// Connections of an average instance.
    pub average_connections: Option<f64>,
    /// Queries.
    pub total_queries: Option<u64>,
    /// Queries a second.
    pub queries_per_second: Option<f64>,
    /// Mean time of a query.
    pub average_query_time: Option<String>,
}

/// Queues.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueuesBlock {
    /// Messages.
    pub total_messages: Option<u64>,
    /// Messages a second; from today's instances an average over the queues' lives.
    pub messages_per_second: Option<f64>,
    /// Active consumers.
    pub total_consumers: Option<u64>,
    /// Mean time to process a message.
    pub average_processing_time: Option<String>,
}

/// The original's totals.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AggregatedBlock {
    /// Memory in use, in bytes.
    pub total_memory_used: Option<u64>,
    /// Memory taken from the systems, in bytes.
    pub total_memory_total: Option<u64>,
    /// The most memory the processes may take, in bytes.
    pub total_memory_max: Option<u64>,
    /// Processors.
    pub total_cpu_cores: Option<u64>,
    /// Threads.
    pub total_threads_active: Option<u64>,
    /// Connections to databases.
    pub total_active_connections: Option<u64>,
    /// Messages.
    pub total_messages: Option<u64>,
    /// Memory in use of memory taken, in percent.
    pub average_memory_usage: Option<f64>,
}

/// The original's row of an instance.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", untagged)]
pub enum InstanceRow<'a> {
    /// It answered.
    Answered(AnsweredRow<'a>),
    /// It did not.
    Failed(FailedRow<'a>),
}

/// The original's row of an instance that answered.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AnsweredRow<'a> {
    /// Its name.
    pub instance_id: &'a str,
    /// Where it listens.
    pub host: &'a str,
    /// Its port.
    pub port: u16,
    /// Memory in use, in bytes.
    pub memory_used: Option<u64>,
    /// Memory taken from the system, in bytes.
    pub memory_total: Option<u64>,
    /// The most memory it may take, in bytes.
    pub memory_max: Option<u64>,
    /// Processors.
    pub cpu_cores: Option<u64>,
    /// Threads.
    pub threads_active: Option<u64>,
    /// Connections to its databases.
    pub active_connections: Option<u64>,
    /// Messages.
    pub total_messages: Option<u64>,
}

/// The original's row of an instance that gave nothing.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FailedRow<'a> {
    /// Its name.
    pub instance_id: &'a str,
    /// `true`
    pub error: bool,
    /// Why.
    pub message: String,
}

/// One instance in the guide's words.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InstanceFigures<'a> {
    /// Its name.
    pub instance_id: &'a str,
    /// Processors' use in percent.
    pub cpu_usage: Option<f64>,
    /// Memory in use.
    pub memory_usage: Option<String>,
    /// Requests a second.
    pub requests_per_second: Option<f64>,
    /// Mean time to answer.
    pub response_time: Option<String>,
}

impl<'a> MetricsBlocks<'a> {
    /// All blocks of an answer.
    pub fn of(metrics: &'a Metrics) -> Self {
        let totals = &metrics.totals;
        Self {
            system: SystemBlock::of(totals),
            application: ApplicationBlock::of(totals),
            database: DatabaseBlock::of(totals),
            queues: QueuesBlock::of(totals),
            aggregated: AggregatedBlock::of(totals),
            instances: metrics.parts.iter().map(InstanceRow::of).collect(),
        }
    }
}

impl SystemBlock {
    fn of(totals: &MetricsTotals) -> Self {
        Self {
            total_cpu_usage: rounded(totals.total_cpu_percent()),
            average_cpu_usage: rounded(totals.average_cpu_percent()),
            total_memory_usage: size(&totals.memory_used),
            average_memory_usage: worded(totals.average_memory()),
            total_disk_usage: size(&totals.disk_used),
            average_disk_usage: worded(totals.average_disk()),
        }
    }
}

/// A sum of sizes in words; nothing if nobody told any.
fn size(sum: &Sum) -> Option<String> {
    worded(sum.total().filter(|_| sum.known() > 0).map(ByteSize::from_bytes))
}

/// A sum; nothing if nobody told any.
fn known(sum: &Sum) -> Option<u64> {
    sum.total().filter(|_| sum.known() > 0)
}

impl ApplicationBlock {
    fn of(totals: &MetricsTotals) -> Self {
        Self {
            total_requests: known(&totals.requests),
            requests_per_second: rounded(totals.requests_per_second()),
            average_response_time: worded(totals.average_response_time()),
            error_rate: rounded(totals.error_rate().map(Ratio::percent)),
            total_errors: known(&totals.errors),
        }
    }
}

impl DatabaseBlock {
    fn of(totals: &MetricsTotals) -> Self {
        Self {
            total_connections: known(&totals.connections),
            average_connections: rounded(totals.average_connections()),
            total_queries: known(&totals.queries),
            queries_per_second: rounded(totals.queries_per_second()),
            average_query_time: worded(totals.average_query_time()),
        }
    }
}

impl QueuesBlock {
    fn of(totals: &MetricsTotals) -> Self {
        Self {
            total_messages: known(&totals.messages),
            messages_per_second: rounded(totals.messages_per_second()),
            total_consumers: known(&totals.consumers),
            average_processing_time: worded(totals.average_processing_time()),
        }
    }
}

impl AggregatedBlock {
    fn of(totals: &MetricsTotals) -> Self {
        Self {
            total_memory_used: known(&totals.memory_used),
            total_memory_total: known(&totals.memory_total),
            total_memory_max: known(&totals.memory_max),
            total_cpu_cores: known(&totals.cpu_cores),
            total_threads_active: known(&totals.threads_active),
            total_active_connections: known(&totals.connections),
            total_messages: known(&totals.messages),
            average_memory_usage: totals.memory_usage_percent(),
        }
    }
}

impl<'a> InstanceRow<'a> {
    fn of(part: &'a Part<MetricsPart, Attached>) -> Self {
        let instance_id = part.source.instance.as_str();
        let metrics = match &part.outcome {
            Ok(metrics) => metrics,
            Err(failure) => return Self::Failed(FailedRow { instance_id, error: true, message: failure.to_string() }),
        };
        Self::Answered(AnsweredRow {
            instance_id,
            host: &part.source.host,
            port: part.attached.entry.instance.registration.endpoint.port.get(),
            memory_used: metrics.memory_used.map(ByteSize::bytes),
            memory_total: metrics.memory_total.map(ByteSize::bytes),
            memory_max: metrics.memory_max.map(ByteSize::bytes),
            cpu_cores: metrics.cpu_cores,
            threads_active: metrics.threads_active,
            active_connections: metrics.active_connections,
            total_messages: metrics.total_messages,
        })
    }
}

impl<'a> InstanceFigures<'a> {
    /// How one instance looks.
    pub fn of(part: &'a Part<MetricsPart, Attached>, figures: &InstanceMetrics) -> Self {
        Self {
            instance_id: part.source.instance.as_str(),
            cpu_usage: rounded(figures.cpu_usage.map(Ratio::percent)),
            memory_usage: worded(figures.memory_used),
            requests_per_second: rounded(figures.request_rate.map(Rate::per_second)),
            response_time: worded(figures.response_time),
        }
    }
}
