//! Who waits for a probe, and how many run.
//!
//! Owns the limit and how it is shared: probes that will probably wait for their whole time may not take the places of
//! those that are answered at once. Does not own who is due.

use std::collections::VecDeque;

use crate::health::due::Serial;

/// What a probe will probably do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// Be answered soon, one way or the other.
    Quick,
    /// Wait: the last one was not answered in time, or an earlier one still waits.
    Slow,
}

/// The waiting and the running probes that the schedule asked for.
#[derive(Debug)]
pub(super) struct Line {
    limit: usize,
    quick: VecDeque<Serial>,
    slow: VecDeque<Serial>,
    running: usize,
    slow_running: usize,
}

impl Line {
    /// At most `limit` probes at once, at most half of them slow; at least one.
    pub(super) fn new(limit: usize) -> Self {
        Self { limit: limit.max(1), quick: VecDeque::new(), slow: VecDeque::new(), running: 0, slow_running: 0 }
    }

    /// Puts an instance at the end.
    pub(super) fn push(&mut self, serial: Serial, lane: Lane) {
        match lane {
            Lane::Quick => self.quick.push_back(serial),
            Lane::Slow => self.slow.push_back(serial),
        }
    }

    /// Who is next, if there is a place.
    pub(super) fn pop(&mut self) -> Option<(Serial, Lane)> {
        if self.running >= self.limit {
            return None;
        }
        if let Some(serial) = self.quick.pop_front() {
            return Some((serial, Lane::Quick));
        }
        let has_place = self.slow_running < (self.limit / 2).max(1);
        self.slow.pop_front_if(|_| has_place).map(|serial| (serial, Lane::Slow))
    }

    /// Whether none runs.
    #[cfg(test)]
    pub(super) const fn is_idle(&self) -> bool {
        self.running == 0 && self.slow_running == 0
    }

    /// A probe began.
    pub(super) fn began(&mut self, lane: Lane) {
        self.running += 1;
        self.slow_running += usize::from(lane == Lane::Slow);
    }

    /// A probe ended.
    pub(super) fn ended(&mut self, lane: Lane) {
        self.running -= 1;
        self.slow_running -= usize::from(lane == Lane::Slow);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_probes_take_at_most_half_of_the_places() {
        let mut line = Line::new(4);
        let start = |line: &mut Line| {
            let (serial, lane) = line.pop()?;
            line.began(lane);
            Some((serial.0, lane))
        };
        (0..10).for_each(|n| line.push(Serial(n), Lane::Slow));
        assert_eq!((start(&mut line), start(&mut line)), (Some((0, Lane::Slow)), Some((1, Lane::Slow))));
        assert_eq!(start(&mut line), None, "the rest is kept for others");
        (20..23).for_each(|n| line.push(Serial(n), Lane::Quick));
        assert_eq!((start(&mut line), start(&mut line)), (Some((20, Lane::Quick)), Some((21, Lane::Quick))));
        assert_eq!(start(&mut line), None);
        line.ended(Lane::Slow);
        assert_eq!(start(&mut line), Some((22, Lane::Quick)), "and comes first");
        line.ended(Lane::Quick);
        assert_eq!(start(&mut line), Some((2, Lane::Slow)));
    }
}
