//! Incidents from the entries that make them.

use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use super::*;
use crate::health::Verdict;
use crate::instance::{Draft, Instance, Presence, Registration, Verb};
use crate::journal::TroubledSetup;

const RULES: Rules =
    Rules { stable_after: Duration::from_secs(300), together: Duration::from_secs(120), before: Duration::from_secs(600), kept_max: 3 };
const DOWN: Verdict = Verdict::Down { in_a_row: 3 };
const FAILING: Verdict = Verdict::Failing { in_a_row: 1, passed_before: true };

/// A journal that is written and read at the same time. Times are in seconds.
struct Journal {
    board: Board,
    number: u64,
}

impl Journal {
    fn new() -> Self {
        Self { board: Board::new(RULES), number: 0 }
    }

    fn note(&mut self, second: i64, event: JournalEvent) {
        self.number += 1;
        self.board.apply(&Noted { place: Place { number: self.number, epoch: 1 }, at: at(second), event });
    }

    /// Registers `name` on `host` in `region`, and finds it well.
    fn register(&mut self, second: i64, name: &str, host: &str, region: &str) {
        let instance = Arc::new(Instance::registered(registration(name, host, region), at(second)));
        let id = instance.id().clone();
        self.note(second, JournalEvent::Registered { id, endpoint: String::new(), instance: Some(instance), by: None });
        self.judge(second, name, Verdict::Passing);
    }

    fn judge(&mut self, second: i64, name: &str, to: Verdict) {
        let evidence = alloc::format!("{name} is {}", to.as_str());
        self.note(second, JournalEvent::VerdictChanged { id: id(name), from: Verdict::Unprobed, to, evidence });
    }

    fn setups(&mut self, second: i64, name: &str, troubled: &[(&str, &str)]) {
        let troubled = troubled.iter().map(|(setup, database)| TroubledSetup {
            setup: (*setup).into(),
            database: (!database.is_empty()).then(|| (*database).into()),
            is_missing: database.is_empty(),
            reason: "database: refused".into(),
        });
        self.note(second, JournalEvent::SetupsChanged { id: id(name), troubled: troubled.collect(), seen: 2 });
    }

    fn order(&mut self, second: i64, name: &str, verb: Verb) {
        let known = self.board.world.members[&id(name)].instance.clone().expect("registered");
        let next = Instance { presence: verb.presence(), revision: known.revision.next(), ..(*known).clone() };
        self.note(second, JournalEvent::Ordered { id: id(name), verb, by: "ann".into(), instance: Some(Arc::new(next)), reason: None });
    }

    fn seen(&self, second: i64) -> Vec<Arc<Incident>> {
        self.board.picture(at(second)).incidents
    }

    fn only(&self, second: i64) -> Arc<Incident> {
        let seen = self.seen(second);
        assert_eq!(seen.len(), 1, "{seen:#?}");
        seen[0].clone()
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_epoch_millis(second * 1000)
}

fn id(name: &str) -> InstanceId {
    InstanceId::parse(name).expect("a name")
}

fn registration(name: &str, host: &str, region: &str) -> Registration {
    let text = |text: &str| Some(text.to_string());
    let draft = Draft {
        instance_id: text(name),
        host: text(host),
        port: Some(Some(1)),
        environment: text("prod"),
        region: text(region),
        ..Draft::default()
    };
    Registration::from_draft(draft).expect("a valid draft")
}

fn kinds(incident: &Incident) -> Vec<StepKind> {
    incident.steps.iter().map(|step| step.kind).collect()
}

#[test]
fn it_begins_with_the_first_failure_and_closes_when_all_stayed_well() {
    let mut journal = Journal::new();
    journal.register(0, "a", "h1", "eu");
    journal.judge(1000, "a", FAILING);
    assert!(journal.seen(1000).is_empty(), "a failed check is not an incident");
    journal.judge(1010, "a", DOWN);
    let open = journal.only(1020);
    assert_eq!((open.began, open.opened.at, open.worst(), open.scope()), (at(1000), at(1010), Worst::Down, Scope::Instance(id("a"))));
    assert_eq!(&*open.affected[0].reason, "a is down");
    journal.judge(1100, "a", Verdict::Passing);
    let quiet = journal.only(1399);
    assert_eq!((quiet.stable_since, quiet.closed_at), (Some(at(1100)), None));
    let over = journal.only(1400);
    assert_eq!((over.closed_at, over.length(at(9999))), (Some(at(1400)), Duration::from_secs(100)));
    assert_eq!(kinds(&over), [StepKind::Opened, StepKind::Recovered, StepKind::Stable, StepKind::Closed]);
    assert_eq!(over.affected[0].recovered_at, Some(at(1100)));
}

#[test]
fn flapping_keeps_it_open_and_later_trouble_is_another_one() {
    let mut journal = Journal::new();
    journal.register(0, "a", "h1", "eu");
    for round in 0..5 {
        journal.judge(1000 + round * 400, "a", DOWN);
        journal.judge(1200 + round * 400, "a", Verdict::Passing);
    }
    let flapping = journal.only(2801);
    assert_eq!((flapping.closed_at, flapping.relapses, flapping.affected[0].times_bad), (None, 4, 5));
    journal.judge(3101, "a", DOWN);
    let seen = journal.seen(3101);
    assert_eq!((seen.len(), seen[0].closed_at, seen[1].closed_at), (2, Some(at(3100)), None));
}

#[test]
fn what_stands_on_one_host_fails_together() {
    let mut journal = Journal::new();
    journal.register(0, "a", "h1", "eu");
    journal.register(0, "b", "h1", "eu");
    (0..4).for_each(|n| journal.register(0, &alloc::format!("well{n}"), "h3", "us"));
    journal.register(0, "c", "h2", "us");
    journal.judge(1000, "a", DOWN);
    journal.judge(1060, "b", DOWN);
    journal.judge(1061, "c", DOWN);
    let seen = journal.seen(1100);
    assert_eq!(seen.len(), 2);
    assert_eq!((seen[0].scope(), seen[0].counts().bad), (Scope::Host("h1".into()), 2));
    assert_eq!(seen[1].scope(), Scope::Instance(id("c")));
}

#[test]
fn most_of_a_region_within_the_window_is_one_incident_and_half_of_it_is_not() {
    let mut journal = Journal::new();
    for n in 0..5 {
        journal.register(0, &alloc::format!("a{n}"), &alloc::format!("h{n}"), "eu");
        journal.register(0, &alloc::format!("b{n}"), &alloc::format!("g{n}"), "us");
    }
    journal.judge(1000, "a0", DOWN);
    journal.judge(1001, "a1", DOWN);
    assert_eq!(journal.seen(1002).len(), 2);
    journal.judge(1002, "a2", DOWN);
    let region = journal.only(1003);
    assert_eq!(region.scope(), Scope::Region { environment: "prod".into(), region: "eu".into() });
    assert_eq!((region.merged.len(), region.counts().bad, region.id), (2, 3, 21));
    assert_eq!(journal.board.picture(at(1003)).find(22).map(|found| found.id), Some(21), "the merged one leads to it");
    journal.judge(1900, "a3", DOWN);
    assert_eq!(journal.only(1901).counts().bad, 4, "a region that fails takes in what fails later");
    journal.judge(2000, "b0", DOWN);
    assert_eq!(journal.seen(2000).len(), 2, "one of another region is its own");
}

#[test]
fn failures_far_apart_in_time_are_not_together() {
    let mut journal = Journal::new();
    for n in 0..4 {
        journal.register(0, &alloc::format!("a{n}"), &alloc::format!("h{n}"), "eu");
    }
    for n in 0..4 {
        journal.judge(1000 + n * 130, &alloc::format!("a{n}"), DOWN);
    }
    assert_eq!(journal.seen(1400).len(), 4);
}

#[test]
fn setups_on_one_database_fail_together_and_a_missing_one_belongs_to_its_instance() {
    let mut journal = Journal::new();
    journal.register(0, "a", "h1", "eu");
    journal.register(0, "b", "h2", "us");
    journal.setups(1000, "a", &[("s", "db:5432/q/public")]);
    journal.setups(1050, "b", &[("s", "db:5432/q/public")]);
    let database = journal.only(1060);
    assert_eq!((database.scope(), database.worst()), (Scope::Database("db:5432/q/public".into()), Worst::SetupDown));
    journal.setups(1100, "a", &[]);
    journal.setups(1110, "b", &[]);
    assert!(journal.only(1410).closed_at.is_some());
    journal.setups(2000, "b", &[("s", "")]);
    let seen = journal.seen(2000);
    assert_eq!((seen[1].scope(), seen[1].worst()), (Scope::Instance(id("b")), Worst::SetupMissing));
}

#[test]
fn doubt_of_the_manager_is_an_incident_that_takes_in_what_goes_down_meanwhile() {
    let mut journal = Journal::new();
    for name in ["a", "b"] {
        journal.register(0, name, name, name);
    }
    let doubt = |silent| JournalEvent::Doubted { reason: "3 of 4 hosts".into(), hosts_are_silent: silent };
    journal.note(1000, doubt(false));
    assert!(journal.seen(1000).is_empty(), "a late loop is nobody's incident");
    journal.note(1000, doubt(true));
    journal.judge(1010, "a", DOWN);
    journal.judge(1020, "b", DOWN);
    let open = journal.only(1030);
    assert_eq!((open.scope(), open.counts().bad), (Scope::Manager, 2));
    journal.judge(1040, "a", Verdict::Passing);
    journal.judge(1040, "b", Verdict::Passing);
    assert_eq!(journal.only(1400).stable_since, None, "it still doubts");
    journal.note(1500, JournalEvent::Trusted);
    assert_eq!(journal.only(1900).closed_at, Some(at(1800)));
}

#[test]
fn what_is_taken_out_by_order_is_nobodys_trouble_until_it_takes_part_again() {
    let mut journal = Journal::new();
    journal.register(0, "a", "h1", "eu");
    journal.order(1000, "a", Verb::Maintenance);
    journal.judge(1010, "a", DOWN);
    assert!(journal.seen(1010).is_empty());
    journal.order(1020, "a", Verb::Resume);
    assert_eq!(journal.only(1020).counts().bad, 1, "it takes part and is down");
    journal.order(1030, "a", Verb::Drain);
    let ordered = journal.only(1030);
    assert_eq!((ordered.affected[0].now, ordered.stable_since), (Now::OrderedOut, Some(at(1030))));
}

#[test]
fn what_changed_before_is_named_with_its_place() {
    let mut journal = Journal::new();
    journal.register(0, "a", "h1", "eu");
    journal.register(0, "far", "h9", "us");
    let known = journal.board.world.members[&id("a")].instance.clone().expect("registered");
    let mut next = Instance { revision: known.revision.next(), ..(*known).clone() };
    next.registration.weight = crate::instance::Weight::new(0).expect("a weight");
    let (revision, presence) = (next.revision, Presence::Serving);
    let endpoint = String::new();
    journal.note(700, JournalEvent::Updated { id: id("a"), revision, endpoint, presence, by: None, instance: Some(Arc::new(next)) });
    journal.order(800, "far", Verb::Drain);
    journal.judge(1000, "a", DOWN);
    let incident = journal.only(1000);
    let told: Vec<_> = incident.before.iter().map(|before| (before.mark.place.number, before.what, before.relation)).collect();
    let expected =
        [(5, What::Reweighted { from: 1, to: 0 }, Relation::SameInstance), (6, What::Ordered(Verb::Drain), Relation::SameEnvironment)];
    assert_eq!(told, expected, "registrations 1,000 s before are too old");
}

#[test]
fn a_restart_of_the_manager_neither_ends_nor_doubles_it() {
    let mut journal = Journal::new();
    journal.register(0, "a", "h1", "eu");
    journal.judge(1000, "a", DOWN);
    journal.note(1010, JournalEvent::ManagerStopped);
    assert_eq!(journal.only(99_999).closed_at, None, "nobody looks");
    journal.note(50_000, JournalEvent::ManagerStarted { version: String::new() });
    journal.judge(50_010, "a", DOWN);
    let open = journal.only(50_020);
    assert_eq!((open.opened.at, open.counts().bad, open.relapses), (at(1000), 1, 0));
    journal.note(50_030, JournalEvent::Gap { lost: 3 });
    assert_eq!(journal.only(50_040).counts().unknown, 1);
    assert_eq!(journal.only(50_331).closed_at, Some(at(50_330)), "of whom nothing is heard any more");
}

#[test]
fn a_clock_set_back_neither_closes_nor_reorders() {
    let mut journal = Journal::new();
    journal.register(5000, "a", "h1", "eu");
    journal.judge(5100, "a", DOWN);
    journal.judge(100, "a", Verdict::Passing);
    let incident = journal.only(5200);
    assert_eq!((incident.stable_since, incident.closed_at), (Some(at(5100)), None));
    journal.judge(150, "a", DOWN);
    assert_eq!(journal.only(5200).relapses, 1);
}

#[test]
fn it_stays_within_its_bounds() {
    let mut journal = Journal::new();
    for n in 0..400 {
        journal.register(0, &alloc::format!("a{n}"), "h1", "eu");
    }
    for round in 0..6 {
        let begin = 1000 + round * 1000;
        (0..400).for_each(|n| journal.judge(begin, &alloc::format!("a{n}"), DOWN));
        (0..400).for_each(|n| journal.judge(begin + 10, &alloc::format!("a{n}"), Verdict::Passing));
    }
    let seen = journal.seen(99_999);
    assert_eq!(seen.len(), 3, "three closed ones, the one that time closes among them");
    let closed = &seen[0];
    assert_eq!((closed.affected.len(), closed.counts().total(), closed.counts().recovered, closed.instances()), (200, 400, 400, 400));
    assert_eq!((closed.steps.len(), closed.steps_omitted), (256, 546));
    journal.board.forget_before(seen[1].id);
    assert_eq!(journal.seen(99_999).len(), 2);
}
