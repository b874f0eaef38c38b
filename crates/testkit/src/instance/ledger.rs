//! Owns what an instance remembers about the requests it saw: how many, how many at once, and the last of each
//! path. Does not own answers.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Method};

/// Paths that are remembered one by one; what comes after shares one line.
const MOST_PATHS: usize = 4_096;
const OTHER_PATHS: &str = "(other)";

/// A request as the instance saw it.
#[derive(Clone, Debug)]
pub struct SeenRequest {
    /// Its method.
    pub method: Method,
    /// Path and query as they were sent.
    pub target: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body; empty for most.
    pub body: Bytes,
}

/// A client that went away before it had its whole answer, or while the instance waited for it to go.
#[derive(Clone, Debug)]
pub struct Departure {
    /// The path that was asked for.
    pub path: String,
    /// When the instance noticed.
    pub noticed: Instant,
    /// How long after the request came.
    pub after: Duration,
}

/// Departures that are remembered; the oldest are forgotten first.
const MOST_DEPARTURES: usize = 10_000;

/// How often one path answered one method with one status, and how long that took.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) method: Method,
    pub(crate) status: u16,
    pub(crate) count: u64,
    pub(crate) total: Duration,
    pub(crate) longest: Duration,
}

#[derive(Default)]
struct PathRecord {
    hits: u64,
    last: Option<SeenRequest>,
    outcomes: Vec<Outcome>,
}

/// Counters of one instance.
#[derive(Default)]
pub(crate) struct Ledger {
    paths: Mutex<HashMap<String, PathRecord>>,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
    connections: AtomicUsize,
    accepted_connections: AtomicUsize,
    departures: Mutex<VecDeque<Departure>>,
}

/// Counts one thing as present until it is dropped.
pub(crate) struct Present<'a>(&'a AtomicUsize);

impl Drop for Present<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Ledger {
    /// Notes a request and counts it as in flight until the return value is dropped.
    pub(crate) fn arrived(&self, path: &str, request: SeenRequest) -> Present<'_> {
        let now = self.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_in_flight.fetch_max(now, Ordering::Relaxed);
        let mut paths = self.lock();
        let record = record_of(&mut paths, path);
        record.hits += 1;
        record.last = Some(request);
        Present(&self.in_flight)
    }

    /// Notes how a request was answered.
    pub(crate) fn answered(&self, path: &str, method: &Method, status: u16, took: Duration) {
        let mut paths = self.lock();
        let outcomes = &mut record_of(&mut paths, path).outcomes;
        let known = outcomes.iter_mut().find(|known| known.status == status && known.method == *method);
        match known {
            Some(outcome) => {
                outcome.count += 1;
                outcome.total += took;
                outcome.longest = outcome.longest.max(took);
            }
            None => {
                let method = method.clone();
                outcomes.push(Outcome { method, status, count: 1, total: took, longest: took });
            }
        }
    }

    /// Counts a connection as open until the return value is dropped.
    pub(crate) fn connected(&self) -> Present<'_> {
        self.connections.fetch_add(1, Ordering::Relaxed);
        self.accepted_connections.fetch_add(1, Ordering::Relaxed);
        Present(&self.connections)
    }

    /// Connections accepted since the instance was made.
    pub(crate) fn accepted_connections(&self) -> usize {
        self.accepted_connections.load(Ordering::Relaxed)
    }

    /// Adds the body to the last request of a path, when it was read after the head.
    pub(crate) fn body(&self, path: &str, body: &Bytes) {
        if let Some(last) = record_of(&mut self.lock(), path).last.as_mut() {
            last.body = body.clone();
        }
    }

    /// Notes that a client went away.
    pub(crate) fn departed(&self, path: &str, began: Instant) {
        let mut departures = self.departures.lock().unwrap_or_else(PoisonError::into_inner);
        if departures.len() == MOST_DEPARTURES {
            departures.pop_front();
        }
        departures.push_back(Departure { path: path.to_owned(), noticed: Instant::now(), after: began.elapsed() });
    }

    pub(crate) fn departures(&self) -> Vec<Departure> {
        self.departures.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    pub(crate) fn hits(&self, prefix: &str) -> u64 {
        let paths = self.lock();
        paths.iter().filter(|(path, _)| path.starts_with(prefix)).map(|(_, record)| record.hits).sum()
    }

    pub(crate) fn most_in_flight(&self) -> usize {
        self.most_in_flight.load(Ordering::Relaxed)
    }

    pub(crate) fn last(&self, path: &str) -> Option<SeenRequest> {
        self.lock().get(path).and_then(|record| record.last.clone())
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
        self.departures.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.most_in_flight.store(self.in_flight.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// Shows every path and outcome.
    pub(crate) fn each_outcome(&self, mut show: impl FnMut(&str, &Outcome)) {
        for (path, record) in &*self.lock() {
            record.outcomes.iter().for_each(|outcome| show(path, outcome));
        }
    }

    /// Counters stay usable after a test has failed elsewhere.
    fn lock(&self) -> MutexGuard<'_, HashMap<String, PathRecord>> {
        self.paths.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn record_of<'a>(paths: &'a mut HashMap<String, PathRecord>, path: &str) -> &'a mut PathRecord {
    let known = paths.contains_key(path);
    let key = if known || paths.len() < MOST_PATHS { path } else { OTHER_PATHS };
    if !paths.contains_key(key) {
        paths.insert(key.to_owned(), PathRecord::default());
    }
    paths.get_mut(key).expect("the line was put there just now")
}
