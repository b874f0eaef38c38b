//! What the metrics of many instances add up to, in the blocks of the guide and of the original.

use alloc::vec::Vec;

use super::MetricsPart;
use crate::federation::overview::add_of_databases;
use crate::federation::{Mean, Standing, Sum, WeightedMean};
use crate::quantity::{ByteSize, Millis, Rate, Ratio};

/// Sums and means over instances. What no instance supplied is `None` and named by [`MetricsTotals::unavailable`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MetricsTotals {
    /// Memory in use, in bytes.
    pub memory_used: Sum,
    /// Memory taken from the systems, in bytes.
    pub memory_total: Sum,
    /// The most memory the processes may take, in bytes.
    pub memory_max: Sum,
    /// Processors.
    pub cpu_cores: Sum,
    /// Threads.
    pub threads_active: Sum,
    /// Space in use on disks, in bytes.
    pub disk_used: Sum,
    /// Requests since the instances' starts.
    pub requests: Sum,
    /// Requests answered with 5xx.
    pub errors: Sum,
    /// Connections to databases; databases shown by several instances count once.
    pub connections: Sum,
    /// Queries.
    pub queries: Sum,
    /// Messages; databases shown by several instances count once.
    pub messages: Sum,
    /// Consumers; likewise.
    pub consumers: Sum,
    cpu_percent: Mean,
    /// Used and total of the instances that told both.
    memory_paired: (Sum, Sum),
    request_rates: Mean,
    response_times: WeightedMean,
    query_rates: Mean,
    query_times: WeightedMean,
    message_rates: Mean,
    processing_times: WeightedMean,
}

impl MetricsTotals {
    /// The processors' use of all instances together, in percent; may exceed 100.
    pub const fn total_cpu_percent(&self) -> Option<f64> {
        self.cpu_percent.sum()
    }

    /// The plain mean of the processors' use, in percent.
    pub fn average_cpu_percent(&self) -> Option<f64> {
        self.cpu_percent.mean()
    }

    /// Memory in use on an average instance.
    pub fn average_memory(&self) -> Option<ByteSize> {
        average_size(&self.memory_used)
    }

    /// The original's `averageMemoryUsage`: memory in use of memory taken, in percent.
    pub fn memory_usage_percent(&self) -> Option<f64> {
        Ratio::of(self.memory_paired.0.total()?, self.memory_paired.1.total()?).map(Ratio::percent)
    }

    /// Space in use on an average instance.
    pub fn average_disk(&self) -> Option<ByteSize> {
        average_size(&self.disk_used)
    }

    /// Requests a second, all instances together.
    pub const fn requests_per_second(&self) -> Option<f64> {
        self.request_rates.sum()
    }

    /// Mean time to answer a request, weighted by requests.
    pub fn average_response_time(&self) -> Option<Millis> {
        self.response_times.mean().map(Millis::from_micros)
    }

    /// Errors of requests; `None` if there were no requests or nobody counted them.
    pub fn error_rate(&self) -> Option<Ratio> {
        Ratio::of(known(&self.errors)?, known(&self.requests)?)
    }

    /// Connections of an average instance.
    pub fn average_connections(&self) -> Option<f64> {
        self.connections.mean()
    }

    /// Queries a second, all instances together.
    pub const fn queries_per_second(&self) -> Option<f64> {
        self.query_rates.sum()
    }

    /// Mean time of a query, weighted by queries.
    pub fn average_query_time(&self) -> Option<Millis> {
        self.query_times.mean().map(Millis::from_micros)
    }

    /// Messages a second, all instances together.
    pub const fn messages_per_second(&self) -> Option<f64> {
        self.message_rates.sum()
    }

    /// Mean time to process a message, the plain mean of the instances' means.
    pub fn average_processing_time(&self) -> Option<Millis> {
        self.processing_times.mean().map(Millis::from_micros)
    }

    /// The guide's names, with their block, of the figures that no instance supplied; in the guide's order.
    pub fn unavailable(&self) -> Vec<&'static str> {
        let figures: [(bool, &[&'static str]); 16] = [
            (self.cpu_percent.sum().is_some(), &["system.totalCpuUsage", "system.averageCpuUsage"]),
            (self.memory_used.known() > 0, &["system.totalMemoryUsage", "system.averageMemoryUsage"]),
            (self.disk_used.known() > 0, &["system.totalDiskUsage", "system.averageDiskUsage"]),
            (self.requests.known() > 0, &["application.totalRequests"]),
            (self.request_rates.sum().is_some(), &["application.requestsPerSecond"]),
            (self.response_times.mean().is_some(), &["application.averageResponseTime"]),
            (self.error_rate().is_some(), &["application.errorRate"]),
            (self.errors.known() > 0, &["application.totalErrors"]),
            (self.connections.known() > 0, &["database.totalConnections", "database.averageConnections"]),
            (self.queries.known() > 0, &["database.totalQueries"]),
            (self.query_rates.sum().is_some(), &["database.queriesPerSecond"]),
            (self.query_times.mean().is_some(), &["database.averageQueryTime"]),
            (self.messages.known() > 0, &["queues.totalMessages"]),
            (self.message_rates.sum().is_some(), &["queues.messagesPerSecond"]),
            (self.consumers.known() > 0, &["queues.totalConsumers"]),
            (self.processing_times.mean().is_some(), &["queues.averageProcessingTime"]),
        ];
        figures.iter().filter(|(known, _)| !known).flat_map(|(_, names)| names.iter().copied()).collect()
    }

    pub(super) fn add(&mut self, part: &MetricsPart, databases: (Standing, bool)) {
        self.add_system(part);
        self.add_application(part);
        self.add_databases(part, databases);
    }

    /// Notes an instance that gave nothing.
    pub(super) fn add_unknown(&mut self) {
        self.add(&MetricsPart::default(), (Standing::Unknown, false));
    }

    fn add_system(&mut self, part: &MetricsPart) {
        self.cpu_percent.add(part.cpu_usage.map(Ratio::percent));
        self.memory_used.add(part.memory_used.map(ByteSize::bytes));
        self.memory_total.add(part.memory_total.map(ByteSize::bytes));
        self.memory_max.add(part.memory_max.map(ByteSize::bytes));
        if let (Some(used), Some(total)) = (part.memory_used, part.memory_total) {
            self.memory_paired.0.add(Some(used.bytes()));
            self.memory_paired.1.add(Some(total.bytes()));
        }
        self.cpu_cores.add(part.cpu_cores);
        self.threads_active.add(part.threads_active);
        self.disk_used.add(part.disk_used.map(ByteSize::bytes));
    }

    fn add_application(&mut self, part: &MetricsPart) {
        self.requests.add(part.requests.map(|requests| requests.total()));
        self.errors.add(part.requests.map(|requests| requests.server_error));
        self.request_rates.add(part.requests_per_second().map(Rate::per_second));
        match part.requests.filter(|requests| requests.duration_count > 0) {
            Some(timed) => self.response_times.add_sum(timed.duration_sum.micros().into(), timed.duration_count),
            None => {
                let weight = part.requests.map(|requests| requests.total());
                self.response_times.add(part.response_time.map(Millis::micros), weight);
            }
        }
    }

    fn add_databases(&mut self, part: &MetricsPart, databases: (Standing, bool)) {
        add_of_databases(&mut self.connections, databases, part.active_connections);
        add_of_databases(&mut self.queries, databases, part.queries);
        add_of_databases(&mut self.messages, databases, part.total_messages);
        add_of_databases(&mut self.consumers, databases, part.consumers);
        if databases.0 == Standing::Counted {
            self.query_rates.add(part.query_rate.map(Rate::per_second));
            self.query_times.add(part.query_time.map(Millis::micros), part.queries);
            self.message_rates.add(part.message_rate.map(Rate::per_second));
            self.processing_times.add(part.processing_time.map(Millis::micros), None);
        }
    }
}

fn known(sum: &Sum) -> Option<u64> {
    sum.total().filter(|_| sum.known() > 0)
}

fn average_size(sum: &Sum) -> Option<ByteSize> {
    known(sum)?.checked_div(sum.known()).map(ByteSize::from_bytes)
}
