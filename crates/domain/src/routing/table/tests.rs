//! Who is found for what, by example. The properties hold the rest.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use super::*;
use crate::catalog::{Catalog, CatalogEvent};
use crate::federation::{DatabaseAddress, SetupBinding, SetupHealth};
use crate::health::Verdict;
use crate::instance::{Draft, Instance, Presence, Registration, Revision};
use crate::routing::pick::{Draw, Strategy, Tried};
use crate::time::{Moment, Timestamp};

/// `id environment region`, passing.
pub(super) fn catalog(members: &[&str]) -> Catalog {
    let events = members.iter().flat_map(|text| {
        let words: Vec<_> = text.split(' ').map(String::from).collect();
        let draft = Draft {
            instance_id: Some(words[0].clone()),
            host: Some(format!("{}.example", words[0])),
            port: Some(Some(8080)),
            environment: words.get(1).cloned(),
            region: words.get(2).cloned(),
            presence: words.get(3).cloned(),
            ..Draft::default()
        };
        let instance = Instance::registered(Registration::from_draft(draft).unwrap(), Timestamp::default());
        let judged = CatalogEvent::Judged { id: instance.id().clone(), incarnation: Revision::FIRST, verdict: Verdict::Passing };
        [CatalogEvent::Registered(instance.into()), judged]
    });
    Catalog::default().after(events.collect::<Vec<_>>()).0
}

pub(super) fn setup(id: &str, host: &str) -> SetupBinding {
    let database = (!host.is_empty()).then(|| DatabaseAddress { host: host.into(), port: 5432, database: "d".into(), schema: "s".into() });
    SetupBinding { setup: id.into(), database, queues: None, health: SetupHealth::Up, missing: false }
}

fn table(catalog: &Catalog, setups: &[Vec<SetupBinding>], change: impl Fn(&mut Member<'_>)) -> Table {
    let members: Vec<_> = catalog
        .entries()
        .iter()
        .enumerate()
        .map(|(index, entry)| {
            let mut member = Member { setups: setups.get(index).map(Vec::as_slice), ..Member::of(entry) };
            change(&mut member);
            member
        })
        .collect();
    Table::build(&members, &Policy::default(), Moment::from_millis(1_000))
}

/// What is found for a setup: `a b -c:draining` for a group, `a | b` for a conflict.
pub(super) fn found(table: &Table, wanted: Wanted<'_>, choice: Choice<'_>) -> String {
    let name = |index: usize| table.candidate(index).unwrap().id.as_str();
    let one = |group: &Group| {
        let seats = group.seats().map(|seat| name(seat.index).to_string());
        let probation = group.probation.iter().map(|one| format!("?{}", name(one.seat.index)));
        let excluded = group.excluded.iter().map(|excluded| format!("-{}:{}", name(excluded.index), excluded.why.word()));
        seats.chain(probation).chain(excluded).collect::<Vec<_>>().join(" ")
    };
    match table.find(&wanted, &choice) {
        Found::Group(group) => one(group),
        Found::Conflict(groups) => groups.iter().map(one).collect::<Vec<_>>().join(" | "),
        Found::Unknown(unknown) => format!("unknown to {}, not asked {}", unknown.asked.len(), unknown.not_asked_yet.len()),
        Found::NoSuchInstance => "no such instance".into(),
    }
}

pub(super) fn of(id: &str) -> Wanted<'_> {
    Wanted::Setup { id, queue: None }
}

pub(super) const ANYWHERE: Choice<'static> = Choice { instance: None, environment: None, region: None };

#[test]
fn one_database_is_one_group_and_the_others_say_why_not() {
    let catalog = catalog(&["a", "b", "c default default draining", "d"]);
    let down = SetupBinding { health: SetupHealth::Down { reason: "refused".into() }, ..setup("s", "db") };
    let setups = [vec![setup("s", "db")], vec![down], vec![setup("s", "db")], vec![]];
    let table = table(&catalog, &setups, |_| {});
    assert_eq!(found(&table, of("s"), ANYWHERE), "a -b:database-down -c:draining");
    assert_eq!(found(&table, of("t"), ANYWHERE), "unknown to 4, not asked 0");
    assert_eq!(found(&table, Wanted::Any, ANYWHERE), "a b d -c:draining");
}

#[test]
fn two_databases_are_a_conflict_until_one_is_chosen() {
    let catalog = catalog(&["a prod eu", "b prod us", "c test eu"]);
    let setups = [vec![setup("s", "db")], vec![setup("s", "localhost")], vec![setup("s", "db")]];
    let table = table(&catalog, &setups, |_| {});
    let chosen = |environment, region| found(&table, of("s"), Choice { instance: None, environment, region });
    assert_eq!(chosen(None, None), "a | b | c");
    assert_eq!(chosen(Some("prod"), None), "a | b");
    assert_eq!(chosen(Some("prod"), Some("us")), "b");
    assert_eq!(chosen(Some("test"), None), "c");
    assert_eq!(chosen(Some("prod"), Some("mars")), "unknown to 0, not asked 0");
    assert_eq!(found(&table, Wanted::Any, ANYWHERE), "a b | c");
    let instance = |instance, region| found(&table, of("other"), Choice { instance: Some(instance), environment: None, region });
    assert_eq!(instance("b", None), "b");
    assert_eq!(instance("b", Some("eu")), "no such instance");
    assert_eq!(instance("z", None), "no such instance");
}

#[test]
fn who_did_not_tell_its_database_is_used_only_where_nobody_did() {
    let catalog = catalog(&["a", "b"]);
    let told = table(&catalog, &[vec![setup("s", "db")], vec![setup("s", "")]], |_| {});
    assert_eq!(found(&told, of("s"), ANYWHERE), "a -b:database-unknown");
    let untold = table(&catalog, &[vec![setup("s", "")], vec![setup("s", "")]], |_| {});
    assert_eq!(found(&untold, of("s"), ANYWHERE), "a | b");
    let alone = table(&catalog, &[vec![setup("s", "")]], |_| {});
    assert_eq!(found(&alone, of("s"), ANYWHERE), "a");
    assert_eq!(found(&alone, of("t"), ANYWHERE), "unknown to 1, not asked 1");
}

#[test]
fn a_lost_setup_is_no_database_of_its_own() {
    let catalog = catalog(&["a", "b"]);
    let lost = SetupBinding { missing: true, ..setup("s", "other") };
    let partly = table(&catalog, &[vec![setup("s", "db")], vec![lost.clone()]], |_| {});
    assert_eq!(found(&partly, of("s"), ANYWHERE), "a -b:setup-missing");
    let wholly = table(&catalog, &[vec![], vec![lost]], |_| {});
    assert_eq!(found(&wholly, of("s"), ANYWHERE), "-b:setup-missing");
}

#[test]
fn a_queue_made_through_one_instance_is_asked_of_that_instance() {
    let catalog = catalog(&["a", "b"]);
    let knows = |queues: &[&str]| SetupBinding { queues: Some(queues.iter().map(|name| (*name).into()).collect()), ..setup("s", "db") };
    let table = table(&catalog, &[vec![knows(&["old", "new"])], vec![knows(&["old"])]], |_| {});
    let queue = |queue| found(&table, Wanted::Setup { id: "s", queue: Some(queue) }, ANYWHERE);
    assert_eq!(queue("old"), "a b");
    assert_eq!(queue("new"), "a -b:queue-unknown");
    assert_eq!(queue("never seen"), "a b");
}

#[test]
fn ejection_leaves_enough_and_ends_with_probation() {
    let catalog = catalog(&["a", "b", "c"]);
    let setups = [vec![setup("s", "db")], vec![setup("s", "db")], vec![setup("s", "db")]];
    let until = Moment::from_millis(5_000);
    let out = Standing::Out { since: Moment::from_millis(500), until };
    let all = table(&catalog, &setups, |member| member.standing = out);
    assert_eq!(found(&all, of("s"), ANYWHERE), "b c -a:ejected");
    assert_eq!(all.changes_at(), Some(until));
    let Found::Group(group) = all.find(&of("s"), &ANYWHERE) else { panic!() };
    assert!(group.seats().all(|seat| seat.spared));
    let over = table(&catalog, &setups, |member| {
        if member.entry.id().as_str() == "b" {
            member.standing = Standing::Out { since: Moment::from_millis(500), until: Moment::from_millis(900) };
        }
    });
    assert_eq!(found(&over, of("s"), ANYWHERE), "a c ?b");
    assert_eq!(found(&over, Wanted::Any, Choice { instance: Some("b"), ..ANYWHERE }), "b");
}

#[test]
fn a_store_in_an_id_belongs_to_the_only_setup_that_fits() {
    let catalog = catalog(&["a", "b"]);
    let table = table(&catalog, &[vec![setup("s", "db"), setup("s-t", "db"), setup("ü", "db")], vec![]], |_| {});
    assert_eq!(table.setup_of_store("s-e"), Ok("s"));
    assert_eq!(table.setup_of_store("ü-e-f"), Ok("ü"));
    assert_eq!(table.setup_of_store("s-t-e"), Err(StoreFault::Ambiguous(vec!["s-t".into(), "s".into()])));
    assert_eq!(table.setup_of_store("s-"), Err(StoreFault::Unknown));
    assert_eq!(table.setup_of_store("x-e"), Err(StoreFault::Unknown));
}

#[test]
fn maintenance_and_weight_zero_get_nothing() {
    let catalog = catalog(&["a default default maintenance", "b", "c default default stopping"]);
    let table = table(&catalog, &[], |member| member.weight = 0);
    assert_eq!(found(&table, Wanted::Any, ANYWHERE), "-a:maintenance -b:weight-zero -c:stopping");
    assert_eq!(catalog.get("a").unwrap().instance.presence, Presence::Maintenance);
    let Found::Group(group) = table.find(&Wanted::Any, &ANYWHERE) else { panic!() };
    let draw = Draw { strategy: Strategy::Random, cursor: 0, random: 0, now: Moment::default(), affinity: None, may_probe: true };
    assert_eq!(group.pick(&draw, &(), &Tried::default()), Err(crate::routing::pick::NoCandidate::Empty));
}

#[test]
fn an_empty_cluster_has_an_empty_group() {
    assert_eq!(found(&table(&catalog(&[]), &[], |_| {}), Wanted::Any, ANYWHERE), "");
    assert_eq!(found(&Table::default(), of("s"), ANYWHERE), "unknown to 0, not asked 0");
}
