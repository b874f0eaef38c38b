//! Examples for registrations: every fault at once, in the words of the original and of the guide.

use super::*;

fn draft(id: &str, host: &str, port: u64) -> Draft {
    Draft { instance_id: Some(id.into()), host: Some(host.into()), port: Some(Some(port)), ..Draft::default() }
}

#[test]
fn the_smallest_registration_gets_the_defaults() {
    let registration = Registration::from_draft(draft("a", "localhost", 8080)).unwrap();
    assert_eq!(&*registration.labels.version, "unknown");
    assert_eq!(&*registration.labels.environment, "default");
    assert_eq!(&*registration.labels.region, "default");
    assert_eq!(registration.weight.get(), 1);
    assert_eq!(registration.health_path.as_str(), "/health");
}

#[test]
fn all_faults_are_told_at_once() {
    let mut bad = draft(" ", "http://x", 0);
    bad.scheme = Some("ftp".into());
    bad.weight = Some(Some(1001));
    bad.health_path = Some("health".into());
    bad.health_status = Some(None);
    bad.presence = Some("asleep".into());
    bad.environment = Some("x\u{202E}".into());
    bad.metadata = (0..65).map(|n| (alloc::format!("k{n}").into(), "".into())).collect();
    let fields: Vec<_> = Registration::from_draft(bad).unwrap_err().into_iter().map(|fault| fault.field).collect();
    assert_eq!(
        fields,
        ["instanceId", "host", "port", "scheme", "weight", "healthPath", "healthStatus", "environment", "metadata", "presence"]
    );
}

#[test]
fn a_port_out_of_range_is_told_in_both_wordings() {
    for port in [None, Some(None), Some(Some(0)), Some(Some(65_536)), Some(Some(4_294_967_297))] {
        let faults = Registration::from_draft(Draft { port, ..draft("a", "b", 1) }).unwrap_err();
        assert_eq!(faults[0].message, "port must be between 1 and 65535");
        assert_eq!(faults[0].sentence, Some("port must be a valid port number (1-65535)"));
    }
}

#[test]
fn registering_again_keeps_history_and_notices_a_move() {
    let at = Timestamp::from_epoch_millis;
    let first = Instance::registered(Registration::from_draft(draft("a", "b", 1)).unwrap(), at(1));
    let same = first.registered_again(Registration::from_draft(draft("a", "b", 1)).unwrap(), at(2));
    assert_eq!((same.registered_at, same.revision, same.incarnation), (at(1), Revision(2), Revision(1)));
    let moved = same.registered_again(Registration::from_draft(draft("a", "b", 2)).unwrap(), at(3));
    assert_eq!((moved.revision, moved.incarnation), (Revision(3), Revision(3)));
}

#[test]
fn who_left_and_returns_is_somebody_else_with_higher_numbers() {
    let returned = Instance::returned(Registration::from_draft(draft("a", "b", 1)).unwrap(), Revision(4), Timestamp::from_epoch_millis(9));
    assert_eq!((returned.revision, returned.incarnation), (Revision(5), Revision(5)));
    assert_eq!((returned.registered_at, returned.updated_at), (Timestamp::from_epoch_millis(9), Timestamp::from_epoch_millis(9)));
}
