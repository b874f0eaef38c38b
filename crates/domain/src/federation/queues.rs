//! Queues: one row of an instance's list, and what rows add up to.

use alloc::sync::Arc;

use super::placement::{Placeable, Shown};
use super::{Condition, ConditionCounts, Implementation, Mean, QueueStatus, Row, Sum, Totals, WeightedMean};
use crate::quantity::{Millis, Rate, Ratio};

/// One queue as one instance sees it. `None` is "the instance did not say".
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueueRow {
    /// The setup it belongs to.
    pub setup: Option<Arc<str>>,
    /// Its name.
    pub name: Arc<str>,
    /// Messages in it; for an outbox, delivered ones too.
    pub messages: Option<u64>,
    /// Active subscriptions.
    pub consumers: Option<u64>,
    /// Messages a second: from real instances an average over the queue's life.
    pub rate: Option<Rate>,
    /// Share of messages that failed.
    pub error_rate: Option<Ratio>,
    /// Mean time to process one message.
    pub average_processing: Option<Millis>,
    /// What the instance says about it.
    pub status: QueueStatus,
    /// How it is built.
    pub implementation: Option<Implementation>,
}

impl Placeable for QueueRow {
    const SHOWS_QUEUES: bool = true;

    fn is_blank(&self) -> bool {
        self.messages.unwrap_or_default() == 0
    }

    fn setup(&self) -> Option<&Arc<str>> {
        self.setup.as_ref()
    }

    fn show<'a>(&'a self, shown: &mut Shown<'a>) {
        shown.names.push((&self.name, ""));
    }
}

impl Row for QueueRow {
    type Totals = QueueTotals;

    fn name(&self) -> &Arc<str> {
        &self.name
    }

    fn queue(&self) -> Option<&Arc<str>> {
        None
    }

    fn condition(&self) -> Condition {
        match self.status {
            QueueStatus::Active | QueueStatus::Paused | QueueStatus::Idle => Condition::Good,
            QueueStatus::Error => Condition::Bad,
            QueueStatus::Unknown => Condition::Unknown,
        }
    }

    fn condition_together(rows: &ConditionCounts) -> Condition {
        rows.worst()
    }
}

/// What queues add up to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueueTotals {
    /// Messages.
    pub messages: Sum,
    /// Active subscriptions.
    pub consumers: Sum,
    rates: Mean,
    processing: WeightedMean,
}

impl QueueTotals {
    /// The guide's `averageProcessingRate`: the plain mean of the rows' rates, in messages a second.
    pub fn average_rate(&self) -> Option<f64> {
        self.rates.mean()
    }

    /// The plain mean of the rows' processing times: instances do not tell how many messages stand behind each. Zeros,
    /// which instances write for "nothing processed yet", are left out.
    pub fn average_processing(&self) -> Option<Millis> {
        self.processing.mean().map(Millis::from_micros)
    }
}

impl Totals<QueueRow> for QueueTotals {
    fn add(&mut self, row: &QueueRow) {
        self.messages.add(row.messages);
        self.consumers.add(row.consumers);
        self.rates.add(row.rate.map(Rate::per_second));
        self.processing.add(row.average_processing.map(Millis::micros).filter(|micros| *micros > 0), None);
    }

    fn add_unknown(&mut self) {
        self.messages.add(None);
        self.consumers.add(None);
    }

    fn absorb(&mut self, other: &Self) {
        self.messages.absorb(&other.messages);
        self.consumers.absorb(&other.consumers);
        self.rates.absorb(&other.rates);
        self.processing.absorb(&other.processing);
    }
}
