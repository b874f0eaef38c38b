//! When the manager should doubt itself rather than the instances.
//!
//! A timeout is not proof of death. When most of several unrelated hosts fall silent together, or the manager's own loop
//! was late, the likelier cause is here: timeouts then find nobody down, and the reason is said. Only hosts that spoke
//! since the silence began speak against it, so others are asked as soon as one is suspected. Owns no timers.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Bound;
use core::time::Duration;

use crate::time::Moment;

/// Fewer silent hosts than this are their own fault.
const SILENT_HOSTS_LEAST: usize = 3;

/// A silent host that was found down is counted among the silent for this long.
const DOWN_MEMORY: Duration = Duration::from_secs(30);

/// Doubt that lasts this long although other hosts answer all the while is wrong: the silent ones are believed.
const DOUBT_MAX: Duration = Duration::from_secs(60);

/// An answer older than this does not show that hosts can be reached.
const ANSWER_MEMORY: Duration = Duration::from_secs(30);

/// The most hosts that are asked at once because another is suspected of silence.
const ASKED_MAX: usize = 16;

/// Hosts are asked for such a reason at most once in this time.
const ASKED_EVERY: Duration = Duration::from_secs(1);

/// After a late loop, what was measured during it proves nothing for this long.
const LAG_MEMORY: Duration = Duration::from_secs(6);

/// Why the manager doubts itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Most hosts that used to answer, and were asked since the silence began, are silent.
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

/// The silence of one host.
#[derive(Clone, Copy, Debug)]
struct Silence {
    /// When the first unanswered probe began.
    began: Moment,
    /// When it ceases to count, once the host was found down.
    counts_until: Option<Moment>,
}

/// Watches for signs that the fault lies with the manager.
#[derive(Clone, Debug, Default)]
pub struct SelfDoubt {
    /// How many instances are watched on each host.
    watched: BTreeMap<Arc<str>, usize>,
    /// When the last probe that was answered began, by host.
    answered: BTreeMap<Arc<str>, Moment>,
    silent: BTreeMap<Arc<str>, Silence>,
    /// Silent for so long while others answered that the fault is theirs. Not counted until they answer.
    believed: BTreeSet<Arc<str>>,
    /// Since when most are silent and yet some answer.
    mixed_since: Option<Moment>,
    believed_now: usize,
    late: Option<(Moment, Duration)>,
    asked: Option<(Moment, Arc<str>)>,
}

impl SelfDoubt {
    /// Something came back from the host for a probe that began at `started`.
    pub fn answered(&mut self, host: &Arc<str>, started: Moment) {
        let last = self.answered.entry(host.clone()).or_insert(started);
        *last = started.max(*last);
        self.silent.remove(host);
        self.believed.remove(host);
    }

    /// Nothing came back in time from a host that used to answer, for a probe that began at `started`.
    pub fn silent(&mut self, host: &Arc<str>, started: Moment) {
        let spoke_since = self.answered.get(host).is_some_and(|answered| *answered >= started);
        if spoke_since || self.believed.contains(host) {
            return;
        }
        self.answered.remove(host);
        self.silent.entry(host.clone()).or_insert(Silence { began: started, counts_until: None });
    }

    /// An instance on the host was found down at `now`: its silence, if that was the cause, counts a while longer.
    pub fn found_down(&mut self, host: &str, now: Moment) {
        if let Some(silence) = self.silent.get_mut(host) {
            silence.counts_until = Some(now + DOWN_MEMORY);
        }
    }

    /// An instance on the host is watched from now on.
    pub fn watch(&mut self, host: &Arc<str>) {
        *self.watched.entry(host.clone()).or_default() += 1;
    }

    /// An instance on the host is no longer watched. With the last one the host is forgotten: it says nothing about us.
    pub fn forget(&mut self, host: &str) {
        if let Some(count) = self.watched.get_mut(host).filter(|count| **count > 1) {
            *count -= 1;
            return;
        }
        self.watched.remove(host);
        self.answered.remove(host);
        self.silent.remove(host);
        self.believed.remove(host);
    }

    /// A host is suspected of silence at `now`: the other hosts that should be asked at once, to learn whether they are
    /// silent too before anybody is found down. A bounded number, others at each call.
    pub fn suspect(&mut self, host: &str, now: Moment) -> Vec<Arc<str>> {
        if self.asked.as_ref().is_some_and(|(at, _)| now.since(*at) < ASKED_EVERY) {
            return Vec::new();
        }
        let last = self.asked.as_ref().map_or(Bound::Unbounded, |(_, last)| Bound::Excluded(last.clone()));
        let begin = self.answered.range::<Arc<str>, _>((last, Bound::Unbounded));
        let all = begin.chain(self.answered.iter()).take(self.answered.len());
        let asked: Vec<_> = all.map(|(other, _)| other.clone()).filter(|other| **other != *host).take(ASKED_MAX).collect();
        if let Some(last) = asked.last() {
            self.asked = Some((now, last.clone()));
        }
        asked
    }

    /// The loop that should have run earlier ran at `now`, late `by`.
    pub fn loop_was_late(&mut self, by: Duration, now: Moment) {
        self.late = Some((now, by));
    }

    /// The reason to doubt, if there is one at `now`.
    pub fn reason(&mut self, now: Moment) -> Option<Doubt> {
        let silence = self.most_hosts_silent(now);
        let late = self.late.filter(|(at, _)| now.since(*at) < LAG_MEMORY);
        late.map(|(_, by)| Doubt::OwnLoopLate { by }).or(silence)
    }

    /// How many hosts' silence was believed since this was asked last, because others answered all the while.
    pub fn take_believed(&mut self) -> usize {
        core::mem::take(&mut self.believed_now)
    }

    fn most_hosts_silent(&mut self, now: Moment) -> Option<Doubt> {
        self.silent.retain(|_, silence| silence.counts_until.is_none_or(|until| now < until));
        let silent = self.silent.len();
        // Of hosts that were asked before the last silence began nobody knows how they are now.
        let latest = self.silent.values().map(|silence| silence.began).max().filter(|_| silent >= SILENT_HOSTS_LEAST);
        let Some(latest) = latest else {
            self.mixed_since = None;
            return None;
        };
        let speaking = self.answered.values().filter(|answered| **answered >= latest).count();
        if silent <= speaking {
            self.mixed_since = None;
            return None;
        }
        if self.answered.values().any(|answered| *answered >= latest && now.since(*answered) < ANSWER_MEMORY) {
            if now.since(*self.mixed_since.get_or_insert(now)) >= DOUBT_MAX {
                self.believe_the_silent();
                return None;
            }
        } else {
            self.mixed_since = None;
        }
        Some(Doubt::MostHostsSilent { silent, of: silent + speaking })
    }

    fn believe_the_silent(&mut self) {
        self.mixed_since = None;
        self.believed_now += self.silent.len();
        self.believed.extend(core::mem::take(&mut self.silent).into_keys());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(count: usize) -> Vec<Arc<str>> {
        (0..count).map(|n| alloc::format!("h-{n:02}").into()).collect()
    }

    fn at(seconds: u64) -> Moment {
        Moment::from_millis(seconds * 1_000)
    }

    /// All answered a probe that began at 1 s.
    fn well(count: usize) -> (SelfDoubt, Vec<Arc<str>>) {
        let (mut doubt, hosts) = (SelfDoubt::default(), hosts(count));
        hosts.iter().for_each(|host| doubt.answered(host, at(1)));
        (doubt, hosts)
    }

    #[test]
    fn most_of_those_asked_since_the_silence_began_decide() {
        let (mut doubt, hosts) = well(20);
        hosts[..2].iter().for_each(|host| doubt.silent(host, at(2)));
        assert_eq!(doubt.reason(at(7)), None, "two are too few to tell");
        doubt.silent(&hosts[2], at(2));
        assert_eq!(doubt.reason(at(7)), Some(Doubt::MostHostsSilent { silent: 3, of: 3 }), "what answered before says nothing");
        hosts[3..6].iter().for_each(|host| doubt.answered(host, at(3)));
        assert_eq!(doubt.reason(at(7)), None);
        doubt.silent(&hosts[5], at(2));
        assert_eq!(doubt.reason(at(7)), None, "it answered a later question");
    }

    #[test]
    fn whoever_went_down_silently_still_counts_for_a_while() {
        let (mut doubt, hosts) = well(3);
        hosts.iter().for_each(|host| doubt.silent(host, at(2)));
        doubt.found_down(&hosts[0], at(8));
        assert!(doubt.reason(at(37)).is_some());
        assert!(doubt.reason(at(38)).is_none());
    }

    #[test]
    fn a_host_is_forgotten_with_its_last_instance() {
        let (mut doubt, hosts) = well(3);
        doubt.watch(&hosts[0]);
        doubt.watch(&hosts[0]);
        hosts.iter().for_each(|host| doubt.silent(host, at(2)));
        doubt.forget(&hosts[0]);
        assert!(doubt.reason(at(7)).is_some());
        doubt.forget(&hosts[0]);
        assert!(doubt.reason(at(7)).is_none());
        doubt.forget("zz");
    }

    #[test]
    fn others_are_asked_a_bounded_number_at_a_time() {
        let (mut doubt, hosts) = well(40);
        let first = doubt.suspect(&hosts[0], at(2));
        assert_eq!(first.len(), ASKED_MAX);
        assert!(!first.contains(&hosts[0]));
        assert_eq!(doubt.suspect(&hosts[1], at(2)), []);
        let second = doubt.suspect(&hosts[0], at(3));
        assert!(second.len() == ASKED_MAX && second.iter().all(|host| !first.contains(host)));
        let (mut few, hosts) = well(3);
        assert_eq!(few.suspect(&hosts[0], at(2)), hosts[1..]);
        assert_eq!(few.suspect(&hosts[0], at(3)), hosts[1..]);
    }

    #[test]
    fn doubt_ends_when_others_answer_all_the_while() {
        let (mut doubt, hosts) = well(5);
        hosts[..3].iter().for_each(|host| doubt.silent(host, at(2)));
        for second in 7..67 {
            hosts[3..].iter().for_each(|host| doubt.answered(host, at(second)));
            assert!(doubt.reason(at(second)).is_some(), "{second}");
        }
        assert_eq!(doubt.reason(at(67)), None);
        assert_eq!((doubt.take_believed(), doubt.take_believed()), (3, 0));
        hosts[..3].iter().for_each(|host| doubt.silent(host, at(67)));
        assert_eq!(doubt.reason(at(72)), None, "they are believed until they answer");
    }

    #[test]
    fn doubt_stays_while_nobody_answers_and_its_end_finds_nobody_guilty() {
        let (mut doubt, hosts) = well(5);
        hosts.iter().for_each(|host| doubt.silent(host, at(2)));
        for second in 7..600 {
            assert!(doubt.reason(at(second)).is_some());
        }
        doubt.answered(&hosts[0], at(600));
        assert!(doubt.reason(at(601)).is_some(), "one answer is no reason to believe the rest dead");
    }

    #[test]
    fn a_late_loop_is_remembered_for_a_while() {
        let mut doubt = SelfDoubt::default();
        doubt.loop_was_late(Duration::from_secs(20), Moment::from_millis(1_000));
        assert!(doubt.reason(Moment::from_millis(2_000)).is_some());
        assert!(doubt.reason(Moment::from_millis(8_000)).is_none());
    }
}
