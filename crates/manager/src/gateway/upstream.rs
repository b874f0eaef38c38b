//! One instance as the gateway uses it: what is sent to it in every request, how many requests it has, and the connections
//! that rest.
//!
//! Owns the limit of requests under way and the queue before it. Each worker rests its own connections, because a connection
//! belongs to the worker's runtime; the lock on them is contended by the sweep alone.

use std::fmt;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use http::HeaderValue;
use peegeeq_domain::instance::{Endpoint, InstanceId, Revision};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::counts::{Counted, Counts};
use super::link::Link;
use super::meters::{Labels, Meters};
use super::parting::Streams;
use super::settings::GatewaySettings;
use super::standing::Record;
use crate::clock;
use crate::net::Deadline;

/// A resting connection is closed after this time: before the usual 30 s of servers, so that they rarely close first.
const REST_MAX: Duration = Duration::from_secs(20);

/// A connection that rested longer is not used for what must not be sent twice: the instance may just be closing it.
const UNSAFE_REST_MAX: Duration = Duration::from_secs(1);

/// What cannot stand in a header as it is, and the percent sign itself.
const HEADER: &AsciiSet = &CONTROLS.add(b'%');

/// How a request to an instance ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The whole answer was passed on.
    Answered,
    /// The answer broke off.
    BrokenOff,
    /// The client went away, or the stream was cut from this side.
    Abandoned,
    /// No connection, or one that closed before anything was sent.
    NotSent,
    /// It was sent, and no answer came.
    NoAnswer,
}

impl Outcome {
    pub(super) const COUNT: usize = Self::ALL.len();

    pub(super) const ALL: [(Self, &'static str); 5] = [
        (Self::Answered, "answered"),
        (Self::BrokenOff, "broken_off"),
        (Self::Abandoned, "abandoned"),
        (Self::NotSent, "not_sent"),
        (Self::NoAnswer, "no_answer"),
    ];
}

/// One instance, at one address.
pub(super) struct Upstream {
    pub(super) id: InstanceId,
    pub(super) incarnation: Revision,
    pub(super) endpoint: Endpoint,
    /// Value of `Host`.
    pub(super) authority: HeaderValue,
    /// Value of `X-PeeGeeQ-Instance`.
    pub(super) name: HeaderValue,
    /// What its requests say about it.
    pub(super) record: Record,
    /// Its event streams and WebSockets.
    pub(super) streams: Streams,
    labels: Arc<Labels>,
    /// From its first request on.
    meters: OnceLock<Box<Meters>>,
    /// By worker.
    counts: Box<[Counts]>,
    /// The requests under way that its figure shows.
    shown: AtomicU32,
    under_way: AtomicUsize,
    under_way_max: usize,
    waiting: AtomicUsize,
    waiting_max: usize,
    freed: Notify,
    resting: Box<[Mutex<Vec<Resting>>]>,
    resting_max: usize,
}

struct Resting {
    link: Box<Link>,
    since: Instant,
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstream").field("id", &self.id).field("under_way", &self.under_way()).finish_non_exhaustive()
    }
}

impl Upstream {
    /// An instance without any connection yet.
    pub(super) fn new(
        id: InstanceId,
        incarnation: Revision,
        endpoint: Endpoint,
        labels: &Arc<Labels>,
        settings: &GatewaySettings,
    ) -> Arc<Self> {
        let value = |text: &str| HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("instance"));
        Arc::new(Self {
            authority: value(&endpoint.authority()),
            name: value(&utf8_percent_encode(id.as_str(), HEADER).to_string()),
            record: Record::new(settings.accrual),
            streams: Streams::default(),
            labels: labels.clone(),
            meters: OnceLock::new(),
            counts: (0..settings.workers.max(1)).map(|_| Counts::default()).collect(),
            shown: AtomicU32::new(0),
            under_way: AtomicUsize::new(0),
            under_way_max: settings.concurrency,
            waiting: AtomicUsize::new(0),
            waiting_max: settings.queue_max,
            freed: Notify::new(),
            resting: (0..settings.workers.max(1)).map(|_| Mutex::default()).collect(),
            resting_max: settings.idle_connections_max,
            id,
            incarnation,
            endpoint,
        })
    }

    /// Its figures.
    pub(super) fn meters(&self) -> &Meters {
        self.meters.get_or_init(|| Box::new(Meters::new(&self.labels, &self.id)))
    }

    /// Requests under way.
    pub(super) fn under_way(&self) -> usize {
        self.under_way.load(Ordering::Relaxed)
    }

    /// Requests waiting for a place.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Requests that ended, by how they did.
    pub(super) fn counted(&self) -> Counted {
        self.counts.iter().map(Counts::read).sum()
    }

    /// Counts a request that ended.
    pub(super) fn count(&self, worker: usize, outcome: Outcome) {
        self.meters().count(outcome);
        if let Some(counts) = self.counts.get(worker) {
            counts.add(outcome);
        }
    }

    /// A place among the requests under way, if one is free.
    pub(super) fn enter(self: &Arc<Self>, worker: usize) -> Option<InFlight> {
        let free = |count: usize| (count < self.under_way_max).then_some(count + 1);
        self.under_way.fetch_update(Ordering::AcqRel, Ordering::Relaxed, free).ok()?;
        Some(InFlight { upstream: self.clone(), worker, outcome: Outcome::Abandoned, is_probe: false })
    }

    /// Waits for a place, if the queue has one. `None`: the queue is full, or the time is over.
    pub(super) async fn queue(self: &Arc<Self>, worker: usize, deadline: Deadline) -> Option<InFlight> {
        let _waiting = Waiting::among(&self.waiting, self.waiting_max)?;
        let entering = async {
            loop {
                let freed = self.freed.notified();
                if let Some(in_flight) = self.enter(worker) {
                    return in_flight;
                }
                freed.await;
            }
        };
        deadline.or_none(entering).await
    }

    fn leave(&self) {
        self.under_way.fetch_sub(1, Ordering::AcqRel);
        if self.waiting.load(Ordering::Acquire) > 0 {
            self.freed.notify_one();
        }
    }

    fn resting(&self, worker: usize) -> Option<MutexGuard<'_, Vec<Resting>>> {
        Some(self.resting.get(worker)?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The connection of this worker that was used last, if one is still open. `fresh`: if it rested for less than a second.
    pub(super) fn take(&self, worker: usize, fresh: bool) -> Option<Box<Link>> {
        loop {
            let Resting { mut link, since } = self.resting(worker)?.pop()?;
            if fresh && since.elapsed() >= UNSAFE_REST_MAX {
                // Those below rested longer still.
                self.resting(worker)?.push(Resting { link, since });
                return None;
            }
            if link.is_open() {
                return Some(link);
            }
        }
    }

    /// Closes connections that rested for too long, and shows how many requests are under way.
    pub(super) fn tend(&self) {
        for worker in 0..self.resting.len() {
            let Some(mut resting) = self.resting(worker) else { continue };
            let kept = resting.iter().position(|resting| resting.since.elapsed() < REST_MAX).unwrap_or(resting.len());
            let aged: Vec<_> = resting.drain(..kept).collect();
            drop(resting);
            drop(aged);
        }
        self.show(u32::try_from(self.under_way()).unwrap_or(u32::MAX));
    }
}

impl Upstream {
    /// Shows how many requests are under way, if it ever had one.
    fn show(&self, under_way: u32) {
        if let Some(meters) = self.meters.get() {
            meters.under_way(self.shown.swap(under_way, Ordering::Relaxed), under_way);
        }
    }
}

/// Whoever is gone has no requests under way, also in a figure that others share.
impl Drop for Upstream {
    fn drop(&mut self) {
        self.show(0);
    }
}

/// One of the bounded number of those who wait, until dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn among(count: &'a AtomicUsize, max: usize) -> Option<Self> {
        let before = count.fetch_add(1, Ordering::AcqRel);
        let one = Self(count);
        (before < max).then_some(one)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A request under way: counted until dropped.
#[derive(Debug)]
pub(super) struct InFlight {
    upstream: Arc<Upstream>,
    worker: usize,
    outcome: Outcome,
    /// It is the one request of an instance on probation, and its end was not told yet.
    is_probe: bool,
}

impl InFlight {
    /// It is, or is no longer, the one request of an instance on probation.
    pub(super) fn set_probe(&mut self, is_probe: bool) {
        self.is_probe = is_probe;
    }

    pub(super) fn upstream(&self) -> &Arc<Upstream> {
        &self.upstream
    }

    /// Lays a connection to rest.
    pub(super) fn keep(&self, link: Box<Link>) {
        let Some(mut resting) = self.upstream.resting(self.worker) else { return };
        if resting.len() < self.upstream.resting_max {
            resting.push(Resting { link, since: clock::instant() });
        }
    }

    /// It ended like this.
    pub(super) fn end(mut self, outcome: Outcome) {
        self.outcome = outcome;
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if self.is_probe {
            self.upstream.record.probe_lost();
        }
        self.upstream.count(self.worker, self.outcome);
        self.upstream.leave();
    }
}
