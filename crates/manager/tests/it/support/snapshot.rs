//! Whole answers as snapshots: status, the headers that clients rely on, and the body, with what differs between runs
//! replaced by its name.
//!
//! Owns the replacing. Whatever is left must be the same in every run.

use peegeeq_testkit::{FakeInstance, Reply};
use serde_json::{Map, Value, json};

const HEADERS: [&str; 12] = [
    "content-type",
    "etag",
    "location",
    "allow",
    "age",
    "retry-after",
    "www-authenticate",
    "access-control-allow-origin",
    "access-control-allow-methods",
    "access-control-allow-headers",
    "access-control-max-age",
    "vary",
];

/// Replaces what differs between runs.
#[derive(Default)]
pub(crate) struct Redaction {
    ports: Vec<(String, String)>,
    left_out: Vec<&'static str>,
}

impl Redaction {
    /// Ports of these instances are shown by the instances' names.
    pub(crate) fn of(instances: &[&FakeInstance]) -> Self {
        let ports = instances.iter().map(|instance| (instance.port().to_string(), format!("<port of {}>", instance.name()))).collect();
        Self { ports, left_out: Vec::new() }
    }

    /// Leaves out the value of a field that depends on how far probes have come.
    pub(crate) fn without(mut self, field: &'static str) -> Self {
        self.left_out.push(field);
        self
    }

    /// The whole answer.
    pub(crate) fn answer(&self, reply: &Reply) -> Value {
        let headers = HEADERS.iter().filter(|name| reply.headers.contains_key(**name));
        let headers: Map<String, Value> = headers.map(|name| ((*name).to_owned(), self.text(name, reply.header(name)))).collect();
        let body = if reply.body.is_empty() { Value::Null } else { self.value("", reply.json()) };
        json!({"status": reply.status.as_u16(), "headers": headers, "body": body})
    }

    fn value(&self, key: &str, value: Value) -> Value {
        match value {
            _ if self.left_out.contains(&key) => Value::String(format!("<{key}>")),
            Value::Object(fields) => Value::Object(fields.into_iter().map(|(key, value)| (key.clone(), self.value(&key, value))).collect()),
            Value::Array(values) => Value::Array(values.into_iter().map(|value| self.value(key, value)).collect()),
            Value::String(text) => self.text(key, &text),
            Value::Number(number) => self.number(key, number.to_string(), Value::Number(number)),
            other => other,
        }
    }

    fn number(&self, key: &str, text: String, number: Value) -> Value {
        if let Some((_, name)) = self.ports.iter().find(|(port, _)| key == "port" && *port == text) {
            return Value::String(name.clone());
        }
        match key {
            "timestamp" => Value::String("<milliseconds>".to_owned()),
            _ if key.ends_with("Ms") || key == "uptimeSeconds" => Value::String("<span>".to_owned()),
            _ => number,
        }
    }

    fn text(&self, key: &str, text: &str) -> Value {
        if key == "requestId" || key == "etag" {
            return Value::String(format!("<{key}>"));
        }
        if is_time(text) {
            return Value::String("<time>".to_owned());
        }
        let named = self.ports.iter().fold(text.to_owned(), |text, (port, name)| text.replace(&format!(":{port}"), &format!(":{name}")));
        Value::String(named)
    }
}

/// ISO 8601 in UTC with milliseconds, the one form in which the manager writes times.
pub(crate) fn is_time(text: &str) -> bool {
    let pattern = "0000-00-00T00:00:00.000Z";
    text.len() == pattern.len()
        && text.bytes().zip(pattern.bytes()).all(|(found, wanted)| if wanted == b'0' { found.is_ascii_digit() } else { found == wanted })
}

/// Compares a whole answer with the snapshot of that name.
macro_rules! snapshot {
    ($name:literal, $redaction:expr, $reply:expr) => {
        insta::assert_json_snapshot!($name, $redaction.answer(&$reply))
    };
    ($name:literal, $reply:expr) => {
        insta::assert_json_snapshot!($name, $crate::support::snapshot::Redaction::default().answer(&$reply))
    };
}
pub(crate) use snapshot;
