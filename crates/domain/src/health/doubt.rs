//! When the manager should doubt itself rather than the instances.
//!
//! A timeout is not proof of death. When most of several unrelated hosts fall silent together, or the manager's own loop
//! was late, the likelier cause is here: transitions to down are frozen, and the reason is said.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::time::Duration;

use crate::time::Moment;

/// Fewer silent hosts than this are their own fault.
const SILENT_HOSTS_LEAST: usize = 3;

/// After a late loop, what was measured during it proves nothing for this long.
const LAG_MEMORY: Duration = Duration::from_secs(6);

/// Why the manager doubts itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Most hosts that used to answer are silent.
    MostHostsSilent {
        /// How many are silent.
        silent: usize,
        /// Of how many.
        of: usize,
    },
    /// The manager's own loop was late by this much.
    OwnLoopLate {
        /// How late.
        by: Duration,
    },
}

/// Watches for signs that the fault lies with the manager.
#[derive(Clone, Debug, Default)]
pub struct SelfDoubt {
    silent_by_host: BTreeMap<Arc<str>, bool>,
    silent: usize,
    late: Option<(Moment, Duration)>,
}

impl SelfDoubt {
    /// The last probe of a host that used to answer: was it silent (no answer in time), or did anything come back?
    pub fn heard(&mut self, host: &Arc<str>, silent: bool) {
        let before = self.silent_by_host.insert(host.clone(), silent).unwrap_or(false);
        self.silent = self.silent - usize::from(before) + usize::from(silent);
    }

    /// The host says nothing about us any more: it is down, or gone.
    pub fn forget(&mut self, host: &str) {
        if self.silent_by_host.remove(host).unwrap_or(false) {
            self.silent -= 1;
        }
    }

    /// The loop that should have run earlier ran at `now`, late `by`.
    pub fn loop_was_late(&mut self, by: Duration, now: Moment) {
        self.late = Some((now, by));
    }

    /// The reason to doubt, if there is one at `now`.
    pub fn reason(&self, now: Moment) -> Option<Doubt> {
        if let Some((at, by)) = self.late.filter(|(at, _)| now.since(*at) < LAG_MEMORY) {
            debug_assert!(at <= now);
            return Some(Doubt::OwnLoopLate { by });
        }
        let of = self.silent_by_host.len();
        let most = self.silent >= SILENT_HOSTS_LEAST && self.silent * 2 > of;
        most.then_some(Doubt::MostHostsSilent { silent: self.silent, of })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_of_several_hosts_silent_together_is_our_fault() {
        let mut doubt = SelfDoubt::default();
        let hosts: alloc::vec::Vec<Arc<str>> = ["a", "b", "c", "d", "e"].map(Arc::from).into();
        for host in &hosts {
            doubt.heard(host, false);
        }
        doubt.heard(&hosts[0], true);
        doubt.heard(&hosts[1], true);
        assert_eq!(doubt.reason(Moment::default()), None);
        doubt.heard(&hosts[2], true);
        assert_eq!(doubt.reason(Moment::default()), Some(Doubt::MostHostsSilent { silent: 3, of: 5 }));
        doubt.heard(&hosts[2], false);
        assert_eq!(doubt.reason(Moment::default()), None);
    }

    #[test]
    fn two_hosts_are_too_few_to_tell() {
        let mut doubt = SelfDoubt::default();
        for host in ["a", "b"] {
            doubt.heard(&host.into(), true);
        }
        assert_eq!(doubt.reason(Moment::default()), None);
        doubt.forget("a");
        doubt.forget("zz");
        assert_eq!(doubt.reason(Moment::default()), None);
    }

    #[test]
    fn a_late_loop_is_remembered_for_a_while() {
        let mut doubt = SelfDoubt::default();
        doubt.loop_was_late(Duration::from_secs(20), Moment::from_millis(1_000));
        assert!(doubt.reason(Moment::from_millis(2_000)).is_some());
        assert!(doubt.reason(Moment::from_millis(8_000)).is_none());
    }
}
