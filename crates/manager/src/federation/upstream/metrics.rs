//! The management metrics of an instance: flat numbers of today's releases, and the guide's names.

use peegeeq_domain::federation::{FetchFailure, MetricsPart};
use serde::Deserialize;

use super::body::{bad, broken, require_object};
use super::lenient::{Lenient, first_count};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Raw<'a> {
    #[serde(borrow)]
    uptime: Lenient<'a>,
    memory_used: Lenient<'a>,
    memory_usage: Lenient<'a>,
    memory_total: Lenient<'a>,
    memory_max: Lenient<'a>,
    cpu_cores: Lenient<'a>,
    cpu_usage: Lenient<'a>,
    disk_usage: Lenient<'a>,
    threads_active: Lenient<'a>,
    active_connections: Lenient<'a>,
    total_messages: Lenient<'a>,
    total_consumers: Lenient<'a>,
    total_queries: Lenient<'a>,
    queries_per_second: Lenient<'a>,
    average_query_time: Lenient<'a>,
    messages_per_second: Lenient<'a>,
    requests_per_second: Lenient<'a>,
    response_time: Lenient<'a>,
    average_response_time: Lenient<'a>,
    average_processing_time: Lenient<'a>,
}

/// Reads management metrics. Fails only if the answer as a whole makes no sense.
pub(in crate::federation) fn read_metrics(body: &[u8]) -> Result<MetricsPart, FetchFailure> {
    let raw: Raw<'_> = serde_json::from_str(require_object(body)?).map_err(|error| broken(&error))?;
    let part = MetricsPart {
        uptime: raw.uptime.millis(),
        memory_used: raw.memory_used.size().or_else(|| raw.memory_usage.size()),
        memory_total: raw.memory_total.size(),
        memory_max: raw.memory_max.size(),
        cpu_cores: raw.cpu_cores.count(),
        threads_active: raw.threads_active.count(),
        active_connections: raw.active_connections.count(),
        total_messages: raw.total_messages.count(),
        cpu_usage: raw.cpu_usage.percent(),
        disk_used: raw.disk_usage.size(),
        request_rate: raw.requests_per_second.rate(),
        response_time: raw.response_time.millis().or_else(|| raw.average_response_time.millis()),
        queries: raw.total_queries.count(),
        query_rate: raw.queries_per_second.rate(),
        query_time: raw.average_query_time.millis(),
        message_rate: raw.messages_per_second.rate(),
        consumers: first_count(&[&raw.total_consumers]),
        processing_time: raw.average_processing_time.millis(),
        requests: None,
        earlier: None,
    };
    if part == MetricsPart::default() { Err(bad("it has none of the metrics")) } else { Ok(part) }
}
