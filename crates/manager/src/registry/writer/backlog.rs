//! Journal entries about verdicts that wait for the disk.
//!
//! Owns their bound: a verdict never waits for the disk, so when the disk is too slow entries are lost, counted, and
//! the journal says how many at the place where they are missing.

use std::collections::VecDeque;

use peegeeq_domain::journal::JournalEvent;
use peegeeq_domain::time::Timestamp;

use crate::registry::store::Write;

/// The most bytes of a sentence of evidence that are kept.
const EVIDENCE_BYTES_MAX: usize = 1024;

/// Entries in the order in which they happened.
#[derive(Debug)]
pub(super) struct Backlog {
    waiting: VecDeque<Write>,
    limit: usize,
    lost: u64,
}

impl Backlog {
    pub(super) fn new(limit: usize) -> Self {
        Self { waiting: VecDeque::new(), limit: limit.max(1), lost: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.lost == 0
    }

    /// Adds an entry, or counts it as lost when there is no room. After a loss nothing is added until the rest was taken,
    /// so that there is one gap in one place.
    pub(super) fn add(&mut self, at: Timestamp, event: JournalEvent) {
        if self.lost > 0 || self.waiting.len() >= self.limit {
            self.lose(1);
        } else {
            self.waiting.push_back(Write::Note { at, event: shortened(event) });
        }
    }

    /// Takes everything, with the mark of a gap at its end if there is one, and says how many these are.
    pub(super) fn take(&mut self, now: Timestamp, into: &mut Vec<Write>) -> usize {
        let before = into.len();
        into.extend(self.waiting.drain(..));
        if self.lost > 0 {
            into.push(Write::Note { at: now, event: JournalEvent::Gap { lost: std::mem::take(&mut self.lost) } });
        }
        into.len() - before
    }

    /// Puts back what could not be written.
    pub(super) fn put_back(&mut self, entries: impl DoubleEndedIterator<Item = Write>) {
        for entry in entries.rev() {
            match entry {
                Write::Note { event: JournalEvent::Gap { lost }, .. } => self.lost += lost,
                entry => self.waiting.push_front(entry),
            }
        }
        // What came in meanwhile, or lies behind a gap, is the newest: it goes first.
        let excess = self.waiting.len().saturating_sub(self.limit);
        self.waiting.truncate(self.limit);
        self.lose(excess as u64);
    }

    /// How many entries wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    fn lose(&mut self, count: u64) {
        self.lost += count;
        metrics::counter!("peegeeq_journal_lost_total").increment(count);
    }
}

fn shortened(mut event: JournalEvent) -> JournalEvent {
    if let JournalEvent::VerdictChanged { evidence, .. } = &mut event {
        evidence.truncate(evidence.floor_char_boundary(EVIDENCE_BYTES_MAX));
    }
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(n: u64) -> JournalEvent {
        JournalEvent::ManagerStarted { version: n.to_string() }
    }

    fn taken(backlog: &mut Backlog) -> Vec<JournalEvent> {
        let mut writes = Vec::new();
        backlog.take(Timestamp::default(), &mut writes);
        let event = |write| if let Write::Note { event, .. } = write { event } else { panic!("only notes wait here") };
        writes.into_iter().map(event).collect()
    }

    #[test]
    fn what_finds_no_room_is_counted_and_marked_once() {
        let mut backlog = Backlog::new(2);
        (1..=5).for_each(|n| backlog.add(Timestamp::default(), entry(n)));
        assert_eq!(taken(&mut backlog), [entry(1), entry(2), JournalEvent::Gap { lost: 3 }]);
        assert!(backlog.is_empty());
    }

    #[test]
    fn what_could_not_be_written_keeps_its_place() {
        let mut backlog = Backlog::new(3);
        (1..=2).for_each(|n| backlog.add(Timestamp::default(), entry(n)));
        let mut writes = Vec::new();
        assert_eq!(backlog.take(Timestamp::default(), &mut writes), 2);
        (3..=4).for_each(|n| backlog.add(Timestamp::default(), entry(n)));
        backlog.put_back(writes.into_iter());
        assert_eq!(taken(&mut backlog), [entry(1), entry(2), entry(3), JournalEvent::Gap { lost: 1 }]);
    }
}
