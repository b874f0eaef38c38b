//! Counters of requests as they were at an earlier fetch, for rates of lately.
//!
//! Owns one sample per instance, and forgets instances that left.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use peegeeq_domain::catalog::Catalog;
use peegeeq_domain::federation::{EarlierRequests, RequestCounters};
use peegeeq_domain::instance::InstanceId;
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
pub(super) struct Samples(Mutex<HashMap<InstanceId, (Instant, RequestCounters)>>);

impl Samples {
    /// Gives the earlier counters of an instance, and keeps these for later.
    pub(super) fn exchange(&self, instance: &InstanceId, counters: RequestCounters) -> Option<EarlierRequests> {
        let now = clock::instant();
        let mut samples = self.lock();
        let Some((at, earlier)) = samples.get(instance).copied() else {
            samples.insert(instance.clone(), (now, counters));
            return None;
        };
        let ago = now.saturating_duration_since(at);
        let restarted = counters.total() < earlier.total();
        if ago >= SPAN_GOOD || restarted {
            samples.insert(instance.clone(), (now, counters));
        }
        let tells = !restarted && (SPAN_MIN..=SPAN_MAX).contains(&ago);
        let ago = Millis::from_micros(u64::try_from(ago.as_micros()).unwrap_or(u64::MAX));
        tells.then_some(EarlierRequests { counters: earlier, ago })
    }

    /// Forgets all but the members.
    pub(super) fn follow(&self, catalog: &Catalog) {
        self.lock().retain(|instance, _| catalog.get(instance.as_str()).is_some());
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<InstanceId, (Instant, RequestCounters)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn rates_are_taken_over_a_good_span() {
        let samples = Samples::default();
        let id = InstanceId::parse("a").expect("id");
        let answered = |count| RequestCounters { success: count, ..RequestCounters::default() };
        let exchange = |count| samples.exchange(&id, answered(count)).map(|earlier| (earlier.counters.total(), earlier.ago.seconds()));
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
