//! Kept connections for fetching data from instances.
//!
//! Owns which connections are kept, how long, and how many there are in all. Does not own how many fetches run against one
//! instance (the caller does), nor what is fetched.

use std::collections::HashMap;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use peegeeq_domain::health::FailureKind;
use peegeeq_domain::instance::Endpoint;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::{Answer, Call, Caller, Deadline, Dialer, Failure, Get, Link};
use crate::clock;
use crate::observations::Phases;
use crate::tasks::Tasks;

/// The most unused connections kept to one endpoint.
const IDLE_PER_ENDPOINT_MAX: usize = 4;

/// An unused connection is closed after this time: before the usual 30 s of servers, so that they rarely close first.
const IDLE_AGE_MAX: Duration = Duration::from_secs(20);

/// The limits of one fetch.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For the whole fetch.
    pub deadline: Deadline,
    /// The most bytes of the answer's body.
    pub body_max: usize,
}

/// Why a fetch brought no answer. An answer with an unwelcome status is an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct FetchError {
    /// The kind of failure.
    pub kind: FailureKind,
    /// The sentence for people.
    pub sentence: String,
    /// Status of the answer, if its head came.
    pub status: Option<u16>,
}

impl From<Failure> for FetchError {
    fn from(Failure { kind, sentence }: Failure) -> Self {
        Self { kind, sentence, status: None }
    }
}

/// Fetches from instances over kept connections. Cheap to clone. The work is done on the background runtime, because a
/// connection belongs to the runtime that opened it.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    tasks: Tasks,
}

struct Shared {
    dialer: Arc<Dialer>,
    caller: Caller,
    connections_max: usize,
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
    idle: Mutex<Idle>,
}

#[derive(Default)]
struct Idle {
    by_endpoint: HashMap<Endpoint, Vec<Kept>>,
    sweeper_runs: bool,
    closed: bool,
}

/// An open connection and its place under the limit, which is given back when it is dropped.
struct Held {
    link: Link,
    _place: OwnedSemaphorePermit,
}

struct Kept {
    held: Held,
    since: Instant,
}

impl Client {
    /// A client that opens at most `connections_max` connections (`http.client.max.pool.size`).
    pub fn new(dialer: Arc<Dialer>, caller: Caller, connections_max: usize, tasks: Tasks) -> Self {
        let permits = Arc::new(Semaphore::new(connections_max.clamp(1, Semaphore::MAX_PERMITS)));
        let shared = Shared { dialer, caller, connections_max, permits, waiting: AtomicUsize::new(0), idle: Mutex::default() };
        Self { shared: Arc::new(shared), tasks }
    }

    /// Asks `endpoint` for `path`, from any runtime. A kept connection that turns out to be closed is replaced by a new one,
    /// once. The work goes on to its end or deadline if the caller stops waiting.
    pub async fn get(&self, endpoint: &Endpoint, path: impl Into<Arc<str>>, limits: Limits) -> Result<Answer, FetchError> {
        let (client, endpoint, path) = (self.clone(), endpoint.clone(), path.into());
        let fetch = self.tasks.short(async move { client.fetch(&endpoint, &path, limits).await });
        fetch.await.unwrap_or_else(|error| Err(ended_early(&error)))
    }

    /// As [`Self::get`], for callers that are on the background runtime: the work is done in the caller's own task, without
    /// the wake of another thread that costs as much as the fetch. Ends with the caller.
    pub async fn get_in_place(&self, endpoint: &Endpoint, path: &str, limits: Limits) -> Result<Answer, FetchError> {
        let fetch = AssertUnwindSafe(self.fetch(endpoint, path, limits)).catch_unwind();
        fetch.await.unwrap_or_else(|_| Err(ended_early(&"it panicked")))
    }

    /// Any request, in the caller's own task as [`Self::get_in_place`]. It may reach the other side twice, when a kept connection
    /// is lost before an answer begins: only for requests where that does no harm.
    pub async fn repeatable(&self, endpoint: &Endpoint, call: Call<'_>, deadline: Deadline) -> Result<Answer, FetchError> {
        let call = AssertUnwindSafe(self.carry_out(endpoint, call, deadline)).catch_unwind();
        call.await.unwrap_or_else(|_| Err(ended_early(&"it panicked")))
    }

    async fn fetch(&self, endpoint: &Endpoint, path: &str, limits: Limits) -> Result<Answer, FetchError> {
        let authority = endpoint.authority();
        let get = Get { authority: &authority, path, body_max: limits.body_max, last: false };
        self.carry_out(endpoint, get.into(), limits.deadline).await
    }

    async fn carry_out(&self, endpoint: &Endpoint, call: Call<'_>, deadline: Deadline) -> Result<Answer, FetchError> {
        let get = call.get;
        if let Some(held) = self.shared.take(endpoint) {
            let mut phases = Phases::default();
            let answer = self.shared.exchange(held, call.clone(), deadline, &mut phases).await;
            let stale = phases.first_byte.is_none() && answer.as_ref().is_err_and(|failure| failure.kind != FailureKind::Timeout);
            if !stale {
                return self.finish(endpoint, get, answer?);
            }
        }
        let held = self.shared.open(endpoint, deadline).await?;
        let answer = self.shared.exchange(held, call, deadline, &mut Phases::default()).await;
        self.finish(endpoint, get, answer?)
    }

    fn finish(&self, endpoint: &Endpoint, get: Get<'_>, (answer, held): (Answer, Held)) -> Result<Answer, FetchError> {
        if answer.cut {
            let sentence = format!("answer of {} to {} is larger than {} bytes", get.authority, get.path, get.body_max);
            return Err(FetchError { kind: FailureKind::Protocol, sentence, status: Some(answer.status) });
        }
        if self.shared.keep(endpoint, held) {
            let (shared, stop) = (self.shared.clone(), self.tasks.stop_signal());
            self.tasks.short(async move {
                if stop.run_until_cancelled(shared.sweep()).await.is_none() {
                    shared.close();
                }
            });
        }
        Ok(answer)
    }
}

fn ended_early(reason: &dyn fmt::Display) -> FetchError {
    Failure::new(FailureKind::Local, format!("fetch ended early: {reason}")).into()
}

impl Shared {
    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn exchange(&self, mut held: Held, call: Call<'_>, deadline: Deadline, phases: &mut Phases) -> Result<(Answer, Held), Failure> {
        let answer = held.link.call(&self.caller, call, deadline, phases).await?;
        Ok((answer, held))
    }

    /// The kept connection to `endpoint` that was used last, if one is still open.
    fn take(&self, endpoint: &Endpoint) -> Option<Held> {
        let mut idle = self.idle();
        let kept = idle.by_endpoint.get_mut(endpoint)?;
        let usable = std::iter::from_fn(|| kept.pop()).map(|kept| kept.held).find_map(|mut held| held.link.is_open().then_some(held));
        if kept.is_empty() {
            idle.by_endpoint.remove(endpoint);
        }
        usable
    }

    async fn open(&self, endpoint: &Endpoint, deadline: Deadline) -> Result<Held, Failure> {
        let place = self.permit(deadline).await?;
        let stream = self.dialer.dial(endpoint, deadline, &mut Phases::default()).await?;
        Ok(Held { link: Link::open(stream).await?, _place: place })
    }

    /// A place under the limit: a free one, else that of the longest unused connection, else the next that is given back.
    async fn permit(&self, deadline: Deadline) -> Result<OwnedSemaphorePermit, Failure> {
        if let Ok(permit) = self.permits.clone().try_acquire_owned() {
            return Ok(permit);
        }
        // Counted before the look at the kept ones: whoever gives a connection back later sees it and keeps nothing.
        let _counted = Waiting::on(&self.waiting);
        self.idle().drop_oldest();
        match deadline.or_none(self.permits.clone().acquire_owned()).await {
            Some(Ok(permit)) => Ok(permit),
            Some(Err(closed)) => Err(Failure::new(FailureKind::Local, closed.to_string())),
            None => {
                let (limit, allowed) = (self.connections_max, deadline.allowed_millis());
                let sentence = format!("no connection became free within {allowed}ms: all {limit} of http.client.max.pool.size are in use");
                Err(Failure::new(FailureKind::Local, sentence))
            }
        }
    }

    /// Keeps a connection for later, if it can be used again and nobody waits for its place. `true`: a sweeper must be started.
    fn keep(&self, endpoint: &Endpoint, mut held: Held) -> bool {
        let mut idle = self.idle();
        if idle.closed || self.waiting.load(Ordering::SeqCst) > 0 || !held.link.is_open() {
            return false;
        }
        let kept = idle.by_endpoint.entry(endpoint.clone()).or_default();
        if kept.len() < IDLE_PER_ENDPOINT_MAX {
            kept.push(Kept { held, since: clock::instant() });
        }
        !std::mem::replace(&mut idle.sweeper_runs, true)
    }

    /// Closes unused connections when their time has come; ends when none is left.
    async fn sweep(&self) {
        loop {
            tokio::time::sleep(IDLE_AGE_MAX / 4).await;
            let mut idle = self.idle();
            idle.drop_aged();
            if idle.by_endpoint.is_empty() {
                idle.sweeper_runs = false;
                return;
            }
        }
    }

    fn close(&self) {
        let mut idle = self.idle();
        idle.closed = true;
        idle.by_endpoint.clear();
    }
}

impl Idle {
    fn drop_aged(&mut self) {
        self.by_endpoint.retain(|_, kept| {
            kept.retain_mut(|kept| kept.since.elapsed() < IDLE_AGE_MAX && kept.held.link.is_open());
            !kept.is_empty()
        });
    }

    fn drop_oldest(&mut self) {
        let oldest = self.by_endpoint.iter().filter_map(|(endpoint, kept)| Some((kept.first()?.since, endpoint)));
        let Some((_, endpoint)) = oldest.min_by_key(|(since, _)| *since) else { return };
        let endpoint = endpoint.clone();
        let Some(kept) = self.by_endpoint.get_mut(&endpoint) else { return };
        kept.remove(0);
        if kept.is_empty() {
            self.by_endpoint.remove(&endpoint);
        }
    }
}

/// Counts somebody who waits for a place, until dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn on(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
