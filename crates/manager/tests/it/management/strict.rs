//! A reader as strict as the management UI's: it takes a list of queues whole or not at all.
//!
//! Owns the rules of its `QueueListResponseSchema`, written down anew. A wrong row blanks its page.

use peegeeq_testkit::{Canned, Dialect, World, secs, wait_until};
use serde_json::{Value, json};

use crate::support::{Cluster, Plan};

fn text(row: &Value, key: &str) -> Result<(), String> {
    row[key].as_str().map(drop).ok_or_else(|| format!("{key} must be a text: {row}"))
}

fn number_or_absent(value: &Value, key: &str) -> Result<(), String> {
    match value.get(key) {
        None | Some(Value::Number(_)) => Ok(()),
        Some(other) => Err(format!("{key} must be a number or absent, not {other}")),
    }
}

fn one_of(row: &Value, key: &str, words: &[&str]) -> Result<(), String> {
    let word = row[key].as_str().unwrap_or_default();
    words.contains(&word).then_some(()).ok_or_else(|| format!("{key} must be one of {words:?}: {row}"))
}

fn queue(row: &Value) -> Result<(), String> {
    text(row, "setupId")?;
    text(row, "queueName")?;
    one_of(row, "type", &["native", "outbox", "bitemporal"])?;
    one_of(row, "status", &["active", "paused", "idle", "error"])?;
    for key in ["messageCount", "consumerCount", "messagesPerSecond", "errorRate"] {
        number_or_absent(row, key)?;
    }
    text(row, "updatedAt")?;
    // A number is made a date, which throws outside the calendar.
    match &row["createdAt"] {
        Value::String(_) => Ok(()),
        Value::Number(millis) if millis.as_f64().is_some_and(|millis| millis.abs() <= 8.64e15) => Ok(()),
        other => Err(format!("createdAt must be a time, not {other}")),
    }
}

/// What the UI makes of an answer.
pub(super) fn check(answer: &Value) -> Result<(), String> {
    for key in ["queueCount", "timestamp", "total", "page", "pageSize"] {
        number_or_absent(answer, key)?;
    }
    answer["queues"].as_array().ok_or("queues must be an array")?.iter().try_for_each(queue)
}

#[tokio::test]
async fn rows_of_every_dialect_pass() {
    for dialect in [Dialect::Current, Dialect::Mid2025, Dialect::Guide] {
        let cluster = Cluster::start(Plan::new(), dialect, vec![World::sample("alpha"), World::second_sample("beta")]).await;
        // Rows of the guide's dialect do not name their setup: it is known once the setups were seen.
        let answer = wait_until("all rows", secs(30), || async {
            let answer = cluster.fresh("/api/v1/management/queues").await;
            assert_eq!(check(&answer), Ok(()), "{dialect:?}");
            if answer["queueCount"] == 4 { Ok(answer) } else { Err(answer.to_string()) }
        })
        .await;
        assert!(answer["timestamp"].as_u64().is_some_and(|millis| millis > 1_600_000_000_000), "{answer}");
        assert_eq!(
            (&answer["queueCount"], answer["queues"].as_array().map(Vec::len), &answer["leftOutRows"]),
            (&json!(4), Some(4), &json!(0))
        );
    }
}

#[tokio::test]
async fn odd_rows_are_mended_or_left_out_and_said() {
    let cluster = Cluster::start(Plan::new(), Dialect::Current, vec![World::sample("alpha"), World::second_sample("beta")]).await;
    wait_until("the setups to be seen", secs(30), || async {
        let answer = cluster.fresh("/api/v1/management/queues").await;
        if answer["coverage"]["setupsKnown"] == 2 { Ok(()) } else { Err(answer["coverage"].to_string()) }
    })
    .await;
    let rows = json!({"queues": [
        {"name": "a", "setup": "alpha", "implementationType": "peegeeq-native", "status": "ACTIVE", "messages": "3", "createdAt": 9e15},
        {"queueName": "b", "setupId": "alpha", "type": "BI_TEMPORAL", "status": "melting", "messageCount": null, "errorRate": "high"},
        {"queueName": "c", "setupId": "alpha", "type": "kafka", "createdAt": true, "updatedAt": 5},
        "d",
    ]});
    cluster.instances[0].set_path_mode("/api/v1/management/queues", Canned::json(rows.to_string()));
    let answer = cluster.fresh("/api/v1/management/queues").await;
    assert_eq!(check(&answer), Ok(()));
    let row = |name: &str| answer["queues"].as_array().into_iter().flatten().find(|row| row["queueName"] == name).cloned();
    let (a, b, c) = (row("a").expect("a"), row("b").expect("b"), row("c").expect("c"));
    assert_eq!((&a["type"], &a["status"], &a["messageCount"]), (&json!("native"), &json!("active"), &json!(3)), "{a}");
    assert_eq!(a["reported"], json!({"implementationType": "peegeeq-native", "status": "ACTIVE", "messages": "3", "createdAt": 9e15}));
    assert_eq!((&b["type"], &b["assumed"]), (&json!("bitemporal"), &json!(["status", "createdAt", "updatedAt"])), "{b}");
    assert!(b.get("messageCount").is_none() && b.get("errorRate").is_none(), "unknown is absent: {b}");
    assert_eq!((&c["type"], &c["reported"]["type"]), (&json!("native"), &json!("kafka")), "{c}");
    // The only setup of the instance is the one a bare name belongs to.
    assert_eq!(row("d").expect("d")["setupId"], "alpha");
}

#[test]
fn the_strict_reader_refuses_what_the_ui_refuses() {
    let good = json!({"setupId": "s", "queueName": "q", "type": "native", "status": "idle", "createdAt": 1, "updatedAt": "t"});
    assert_eq!(check(&json!({"queues": [good], "timestamp": 1})), Ok(()));
    let spoiled = [("setupId", json!(null)), ("type", json!("NATIVE")), ("status", json!("unknown")), ("createdAt", json!(null))];
    for (key, value) in spoiled.into_iter().chain([("messageCount", json!("3")), ("updatedAt", json!(1)), ("createdAt", json!(9e15))]) {
        let mut row = good.clone();
        row[key] = value;
        assert!(check(&json!({"queues": [row]})).is_err(), "{row}");
    }
    assert!(check(&json!({"queues": [], "timestamp": "2026-01-01T00:00:00Z"})).is_err());
}
