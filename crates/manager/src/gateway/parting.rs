//! Streams at one instance: how many there are, and how they are ended when the deadline of a drain has come.
//!
//! Owns counting event streams and WebSockets, and the signal to them. Does not own how each says good-bye, nor the order:
//! that stands in the catalog.

use std::future::Future as _;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use peegeeq_domain::catalog::Catalog;
use peegeeq_domain::instance::Presence;
use peegeeq_domain::time::Timestamp;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::picture::Picture;
use super::upstream::Upstream;
use crate::clock;

/// The streams at one instance.
#[derive(Debug, Default)]
pub(super) struct Streams {
    open: AtomicUsize,
    ending: Mutex<Ending>,
}

/// The signal to those that are open, and what became of it.
#[derive(Debug, Default)]
struct Ending {
    signal: CancellationToken,
    /// Counts the signals.
    number: u64,
    /// How many listen to this one. Those that were told and still say good-bye do not.
    listening: usize,
    /// Since when the order stands whose deadline has come, and how many streams it ended.
    order: Option<(Timestamp, usize)>,
}

impl Streams {
    /// How many are open.
    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// How many were ended because of the order that stands since then; `None`: its deadline has not come.
    pub(super) fn ended_by(&self, since: Timestamp) -> Option<usize> {
        self.last_ended().filter(|(order, _)| *order == since).map(|(_, ended)| ended)
    }

    /// Since when the last order stood whose deadline came, and how many streams it ended.
    pub(super) fn last_ended(&self) -> Option<(Timestamp, usize)> {
        self.ending().order
    }

    fn ending(&self) -> MutexGuard<'_, Ending> {
        self.ending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells those that are open to end. Later ones are told at the next call.
    fn end_all(&self, since: Timestamp) -> usize {
        let mut ending = self.ending();
        let told = std::mem::take(&mut ending.listening);
        let before = ending.order.filter(|(order, _)| *order == since).map_or(0, |(_, ended)| ended);
        ending.order = Some((since, before + told));
        if told > 0 {
            ending.number += 1;
            std::mem::take(&mut ending.signal).cancel();
        }
        told
    }
}

/// One stream: counted until dropped.
pub(super) struct OneStream {
    upstream: Arc<Upstream>,
    /// The signal it listens to.
    number: u64,
    ending: Pin<Box<WaitForCancellationFutureOwned>>,
    stopping: Pin<Box<WaitForCancellationFutureOwned>>,
}

/// Why a stream is to end from this side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// The manager stops.
    Stopping,
    /// The deadline of a drain has come.
    Drained,
}

impl OneStream {
    /// One more at this instance. `stopping` ends it too.
    pub(super) fn new(upstream: Arc<Upstream>, stopping: CancellationToken) -> Self {
        let mut ending = upstream.streams.ending();
        upstream.streams.open.fetch_add(1, Ordering::Relaxed);
        ending.listening += 1;
        let (signal, number) = (ending.signal.clone(), ending.number);
        drop(ending);
        Self { upstream, number, ending: Box::pin(signal.cancelled_owned()), stopping: Box::pin(stopping.cancelled_owned()) }
    }

    /// Ready when it is to end.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Why> {
        if self.stopping.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Why::Stopping);
        }
        self.ending.as_mut().poll(cx).map(|()| Why::Drained)
    }
}

impl Drop for OneStream {
    fn drop(&mut self) {
        let mut ending = self.upstream.streams.ending();
        self.upstream.streams.open.fetch_sub(1, Ordering::Relaxed);
        if ending.number == self.number {
            ending.listening = ending.listening.saturating_sub(1);
        }
    }
}

/// Ends the streams of instances whose drain has reached its deadline.
pub(super) fn enforce(catalog: &Catalog, picture: &Picture) {
    let mut now = None;
    for entry in catalog.entries() {
        let order = entry.instance.order.as_ref().filter(|_| entry.instance.presence == Presence::Draining);
        let Some((since, deadline)) = order.and_then(|order| Some((order.since, order.deadline?))) else { continue };
        let position = picture.table.position(entry.id().as_str());
        let Some(upstream) = position.and_then(|index| picture.upstreams.get(index)) else { continue };
        let is_news = upstream.streams.ended_by(since).is_none();
        if deadline > *now.get_or_insert_with(clock::wall) || !(is_news || upstream.streams.open() > 0) {
            continue;
        }
        let ended = upstream.streams.end_all(since);
        if ended > 0 {
            let instance = entry.id().as_str();
            tracing::info!(instance, ended, "the deadline of draining {instance} has come: {ended} streams are ended");
        }
    }
}
