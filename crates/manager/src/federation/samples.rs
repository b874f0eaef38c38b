//! Counters of requests as they were at an earlier fetch, for rates of lately.
//!
//! Owns one sample per instance, and forgets instances that left.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use peegeeq_domain::catalog::Catalog;
use peegeeq_domain::federation::{EarlierRequests, RequestCounters};
use peegeeq_domain::instance::{Instance, InstanceId, Revision};
use peegeeq_domain::quantity::Millis;
use tokio::time::Instant;

use crate::clock;

/// A rate over less time than this would be noise.
const SPAN_MIN: Duration = Duration::from_secs(1);

/// A sample is kept until it is this old, so that frequent requests do not shorten the span.
const SPAN_GOOD: Duration = Duration::from_secs(10);

/// A sample older than this says nothing of lately.
const SPAN_MAX: Duration = Duration::from_secs(300);

/// The last samples.
#[derive(Debug, Default)]
pub(super) struct Samples(Mutex<Kept>);

type Kept = HashMap<InstanceId, (Revision, Instant, RequestCounters)>;

impl Samples {
    /// Gives the earlier counters of an instance that has been up for `uptime`, and keeps these for later. Counters of
    /// another address, or of another life of the process, are not those of this one.
    pub(super) fn exchange(&self, instance: &Instance, counters: RequestCounters, uptime: Option<Millis>) -> Option<EarlierRequests> {
        let now = clock::instant();
        let mut samples = self.lock();
        let id = &instance.registration.id;
        let sample = (instance.incarnation, now, counters);
        let Some((_, at, earlier)) = samples.get(id).copied().filter(|(incarnation, ..)| *incarnation == instance.incarnation) else {
            samples.insert(id.clone(), sample);
            return None;
        };
        let ago = now.saturating_duration_since(at);
        let restarted = counters.total() < earlier.total() || uptime.is_some_and(|uptime| uptime.seconds() < ago.as_secs_f64());
        if ago >= SPAN_GOOD || restarted {
            samples.insert(id.clone(), sample);
        }
        let tells = !restarted && (SPAN_MIN..=SPAN_MAX).contains(&ago);
        let ago = Millis::from_micros(u64::try_from(ago.as_micros()).unwrap_or(u64::MAX));
        tells.then_some(EarlierRequests { counters: earlier, ago })
    }

    /// Forgets all but the members.
    pub(super) fn follow(&self, catalog: &Catalog) {
        self.lock().retain(|instance, _| catalog.get(instance.as_str()).is_some());
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use peegeeq_domain::instance::{Draft, Registration};
    use peegeeq_domain::time::Timestamp;

    fn instance(incarnation: Option<Revision>) -> Instance {
        let draft =
            Draft { instance_id: Some("a".to_owned()), host: Some("10.0.0.1".to_owned()), port: Some(Some(8080)), ..Draft::default() };
        let instance = Instance::registered(Registration::from_draft(draft).expect("valid"), Timestamp::default());
        Instance { incarnation: incarnation.unwrap_or(instance.incarnation), ..instance }
    }

    #[tokio::test(start_paused = true)]
    async fn counters_of_another_life_are_not_compared() {
        let samples = Samples::default();
        let (here, moved) = (instance(None), instance(Some(Revision(9))));
        let answered = |count| RequestCounters { success: count, ..RequestCounters::default() };
        samples.exchange(&here, answered(100), None);
        tokio::time::advance(Duration::from_secs(4)).await;
        assert_eq!(samples.exchange(&moved, answered(5_000_000), None), None, "another address");
        tokio::time::advance(Duration::from_secs(4)).await;
        assert_eq!(samples.exchange(&moved, answered(6_000_000), Some(Millis::from_millis(3_000))), None, "another life of the process");
        tokio::time::advance(Duration::from_secs(4)).await;
        assert!(samples.exchange(&moved, answered(6_000_001), Some(Millis::from_millis(7_000))).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn rates_are_taken_over_a_good_span() {
        let samples = Samples::default();
        let instance = instance(None);
        let answered = |count| RequestCounters { success: count, ..RequestCounters::default() };
        let exchange =
            |count| samples.exchange(&instance, answered(count), None).map(|earlier| (earlier.counters.total(), earlier.ago.seconds()));
        assert_eq!(exchange(100), None);
        tokio::time::advance(Duration::from_millis(200)).await;
        assert_eq!(exchange(150), None, "too soon");
        tokio::time::advance(Duration::from_millis(3_800)).await;
        assert_eq!(exchange(180), Some((100, 4.0)));
        tokio::time::advance(Duration::from_secs(7)).await;
        assert_eq!(exchange(200), Some((100, 11.0)));
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(exchange(210), Some((200, 2.0)));
        assert_eq!(exchange(3), None, "a restart");
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(exchange(5), Some((3, 2.0)));
        samples.follow(&Catalog::default());
        assert_eq!(exchange(6), None, "it left meanwhile");
    }
}
