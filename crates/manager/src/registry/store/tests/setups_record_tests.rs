//! Examples for stored setups: read as written, read as the golden file has them, and bounded.

use super::*;

const GOLDEN: &str = include_str!("golden/setups-1.json");

fn known() -> KnownSetups {
    let database = Database { host: "db-1".into(), port: 5432, name: "orders".into(), schema: "public".into() };
    let with_all = KnownSetup { id: "order \"s\"".into(), database: Some(database), queues: vec!["eu".into(), "us".into()] };
    let bare = KnownSetup { id: "s2".into(), database: None, queues: Vec::new() };
    let (instance, registered_at) = (InstanceId::parse("a").unwrap(), Timestamp::from_epoch_millis(5));
    KnownSetups { instance, registered_at, setups: vec![with_all, bare] }
}

fn record(known: &KnownSetups) -> Vec<u8> {
    let mut record = Vec::new();
    write(known, &mut record);
    record
}

#[test]
fn the_golden_file_is_what_is_written_and_is_read() {
    let known = known();
    let golden = [&[1], GOLDEN.trim_end().as_bytes()].concat();
    assert_eq!(String::from_utf8(record(&known)).unwrap(), String::from_utf8(golden.clone()).unwrap());
    assert_eq!(read(known.instance.clone(), &golden), Ok(known));
}

#[test]
fn more_names_of_queues_than_fit_are_left_out_and_no_setup_is() {
    let mut known = known();
    known.setups[0].queues = (0..1_000).map(|n| format!("{n:0256}").into()).collect();
    known.setups[1].queues = vec!["x".repeat(256).into()];
    let record = record(&known);
    assert!(record.len() < QUEUE_BYTES_MAX + 4_096, "{}", record.len());
    let back = read(known.instance.clone(), &record).unwrap();
    assert_eq!(back.setups[0].queues, known.setups[0].queues[..QUEUE_BYTES_MAX / 256]);
    assert_eq!(back.setups.len(), 2);
}

#[test]
fn what_cannot_be_used_says_why() {
    for (record, reason) in [(&b""[..], "empty"), (b"\x02{}", "version 2"), (b"\x01{", "EOF")] {
        let error = read(InstanceId::parse("a").unwrap(), record).unwrap_err();
        assert!(error.contains(reason), "{error}");
    }
}
