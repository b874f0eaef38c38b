//! Compares every answer with what a real instance was seen to send: status, headers, keys and types.

use http::Method;
use peegeeq_testkit::{FakeInstance, HttpClient, Mode, Options, Reply, World};
use serde_json::{Map, Value};

use super::alpha;

/// Fields whose keys are data.
const FREE_KEYS: [&str; 1] = ["eventCountsByType"];

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "integer",
        Value::String(_) => "text",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn compare(at: &str, expected: &Value, actual: &Value, found: &mut Vec<String>) {
    if kind(expected) != kind(actual) {
        found.push(format!("{at}: expected {}, got {actual}", kind(expected)));
        return;
    }
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => compare_keys(at, expected, actual, found),
        (Value::Array(expected), Value::Array(actual)) => {
            if expected.is_empty() != actual.is_empty() {
                found.push(format!("{at}: expected {} elements, got {}", expected.len(), actual.len()));
            }
            for (index, element) in actual.iter().enumerate() {
                let Some(model) = expected.get(index.min(expected.len().saturating_sub(1))) else {
                    break;
                };
                compare(&format!("{at}[{index}]"), model, element, found);
            }
        }
        _ => {}
    }
}

fn compare_keys(at: &str, expected: &Map<String, Value>, actual: &Map<String, Value>, found: &mut Vec<String>) {
    for (key, value) in expected {
        match actual.get(key) {
            Some(other) if FREE_KEYS.contains(&key.as_str()) => {
                assert_eq!(kind(value), kind(other))
            }
            Some(other) => compare(&format!("{at}.{key}"), value, other, found),
            None => found.push(format!("{at}.{key} is missing")),
        }
    }
    for key in actual.keys().filter(|key| !expected.contains_key(*key)) {
        found.push(format!("{at}.{key} was never captured"));
    }
}

async fn replay(instance: &FakeInstance, capture: &Value) -> Reply {
    let text = |field: &str| capture[field].as_str().unwrap();
    let method: Method = text("method").parse().unwrap();
    let url = format!("{}{}", instance.base_url(), text("path"));
    let body = if capture["send"].is_null() { String::new() } else { capture["send"].to_string() };
    let headers = [("content-type", "application/json")];
    HttpClient::default().request(method, &url, &headers, body).await.unwrap()
}

fn check(capture: &Value, reply: &Reply, found: &mut Vec<String>) {
    let name = capture["name"].as_str().unwrap();
    if reply.status.as_u16() != capture["status"] {
        found.push(format!("{name}: expected status {}, got {}", capture["status"], reply.status));
    }
    for header in ["vary", "content-type", "allow", "location", "date", "server"] {
        let expected = capture["headers"][header].as_str().unwrap_or_default();
        if reply.header(header) != expected {
            found.push(format!("{name}: header {header} is {:?}, not {expected:?}", reply.header(header)));
        }
    }
    match &capture["body"] {
        Value::Null => assert!(reply.body.is_empty(), "{name}"),
        Value::String(text) => assert_eq!(reply.text(), *text, "{name}"),
        expected => compare(name, expected, &reply.json(), found),
    }
}

async fn compare_all(instance: &FakeInstance, captures: &str) {
    let captures: Vec<Value> = serde_json::from_str(captures).unwrap();
    assert!(!captures.is_empty());
    let mut found = Vec::new();
    for capture in &captures {
        check(capture, &replay(instance, capture).await, &mut found);
    }
    assert!(found.is_empty(), "{} differences:\n{}", found.len(), found.join("\n"));
}

/// The first question for metrics is answered shorter; the captures come after it.
async fn ask_metrics_once(instance: &FakeInstance) {
    super::get(format!("{}/api/v1/management/metrics", instance.base_url())).await;
}

#[tokio::test]
async fn a_normal_instance_answers_as_captured() {
    let instance = alpha().await;
    ask_metrics_once(&instance).await;
    compare_all(&instance, include_str!("../../captures/first.json")).await;
}

#[tokio::test]
async fn an_instance_with_an_outbox_queue_answers_as_captured() {
    let instance = Options::named("beta", World::second_sample("beta")).start().await.unwrap();
    compare_all(&instance, include_str!("../../captures/second.json")).await;
}

#[tokio::test]
async fn an_instance_without_setups_answers_as_captured() {
    let instance = FakeInstance::builder().start().await.unwrap();
    compare_all(&instance, include_str!("../../captures/empty.json")).await;
}

#[tokio::test]
async fn refusals_are_as_captured() {
    let instance = alpha().await;
    compare_all(&instance, include_str!("../../captures/refused.json")).await;
}

#[tokio::test]
async fn an_instance_without_its_database_answers_as_captured() {
    let instance = alpha().await;
    ask_metrics_once(&instance).await;
    ask_metrics_once(&instance).await;
    instance.set_mode(Mode::DatabaseDown);
    compare_all(&instance, include_str!("../../captures/down.json")).await;
}

#[test]
fn the_comparison_can_fail() {
    let mut found = Vec::new();
    let expected = serde_json::json!({"a": 1, "b": [{"c": 1.0}], "d": null});
    let actual = serde_json::json!({"b": [{"c": 1}], "d": null, "e": 2});
    compare("it", &expected, &actual, &mut found);
    assert_eq!(found.len(), 3, "{found:?}");
}

#[tokio::test]
async fn prometheus_text_has_the_captured_shape() {
    let instance = alpha().await;
    let url = format!("{}/metrics", instance.base_url());
    for path in ["/health", "/api/v1/nope", "/metrics"] {
        super::get(format!("{}{path}", instance.base_url())).await;
    }
    let reply = super::get(url).await;
    assert_eq!(reply.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    let text = reply.text();
    for line in [
        r#"peegeeq_http_requests_total{method="GET",path="/health",status="200",} 1.0"#,
        r#"peegeeq_http_requests_total{method="GET",path="/api/v1/nope",status="404",} 1.0"#,
        r#"peegeeq_http_requests_duration_seconds_count{method="GET",path="/health",status="200",} 1.0"#,
        "# TYPE peegeeq_http_requests_duration_seconds summary",
        "# TYPE process_cpu_usage gauge",
        "system_cpu_count 2.0",
        r#"jvm_memory_max_bytes{area="heap",id="G1 Old Gen",} 5.36870912E8"#,
    ] {
        assert!(text.lines().any(|known| known == line), "{line} is missing in\n{text}");
    }
    assert!(!text.contains('@'), "a gap was not filled:\n{text}");
    for sample in text.lines().filter(|line| !line.starts_with('#')) {
        let number = sample.rsplit(' ').next().unwrap();
        assert!(number.parse::<f64>().is_ok(), "{sample}");
    }
}
