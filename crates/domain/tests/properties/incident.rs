//! Incidents, against a world that knew what was bad.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use peegeeq_domain::health::Verdict;
use peegeeq_domain::incident::{Board, Incident, Noted, Now, Picture, Place, Rules, Subject};
use peegeeq_domain::instance::{Draft, Instance, Presence, Registration, Revision, Verb};
use peegeeq_domain::journal::{JournalEvent, TroubledSetup};
use peegeeq_domain::time::Timestamp;
use proptest::prelude::*;

const RULES: Rules = Rules {
    stable_after: Duration::from_millis(100),
    together: Duration::from_millis(60),
    before: Duration::from_millis(200),
    kept_max: 1_000,
};

const fn at(millis: i64) -> Timestamp {
    Timestamp::from_epoch_millis(millis)
}

/// Nine instances: three on each of three hosts, the third host in a region of its own.
fn registration(n: u8) -> Registration {
    let text = |text: String| Some(text);
    let draft = Draft {
        instance_id: text(format!("i{n}")),
        host: text(format!("h{}", n / 3)),
        port: Some(Some(1)),
        region: text(if n < 6 { "eu".into() } else { "us".into() }),
        ..Draft::default()
    };
    Registration::from_draft(draft).expect("a valid draft")
}

/// What is true of one instance.
#[derive(Clone)]
struct One {
    instance: Arc<Instance>,
    is_down: bool,
    troubled: BTreeSet<u8>,
}

#[derive(Default)]
struct World {
    ones: BTreeMap<u8, One>,
    runs: bool,
    doubts: bool,
}

impl World {
    /// Does something, if it can be done, and tells what the journal would.
    fn step(&mut self, n: u8, what: u8) -> Option<JournalEvent> {
        if !self.runs {
            self.runs = true;
            self.forget();
            return Some(JournalEvent::ManagerStarted { version: String::new() });
        }
        match what {
            0 if n == 0 => {
                self.runs = false;
                self.forget();
                return Some(JournalEvent::ManagerStopped);
            }
            0 if n == 1 => {
                self.forget();
                return Some(JournalEvent::Gap { lost: 1 });
            }
            0 if n < 4 => {
                self.doubts = n == 2;
                let doubted = JournalEvent::Doubted { reason: String::new(), hosts_are_silent: true };
                return Some(if self.doubts { doubted } else { JournalEvent::Trusted });
            }
            _ => {}
        }
        let Some(one) = self.ones.get_mut(&n) else { return Some(self.register(n)) };
        let id = one.instance.id().clone();
        match what {
            0 => {
                self.ones.remove(&n);
                Some(JournalEvent::Deregistered { id, by: None })
            }
            1..=3 => {
                let verb = [Verb::Drain, Verb::Maintenance, Verb::Resume][usize::from(what - 1)];
                let next = Instance { presence: verb.presence(), revision: one.instance.revision.next(), ..(*one.instance).clone() };
                one.instance = Arc::new(next);
                Some(JournalEvent::Ordered { id, verb, by: "ann".into(), instance: Some(one.instance.clone()), reason: None })
            }
            4 => {
                let revision = Revision(one.instance.revision.0 + 1);
                one.instance = Arc::new(Instance { revision, incarnation: revision, ..(*one.instance).clone() });
                (one.is_down, one.troubled) = (false, BTreeSet::new());
                let (presence, instance) = (one.instance.presence, Some(one.instance.clone()));
                Some(JournalEvent::Updated { id, revision, endpoint: String::new(), presence, instance, by: None })
            }
            5 | 6 => {
                if !one.troubled.remove(&(n % 2)) {
                    one.troubled.insert(n % 2);
                }
                Some(one.setups())
            }
            7..=10 => Some(one.judged(Verdict::Down { in_a_row: 3 })),
            // Who is down fails on until a check passes.
            11 if !one.is_down => Some(one.judged(Verdict::Failing { in_a_row: 1, passed_before: true })),
            _ => Some(one.judged(Verdict::Passing)),
        }
    }

    fn register(&mut self, n: u8) -> JournalEvent {
        let instance = Arc::new(Instance::registered(registration(n), at(0)));
        self.ones.insert(n, One { instance: instance.clone(), is_down: false, troubled: BTreeSet::new() });
        JournalEvent::Registered { id: instance.id().clone(), endpoint: String::new(), instance: Some(instance), by: None }
    }

    /// Nobody knows any more how anybody is.
    fn forget(&mut self) {
        self.doubts = false;
        self.ones.values_mut().for_each(|one| (one.is_down, one.troubled) = (false, BTreeSet::new()));
    }

    fn bad(&self) -> BTreeSet<Subject> {
        let part = self.ones.values().filter(|one| one.instance.presence == Presence::Serving);
        part.flat_map(|one| {
            let id = one.instance.id();
            let itself = one.is_down.then(|| Subject { instance: id.clone(), setup: None });
            let setups = one.troubled.iter().map(|setup| Subject { instance: id.clone(), setup: Some(format!("s{setup}").into()) });
            itself.into_iter().chain(setups).collect::<Vec<_>>()
        })
        .collect()
    }
}

impl One {
    fn judged(&mut self, to: Verdict) -> JournalEvent {
        self.is_down = to.is_down();
        JournalEvent::VerdictChanged { id: self.instance.id().clone(), from: Verdict::Unprobed, to, evidence: String::new() }
    }

    fn setups(&self) -> JournalEvent {
        let troubled = self.troubled.iter().map(|setup| TroubledSetup {
            setup: format!("s{setup}").into(),
            database: Some(format!("db{setup}").into()),
            is_missing: false,
            reason: "".into(),
        });
        JournalEvent::SetupsChanged { id: self.instance.id().clone(), troubled: troubled.collect(), seen: 2 }
    }
}

fn is_bad_in(incident: &Incident) -> impl Iterator<Item = &Subject> {
    incident.affected.iter().filter(|affected| affected.now == Now::Bad).map(|affected| &affected.subject)
}

/// What must hold of every picture.
fn check(picture: &Picture, world: &World, now: Timestamp) -> Result<(), TestCaseError> {
    let open: Vec<_> = picture.incidents.iter().filter(|incident| incident.closed_at.is_none()).collect();
    let bad: Vec<&Subject> = open.iter().flat_map(|incident| is_bad_in(incident)).collect();
    let different: BTreeSet<Subject> = bad.iter().map(|subject| (*subject).clone()).collect();
    prop_assert_eq!(bad.len(), different.len(), "nothing is bad in two incidents");
    prop_assert_eq!(different, world.bad(), "all that is bad is in an open incident, and nothing else");
    prop_assert_eq!(picture.open, open.len());
    for incident in &picture.incidents {
        prop_assert!(incident.began <= incident.opened.at && incident.opened.at <= incident.last_bad);
        prop_assert!(incident.steps.is_sorted_by_key(|step| step.at), "{:#?}", incident.steps);
        prop_assert!(!incident.affected.is_empty() || incident.doubt.is_some());
        let is_several = incident.affected.len() > 1 || incident.doubt.is_some();
        prop_assert!(incident.before.iter().all(|before| before.mark.at <= incident.opened.at || is_several));
        if let Some(closed) = incident.closed_at {
            let stable = incident.stable_since.expect("only what is stable closes");
            prop_assert_eq!(closed.epoch_millis() - stable.epoch_millis(), 100);
            prop_assert!(closed <= now);
            prop_assert_eq!(is_bad_in(incident).count(), 0);
        }
    }
    Ok(())
}

fn entries() -> impl Strategy<Value = Vec<(u8, u8, i64)>> {
    prop::collection::vec((0_u8..9, 0_u8..15, 0_i64..60), 1..120)
}

proptest! {
    #[test]
    fn all_that_is_bad_is_in_one_open_incident_and_what_closed_stays_as_it_was(entries in entries(), looks in prop::collection::vec(0_i64..60, 120)) {
        let (mut world, mut board, mut now) = (World::default(), Board::new(RULES), 0);
        let mut told = BTreeMap::new();
        for (number, ((n, what, wait), look)) in entries.iter().zip(looks).enumerate() {
            now += wait;
            let Some(event) = world.step(*n, *what) else { continue };
            board.apply(&Noted { place: Place { number: number as u64 + 1, epoch: 1 }, at: at(now), event });
            let later = at(now + look.min(entries.get(number + 1).map_or(0, |next| next.2)));
            let picture = board.picture(later);
            check(&picture, &world, later)?;
            for (id, incident) in &told {
                prop_assert_eq!(picture.incidents.iter().find(|known| known.id == *id), Some(incident), "told as closed");
            }
            let closed = picture.incidents.iter().filter(|incident| incident.closed_at.is_some());
            told.extend(closed.map(|incident| (incident.id, incident.clone())));
        }
    }

    #[test]
    fn who_reads_the_journal_again_finds_the_same_whatever_the_clock_did(entries in entries(), jumps in prop::collection::vec(-500_i64..500, 120)) {
        let (mut world, mut live) = (World::default(), Board::new(RULES));
        let mut journal = Vec::new();
        for (number, ((n, what, wait), jump)) in entries.iter().zip(jumps).enumerate() {
            let Some(event) = world.step(*n, *what) else { continue };
            let noted = Noted { place: Place { number: number as u64 + 1, epoch: 1 }, at: at(5_000 + wait + jump), event };
            live.apply(&noted);
            // What is shown in between, at whatever time, must leave no trace.
            let shown = live.picture(at(5_000 + jump * 7));
            prop_assert!(shown.incidents.is_sorted_by_key(|incident| incident.id));
            journal.push(noted);
        }
        let mut again = Board::new(RULES);
        journal.iter().for_each(|noted| again.apply(noted));
        for moment in [0, 5_000, 6_000, 20_000] {
            prop_assert_eq!(live.picture(at(moment)), again.picture(at(moment)));
        }
    }
}
