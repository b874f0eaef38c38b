//! One subscriber: where it is, and what it gets next.
//!
//! Owns that a subscriber never skips and never goes back: it reads the ring batch by batch, and when what it needs is not there
//! any more it is told so and given the picture. Holds nothing but its place.

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::Instant;

use super::ring::{Resync, Return};
use super::view::{Form, View, heartbeat, resync};
use super::{Place, Shared};
use crate::clock;
use crate::registry::store::Seq;

/// How often somebody who hears nothing else is told that all is well.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(15);
/// How long the first picture waits for the catalog that was there before it.
const CATCH_UP: Duration = Duration::from_secs(5);
/// The most batches that are given at one time.
const BATCHES_MAX: usize = 16;

/// What a subscriber gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Texts, ready to be sent one after the other.
    Texts(Vec<Bytes>),
    /// Nothing more: the manager is stopping.
    End,
}

/// A subscriber. Dropping it ends it.
#[derive(Debug)]
pub struct Subscription {
    place: Place,
    view: View,
    form: Form,
    head: watch::Receiver<u64>,
    /// Number of the next batch to read.
    next: u64,
    beginning: Option<Beginning>,
    /// The catalog that was there when it came: it begins with nothing older, so that it sees its own writes.
    at_least: u64,
    quiet_until: Instant,
}

/// What is told first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beginning {
    Picture,
    Since(Seq),
}

impl Subscription {
    pub(super) fn new(place: Place, view: View, since: Option<Seq>, at_least: u64) -> Self {
        let head = place.0.head.subscribe();
        let beginning = Some(since.map_or(Beginning::Picture, Beginning::Since));
        let quiet_until = clock::instant() + HEARTBEAT_EVERY;
        Self { place, view, form: Form::Stream, head, next: 0, beginning, at_least, quiet_until }
    }

    /// The same, as JSON messages instead of an event stream.
    #[must_use]
    pub fn as_messages(mut self) -> Self {
        self.form = Form::Message;
        self
    }

    /// Looks at another part from now on, beginning with its picture.
    pub fn look_at(&mut self, view: View) {
        self.view = view;
        self.beginning = Some(Beginning::Picture);
    }

    /// What comes next. Waits for it.
    pub async fn next(&mut self) -> Delivery {
        if self.beginning.is_some() {
            // Who tells is at most a moment late; if not, the rest comes as changes.
            let _ = tokio::time::timeout(CATCH_UP, self.caught_up()).await;
        }
        loop {
            if self.place.0.closing.is_cancelled() {
                return Delivery::End;
            }
            let texts = self.ready();
            if !texts.is_empty() {
                self.quiet_until = clock::instant() + HEARTBEAT_EVERY;
                return Delivery::Texts(texts);
            }
            let closing = self.place.0.closing.clone();
            tokio::select! {
                () = closing.cancelled() => return Delivery::End,
                more = self.head.wait_for(|head| *head > self.next) => if more.is_err() { return Delivery::End },
                () = tokio::time::sleep_until(self.quiet_until) => {
                    self.quiet_until = clock::instant() + HEARTBEAT_EVERY;
                    let position = self.place.0.ring().position();
                    return Delivery::Texts(vec![heartbeat(position, self.form).into()]);
                }
            }
        }
    }

    async fn caught_up(&mut self) {
        while self.place.0.ring().generation() < self.at_least {
            if self.head.changed().await.is_err() {
                return;
            }
        }
    }

    /// What there is now; empty: nothing for this view.
    pub(super) fn ready(&mut self) -> Vec<Bytes> {
        match self.beginning.take() {
            Some(Beginning::Picture) => self.picture(None),
            Some(Beginning::Since(since)) => self.missed(since),
            None => self.batches(),
        }
    }

    fn picture(&mut self, reason: Option<Resync>) -> Vec<Bytes> {
        let picture = {
            let mut ring = self.place.0.ring();
            self.next = ring.head();
            ring.picture()
        };
        if let Some(reason) = reason {
            metrics::counter!("peegeeq_updates_resyncs_total", "reason" => reason.as_str()).increment(1);
        }
        let told = reason.map(|reason| Bytes::from(resync(reason, picture.id, self.form)));
        told.into_iter().chain(self.view.picture(&picture, self.form)).collect()
    }

    fn missed(&mut self, since: Seq) -> Vec<Bytes> {
        let missed = {
            let ring = self.place.0.ring();
            self.next = ring.head();
            ring.since(since)
        };
        match missed {
            Return::Anew(reason) => self.picture(Some(reason)),
            Return::Missed(events) => self.view.texts(&events, self.form).into_iter().map(Bytes::from).collect(),
        }
    }

    fn batches(&mut self) -> Vec<Bytes> {
        let batches = self.place.0.ring().from(self.next, BATCHES_MAX);
        let Some(batches) = batches else { return self.picture(Some(Resync::TooSlow)) };
        self.next += batches.len() as u64;
        match self.form {
            Form::Stream => batches.iter().map(|batch| self.view.stream_of(batch)).filter(|text| !text.is_empty()).collect(),
            Form::Message => batches.iter().flat_map(|batch| self.view.messages_of(batch).to_vec()).collect(),
        }
    }
}

impl Shared {
    /// How many are subscribed.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.subscribers.load(std::sync::atomic::Ordering::Acquire)
    }
}
