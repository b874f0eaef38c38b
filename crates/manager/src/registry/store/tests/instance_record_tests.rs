//! Examples for stored instances: read as written, and read tolerantly.

use super::*;
use peegeeq_domain::instance::{Draft, Patch, Said, Verb};

fn full() -> Instance {
    let draft = Draft {
        instance_id: Some("a \"b\" ä".into()),
        host: Some("::1".into()),
        port: Some(Some(8443)),
        scheme: Some("https".into()),
        weight: Some(Some(7)),
        health_path: Some("/q/health?x=\"".replace('"', "1")),
        health_status: Some(Some(204)),
        version: Some("1.\"2\"".into()),
        environment: Some("prod".into()),
        region: Some("eu".into()),
        metadata: [("k\"".into(), "v\n\u{1}".into())].into(),
        presence: Some("starting".into()),
    };
    let first = Instance::registered(Registration::from_draft(draft).unwrap(), Timestamp::from_epoch_millis(5));
    let order = Said {
        reason: Some(Some("a \"new\" disk".into())),
        until: Some(Some(Timestamp::from_epoch_millis(90))),
        deadline: Some(Some(Timestamp::from_epoch_millis(70))),
        ..Said::plain(Verb::Drain, "ann".into())
    };
    first.patched(Patch { order: Some(order), ..Patch::default() }, Timestamp::from_epoch_millis(9))
}

#[test]
fn every_field_comes_back() {
    let instance = full();
    let mut record = Vec::new();
    write(&instance, &mut record);
    assert_eq!(read(instance.id().as_str(), &record), Ok(instance));
}

#[test]
fn unknown_fields_and_broken_soft_fields_lose_nothing_else() {
    let json = r#"{"host":"h","port":1,"weight":5000,"healthPath":"no","scheme":"gopher","presence":"asleep","later":{"a":1}}"#;
    let record = [&[VERSION], json.as_bytes()].concat();
    let instance = read("a", &record).unwrap();
    assert_eq!(instance.registration.weight.get(), 1);
    assert_eq!(instance.registration.health_path.as_str(), "/health");
    assert_eq!(instance.presence, Presence::Maintenance);
    assert_eq!(instance.revision, Revision::FIRST);
}

#[test]
fn what_cannot_be_used_says_why() {
    for (record, reason) in
        [(&b""[..], "empty"), (b"\x03{}", "version 3"), (b"\x01{", "EOF"), (b"\x01{\"host\":\"a b\",\"port\":1}", "host")]
    {
        let error = read("a", record).unwrap_err();
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn the_golden_file_is_what_is_written_and_is_read() {
    let golden = [&[VERSION], include_str!("golden/instance-1.json").trim_end().as_bytes()].concat();
    let instance = crate::registry::store::tests::instance("a", 1);
    let mut record = Vec::new();
    write(&instance, &mut record);
    assert_eq!(String::from_utf8(record).unwrap(), String::from_utf8(golden.clone()).unwrap());
    assert_eq!(read("a", &golden).as_ref(), Ok(&*instance));
}
