//! What one instance measures about itself, from wherever it can be had.
//!
//! Does not own the reading of JSON or of Prometheus text.

use super::InstanceMetrics;
use crate::quantity::{ByteSize, Millis, Rate, Ratio};

/// The metrics of one instance. `None` is "the instance did not say".
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MetricsPart {
    /// How long the process has been running.
    pub uptime: Option<Millis>,
    /// Memory in use.
    pub memory_used: Option<ByteSize>,
    /// Memory taken from the system.
    pub memory_total: Option<ByteSize>,
    /// The most memory the process may take.
    pub memory_max: Option<ByteSize>,
    /// Processors.
    pub cpu_cores: Option<u64>,
    /// Threads.
    pub threads_active: Option<u64>,
    /// Connections to all its databases.
    pub active_connections: Option<u64>,
    /// Messages in all its databases.
    pub total_messages: Option<u64>,
    /// Share of the machine's processors that the process uses, 1 being all.
    pub cpu_usage: Option<Ratio>,
    /// Space in use on disk.
    pub disk_used: Option<ByteSize>,
    /// Requests answered since its start.
    pub requests: Option<RequestCounters>,
    /// The same counters read earlier, for a rate of lately instead of one since the start.
    pub earlier: Option<EarlierRequests>,
    /// Requests a second, if the instance itself says so.
    pub request_rate: Option<Rate>,
    /// Mean time to answer a request, if the instance itself says so.
    pub response_time: Option<Millis>,
    /// Queries to its databases.
    pub queries: Option<u64>,
    /// Queries a second.
    pub query_rate: Option<Rate>,
    /// Mean time of a query.
    pub query_time: Option<Millis>,
    /// Messages a second.
    pub message_rate: Option<Rate>,
    /// Consumers.
    pub consumers: Option<u64>,
    /// Mean time to process a message.
    pub processing_time: Option<Millis>,
}

/// Answered requests by class of status, and how long they took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestCounters {
    /// 1xx.
    pub informational: u64,
    /// 2xx.
    pub success: u64,
    /// 3xx.
    pub redirect: u64,
    /// 4xx: the caller's fault, not an error of the instance.
    pub client_error: u64,
    /// 5xx.
    pub server_error: u64,
    /// The time of all timed requests together.
    pub duration_sum: Millis,
    /// How many requests were timed.
    pub duration_count: u64,
}

/// Counters as they were some time ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EarlierRequests {
    /// The counters.
    pub counters: RequestCounters,
    /// How long ago.
    pub ago: Millis,
}

impl RequestCounters {
    /// Adds `count` requests answered with `status`. A status outside 100 to 599 counts as an error of the instance.
    pub fn record(&mut self, status: u16, count: u64) {
        let class = match status {
            100..200 => &mut self.informational,
            200..300 => &mut self.success,
            300..400 => &mut self.redirect,
            400..500 => &mut self.client_error,
            _ => &mut self.server_error,
        };
        *class = class.saturating_add(count);
    }

    /// All requests.
    pub fn total(&self) -> u64 {
        [self.informational, self.success, self.redirect, self.client_error, self.server_error]
            .iter()
            .fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Mean time to answer one request; `None` if none was timed.
    pub fn average_duration(&self) -> Option<Millis> {
        self.duration_sum.micros().checked_div(self.duration_count).map(Millis::from_micros)
    }
}

impl MetricsPart {
    /// Requests a second: what the instance says, else lately, else since its start.
    pub fn requests_per_second(&self) -> Option<Rate> {
        let lately = || {
            let (now, earlier) = (self.requests?, self.earlier?);
            // A counter that fell was reset by a restart: the difference would be nonsense.
            Rate::of(now.total().checked_sub(earlier.counters.total())?, earlier.ago)
        };
        let since_start = || Rate::of(self.requests?.total(), self.uptime?);
        self.request_rate.or_else(lately).or_else(since_start)
    }

    /// Mean time to answer a request: measured over all timed requests, else what the instance says.
    pub fn average_response_time(&self) -> Option<Millis> {
        self.requests.and_then(|requests| requests.average_duration()).or(self.response_time)
    }

    pub(super) fn shown(&self) -> InstanceMetrics {
        InstanceMetrics {
            cpu_usage: self.cpu_usage,
            memory_used: self.memory_used,
            request_rate: self.requests_per_second(),
            response_time: self.average_response_time(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(count: u64) -> RequestCounters {
        RequestCounters { success: count, ..RequestCounters::default() }
    }

    #[test]
    fn rates_are_of_lately_or_since_the_start() {
        let mut part = MetricsPart { requests: Some(answered(100)), ..MetricsPart::default() };
        assert_eq!(part.requests_per_second(), None);
        part.uptime = Some(Millis::from_millis(50_000));
        assert_eq!(part.requests_per_second().map(Rate::per_second), Some(2.0));
        part.earlier = Some(EarlierRequests { counters: answered(60), ago: Millis::from_millis(10_000) });
        assert_eq!(part.requests_per_second().map(Rate::per_second), Some(4.0));
        part.earlier = Some(EarlierRequests { counters: answered(900), ago: Millis::from_millis(10_000) });
        assert_eq!(part.requests_per_second().map(Rate::per_second), Some(2.0), "after a restart");
    }

    #[test]
    fn requests_are_kept_by_class() {
        let mut counters = RequestCounters::default();
        for status in [101, 200, 204, 302, 404, 503, 999] {
            counters.record(status, 1);
        }
        assert_eq!((counters.success, counters.client_error, counters.server_error, counters.total()), (2, 1, 2, 7));
        assert_eq!(counters.average_duration(), None);
    }
}
