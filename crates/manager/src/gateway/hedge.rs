//! A second attempt beside the first, for reads that take unusually long: whoever answers first is passed on.
//!
//! Owns when a read is hedged, and what becomes of the slower attempt: it is cut off, and its instance counts as at least that
//! slow. Does not own the budget, which is that of retries, nor what is done when both fail.

use std::pin::pin;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, select};
use http::HeaderValue;
use peegeeq_domain::routing::ask::{Ask, Need};
use peegeeq_domain::routing::table::Wanted;

use super::choose::{self, Chosen, Picked};
use super::exchange::Limit;
use super::job::{Answered, Failed, Job};
use super::request_body::RequestBody;
use super::upstream::Upstream;
use super::{Gateway, Shared};
use crate::clock;

/// How many of the last reads a percentile is made of.
const REMEMBERED: usize = 256;

/// With fewer it says nothing.
const REMEMBERED_MIN: usize = 32;

/// It is made anew after so many reads.
const RENEWED_EVERY: usize = 32;

/// Who answered a read that was hedged.
pub(super) const FIRST: HeaderValue = HeaderValue::from_static("first");
const SECOND: HeaderValue = HeaderValue::from_static("second");

/// When a read is hedged. Off unless one of the two is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HedgePolicy {
    /// At the earliest after this time.
    pub delay: Duration,
    /// After the time in which this many of a hundred of the last reads were answered; 0: no matter.
    pub percentile: u32,
}

impl HedgePolicy {
    /// Whether any read is hedged.
    pub const fn is_on(&self) -> bool {
        self.percentile > 0 || !self.delay.is_zero()
    }
}

/// How often reads were hedged, and what came of it.
#[derive(Debug, Default)]
pub(super) struct Hedges {
    sent: AtomicU64,
    won: AtomicU64,
    unaffordable: AtomicU64,
}

/// The same for whoever looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HedgesTold {
    /// The rule.
    pub policy: HedgePolicy,
    /// Second attempts that were made.
    pub sent: u64,
    /// Those that answered first.
    pub won: u64,
    /// Those that were not made because the budget of retries was used up.
    pub unaffordable: u64,
}

impl Hedges {
    pub(super) fn told(&self, policy: HedgePolicy) -> HedgesTold {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        HedgesTold { policy, sent: read(&self.sent), won: read(&self.won), unaffordable: read(&self.unaffordable) }
    }

    fn count(count: &AtomicU64, outcome: &'static str) {
        count.fetch_add(1, Ordering::Relaxed);
        metrics::counter!("peegeeq_routed_hedges_total", "outcome" => outcome).increment(1);
    }
}

/// How long the last reads of one worker took to the head of their answer.
#[derive(Debug)]
pub(super) struct Delays {
    /// In microseconds; a ring.
    last: Mutex<Vec<u32>>,
    seen: AtomicUsize,
    /// The percentile, in microseconds; 0: not known yet.
    known: AtomicU32,
}

impl Default for Delays {
    fn default() -> Self {
        Self { last: Mutex::new(Vec::new()), seen: AtomicUsize::new(0), known: AtomicU32::new(0) }
    }
}

impl Delays {
    fn note(&self, took: Duration, percentile: u32) {
        let place = self.seen.fetch_add(1, Ordering::Relaxed);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let took = u32::try_from(took.as_micros()).unwrap_or(u32::MAX).max(1);
        match last.get_mut(place % REMEMBERED) {
            Some(old) => *old = took,
            None => last.push(took),
        }
        if last.len() >= REMEMBERED_MIN && place.is_multiple_of(RENEWED_EVERY) {
            let mut sorted = last.clone();
            let index = (sorted.len() * percentile as usize / 100).min(sorted.len() - 1);
            let (_, found, _) = sorted.select_nth_unstable(index);
            self.known.store(*found, Ordering::Relaxed);
        }
    }

    /// How long a read may take before it is hedged. `None`: it is not hedged.
    fn delay(&self, policy: &HedgePolicy) -> Option<Duration> {
        if policy.percentile == 0 {
            return Some(policy.delay);
        }
        let known = Some(self.known.load(Ordering::Relaxed)).filter(|known| *known > 0)?;
        Some(policy.delay.max(Duration::from_micros(known.into())))
    }
}

/// What came of the first attempt, with or without a second.
pub(super) struct Hedged {
    pub(super) outcome: Result<Answered, Failed>,
    /// At whom.
    pub(super) at: Arc<Upstream>,
    /// The other one who was asked.
    pub(super) other: Option<Arc<Upstream>>,
    /// Who answered, for the client.
    pub(super) told: Option<HeaderValue>,
}

impl Hedged {
    fn alone(outcome: Result<Answered, Failed>, at: Arc<Upstream>) -> Self {
        Self { outcome, at, other: None, told: None }
    }
}

impl Shared {
    /// Whether this request is one that is ever hedged: a read without a body that any of several can answer.
    pub(super) fn is_hedged(&self, job: &Job<'_>, ask: &Ask<'_>) -> bool {
        let class = &ask.class;
        let is_plain = class.is_safe() && !class.stream && !class.asks_health && !job.websocket && job.may_repeat && spare(job).is_some();
        self.settings.hedge.is_on() && is_plain && matches!(ask.need, Need::Setup { .. } | Need::AnyInstance)
    }
}

impl Gateway {
    /// The first attempt, and a second one at somebody else if it takes long and the budget allows.
    pub(super) async fn hedged(
        &self,
        job: &mut Job<'_>,
        picked: &Picked,
        (wanted, chosen, ask): (&Wanted<'_>, &Chosen, &Ask<'_>),
        is_good: impl Fn(&Answered) -> bool,
    ) -> Hedged {
        let (began, policy) = (clock::instant(), self.shared.settings.hedge);
        let mut another = self.again_from(job);
        let mut first = pin!(job.attempt(&picked.upstream, picked.is_probe));
        let alone = |outcome| Hedged::alone(outcome, picked.upstream.clone());
        let Some(delay) = self.worker.delays.delay(&policy) else {
            let outcome = first.await;
            self.worker.delays.note(began.elapsed(), policy.percentile);
            return alone(outcome);
        };
        let waiting = pin!(tokio::time::sleep(delay));
        if let Either::Left((outcome, _)) = select(first.as_mut(), waiting).await {
            self.worker.delays.note(began.elapsed(), policy.percentile);
            return alone(outcome);
        }
        let Some(other) = self.somebody_else(picked, wanted, chosen, ask) else { return alone(first.await) };
        let mut second = pin!(another.attempt(&other.upstream, other.is_probe));
        let (one, other) = (picked.upstream.clone(), other.upstream.clone());
        // Only an answer that is good ends the wait: until then the slower one may still save it.
        let hedged = |outcome, at: Arc<Upstream>, other: Arc<Upstream>, told| Hedged { outcome, at, other: Some(other), told: Some(told) };
        let (outcome, is_first) = match select(first.as_mut(), second.as_mut()).await {
            Either::Left((Ok(answer), _)) if is_good(&answer) => (Ok(answer), true),
            Either::Left((outcome, second)) => match second.await {
                Ok(answer) if is_good(&answer) => (Ok(answer), false),
                _ => (outcome, true),
            },
            Either::Right((Ok(answer), _)) if is_good(&answer) => {
                one.record.outrun(began.elapsed(), clock::now());
                (Ok(answer), false)
            }
            Either::Right((_, first)) => (first.await, true),
        };
        self.worker.delays.note(began.elapsed(), policy.percentile);
        if is_first {
            return hedged(outcome, one, other, FIRST);
        }
        Hedges::count(&self.shared.hedges.won, "won");
        hedged(outcome, other, one, SECOND)
    }

    /// The same request once more, for another instance.
    fn again_from<'a>(&'a self, job: &Job<'a>) -> Job<'a> {
        Job {
            shared: job.shared,
            worker: job.worker,
            head: job.head,
            body: spare(job),
            may_repeat: job.may_repeat,
            dress: job.dress.clone(),
            upload: None,
            limit: Limit { ..job.limit },
            class: job.class,
            is_safe: true,
            websocket: false,
            // It has less time than the first had.
            is_again: true,
        }
    }

    /// Somebody who was not asked yet, if the budget allows.
    fn somebody_else(&self, picked: &Picked, wanted: &Wanted<'_>, chosen: &Chosen, ask: &Ask<'_>) -> Option<Picked> {
        let picture = self.shared.picture.load();
        let group = choose::group(&picture, wanted, chosen).ok()?;
        let tried = choose::tried(&picture, std::slice::from_ref(&picked.upstream));
        let how = choose::how(&self.shared.settings, &picture, group, wanted, &ask.class);
        let draw = self.worker.turns.draw(&how, false);
        let other = choose::one(&picture, group, &ask.need, None, &draw, &tried).ok()?;
        if !self.budget(|budget| budget.take(draw.now)) {
            Hedges::count(&self.shared.hedges.unaffordable, "unaffordable");
            return None;
        }
        Hedges::count(&self.shared.hedges.sent, "sent");
        Some(other)
    }
}

/// The body once more, if that can be.
fn spare(job: &Job<'_>) -> Option<RequestBody> {
    match job.body.as_ref()? {
        RequestBody::Empty => Some(RequestBody::Empty),
        RequestBody::Whole(bytes) => Some(RequestBody::Whole(bytes.clone())),
        RequestBody::Streamed(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_known_after_some_reads_and_follows_them() {
        let (delays, policy) = (Delays::default(), HedgePolicy { delay: Duration::from_millis(2), percentile: 90 });
        assert_eq!(delays.delay(&policy), None, "nothing is known yet");
        (1..=100).for_each(|millis| delays.note(Duration::from_millis(millis), policy.percentile));
        let found = delays.delay(&policy).expect("enough reads");
        assert!((Duration::from_millis(80)..=Duration::from_millis(95)).contains(&found), "{found:?}");
        (0..1000).for_each(|_| delays.note(Duration::from_micros(10), policy.percentile));
        assert_eq!(delays.delay(&policy), Some(policy.delay), "at the earliest then");
        assert_eq!(delays.last.lock().expect("no panic").len(), REMEMBERED);
    }

    #[test]
    fn it_is_off_unless_something_is_said() {
        assert!(!HedgePolicy::default().is_on());
        let fixed = HedgePolicy { delay: Duration::from_millis(5), percentile: 0 };
        assert_eq!((fixed.is_on(), Delays::default().delay(&fixed)), (true, Some(fixed.delay)));
    }
}
