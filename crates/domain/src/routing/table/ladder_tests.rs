//! Near before far, newcomers and those who came back, and the last resort, by example.

use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use super::tests::{ANYWHERE, catalog, found, of, setup};
use super::*;
use crate::federation::{SetupBinding, SetupHealth};
use crate::routing::ask::{Class, Effect, Place, place};
use crate::routing::ladder::{LadderPolicy, Rung};
use crate::routing::panic::{LastResort, PanicPolicies, PanicPolicy, ResortReason};
use crate::routing::pick::Tried;
use crate::time::Moment;

const NOW: Moment = Moment::from_millis(1_000_000);

fn home() -> Policy {
    Policy { home: Home { environment: None, region: Some("eu".into()), zone: None }, regions_share_names: true, ..Policy::default() }
}

fn build(members: &[&str], policy: &Policy, change: impl Fn(&str, &mut Member<'_>)) -> Table {
    let catalog = catalog(members);
    let setups = [setup("s", "db")];
    let members: Vec<_> = catalog
        .entries()
        .iter()
        .map(|entry| {
            let mut member = Member { setups: Some(&setups), ..Member::of(entry) };
            change(entry.id().as_str(), &mut member);
            member
        })
        .collect();
    Table::build(&members, policy, NOW)
}

fn levels(table: &Table) -> Vec<(Rung, u32, usize)> {
    let Found::Group(group) = table.find(&of("s"), &ANYWHERE) else { panic!("{:?}", table.find(&of("s"), &ANYWHERE)) };
    group.levels.iter().map(|level| (level.rung, level.share, level.seats.len())).collect()
}

#[test]
fn regions_are_one_database_only_if_the_operator_says_so() {
    let members = ["a prod eu", "b prod us"];
    assert_eq!(found(&build(&members, &Policy::default(), |_, _| {}), of("s"), ANYWHERE), "a | b");
    assert_eq!(levels(&build(&members, &home(), |_, _| {})), [(Rung::Region, 1000, 1), (Rung::Environment, 0, 1)]);
    let near = Policy { ladder: LadderPolicy { reach: Rung::Region, ..LadderPolicy::default() }, ..home() };
    assert_eq!(found(&build(&members, &near, |_, _| {}), of("s"), ANYWHERE), "a -b:out-of-reach");
    // Environments stay apart whatever is shared.
    assert_eq!(found(&build(&["a prod eu", "b test eu"], &home(), |_, _| {}), of("s"), ANYWHERE), "a | b");
}

#[test]
fn half_of_a_region_keeps_seven_tenths() {
    let members = ["a prod eu", "b prod eu draining", "c prod us", "d prod us"];
    assert_eq!(levels(&build(&members, &home(), |_, _| {})), [(Rung::Region, 700, 1), (Rung::Environment, 300, 2)]);
}

#[test]
fn who_came_back_gets_its_share_back_later() {
    let members = ["a prod eu", "b prod eu", "c prod us"];
    let back = |age| {
        build(&members, &home(), move |id, member| {
            if id == "b" {
                (member.since, member.returned) = (Some(Moment::from_millis(NOW.as_millis() - age)), true);
            }
        })
    };
    let early = back(10_000);
    assert_eq!(levels(&early), [(Rung::Region, 700, 2), (Rung::Environment, 300, 1)]);
    assert_eq!(early.changes_at(), Some(NOW + Duration::from_secs(20)));
    assert_eq!(levels(&back(30_000)), [(Rung::Region, 1000, 2), (Rung::Environment, 0, 1)]);
}

#[test]
fn the_home_environment_is_meant_where_nothing_says_which() {
    let members = ["a prod eu", "b test eu"];
    let policy =
        |environment: &str| Policy { home: Home { environment: Some(environment.into()), ..Home::default() }, ..Policy::default() };
    assert_eq!(found(&build(&members, &policy("prod"), |_, _| {}), Wanted::Any, ANYWHERE), "a");
    assert_eq!(found(&build(&members, &policy("development"), |_, _| {}), Wanted::Any, ANYWHERE), "a | b");
    assert_eq!(found(&build(&members[..1], &policy("development"), |_, _| {}), Wanted::Any, ANYWHERE), "a");
}

#[test]
fn a_new_setup_goes_to_whoever_has_the_fewest() {
    let catalog = catalog(&["a", "b", "c"]);
    let all = [setup("s", "db"), setup("t", "db")];
    let members: Vec<_> =
        catalog.entries().iter().zip([2, 1, 2]).map(|(entry, count)| Member { setups: Some(&all[..count]), ..Member::of(entry) }).collect();
    let table = Table::build(&members, &Policy::default(), NOW);
    let Found::Group(group) = table.find(&Wanted::Any, &ANYWHERE) else { panic!() };
    let mut tried = Tried::default();
    assert_eq!(group.pick_for_new_setup(7, &tried), Ok(1));
    tried.add(1);
    assert!((0..50).all(|random| matches!(group.pick_for_new_setup(random, &tried), Ok(0 | 2))));
}

#[test]
fn a_setup_that_is_down_can_still_be_looked_at_and_detached() {
    let catalog = catalog(&["a"]);
    let down = [SetupBinding { health: SetupHealth::Down { reason: "refused".into() }, ..setup("s", "db") }];
    let members: Vec<_> = catalog.entries().iter().map(|entry| Member { setups: Some(&down), ..Member::of(entry) }).collect();
    let table = Table::build(&members, &Policy::default(), NOW);
    let Found::Group(group) = table.find(&of("s"), &ANYWHERE) else { panic!() };
    let resort = |method, path| {
        let Ok(Place::Routed(routed)) = place(method, path, None) else { panic!("{path}") };
        table.last_resort(group, &routed.ask.class, &PanicPolicies::default(), &Tried::default())
    };
    let about = Some(LastResort { index: 0, why: ResortReason::AboutSetup });
    assert_eq!(resort("GET", "/api/v1/setups/s/health"), about);
    assert_eq!(resort("POST", "/api/v1/setups/s/detach"), about);
    assert_eq!(resort("GET", "/api/v1/queues/s/q"), None);
    assert_eq!(resort("POST", "/api/v1/queues/s/q/messages"), None);
}

#[test]
fn panic_words_are_read_however_they_are_written() {
    for text in ["best_evidence", "bestEvidence", "BEST-EVIDENCE"] {
        assert_eq!(PanicPolicy::parse(text), Some(PanicPolicy::BestEvidence), "{text}");
    }
    assert_eq!(PanicPolicy::parse("Fail"), Some(PanicPolicy::Fail));
    assert_eq!(PanicPolicy::parse("all"), None);
    let writes = Class { effect: Effect::Write, heeds_key: false, stream: false, asks_health: false, about_setup: false, directory: None };
    assert_eq!(Table::default().last_resort(&Group::default(), &writes, &PanicPolicies::default(), &Tried::default()), None);
    assert_eq!(vec![Rung::parse("ZONE"), Rung::parse("x")], vec![Some(Rung::Zone), None]);
}
