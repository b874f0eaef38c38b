//! The readers against what real instances sent, and against everything they might send.

use peegeeq_domain::federation::{FetchFailure, GroupStatus, Implementation, QueueStatus, StoreStatus};
use peegeeq_domain::quantity::{ByteSize, Millis, Rate};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const FIRST: &str = include_str!("../../../../testkit/captures/first.json");
const DOWN: &str = include_str!("../../../../testkit/captures/down.json");

/// The body of a captured answer.
fn captured(file: &str, path: &str) -> Vec<u8> {
    let all: Vec<Value> = serde_json::from_str(file).expect("captures");
    let found = all.iter().find(|answer| answer["path"] == path).unwrap_or_else(|| panic!("no capture of {path}"));
    found["body"].to_string().into_bytes()
}

fn queues(body: &Value) -> ReadList<peegeeq_domain::federation::QueueRow> {
    read_list::<QueueReader>(body.to_string().as_bytes()).expect("an object")
}

#[test]
fn captured_queues_are_read() {
    let body = captured(FIRST, "/api/v1/management/queues");
    let list = read_list::<QueueReader>(&body).expect("read");
    assert!(list.faults.is_empty() && list.placeholders.is_empty());
    let orders = list.rows.iter().find(|row| &*row.name == "orders").expect("orders");
    assert_eq!((orders.setup.as_deref(), orders.messages, orders.consumers), (Some("alpha"), Some(42), Some(1)));
    assert_eq!((orders.status, orders.implementation), (QueueStatus::Active, Some(Implementation::Native)));
    assert!(orders.rate.map(Rate::per_second).is_some_and(|rate| rate > 0.0));
    let payments = list.rows.iter().find(|row| &*row.name == "payments").expect("payments");
    assert_eq!(payments.average_processing, Some(Millis::from_millis(8)));
    for (row, raw) in list.rows.iter().zip(&list.raw) {
        let raw: Value = serde_json::from_slice(&body[raw.place.clone()]).expect("a row is JSON");
        assert_eq!(raw["queueName"], *row.name, "rows lie where they were found");
    }
}

#[test]
fn captured_groups_have_no_lag() {
    let list = read_list::<GroupReader>(&captured(FIRST, "/api/v1/management/consumer-groups")).expect("read");
    assert_eq!(list.rows.len(), 3);
    assert!(list.rows.iter().all(|row| row.lag.is_none() && row.processed.is_none()));
    assert_eq!(list.placeholders, [Placeholder::Lag]);
    let analytics = list.rows.iter().find(|row| &*row.name == "analytics").expect("analytics");
    assert_eq!((analytics.queue.as_deref(), analytics.consumers, analytics.status), (Some("orders"), Some(0), GroupStatus::Paused));
}

#[test]
fn captured_stores_are_read_and_their_placeholders_noted() {
    let list = read_list::<StoreReader>(&captured(FIRST, "/api/v1/management/event-stores")).expect("read");
    let orders = list.rows.iter().find(|row| &*row.name == "order-events").expect("order-events");
    assert_eq!((orders.events, orders.streams, orders.corrections, orders.storage), (Some(14), Some(10), Some(0), None));
    assert_eq!(orders.status, StoreStatus::Active);
    let mut placeholders = list.placeholders;
    placeholders.sort_unstable();
    assert_eq!(placeholders, [Placeholder::LastEvent, Placeholder::Retention]);
}

#[test]
fn captured_overviews_are_read() {
    let (part, figures, faults) = read_overview(&captured(FIRST, "/api/v1/management/overview")).expect("read");
    assert!(faults.is_empty());
    let [alpha] = &part.setups[..] else { panic!("one setup") };
    assert_eq!((alpha.queues, alpha.groups, alpha.stores, alpha.messages, alpha.consumers), (Some(2), Some(3), Some(2), Some(42), Some(2)));
    assert_eq!(alpha.queue_names.as_ref().map(Vec::len), Some(2));
    assert!(part.active_connections.is_some() && part.uptime.is_some());
    assert_eq!(figures.processing, Some(Millis::from_millis(8)), "zeros mean that nothing was processed");
    let (down, _, _) = read_overview(&captured(DOWN, "/api/v1/management/overview")).expect("read");
    assert_eq!((down.setups[0].messages, down.setups[0].queue_names.as_deref()), (Some(0), Some(&[][..])));
}

#[test]
fn captured_metrics_are_read() {
    let part = read_metrics(&captured(FIRST, "/api/v1/management/metrics")).expect("read");
    assert_eq!(part.memory_used.map(ByteSize::bytes), Some(21_090_992));
    assert_eq!(
        (part.cpu_cores, part.threads_active, part.total_messages, part.active_connections),
        (Some(2), Some(31), Some(42), Some(17))
    );
    assert_eq!(part.uptime, Some(Millis::from_millis(163_575)));
    let first = read_metrics(br#"{"timestamp":1,"uptime":2,"memoryUsed":3}"#).expect("read");
    assert_eq!((first.total_messages, first.active_connections), (None, None), "absent at first");
}

#[test]
fn older_releases_and_the_guide_are_read() {
    let list = queues(&json!({"queues":[
        {"name":"a","setup":"s","messages":3,"consumers":1,"messageRate":1.5,"implementationType":"peegeeq-native","status":"active"},
        {"queueName":"b","messageCount":150,"consumerCount":2,"processingRate":45.2},
    ]}));
    assert_eq!((list.rows[0].messages, list.rows[0].implementation), (Some(3), Some(Implementation::Native)));
    assert_eq!((list.rows[1].messages, list.rows[1].rate.map(Rate::per_second)), (Some(150), Some(45.2)));
    let groups = json!({"consumerGroups":[{"groupId":"g","consumerCount":3,"messagesProcessed":1250,"lag":0}]}).to_string();
    let groups = read_list::<GroupReader>(groups.as_bytes()).expect("read");
    assert_eq!((groups.rows[0].lag, groups.rows[0].processed), (Some(0), Some(1250)), "the guide's zero is a zero");
    assert!(groups.placeholders.is_empty());
    let other = json!({"groups":[{"groupName":"g","memberCount":2,"stats":{"messagesProcessed":7}}]}).to_string();
    let other = read_list::<GroupReader>(other.as_bytes()).expect("read");
    assert_eq!((other.rows[0].consumers, other.rows[0].processed), (Some(2), Some(7)));
    let stores = json!({"eventStores":[{"storeName":"e","eventCount":25000,"streamCount":1200,"storageSize":"2.5GB"}]}).to_string();
    let stores = read_list::<StoreReader>(stores.as_bytes()).expect("read");
    assert_eq!(stores.rows[0].storage.map(ByteSize::bytes), Some(2_500_000_000));
}

#[test]
fn overviews_without_setups_give_totals() {
    for (body, expected) in [
        (
            json!({"systemStats":{"totalQueues":5,"totalMessages":9,"uptime":"0d 1h 0m"},"queueSummary":{"total":5}}),
            (Some(5), Some(9), None),
        ),
        (json!({"queues":5,"consumerGroups":3,"eventStores":2,"messages":450,"consumers":4}), (Some(5), Some(450), Some(4))),
        (json!({"totalQueues":"5","totalMessages":4_294_967_297_u64}), (Some(5), Some(4_294_967_297), None)),
    ] {
        let (part, _, faults) = read_overview(body.to_string().as_bytes()).expect("an object");
        let [all] = &part.setups[..] else { panic!("one part without a name") };
        assert_eq!((all.queues, all.messages, all.consumers), expected, "{body}");
        assert!(faults.is_empty() && all.setup.is_none());
    }
    assert!(read_overview(b"{}").is_err() && read_metrics(br#"{"error":"boom"}"#).is_err(), "nothing said is not zero");
    let unexplained = read_overview(br#"{"systemStats":{"totalQueues":5},"setups":[]}"#).expect("an object").0;
    assert_eq!(unexplained.setups.iter().map(|part| part.queues).collect::<Vec<_>>(), [Some(5)]);
    assert!(read_overview(br#"{"systemStats":{"totalQueues":0},"setups":[]}"#).expect("an object").0.setups.is_empty());
    let broken =
        json!({"setups":[{"setupId":"a","status":"ERROR","totalQueues":0},7,{"setupId":"b","queues":[{"name":"q","consumers":2},3]}]});
    let (part, _, faults) = read_overview(broken.to_string().as_bytes()).expect("an object");
    assert_eq!((part.setups.len(), part.setups[0].queues, part.setups[1].queues, part.setups[1].consumers), (2, None, Some(1), Some(2)));
    assert_eq!(faults.count, 3);
    let by_name = json!({"setups":{"a":{"totalQueues":2}}});
    assert_eq!(read_overview(by_name.to_string().as_bytes()).expect("an object").0.setups[0].setup.as_deref(), Some("a"));
}

#[test]
fn wrong_rows_cost_themselves_alone() {
    let list =
        queues(&json!({"queues":[{"name":"a"}, 7, null, [], "b", "", {"messages":3}, {"name":"c","messages":"NaN","statistics":"none"}]}));
    let names: Vec<_> = list.rows.iter().map(|row| &*row.name).collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert_eq!(list.faults.count, 5);
    assert!(list.faults.first.is_some_and(|first| first.contains('7')));
    assert_eq!(list.rows[2].messages, None);
}

#[test]
fn lists_of_another_kind_are_understood() {
    let names = |body: Value| queues(&body).rows.iter().map(|row| row.name.to_string()).collect::<Vec<_>>();
    assert_eq!(names(json!({"queues":["a","b"]})), ["a", "b"]);
    assert_eq!(names(json!({"count":1,"queues":["a"],"queueDetails":[{"name":"a","implementationType":"outbox"}]})), ["a"]);
    assert_eq!(names(json!({"queues":{"name":"only","messages":1}})), ["only"]);
    assert_eq!(names(json!({"queues":{"x":{"messages":1},"y":{"name":"z"}}})), ["x", "z"]);
    let outside: Vec<bool> =
        queues(&json!({"queues":{"x":{"messages":1},"y":{"name":"z"}}})).raw.iter().map(|raw| raw.name_outside).collect();
    assert_eq!(outside, [true, false]);
    assert!(queues(&json!({"queueCount":0})).faults.is_empty(), "a count of zero says there are none");
    for unsaid in [json!({}), json!({"queues":null}), json!({"queues":7}), json!({"error":"boom"})] {
        assert!(matches!(read_list::<QueueReader>(unsaid.to_string().as_bytes()), Err(FetchFailure::BadBody { .. })), "{unsaid}");
    }
    let list = queues(&json!({"queues":{"x":1}}));
    assert_eq!((list.rows.len(), list.faults.count), (0, 1));
}

#[test]
fn nonsense_is_named() {
    for (body, word) in [
        ("", "empty"),
        (" \n", "empty"),
        ("null", "not a JSON object"),
        ("[]", "array"),
        ("<html>", "HTML"),
        ("{\"queues\":[", "broken"),
        ("{} {}", "broken"),
        ("7", "not a JSON object"),
    ] {
        let failure = read_list::<QueueReader>(body.as_bytes()).expect_err(body);
        assert!(matches!(&failure, FetchFailure::BadBody { reason } if reason.contains(word)), "{body}: {failure}");
        assert!(
            read_overview(body.as_bytes()).is_err() && read_metrics(body.as_bytes()).is_err() && check_object(body.as_bytes()).is_err()
        );
    }
    assert!(read_list::<QueueReader>(b"{\"queues\":\"\xff\"}").is_err());
    assert!(check_object(b" {\"a\":1} ").is_ok());
}

#[test]
fn refusals_are_quoted_and_kept_short() {
    assert_eq!(refusal(br#"{"error":"database\naway","timestamp":1}"#).as_deref(), Some("database away"));
    assert_eq!(refusal(br#"{"message":"no"}"#).as_deref(), Some("no"));
    assert_eq!(refusal(b"<html>"), None);
    assert_eq!(refusal(format!("{{\"error\":\"{}\"}}", "x".repeat(10_000)).as_bytes()).map(|reason| reason.len()), Some(300));
}

#[test]
fn depth_does_no_harm() {
    let deep = format!("{{\"queues\":[{{\"name\":\"a\",\"messages\":{}1{}}}]}}", "[".repeat(50_000), "]".repeat(50_000));
    let list = read_list::<QueueReader>(deep.as_bytes()).expect("an object");
    assert_eq!((list.rows.len(), list.faults.count), (0, 1));
}

#[test]
fn odd_rows_cost_themselves_alone() {
    let long = "9".repeat(5_000);
    let body =
        format!(r#"{{"queues":[{{"name":"half","odd":"\ud800"}},{{"name":"long","odd":{long}}},{{"name":"good","odd":"\ud83d\ude00"}}]}}"#);
    let list = read_list::<QueueReader>(body.as_bytes()).expect("an object");
    assert_eq!((list.rows.iter().map(|row| &*row.name).collect::<Vec<_>>(), list.faults.count), (vec!["good"], 2));
}

#[test]
fn a_list_without_end_is_cut() {
    let body = format!(r#"{{"queues":[{}"z"]}}"#, r#""a","#.repeat(60_000));
    let list = read_list::<QueueReader>(body.as_bytes()).expect("an object");
    assert_eq!((list.rows.len(), list.faults.count), (50_000, 10_001));
    assert!(list.faults.first.is_some_and(|first| first.contains("50000")));
}

/// Any JSON, small.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop_oneof!["NaN", "\\PC{0,8}", "[0-9]{1,22}"].prop_map(Value::from),
    ];
    let key = prop_oneof![
        "name",
        "queueName",
        "setup",
        "messages",
        "consumers",
        "statistics",
        "queues",
        "setups",
        "systemStats",
        "status",
        "lag",
        "x"
    ];
    leaf.prop_recursive(4, 32, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::vec((key.clone(), inner), 0..5).prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_answer_is_read_without_harm(list in any_json(), other in any_json()) {
        let body = json!({"queues": list, "consumerGroups": other, "eventStores": list, "setups": other, "systemStats": list}).to_string();
        let read = read_list::<QueueReader>(body.as_bytes());
        prop_assert_eq!(read.is_ok(), list.is_array() || list.is_object());
        let (rows, raw) = read.map(|read| (read.rows.len(), read.raw)).unwrap_or_default();
        prop_assert_eq!(rows, raw.len());
        for raw in &raw {
            prop_assert!(serde_json::from_slice::<Value>(&body.as_bytes()[raw.place.clone()]).is_ok());
        }
        prop_assert_eq!(read_list::<GroupReader>(body.as_bytes()).is_ok(), other.is_array() || other.is_object());
        prop_assert_eq!(read_list::<StoreReader>(body.as_bytes()).is_ok(), list.is_array() || list.is_object());
        let _ = (read_overview(body.as_bytes()), read_metrics(body.as_bytes()));
    }

    #[test]
    fn good_rows_survive_any_neighbours(before in any_json(), after in any_json()) {
        let good = json!({"name": "the good one", "messages": 5});
        let read = queues(&json!({"queues": [before, good, after]}));
        prop_assert!(read.rows.iter().any(|row| &*row.name == "the good one" && row.messages == Some(5)));
    }
}
