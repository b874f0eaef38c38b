//! How much of a window an instance was available.
//!
//! Only time in which it was known to be healthy or unhealthy counts. Time in which nobody looked, in which it was not registered
//! or taken out by order says nothing about how available it is.

use alloc::vec::Vec;
use core::ops::Range;
use core::time::Duration;

use super::past::{Happened, Past, State};
use crate::health::HealthState;
use crate::time::Timestamp;

const HEALTHY: State = State::Is(HealthState::Healthy);
const UNHEALTHY: State = State::Is(HealthState::Unhealthy);

/// A time in which the state was the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// From here.
    pub from: Timestamp,
    /// Up to here.
    pub to: Timestamp,
    /// The state.
    pub state: State,
}

impl Span {
    fn length(&self) -> Duration {
        Duration::from_millis(self.to.epoch_millis().abs_diff(self.from.epoch_millis()))
    }
}

/// What a window looked like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Availability {
    /// The window without holes, in order; neighbours differ.
    pub spans: Vec<Span>,
    /// Time healthy.
    pub up: Duration,
    /// Time unhealthy.
    pub down: Duration,
    /// Time of which nobody knows.
    pub unknown: Duration,
    /// Time that counts for neither: not registered, coming up, going away, taken out by order.
    pub excluded: Duration,
    /// Changes from one known state to another.
    pub transitions: u64,
    /// Times it went from healthy to unhealthy.
    pub failures: u64,
    /// Times it came back after such a failure, and how long that took together.
    pub repairs: (u64, Duration),
}

impl Availability {
    /// Part of the time known as up or down in which it was up.
    pub fn ratio(&self) -> Option<f64> {
        let known = (self.up + self.down).as_secs_f64();
        (known > 0.0).then(|| self.up.as_secs_f64() / known)
    }

    /// Mean time to repair, of failures that began and ended in the window.
    pub fn mttr(&self) -> Option<Duration> {
        let (count, together) = self.repairs;
        Some(together / u32::try_from(count).ok().filter(|count| *count > 0)?)
    }

    /// Mean time between failures: the time up for each failure in the window.
    pub fn mtbf(&self) -> Option<Duration> {
        Some(self.up / u32::try_from(self.failures).ok().filter(|count| *count > 0)?)
    }
}

/// The availability in `window`. The journal tells from `reach` on, when `past` was true; `events` followed, in the order of the
/// journal. Where the clock was set back, an event counts from when the one before it does.
pub fn availability(window: Range<Timestamp>, reach: Timestamp, mut past: Past, events: &[Happened]) -> Availability {
    let (mut spans, end) = (Spans(Vec::new()), window.end.max(window.start));
    let mut cursor = window.start;
    spans.push(&mut cursor, reach.min(end), State::Unknown);
    for happened in events {
        spans.push(&mut cursor, happened.at.min(end), past.state());
        past.apply(&happened.event);
    }
    spans.push(&mut cursor, end, past.state());
    summed(spans.0)
}

struct Spans(Vec<Span>);

impl Spans {
    /// Adds the time up to `to`, if that lies ahead.
    fn push(&mut self, cursor: &mut Timestamp, to: Timestamp, state: State) {
        if to <= *cursor {
            return;
        }
        match self.0.last_mut() {
            Some(last) if last.state == state => last.to = to,
            _ => self.0.push(Span { from: *cursor, to, state }),
        }
        *cursor = to;
    }
}

fn summed(spans: Vec<Span>) -> Availability {
    let mut sum = Availability::default();
    for span in &spans {
        let part = match span.state {
            HEALTHY => &mut sum.up,
            UNHEALTHY => &mut sum.down,
            State::Unknown => &mut sum.unknown,
            _ => &mut sum.excluded,
        };
        *part += span.length();
    }
    for pair in spans.windows(2) {
        sum.transitions += u64::from(pair.iter().all(|span| span.state != State::Unknown));
        sum.failures += u64::from(pair[0].state == HEALTHY && pair[1].state == UNHEALTHY);
    }
    for three in spans.windows(3) {
        if three[0].state == HEALTHY && three[1].state == UNHEALTHY && three[2].state == HEALTHY {
            sum.repairs = (sum.repairs.0 + 1, sum.repairs.1 + three[1].length());
        }
    }
    sum.spans = spans;
    sum
}
