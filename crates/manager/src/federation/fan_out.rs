//! Asking all instances at once, within bounds.
//!
//! Owns how many are asked at the same time, the time each may take and all may take, and how much of their answers is
//! kept. One instance that is slow, dead, lying or endless costs its own part and nothing else. Does not own what is asked.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{StreamExt, stream};
use peegeeq_domain::federation::{Contribution, FetchFailure};
use peegeeq_domain::instance::{Instance, InstanceId};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::answer::Attached;
use super::fetch::{FetchLimits, Fetched, fetch_in_place};
use super::settings::FederationSettings;
use super::target::Target;
use super::upstream::{Faults, Figures, Placeholder, RawRow, refusal};
use crate::clock;
use crate::net::Client;
use crate::observations::Observations;

/// What instances are asked with.
#[derive(Clone)]
pub(super) struct Way {
    pub(super) client: Client,
    pub(super) settings: FederationSettings,
    pub(super) observations: Arc<Observations>,
    pub(super) late: Arc<Late>,
    /// Long answers are read one at a time, so that other work of the same threads gets its turn between them.
    pub(super) reading: Arc<Semaphore>,
}

/// The instances that gave no answer in time when they were asked last: they are asked behind the others.
#[derive(Debug, Default)]
pub(super) struct Late(Mutex<HashSet<InstanceId>>);

impl Late {
    /// Puts those that were late last to the end, and forgets those that left.
    fn order(&self, targets: &mut [Target]) {
        let mut late = self.lock();
        let members: HashSet<&InstanceId> = targets.iter().map(|target| target.entry.id()).collect();
        late.retain(|id| members.contains(id));
        targets.sort_by_key(|target| late.contains(target.entry.id()));
    }

    fn note<T>(&self, id: &InstanceId, outcome: &Result<T, FetchFailure>) {
        match outcome {
            Err(FetchFailure::Timeout { .. }) => drop(self.lock().insert(id.clone())),
            _ => drop(self.lock().remove(id)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<InstanceId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was made of one instance's answer.
pub(super) struct Understood<T> {
    pub(super) content: T,
    pub(super) faults: Faults,
    pub(super) placeholders: Vec<Placeholder>,
    pub(super) body: Bytes,
    pub(super) raw: Vec<RawRow>,
    pub(super) figures: Figures,
}

impl<T> Understood<T> {
    /// Content without anything beside it.
    pub(super) fn plain(content: T) -> Self {
        Self {
            content,
            faults: Faults::default(),
            placeholders: Vec::new(),
            body: Bytes::new(),
            raw: Vec::new(),
            figures: Figures::default(),
        }
    }
}

/// The questions to one instance, within the time it has.
pub(super) struct Question<'a> {
    /// Who is asked.
    pub(super) instance: &'a Instance,
    way: &'a Way,
    deadline: Instant,
    kept: &'a AtomicUsize,
}

impl Question<'_> {
    /// Asks for `path` and insists on an answer with a status of success.
    pub(super) async fn ask(&self, path: &'static str) -> Result<Bytes, FetchFailure> {
        let Fetched { status, body } = self.fetch(path).await?;
        match status {
            200..300 => self.keep(body),
            _ => Err(FetchFailure::Status { code: status, reason: refusal(&body) }),
        }
    }

    /// The turn to read what came. Other work of the thread goes first.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        let turn = self.way.reading.acquire().await.ok();
        tokio::task::yield_now().await;
        turn
    }

    async fn fetch(&self, path: &'static str) -> Result<Fetched, FetchFailure> {
        let left = self.deadline.saturating_duration_since(clock::instant());
        let limits = FetchLimits { timeout: left, body_max: self.way.settings.response_max };
        fetch_in_place(&self.way.client, &self.instance.registration.endpoint, path, limits).await
    }

    fn keep(&self, body: Bytes) -> Result<Bytes, FetchFailure> {
        let limit = self.way.settings.bodies_max();
        let before = self.kept.fetch_add(body.len(), Ordering::Relaxed);
        if before.saturating_add(body.len()) <= limit { Ok(body) } else { Err(FetchFailure::TooLarge { limit: limit as u64 }) }
    }
}

/// Asks all targets that are not down, and brings a contribution of every target. Runs on the background runtime.
pub(super) async fn ask_all<T, A>(way: &Way, mut targets: Vec<Target>, ask: A) -> Vec<Contribution<T, Attached>>
where
    T: Send,
    A: for<'a> Fn(Question<'a>) -> BoxFuture<'a, Result<Understood<T>, FetchFailure>> + Sync,
{
    let end = clock::instant() + way.settings.fan_out_timeout();
    let kept = AtomicUsize::new(0);
    way.late.order(&mut targets);
    let (kept, ask) = (&kept, &ask);
    let asked = targets.into_iter().map(|target| async move { ask_one(way, target, end, kept, ask).await });
    stream::iter(asked).buffer_unordered(way.settings.concurrency.max(1)).collect().await
}

async fn ask_one<T, A>(way: &Way, target: Target, end: Instant, kept: &AtomicUsize, ask: &A) -> Contribution<T, Attached>
where
    A: for<'a> Fn(Question<'a>) -> BoxFuture<'a, Result<Understood<T>, FetchFailure>>,
{
    let began = clock::instant();
    let (outcome, took) = if !target.entry.is_federated() {
        (Err(FetchFailure::NotHealthy), None)
    } else if began >= end {
        (Err(FetchFailure::Busy), None)
    } else {
        let deadline = end.min(began + way.settings.source_timeout());
        let outcome = ask(Question { instance: &target.entry.instance, way, deadline, kept }).await;
        way.late.note(target.entry.id(), &outcome);
        (outcome, Some(began.elapsed()))
    };
    if let Err(failure) = &outcome
        && took.is_some()
    {
        metrics::counter!("peegeeq_federation_source_failures_total", "kind" => failure.word()).increment(1);
    }
    contribution(target, outcome, took)
}

fn contribution<T>(target: Target, outcome: Result<Understood<T>, FetchFailure>, took: Option<Duration>) -> Contribution<T, Attached> {
    let Target { entry, source, bindings, unlisted } = target;
    let mut attached = Attached {
        entry,
        took,
        unlisted,
        at: clock::instant(),
        faults: Faults::default(),
        placeholders: Arc::default(),
        body: Bytes::new(),
        raw: Arc::default(),
        figures: Figures::default(),
    };
    let outcome = outcome.map(|understood| {
        attached.faults = understood.faults;
        attached.placeholders = understood.placeholders.into();
        attached.body = understood.body;
        attached.raw = understood.raw.into();
        attached.figures = understood.figures;
        understood.content
    });
    let faulty = !attached.faults.is_empty() || attached.unlisted.is_some();
    Contribution { source, setups: bindings, outcome, faulty, attached }
}
