//! Examples for the catalog: what an event does, what a filter lets through, what differs.

use super::*;
use crate::instance::{Draft, Registration};
use crate::time::Timestamp;

fn instance(id: &str, port: u64) -> Instance {
    let draft = Draft { instance_id: Some(id.into()), host: Some("localhost".into()), port: Some(Some(port)), ..Draft::default() };
    Instance::registered(Registration::from_draft(draft).unwrap(), Timestamp::from_epoch_millis(1))
}

fn registered(id: &str) -> CatalogEvent {
    CatalogEvent::Registered(Arc::new(instance(id, 80)))
}

fn judged(id: &str, incarnation: u64, verdict: Verdict) -> CatalogEvent {
    CatalogEvent::Judged { id: InstanceId::parse(id).unwrap(), incarnation: Revision(incarnation), verdict }
}

#[test]
fn the_number_grows_once_for_a_batch_and_not_for_nothing() {
    let (one, changed) = Catalog::default().after([registered("b"), registered("a")]);
    assert!(changed);
    assert_eq!(one.generation(), Generation(1));
    assert_eq!(one.entries().iter().map(|entry| entry.id().as_str()).collect::<Vec<_>>(), ["a", "b"]);
    let (same, changed) = one.after([registered("a"), judged("nobody", 1, Verdict::Passing)]);
    assert!(!changed);
    assert_eq!(same.generation(), Generation(1));
}

#[test]
fn a_verdict_about_an_older_incarnation_is_dropped() {
    let (one, _) = Catalog::default().after([registered("a"), judged("a", 1, Verdict::Passing)]);
    assert_eq!(one.get("a").unwrap().verdict, Verdict::Passing);
    let moved = instance("a", 80).registered_again(instance("a", 81).registration, Timestamp::from_epoch_millis(2));
    let (two, _) = one.after([CatalogEvent::Registered(Arc::new(moved)), judged("a", 1, Verdict::Passing)]);
    assert_eq!(two.get("a").unwrap().verdict, Verdict::Unprobed);
}

#[test]
fn a_full_read_keeps_verdicts_and_drops_who_is_gone() {
    let (one, _) = Catalog::default().after([registered("a"), registered("b"), judged("a", 1, Verdict::Passing)]);
    let (two, changed) = one.after([CatalogEvent::MembersReplaced([Arc::new(instance("a", 80))].into())]);
    assert!(changed);
    assert_eq!(two.entries().len(), 1);
    assert_eq!(two.get("a").unwrap().verdict, Verdict::Passing);
    let changes = two.changes_since(&one);
    assert!(matches!(&changes[..], [Change::Removed(entry)] if entry.id().as_str() == "b"));
}

#[test]
fn differences_name_all_three_kinds() {
    let (one, _) = Catalog::default().after([registered("a"), registered("b")]);
    let (two, _) =
        one.after([CatalogEvent::Deregistered(InstanceId::parse("a").unwrap()), registered("c"), judged("b", 1, Verdict::Passing)]);
    let changes = two.changes_since(&one);
    assert!(matches!(&changes[..], [Change::Removed(_), Change::Updated { .. }, Change::Added(_)]), "{changes:?}");
}

#[test]
fn filters_are_exact() {
    let (catalog, _) = Catalog::default().after([registered("a"), judged("a", 1, Verdict::Passing)]);
    let entry = catalog.get("a").unwrap();
    let environment = |text: &str| Filter { environment: Some(text.into()), ..Filter::default() };
    assert!(environment("default").matches(entry));
    assert!(!environment("Default").matches(entry));
    assert!(Filter { state: Some(Some(HealthState::Healthy)), ..Filter::default() }.matches(entry));
    assert!(!Filter { state: Some(None), ..Filter::default() }.matches(entry));
    assert!(!Filter { metadata: [("zone".into(), "a".into())].into(), ..Filter::default() }.matches(entry));
}
