//! Owns a client for load: connections that stay open, each asking again and again. Does not own judging numbers.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Method;
use tokio::task::JoinSet;

use super::{ClientError, open, prepare, read};

/// What a load client does.
#[derive(Clone, Debug)]
pub struct LoadPlan {
    /// What is asked, with GET.
    pub url: String,
    /// Headers sent with each request.
    pub headers: Vec<(String, String)>,
    /// Connections at the same time; each has one request under way.
    pub connections: usize,
    /// Requests on each connection.
    pub requests_per_connection: usize,
    /// How long one request may take.
    pub timeout: Duration,
}

impl LoadPlan {
    /// A plan without headers, ten seconds for each request.
    #[must_use]
    pub fn new(url: &str, connections: usize, requests_per_connection: usize) -> Self {
        let timeout = Duration::from_secs(10);
        Self { url: url.to_owned(), headers: Vec::new(), connections, requests_per_connection, timeout }
    }
}

/// What a load client saw.
#[derive(Clone, Debug, Default)]
pub struct LoadReport {
    /// Answers by status.
    pub statuses: BTreeMap<u16, u64>,
    /// Requests without an answer.
    pub errors: u64,
    /// Text of the last error.
    pub last_error: Option<String>,
    /// Bytes of all bodies.
    pub body_bytes: u64,
    /// From the first request to the last answer.
    pub elapsed: Duration,
    /// How long each answered request took, shortest first.
    pub latencies: Vec<Duration>,
}

impl LoadReport {
    /// Requests that were answered.
    #[must_use]
    pub fn answered(&self) -> u64 {
        self.statuses.values().sum()
    }

    /// Answers with status 200.
    #[must_use]
    pub fn ok(&self) -> u64 {
        self.statuses.get(&200).copied().unwrap_or(0)
    }

    /// Answers per second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.answered() as f64 / self.elapsed.as_secs_f64().max(f64::EPSILON)
    }

    /// The latency that this share of answers stayed below, such as 0.5 or 0.99; zero without answers.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Duration {
        let last = self.latencies.len().saturating_sub(1);
        let index = (share.clamp(0.0, 1.0) * last as f64).round() as usize;
        self.latencies.get(index).copied().unwrap_or_default()
    }

    fn add(&mut self, other: Self) {
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
        self.errors += other.errors;
        self.last_error = other.last_error.or(self.last_error.take());
        self.body_bytes += other.body_bytes;
        self.latencies.extend(other.latencies);
    }

    fn failed(&mut self, error: &ClientError) {
        self.errors += 1;
        self.last_error = Some(error.to_string());
    }
}

/// A client with many open connections.
#[derive(Clone, Copy, Debug)]
pub struct LoadClient;

impl LoadClient {
    /// Carries out a plan. A connection that fails is opened again for the next request.
    pub async fn run(plan: &LoadPlan) -> LoadReport {
        let started = Instant::now();
        let mut workers = JoinSet::new();
        for _ in 0..plan.connections {
            workers.spawn(work(plan.clone()));
        }
        let mut report = LoadReport::default();
        while let Some(finished) = workers.join_next().await {
            // A worker that panicked has nothing to add; its requests are missing in the counts.
            if let Ok(part) = finished {
                report.add(part);
            }
        }
        report.elapsed = started.elapsed();
        report.latencies.sort_unstable();
        report
    }
}

async fn work(plan: LoadPlan) -> LoadReport {
    let mut report = LoadReport::default();
    let mut sender = None;
    for _ in 0..plan.requests_per_connection {
        let started = Instant::now();
        let exchange = ask(&plan, &mut sender);
        let outcome = tokio::time::timeout(plan.timeout, exchange).await;
        match outcome.unwrap_or(Err(ClientError::Timeout(plan.timeout))) {
            Ok((status, bytes)) => {
                *report.statuses.entry(status).or_default() += 1;
                report.body_bytes += bytes;
                report.latencies.push(started.elapsed());
            }
            Err(error) => {
                sender = None;
                report.failed(&error);
            }
        }
    }
    report
}

type Sender = hyper::client::conn::http1::SendRequest<http_body_util::Full<Bytes>>;

async fn ask(plan: &LoadPlan, sender: &mut Option<Sender>) -> Result<(u16, u64), ClientError> {
    let headers: Vec<_> = plan.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let (authority, request) = prepare(Method::GET, &plan.url, &headers, Bytes::new())?;
    let reusable = match sender {
        // A server may close a connection after an answer; that is no error of the next request.
        Some(open) => open.ready().await.is_ok(),
        None => false,
    };
    if !reusable {
        *sender = Some(open(&authority).await?);
    }
    let open = sender.as_mut().expect("it was opened just now if it was missing");
    let answer = open.send_request(request).await.map_err(|error| ClientError::Http(error.to_string()))?;
    let reply = read(answer).await?;
    Ok((reply.status.as_u16(), reply.body.len() as u64))
}
