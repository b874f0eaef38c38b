//! Metrics: the recorder, the request metrics, and the text at `/metrics`.
//!
//! Owns names that concern HTTP and the process; other rooms record theirs where things happen. Labels are bounded: a
//! route is the matched pattern, never a path.

mod shards;
mod tally;

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::{Method, StatusCode};
use metrics::{Counter, Histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use shards::Shards;
use tally::{Tallies, Tallying};

static RECORDER: OnceLock<Metrics> = OnceLock::new();

/// Requests that began, less those that ended: a request may end on another thread.
static IN_FLIGHT: Shards<AtomicI64> = Shards::new();

/// The process's metrics. The recorder is one for the whole process and installed at the first call.
#[derive(Clone, Debug)]
pub struct Metrics {
    handle: PrometheusHandle,
    tallies: Arc<Tallies>,
}

/// The recorder could not be installed.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up metrics: {0}")]
pub struct MetricsError(String);

impl Metrics {
    /// Installs the recorder, if it is not yet.
    pub fn install() -> Result<Self, MetricsError> {
        if let Some(metrics) = RECORDER.get() {
            return Ok(metrics.clone());
        }
        let exporter = PrometheusBuilder::new().build_recorder();
        let metrics = Self { handle: exporter.handle(), tallies: Arc::default() };
        if RECORDER.set(metrics.clone()).is_ok() {
            let recorder = Tallying { exporter, tallies: metrics.tallies.clone() };
            metrics::set_global_recorder(recorder).map_err(|error| MetricsError(error.to_string()))?;
            describe();
        }
        Ok(RECORDER.get().cloned().unwrap_or(metrics))
    }

    /// Everything, in Prometheus' text format.
    pub fn render(&self) -> String {
        metrics_process::Collector::default().collect();
        let in_flight: i64 = IN_FLIGHT.all().map(|count| count.load(Ordering::Relaxed)).sum();
        #[expect(clippy::cast_precision_loss, reason = "there are far fewer requests than 2^53")]
        metrics::gauge!("peegeeq_http_requests_in_flight").set(in_flight.max(0) as f64);
        self.tallies.settle();
        let mut text = self.handle.render();
        self.tallies.write(&mut text);
        text
    }
}

fn describe() {
    metrics_process::Collector::default().describe();
    metrics::describe_counter!("peegeeq_http_requests_total", "Requests answered, by method, route and status.");
    metrics::describe_histogram!("peegeeq_http_request_duration_seconds", metrics::Unit::Seconds, "Time to the head of the answer.");
    metrics::describe_gauge!("peegeeq_http_requests_in_flight", "Requests being answered.");
    metrics::describe_counter!("peegeeq_tls_handshakes_total", "TLS handshakes with clients, by version and what was agreed on.");
    metrics::describe_counter!("peegeeq_tls_handshake_failures_total", "Connections of clients that came to no TLS, by reason.");
    metrics::describe_counter!("peegeeq_http2_floods_total", "HTTP/2 connections ended because most requests on them were cancelled.");
    metrics::describe_gauge!("peegeeq_server_certificate_expiry_seconds", "Time left of the certificate shown to clients.");
    metrics::describe_gauge!("peegeeq_server_certificate_reload_failed", "1 while the certificate's files cannot be used.");
    metrics::describe_counter!("peegeeq_server_certificate_reloads_total", "New certificate files, by what became of them.");
    metrics::describe_counter!("peegeeq_http_panics_total", "Requests that failed in a way that is our fault.");
    metrics::describe_counter!("peegeeq_instances_registered_total", "Registrations of an id that was not registered.");
    metrics::describe_gauge!("peegeeq_instances", "Registered instances, by state.");
    metrics::describe_gauge!("peegeeq_catalog_generation", "Number of the catalog.");
    metrics::describe_histogram!("peegeeq_health_check_duration_seconds", metrics::Unit::Seconds, "Duration of health checks.");
    metrics::describe_gauge!("peegeeq_federation_active_requests", "Federated answers being put together.");
}

/// Metrics of requests. Each worker thread keeps the handles it has used.
#[derive(Clone, Copy, Debug, Default)]
pub struct HttpMetrics;

/// A request being answered.
#[derive(Debug)]
pub struct Running(());

impl Drop for Running {
    fn drop(&mut self) {
        IN_FLIGHT.own().fetch_sub(1, Ordering::Relaxed);
    }
}

/// By route; the few kinds of answers that a route gives are found by looking.
type Handles = HashMap<String, Vec<(&'static str, StatusCode, Counter, Histogram)>>;

thread_local! {
    /// Asking the recorder for a handle hashes every label; a request should not.
    static HANDLES: RefCell<Handles> = RefCell::new(HashMap::new());
}

impl HttpMetrics {
    /// A request came.
    pub fn begin(self) -> Running {
        IN_FLIGHT.own().fetch_add(1, Ordering::Relaxed);
        Running(())
    }
}

impl Running {
    /// It was answered. `route` is the matched pattern; a request that matched none counts under `none`.
    pub fn end(self, route: Option<&str>, method: &Method, status: StatusCode, took: Duration) {
        let (route, method) = (route.unwrap_or("none"), method_label(method));
        HANDLES.with_borrow_mut(|handles| {
            let is_same = |known: &&(&'static str, StatusCode, Counter, Histogram)| known.1 == status && known.0 == method;
            if let Some((_, _, count, duration)) = handles.get(route).and_then(|kinds| kinds.iter().find(is_same)) {
                count.increment(1);
                duration.record(took);
                return;
            }
            let (count, duration) = handles_for(method, route, status);
            count.increment(1);
            duration.record(took);
            handles.entry(route.to_owned()).or_default().push((method, status, count, duration));
        });
    }
}

fn handles_for(method: &'static str, route: &str, status: StatusCode) -> (Counter, Histogram) {
    let route = route.to_owned();
    let status = status.as_str().to_owned();
    (
        metrics::counter!("peegeeq_http_requests_total", "method" => method, "route" => route.clone(), "status" => status),
        metrics::histogram!("peegeeq_http_request_duration_seconds", "method" => method, "route" => route),
    )
}

/// A caller may invent methods; metrics may not grow with them.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        _ => "other",
    }
}
