//! What an operator writes to drain, resume or take out an instance, and what comes back.

use std::collections::BTreeMap;
use std::sync::Arc;

use peegeeq_domain::instance::{Fault, Instance, REASON_CHARACTERS_MAX, Revision, Said, Verb};
use peegeeq_domain::quantity::Millis;
use peegeeq_domain::time::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::instance::OrderView;
use super::registration::{FieldReader, with_ignored};
use crate::api::error::ApiError;
use crate::api::extract::Fields;
use crate::clock;

/// The longest time for which something can be ordered: a century. What is meant for ever says no end.
const LONGEST_MILLIS: u64 = 100 * 366 * 24 * 60 * 60 * 1000;

/// Body of `POST /api/v1/instances/{instanceId}/drain`, which may be empty.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the request in the API document; the reader takes fields one by one to name all faults at once")]
pub struct DrainRequest {
    /// Why; shown with the instance.
    #[schema(max_length = 512)]
    reason: Option<String>,
    /// When it ends by itself, ISO 8601; null: never.
    #[schema(format = DateTime)]
    until: Option<String>,
    /// The same as a span: `30m`, `2h`.
    #[schema(rename = "for", examples("30m"))]
    r#for: Option<String>,
    /// Until when what is running may go on: ISO 8601, or a span.
    #[schema(examples("5m"))]
    deadline: Option<String>,
    /// The revision this order was given for; 409 if it is another by now.
    revision: Option<u64>,
}

/// Body of `POST /api/v1/instances/{instanceId}/maintenance`, which may be empty.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "as above")]
pub struct MaintenanceRequest {
    /// Why; shown with the instance.
    #[schema(max_length = 512)]
    reason: Option<String>,
    /// When it ends by itself, ISO 8601; null: never.
    #[schema(format = DateTime)]
    until: Option<String>,
    /// The same as a span: `30m`, `2h`.
    #[schema(rename = "for", examples("30m"))]
    r#for: Option<String>,
    /// The revision this order was given for; 409 if it is another by now.
    revision: Option<u64>,
}

/// Body of `POST /api/v1/instances/{instanceId}/resume`, which may be empty.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "as above")]
pub struct ResumeRequest {
    /// Why; noted in the journal.
    #[schema(max_length = 512)]
    reason: Option<String>,
    /// The revision this order was given for; 409 if it is another by now.
    revision: Option<u64>,
}

/// What was before and what is now.
#[derive(Debug, Serialize, ToSchema)]
pub struct FromTo {
    /// Before.
    pub from: Option<String>,
    /// Now.
    pub to: Option<String>,
}

/// Answer to an order.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ordered<'a> {
    /// A sentence.
    pub message: &'static str,
    /// The instance.
    pub instance_id: &'a str,
    /// Whether anything changed: the same order again changes nothing.
    pub changed: bool,
    /// What changed, by field.
    pub changes: BTreeMap<&'static str, FromTo>,
    /// What is ordered now.
    pub presence: &'a str,
    /// The state that follows: `healthy`, `unhealthy`, `unknown`, `starting` or `stopping`.
    pub status: &'a str,
    /// The order in force; null after resuming.
    pub order: Option<OrderView<'a>>,
    /// Counts changes of the registration.
    pub revision: u64,
    /// Fields of the request that mean nothing: a typo, perhaps.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignored_fields: Vec<String>,
    /// When.
    pub timestamp: String,
}

/// What differs between an instance before and after an order.
pub fn changes(before: &Instance, now: &Instance) -> BTreeMap<&'static str, FromTo> {
    let time = |at: Option<Timestamp>| at.map(clock::iso);
    let fields = |instance: &Instance| {
        let order = instance.order.as_ref();
        [
            ("presence", Some(instance.presence.as_str().to_owned())),
            ("reason", order.and_then(|order| order.reason.as_deref().map(str::to_owned))),
            ("until", time(order.and_then(|order| order.until))),
            ("deadline", time(order.and_then(|order| order.deadline))),
        ]
    };
    let pairs = fields(before).into_iter().zip(fields(now));
    pairs.filter(|(from, to)| from != to).map(|((name, from), (_, to))| (name, FromTo { from, to })).collect()
}

/// A readable order.
#[derive(Debug)]
pub struct ReadOrder {
    /// What was said.
    pub said: Said,
    /// The revision it was given for.
    pub revision: Option<Revision>,
    /// Fields that mean nothing.
    pub ignored: Vec<String>,
}

/// Reads an order given at `now`, naming all faults at once. No body is as good as an empty object.
pub fn read_order(body: &[u8], verb: Verb, by: Arc<str>, now: Timestamp) -> Result<ReadOrder, ApiError> {
    let body = if body.is_empty() { b"{}" } else { body };
    let fields = Fields::read(body).map_err(|reason| ApiError::bad_request(format!("Invalid order: {reason}")))?;
    let mut reader = OrderReader { fields: FieldReader::default(), now };
    let (mut said, mut revision, mut span) = (Said::plain(verb, by), None, None);
    let ends = verb != Verb::Resume;
    for (name, value) in fields.0 {
        match &*name {
            "reason" => said.reason = reader.reason(value),
            "until" if ends => said.until = reader.end("until", value, &[Spelling::Iso]),
            "for" if ends => span = reader.end("for", value, &[Spelling::Span]).filter(Option::is_some),
            "deadline" if verb == Verb::Drain => said.deadline = reader.end("deadline", value, &[Spelling::Iso, Spelling::Span]),
            "revision" => revision = reader.fields.revision(value),
            _ => reader.fields.ignored.push(name.into_owned()),
        }
    }
    if said.until.is_some() && span.is_some() {
        reader.fields.faults.push(Fault::new("for", "say either until or for, not both"));
    }
    said.until = said.until.or(span);
    let FieldReader { faults, ignored } = reader.fields;
    if faults.is_empty() { Ok(ReadOrder { said, revision, ignored }) } else { Err(with_ignored(ApiError::faults(faults), ignored)) }
}

/// How an end may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spelling {
    /// `2026-01-31T12:00:00Z`
    Iso,
    /// `30m`
    Span,
}

impl Spelling {
    fn read(self, text: &str, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Iso => clock::parse_iso(text),
            // A number without a unit could mean anything.
            Self::Span if !text.ends_with(char::is_alphabetic) => None,
            Self::Span => {
                let millis = i64::try_from(text.parse::<Millis>().ok()?.micros() / 1000).ok()?;
                Some(Timestamp::from_epoch_millis(now.epoch_millis().saturating_add(millis)))
            }
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Iso => "a time such as 2026-01-31T12:00:00Z",
            Self::Span => "a span such as 30m",
        }
    }
}

struct OrderReader {
    fields: FieldReader,
    now: Timestamp,
}

impl OrderReader {
    fn fault<T>(&mut self, field: &str, message: String) -> Option<T> {
        self.fields.faults.push(Fault::new(field, message));
        None
    }

    fn reason(&mut self, value: &RawValue) -> Option<Option<Arc<str>>> {
        if value.get() == "null" {
            return Some(None);
        }
        let text = self.fields.text("reason", value)?;
        if text.chars().count() > REASON_CHARACTERS_MAX || text.chars().any(char::is_control) {
            return self.fault("reason", format!("reason must be at most {REASON_CHARACTERS_MAX} characters on one line"));
        }
        Some((!text.is_empty()).then(|| text.into()))
    }

    /// An end in the future. Null takes an earlier one away.
    fn end(&mut self, field: &str, value: &RawValue, spellings: &[Spelling]) -> Option<Option<Timestamp>> {
        if value.get() == "null" {
            return Some(None);
        }
        let text = self.fields.text(field, value)?;
        let Some(end) = spellings.iter().find_map(|spelling| spelling.read(&text, self.now)) else {
            let words: Vec<_> = spellings.iter().map(|spelling| spelling.words()).collect();
            return self.fault(field, format!("{field} must be {}", words.join(" or ")));
        };
        let ahead = end.epoch_millis().saturating_sub(self.now.epoch_millis());
        if !u64::try_from(ahead).is_ok_and(|ahead| (1..=LONGEST_MILLIS).contains(&ahead)) {
            return self.fault(field, format!("{field} must lie in the future, at most a century ahead"));
        }
        Some(Some(end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_epoch_millis(1_753_369_200_000);

    fn read(verb: Verb, body: &str) -> Result<ReadOrder, String> {
        read_order(body.as_bytes(), verb, "ann".into(), NOW).map_err(|error| error.sentences())
    }

    #[test]
    fn ends_are_times_or_spans_in_the_future() {
        let after = |millis: i64| Some(Some(Timestamp::from_epoch_millis(NOW.epoch_millis() + millis)));
        let order = read(Verb::Drain, r#"{"for":"30m","deadline":"5m","reason":"new disk","revision":3,"x":1}"#).expect("valid");
        assert_eq!((order.said.until, order.said.deadline), (after(1_800_000), after(300_000)));
        assert_eq!((order.revision, order.ignored), (Some(Revision(3)), vec!["x".to_owned()]));
        let order = read(Verb::Maintenance, r#"{"until":"2025-07-24T15:00:01Z","deadline":"5m"}"#).expect("valid");
        assert_eq!((order.said.until, order.ignored), (after(1000), vec!["deadline".to_owned()]));
        assert_eq!(read(Verb::Drain, r#"{"until":null}"#).expect("valid").said.until, Some(None));
        assert_eq!(read(Verb::Drain, "").expect("valid").said, Said::plain(Verb::Drain, "ann".into()));
    }

    #[test]
    fn all_faults_of_an_order_are_told() {
        let body = r#"{"reason":"a\nb","until":"2025-07-24T14:59:59Z","for":"30","deadline":"soon","revision":"x"}"#;
        let sentences = read(Verb::Drain, body).expect_err("faulty");
        for field in ["reason", "until", "for", "deadline", "revision"] {
            assert!(sentences.contains(field), "{field}: {sentences}");
        }
        assert!(read(Verb::Drain, r#"{"until":"2026-01-01T00:00:00Z","for":"1h"}"#).expect_err("faulty").contains("not both"));
        for body in ["[]", r#"{"for":"0s"}"#, r#"{"for":"900000d"}"#, r#"{"for":5}"#, r#"{"reason":"a","reason":"b"}"#] {
            assert!(read(Verb::Drain, body).is_err(), "{body}");
        }
    }
}
