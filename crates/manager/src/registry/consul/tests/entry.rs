//! Entries as others wrote them, and as we do.

use peegeeq_domain::instance::{InstanceId, Presence};
use serde_json::{Value, json};

use super::super::{record, write};
use super::*;

const NOW: Timestamp = Timestamp::from_epoch_millis(1000);

fn told(service: Value) -> Told {
    let mut service = service;
    service["ID"] = json!("a");
    serde_json::from_value(json!({"Node": {"Node": "n", "Address": "10.0.0.9"}, "Service": service, "Checks": null})).expect("an entry")
}

fn registration(entry: &Told) -> Registration {
    entry.instance(None, NOW).expect("an instance").registration
}

#[test]
fn entries_of_the_original_are_read_as_it_was_recorded_writing_them() {
    let (told, unreadable) = read(include_bytes!("original.json")).expect("an answer");
    assert_eq!((told.len(), unreadable), (2, 0));
    let first = registration(&told[0]);
    assert_eq!((first.id.as_str(), first.endpoint.base_url().as_str()), ("peegeeq-a", "http://127.0.0.1:8081"));
    let labels = &first.labels;
    assert_eq!((&*labels.version, &*labels.environment, &*labels.region), ("1.0.0", "production", "eu-west"));
    assert_eq!(tags(&first), ["version=1.0.0", "environment=production", "region=eu-west", "cluster=main", "zone=a"]);
    assert_eq!(told[0].status_of("service:peegeeq-a"), Some("passing"));
}

#[test]
fn tags_of_people_are_read_generously_and_fields_win() {
    let entry = told(json!({"Port": 80, "Tags": ["blue", "version=2", "a=b=c", "version=3", "region=eu", "=x"]}));
    let read = registration(&entry);
    assert_eq!((&*read.labels.version, &*read.labels.region, &*read.labels.environment), ("2", "eu", "default"));
    assert_eq!(read.labels.metadata.get("a").map(|value| &**value), Some("b=c"), "split at the first =");
    assert_eq!(read.labels.metadata.get("version").map(|value| &**value), Some("3"), "metadata, not the field");
    assert_eq!(read.endpoint.host.as_str(), "10.0.0.9", "the node's address stands in");
    for bad in [json!({"Port": 0}), json!({"Port": 70_000}), json!({"Port": 80, "Address": "a b"})] {
        assert!(told(bad).instance(None, NOW).is_err());
    }
    assert!(read_fails_softly());
}

fn read_fails_softly() -> bool {
    let (told, unreadable) =
        read(br#"[{"Node":{},"Service":{"ID":7}},{"Node":{"Node":"n","Address":"::1"},"Service":{"ID":"b","Port":1}}]"#).expect("an array");
    (told.len(), unreadable) == (1, 1)
}

fn full() -> Instance {
    let mut draft = Draft {
        instance_id: Some("a".into()),
        host: Some("10.0.0.1".into()),
        port: Some(Some(8080)),
        weight: Some(Some(7)),
        scheme: Some("https".into()),
        ..Draft::default()
    };
    draft.metadata = (0..40).map(|n| (format!("key {n}").as_str().into(), "ä\"".repeat(60).as_str().into())).collect();
    let mut instance = Instance::registered(Registration::from_draft(draft).expect("valid"), NOW);
    (instance.presence, instance.revision) = (Presence::Draining, Revision(9));
    instance
}

fn as_told(instance: &Instance) -> Told {
    let registration = &instance.registration;
    told(json!({
        "Port": registration.endpoint.port.get(), "Address": registration.endpoint.host.as_str(), "Tags": tags(registration),
        "Meta": record::write(instance).expect("it fits"), "ModifyIndex": 77,
    }))
}

#[test]
fn what_tags_cannot_carry_is_in_the_record() {
    let instance = full();
    let meta = record::write(&instance).expect("it fits");
    assert!(meta.len() > 10 && meta.len() <= 64 && meta.values().all(|value| value.len() <= 512), "{}", meta.len());
    assert_eq!(as_told(&instance).instance(None, NOW), Ok(instance));
}

#[test]
fn who_changes_an_entry_without_knowing_the_record_is_believed() {
    let instance = full();
    let mut moved = as_told(&instance);
    moved.service.port = 9090;
    let read = moved.instance(None, NOW).expect("an instance");
    assert_eq!((read.registration.endpoint.port.get(), read.registration.weight.get(), read.presence), (9090, 7, Presence::Draining));
    assert_eq!((read.revision, read.incarnation), (Revision(77), Revision(77)), "it moved, so old probes say nothing about it");
    let mut torn = as_told(&instance);
    torn.service.meta.as_mut().expect("metadata").remove("peegeeq-record-3");
    assert_eq!(torn.instance(Some(&instance), NOW), Ok(instance), "a torn record is none");
}

#[test]
fn a_record_that_consul_cannot_hold_is_refused_with_the_reason() {
    let mut instance = full();
    let long: std::sync::Arc<str> = "\u{1}".repeat(8000).as_str().into();
    instance.registration.labels.metadata.insert("long".into(), long);
    assert!(record::write(&instance).expect_err("too long").contains("shorten the instance's metadata"));
    let id = InstanceId::parse("a").expect("an id");
    assert_eq!(write::Job::Remove { id: id.clone(), index: 1 }.id(), &id);
}
