//! The one task that sends.
//!
//! Owns the order of things: read a page behind the position, send it until it is taken, keep the position, go on. A delivery that
//! was taken although its answer was lost comes again with the same name, by which the receiver knows it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};

use super::position::PositionFile;
use super::{RenderEntry, Secret, WebhookSettings};
use crate::clock;
use crate::net::{Deadline, Dialer, Post, post};
use crate::registry::Journal;
use crate::registry::store::{EventPage, EventQuery, KindPattern, Order, Seq};

/// Which kinds are sent: what changes the health of something, and what operators order.
const KINDS: [&str; 6] = ["instance.verdict", "instance.setups", "instance.registered", "instance.deregistered", "manager.", "operator."];
/// The most entries of one delivery.
const ENTRIES_MAX: usize = 100;
/// How long entries are gathered for one delivery.
const GATHER: Duration = Duration::from_millis(100);
/// The wait after the first failure; it doubles with each further one.
const BACK_OFF: Duration = Duration::from_secs(1);
/// The longest wait.
const BACK_OFF_MAX: Duration = Duration::from_secs(60);

const TIMESTAMP: HeaderName = HeaderName::from_static("x-peegeeq-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("x-peegeeq-signature");
const DELIVERY: HeaderName = HeaderName::from_static("x-peegeeq-delivery");

/// The one who sends.
pub(super) struct Sender {
    settings: WebhookSettings,
    journal: Journal,
    dialer: Arc<Dialer>,
    render: RenderEntry,
    file: PositionFile,
}

/// Entries that the receiver will never get.
struct Gap {
    after: u64,
    before: u64,
}

impl Sender {
    pub(super) fn new(settings: WebhookSettings, journal: Journal, dialer: Arc<Dialer>, render: RenderEntry, file: PositionFile) -> Self {
        Self { settings, journal, dialer, render, file }
    }

    /// Runs until the registry stops.
    pub(super) async fn run(mut self) {
        let mut position = self.begin().await;
        loop {
            // Looked at before the page is read, so that what comes meanwhile wakes.
            let newest = self.journal.position();
            let (page, gap) = self.page(&mut position).await;
            if let Some(last) = page.entries.last().map(|entry| entry.seq) {
                self.deliver(&page, gap, last).await;
                position = last;
                self.file.write(position).await;
            }
            match page.next {
                Some(next) => position.number = position.number.max(next),
                None => {
                    position.number = position.number.max(newest.number.min(page.newest.map_or(0, |seq| seq.number)));
                    if self.journal.position().number <= position.number && !self.journal.moved().await {
                        std::future::pending::<()>().await;
                    }
                    tokio::time::sleep(GATHER).await;
                }
            }
        }
    }

    /// Where the last life left off; at the first start, here: the past is not news.
    async fn begin(&self) -> Seq {
        let newest = self.journal.position();
        match self.file.read().await.filter(|kept| kept.number <= newest.number) {
            Some(kept) => kept,
            None => {
                self.file.write(newest).await;
                newest
            }
        }
    }

    /// The next entries to send, and what is missing before them.
    async fn page(&self, position: &mut Seq) -> (EventPage, Option<Gap>) {
        let mut gap = None;
        let newest = self.journal.position().number;
        if newest.saturating_sub(position.number) > self.settings.queue_max {
            self.skip(position, newest - self.settings.queue_max, &mut gap);
        }
        loop {
            let kinds = KINDS.iter().filter_map(|kind| KindPattern::parse(kind).ok()).collect();
            let query =
                EventQuery { kinds, after: Some(position.number), limit: ENTRIES_MAX, order: Order::Ascending, ..EventQuery::default() };
            match self.journal.page(query).await {
                Ok(page) => {
                    let oldest = page.oldest.map_or(0, |seq| seq.number);
                    if oldest > position.number + 1 {
                        self.skip(position, oldest - 1, &mut gap);
                    }
                    return (page, gap);
                }
                Err(error) => {
                    tracing::debug!(%error, "the webhook waits for the journal: {error}");
                    tokio::time::sleep(BACK_OFF).await;
                }
            }
        }
    }

    fn skip(&self, position: &mut Seq, to: u64, gap: &mut Option<Gap>) {
        let lost = to - position.number;
        metrics::counter!("peegeeq_webhook_lost_total").increment(lost);
        tracing::warn!(lost, "the receiver of the webhook is too far behind: {lost} journal entries are not sent, which it is told");
        let after = gap.as_ref().map_or(position.number, |gap| gap.after);
        *gap = Some(Gap { after, before: to + 1 });
        position.number = to;
    }

    /// Sends until it is taken.
    async fn deliver(&self, page: &EventPage, gap: Option<Gap>, last: Seq) {
        let body = self.body(page, gap, last);
        let mut wait = BACK_OFF;
        loop {
            let outcome = self.send(&body, last).await;
            metrics::counter!("peegeeq_webhook_deliveries_total", "outcome" => if outcome.is_ok() { "ok" } else { "failed" }).increment(1);
            metrics::gauge!("peegeeq_webhook_behind").set(self.journal.position().number.saturating_sub(last.number) as f64);
            let Err(sentence) = outcome else { return };
            tracing::warn!(delivery = %last, "webhook delivery {last} was not taken, next try in {}s: {sentence}", wait.as_secs());
            // Not all managers of a receiver that comes back should come back at once.
            let spread = rand::random_range(0.8..1.2);
            tokio::time::sleep(wait.mul_f64(spread)).await;
            wait = (wait * 2).min(BACK_OFF_MAX);
        }
    }

    async fn send(&self, body: &Bytes, last: Seq) -> Result<(), String> {
        let secret = self.secret().await?;
        let timestamp = clock::wall().epoch_millis() / 1000;
        let value = |text: String| HeaderValue::try_from(text).map_err(|error| error.to_string());
        let headers = vec![
            (TIMESTAMP, value(timestamp.to_string())?),
            (SIGNATURE, value(secret.sign(timestamp, body))?),
            (DELIVERY, value(last.to_string())?),
        ];
        let target = &self.settings.target;
        let sent = Post { path: &target.path, body: body.clone(), headers };
        match post(&self.dialer, &target.endpoint, sent, Deadline::within(self.settings.timeout)).await {
            Ok(200..=299) => Ok(()),
            Ok(status) => Err(format!("the receiver answered {status}")),
            Err(failure) => Err(failure.sentence),
        }
    }

    /// The secret as the file says now: it may have been changed.
    async fn secret(&self) -> Result<Secret, String> {
        let file = self.settings.secret_file.clone();
        let read = self.file.blocking(move || Secret::read(&file)).await;
        read.unwrap_or_else(|| Err("the manager is stopping".to_owned()))
    }

    fn body(&self, page: &EventPage, gap: Option<Gap>, last: Seq) -> Bytes {
        let text = |text: &str| serde_json::Value::from(text).to_string();
        let place = |number| text(&Seq { number, ..last }.to_string());
        let gap = gap.map_or("null".to_owned(), |gap| format!(r#"{{"after":{},"before":{}}}"#, place(gap.after), place(gap.before)));
        let events: Vec<Bytes> = page.entries.iter().map(|entry| (self.render)(entry)).collect();
        let mut body = format!(r#"{{"delivery":"{last}","manager":{},"gap":{gap},"events":["#, text(&self.settings.manager)).into_bytes();
        body.extend_from_slice(&events.join(&b','));
        body.extend_from_slice(b"]}");
        body.into()
    }
}
