//! Consumer groups: one row of an instance's list, and what rows add up to.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::placement::{Placeable, Shown};
use super::{Condition, ConditionCounts, GroupStatus, Implementation, ListAggregate, Row, Sum, Totals};

/// One consumer group as one instance sees it. `None` is "the instance did not say", and also "what it said is a
/// placeholder": real instances write a constant `lag: 0`, which must arrive here as `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupRow {
    /// The setup it belongs to.
    pub setup: Option<Arc<str>>,
    /// The queue it reads.
    pub queue: Option<Arc<str>>,
    /// Its name.
    pub name: Arc<str>,
    /// Members; from real instances 0 or 1.
    pub consumers: Option<u64>,
    /// Messages processed so far.
    pub processed: Option<u64>,
    /// Messages waiting for it.
    pub lag: Option<u64>,
    /// What the instance says about it.
    pub status: GroupStatus,
    /// How its queue is built.
    pub implementation: Option<Implementation>,
}

impl Placeable for GroupRow {
    const SHOWS_QUEUES: bool = false;

    fn is_blank(&self) -> bool {
        [self.consumers, self.processed, self.lag].iter().all(|number| number.unwrap_or_default() == 0)
    }

    fn setup(&self) -> Option<&Arc<str>> {
        self.setup.as_ref()
    }

    fn show<'a>(&'a self, shown: &mut Shown<'a>) {
        shown.names.push((&self.name, self.queue.as_deref().unwrap_or_default()));
    }
}

impl Row for GroupRow {
    type Totals = GroupTotals;

    fn name(&self) -> &Arc<str> {
        &self.name
    }

    fn queue(&self) -> Option<&Arc<str>> {
        self.queue.as_ref()
    }

    fn condition(&self) -> Condition {
        match self.status {
            GroupStatus::Active => Condition::Good,
            GroupStatus::Paused | GroupStatus::Dead | GroupStatus::Cancelled => Condition::Bad,
            GroupStatus::Unknown => Condition::Unknown,
        }
    }

    /// A group is active as long as it is active anywhere.
    fn condition_together(rows: &ConditionCounts) -> Condition {
        if rows.good > 0 { Condition::Good } else { rows.worst() }
    }
}

/// What consumer groups add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupTotals {
    /// Members.
    pub consumers: Sum,
    /// Messages processed.
    pub processed: Sum,
    /// Messages waiting.
    pub lag: Sum,
}

impl GroupTotals {
    /// The guide's names of the totals that no instance supplied.
    pub fn unavailable(&self) -> Vec<&'static str> {
        let mut names = Vec::new();
        if self.consumers.total().is_none() {
            names.push("totalConsumers");
        }
        if self.processed.known() == 0 {
            names.push("totalMessagesProcessed");
        }
        if self.lag.known() == 0 {
            names.extend(["totalLag", "averageLag"]);
        }
        names
    }
}

impl Totals<GroupRow> for GroupTotals {
    fn add(&mut self, row: &GroupRow) {
        self.consumers.add(row.consumers);
        self.processed.add(row.processed);
        self.lag.add(row.lag);
    }

    fn add_unknown(&mut self) {
        self.consumers.add(None);
        self.processed.add(None);
        self.lag.add(None);
    }

    fn absorb(&mut self, other: &Self) {
        self.consumers.absorb(&other.consumers);
        self.processed.absorb(&other.processed);
        self.lag.absorb(&other.lag);
    }
}

impl<A> ListAggregate<GroupRow, A> {
    /// The guide's cluster-wide `averageLag`: the total lag divided by the number of *names* with a known lag.
    pub fn average_lag(&self) -> Option<f64> {
        let names = self.names.iter().filter(|named| named.totals.lag.known() > 0).count();
        if names == 0 { None } else { Some(self.totals.lag.total()? as f64 / names as f64) }
    }
}
