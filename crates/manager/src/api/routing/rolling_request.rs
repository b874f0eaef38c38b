//! Reading what is said about rolling restarts.
//!
//! Owns what is refused, with every fault named. Does not own which of the chosen instances are there: the catalog tells.

use std::sync::Arc;
use std::time::Duration;

use peegeeq_domain::catalog::Catalog;
use peegeeq_domain::instance::{Fault, InstanceId};
use peegeeq_domain::quantity::Millis;
use peegeeq_domain::rolling::{INSTANCES_MAX, Limits, Rolling};
use peegeeq_domain::time::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::api::error::ApiError;
use crate::api::extract::Fields;

/// The most characters of a reason: it must fit into that of an order, with the id before it.
const REASON_MAX: usize = 400;

/// The longest span.
const SPAN_MAX: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What was said, as far as it could be read.
#[derive(Default)]
struct Said {
    ids: Option<Vec<String>>,
    environment: Option<String>,
    region: Option<String>,
    all: bool,
    reason: Option<Arc<str>>,
    force: bool,
    deadline: Option<Duration>,
    restart_within: Option<Duration>,
    setups_within: Option<Duration>,
    max_unavailable: Option<usize>,
}

/// Reads the order to begin one, at `now`.
pub(super) fn read_begin(body: &[u8], catalog: &Catalog, id: Arc<str>, by: Arc<str>, now: Timestamp) -> Result<Rolling, ApiError> {
    const KNOWN: [&str; 9] =
        ["instanceIds", "environment", "region", "all", "reason", "deadline", "restartWithin", "setupsWithin", "maxUnavailable"];
    let (said, mut faults) = read(body, &KNOWN)?;
    let ids = chosen(&said, catalog, &mut faults);
    if !faults.is_empty() {
        return Err(ApiError::faults(faults));
    }
    let limits = Limits {
        deadline: said.deadline.unwrap_or(Duration::from_secs(60)),
        restart_within: said.restart_within.unwrap_or(Duration::from_secs(15 * 60)),
        setups_within: said.setups_within.unwrap_or(Duration::from_secs(120)),
        max_unavailable: said.max_unavailable.unwrap_or(1),
    };
    Ok(Rolling::new(id, by, said.reason, limits, ids, now))
}

/// Reads why it is paused.
pub(super) fn read_reason(body: &[u8]) -> Result<Option<Arc<str>>, ApiError> {
    let (said, faults) = read(body, &["reason"])?;
    if faults.is_empty() { Ok(said.reason) } else { Err(ApiError::faults(faults)) }
}

/// Reads whether it goes on whatever is missing.
pub(super) fn read_force(body: &[u8]) -> Result<bool, ApiError> {
    let (said, faults) = read(body, &["force"])?;
    if faults.is_empty() { Ok(said.force) } else { Err(ApiError::faults(faults)) }
}

/// Which instances are meant.
fn chosen(said: &Said, catalog: &Catalog, faults: &mut Vec<Fault>) -> Vec<InstanceId> {
    let fits = |own: &str, wanted: &Option<String>| wanted.as_deref().is_none_or(|wanted| wanted == own);
    let mut ids = Vec::new();
    match &said.ids {
        Some(named) => {
            for name in named {
                match catalog.get(name) {
                    None => faults.push(Fault::new("instanceIds", format!("instance '{name}' is not registered"))),
                    Some(entry) if ids.contains(entry.id()) => {
                        faults.push(Fault::new("instanceIds", format!("instance '{name}' is named twice")));
                    }
                    Some(entry) => ids.push(entry.id().clone()),
                }
            }
            if said.all || said.environment.is_some() || said.region.is_some() {
                faults.push(Fault::new("instanceIds", "say either instanceIds, or environment and region, or all"));
            }
        }
        None if said.all || said.environment.is_some() || said.region.is_some() => {
            let labels = |entry: &peegeeq_domain::catalog::Entry| entry.instance.registration.labels.clone();
            let meant = catalog.entries().iter().filter(|entry| {
                let labels = labels(entry);
                fits(&labels.environment, &said.environment) && fits(&labels.region, &said.region)
            });
            ids.extend(meant.map(|entry| entry.id().clone()));
        }
        None => faults.push(Fault::new("instanceIds", "say which: instanceIds, environment, region, or all")),
    }
    if faults.is_empty() && ids.is_empty() {
        faults.push(Fault::new("instanceIds", "no instance is meant by this"));
    }
    if ids.len() > INSTANCES_MAX {
        faults.push(Fault::new("instanceIds", format!("at most {INSTANCES_MAX} instances can be restarted together")));
    }
    ids
}

fn read(body: &[u8], known: &[&str]) -> Result<(Said, Vec<Fault>), ApiError> {
    let body = if body.is_empty() { b"{}" } else { body };
    let fields = Fields::read(body).map_err(|error| ApiError::bad_request(format!("the body must be one JSON object: {error}")))?;
    let (mut said, mut faults) = (Said::default(), Vec::new());
    for (key, value) in fields.0 {
        let taken = if known.contains(&&*key) { said.take(&key, value) } else { Err(format!("not known here: {} are", known.join(", "))) };
        if let Err(message) = taken {
            faults.push(Fault::new(&key, message));
        }
    }
    Ok((said, faults))
}

impl Said {
    fn take(&mut self, key: &str, value: &RawValue) -> Result<(), String> {
        match key {
            "instanceIds" => self.ids = of(key, value, "a list of ids")?,
            "environment" => self.environment = of(key, value, "a text")?,
            "region" => self.region = of(key, value, "a text")?,
            "all" => self.all = of(key, value, "true or false")?.unwrap_or(false),
            "force" => self.force = of(key, value, "true or false")?.unwrap_or(false),
            "reason" => self.reason = reason(of(key, value, "a text")?)?,
            "deadline" => self.deadline = span(key, value)?,
            "restartWithin" => self.restart_within = span(key, value)?,
            "setupsWithin" => self.setups_within = span(key, value)?,
            _ => {
                let number: Option<usize> = of(key, value, "a whole number from 1 to 100")?;
                let in_range = number.is_none_or(|number| (1..=100).contains(&number));
                self.max_unavailable = in_range.then_some(number).ok_or("maxUnavailable must be a whole number from 1 to 100")?;
            }
        }
        Ok(())
    }
}

fn of<T: DeserializeOwned>(key: &str, value: &RawValue, what: &str) -> Result<Option<T>, String> {
    serde_json::from_str(value.get()).map_err(|_| format!("{key} must be {what}"))
}

fn reason(text: Option<String>) -> Result<Option<Arc<str>>, String> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    if text.chars().count() > REASON_MAX || text.chars().any(char::is_control) {
        return Err(format!("reason must be at most {REASON_MAX} characters on one line"));
    }
    Ok(Some(text.into()))
}

fn span(key: &str, value: &RawValue) -> Result<Option<Duration>, String> {
    let wrong = || format!("{key} must be a span such as 60s, at most a week");
    let Some(text) = of::<String>(key, value, "a span such as 60s")? else { return Ok(None) };
    if !text.ends_with(char::is_alphabetic) {
        return Err(wrong());
    }
    let span = text.parse::<Millis>().map_err(|_| wrong())?;
    let span = Duration::from_micros(span.micros());
    if span > SPAN_MAX { Err(wrong()) } else { Ok(Some(span)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Rolling, String> {
        let read = read_begin(body.as_bytes(), &Catalog::default(), "r1".into(), "ann".into(), Timestamp::default());
        read.map_err(|error| error.sentences())
    }

    #[test]
    fn all_faults_are_told() {
        let body = r#"{"instanceIds":["a"],"all":true,"reason":"a\nb","deadline":"5","restartWithin":7,"maxUnavailable":0,"x":1}"#;
        let sentences = read(body).expect_err("faulty");
        for word in ["'a' is not registered", "say either", "reason", "deadline", "restartWithin", "from 1 to 100", "not known here"] {
            assert!(sentences.contains(word), "{word}: {sentences}");
        }
        assert!(read("").expect_err("nothing said").contains("say which"));
        assert!(read(r#"{"all":true}"#).expect_err("nobody is there").contains("no instance is meant"));
    }

    #[test]
    fn a_word_to_one_under_way_is_read() {
        assert_eq!(read_force(b"").ok(), Some(false));
        assert_eq!(read_force(br#"{"force":true}"#).ok(), Some(true));
        assert_eq!(read_reason(br#"{"reason":"night"}"#).ok(), Some(Some("night".into())));
        assert!(read_force(br#"{"force":"yes"}"#).is_err() && read_reason(br#"{"force":true}"#).is_err());
    }
}
