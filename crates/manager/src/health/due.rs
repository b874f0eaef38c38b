//! Who is due when: an ordered set of moments, one per watched instance.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use peegeeq_domain::instance::InstanceId;
use peegeeq_domain::time::{Moment, millis};

/// Names one observation of one instance under one address, so that late news of an earlier one is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Serial(pub(super) u64);

/// The instances that are due, by time.
#[derive(Debug, Default)]
pub(super) struct DueQueue {
    order: BTreeSet<(Moment, Serial)>,
    moments: HashMap<Serial, Moment>,
}

impl DueQueue {
    /// Sets when `serial` is due, in place of any earlier entry; `None` removes it.
    pub(super) fn set(&mut self, serial: Serial, due: Option<Moment>) {
        let before = match due {
            Some(moment) => self.moments.insert(serial, moment),
            None => self.moments.remove(&serial),
        };
        if before == due {
            return;
        }
        if let Some(moment) = before {
            self.order.remove(&(moment, serial));
        }
        self.order.extend(due.map(|moment| (moment, serial)));
    }

    /// Takes out the first that is due at `now`.
    pub(super) fn pop(&mut self, now: Moment) -> Option<Serial> {
        let (moment, serial) = *self.order.first()?;
        if moment > now {
            return None;
        }
        self.set(serial, None);
        Some(serial)
    }

    /// When the first is due.
    pub(super) fn next(&self) -> Option<Moment> {
        self.order.first().map(|(moment, _)| *moment)
    }
}

/// An instance's own place within an interval, the same at every start of this manager and another at every other manager.
pub(super) fn phase(manager_id: &str, id: &InstanceId, interval: Duration) -> Duration {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let bytes = manager_id.bytes().chain([0xff]).chain(id.as_str().bytes());
    let hash = bytes.fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
    // The low bits of this hash alone are uneven for ids that differ in their last digits only.
    let mixed = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    Duration::from_millis(mixed % millis(interval).max(1))
}

/// The first moment after `now` that lies `phase` into an interval.
pub(super) fn next_slot(now: Moment, interval: Duration, phase: Duration) -> Moment {
    let interval = millis(interval).max(1);
    let phase = millis(phase) % interval;
    let begun = now.as_millis().saturating_add(interval).saturating_sub(phase) / interval;
    Moment::from_millis(begun.saturating_mul(interval).saturating_add(phase))
}

#[cfg(test)]
mod tests {
    use peegeeq_domain::health::{HealthPolicy, HealthTracker, ProbeOutcome};

    use super::*;

    #[test]
    fn the_first_due_comes_first_and_only_its_last_moment_counts() {
        let mut queue = DueQueue::default();
        let at = Moment::from_millis;
        queue.set(Serial(1), Some(at(30)));
        queue.set(Serial(2), Some(at(20)));
        queue.set(Serial(3), Some(at(10)));
        queue.set(Serial(3), Some(at(40)));
        queue.set(Serial(2), None);
        assert_eq!(queue.next(), Some(at(30)));
        assert_eq!(queue.pop(at(29)), None);
        assert_eq!(queue.pop(at(50)), Some(Serial(1)));
        assert_eq!(queue.pop(at(50)), Some(Serial(3)));
        assert_eq!(queue.pop(at(50)), None);
    }

    #[test]
    fn slots_are_one_interval_apart() {
        let at = Moment::from_millis;
        let slot = |now| next_slot(at(now), Duration::from_secs(10), Duration::from_secs(3));
        assert_eq!(
            [slot(0), slot(2_999), slot(3_000), slot(3_001), slot(13_000)].map(Moment::as_millis),
            [3_000, 3_000, 13_000, 13_000, 23_000]
        );
    }

    /// Ten thousand instances under the default numbers: no 100 ms see more than one and a half times their share of probes.
    #[test]
    fn probes_never_come_in_waves() {
        const INTERVAL: u64 = 10_000;
        let millis = Duration::from_millis;
        let policy = HealthPolicy {
            interval: millis(INTERVAL),
            jitter_percent: 10,
            max_failures: 3,
            recheck: millis(500),
            overlap_after: millis(1_000),
            least_span: millis(1_500),
            retry_interval: millis(30_000),
            recovery_successes: 1,
        };
        let mut windows = [0_u32; 300];
        let mut random = 1_u32;
        for n in 0..10_000 {
            let id = InstanceId::parse(&format!("instance-{n:05}")).unwrap();
            let mut tracker = HealthTracker::new(phase("manager-1", &id, policy.interval), Moment::default());
            while let Some(due) = tracker.due().filter(|due| due.as_millis() < 4 * INTERVAL) {
                // The first interval is that of the first contacts, which are made at once.
                if let Some(since) = due.as_millis().checked_sub(INTERVAL) {
                    windows[usize::try_from(since / 100).unwrap()] += 1;
                }
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                tracker.probe_started(&policy, due);
                tracker.probe_ended(&policy, ProbeOutcome::Passed, due, due + millis(2), random >> 8, false);
            }
        }
        assert!((29_000..=31_000).contains(&windows.iter().sum::<u32>()), "{windows:?}");
        assert!(windows.iter().all(|count| *count <= 150), "{windows:?}");
    }
}
