//! What a subscriber says: topics, filters, and where it was.

use http::HeaderMap;
use peegeeq_domain::instance::Fault;
use serde_json::Value;
use utoipa::IntoParams;

use crate::api::error::ApiError;
use crate::api::instances::list_query::ListQuery;
use crate::registry::store::Seq;
use crate::updates::{Topics, View};

/// A place nobody was at: what is said in its stead cannot be read.
const NOWHERE: Seq = Seq { epoch: 0, number: 0 };

/// What a subscriber may say in the query.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the query; the reader takes parameters one by one to name all faults at once")]
pub(super) struct UpdatesParameters {
    /// `instances`, `journal`, `incidents`, or several with commas; default `instances,journal`.
    topics: Option<String>,
    /// The id of the last event that was received, `<epoch>:<seq>`: go on from there.
    #[param(pattern = "^[0-9]+:[0-9]+$")]
    since: Option<String>,
    /// Exactly this environment.
    environment: Option<String>,
    /// Exactly this region.
    region: Option<String>,
    /// `healthy`, `unhealthy`, `unknown`, `starting` or `stopping`, in any case; another word matches nothing.
    status: Option<String>,
}

/// Reads the query and `Last-Event-ID`, which says the same as `since` and comes from browsers that reconnect.
pub(super) fn read(parameters: Vec<(String, String)>, headers: &HeaderMap) -> Result<(View, Option<Seq>), ApiError> {
    let (mut faults, mut topics, mut since, mut rest) = (Vec::new(), Topics::default(), None, Vec::new());
    for (name, value) in parameters {
        match &*name {
            "topics" => topics = read_topics(&mut faults, value.split(',')),
            "since" => since = read_since(&mut faults, &value),
            _ => rest.push((name, value)),
        }
    }
    let filter = ListQuery::read(rest)?.filter;
    let last = headers.get("last-event-id").map(|id| id.to_str().ok().and_then(Seq::parse).unwrap_or(NOWHERE));
    if faults.is_empty() { Ok((View { topics, filter }, last.or(since))) } else { Err(ApiError::faults(faults)) }
}

fn read_topics<'a>(faults: &mut Vec<Fault>, words: impl Iterator<Item = &'a str>) -> Topics {
    let mut topics = Topics { instances: false, journal: false, incidents: false };
    for word in words {
        match word.trim() {
            "instances" => topics.instances = true,
            "journal" => topics.journal = true,
            "incidents" => topics.incidents = true,
            _ => faults.push(Fault::new("topics", "topics must be instances, journal, incidents, or several of them")),
        }
    }
    topics
}

fn read_since(faults: &mut Vec<Fault>, text: &str) -> Option<Seq> {
    let since = Seq::parse(text);
    if since.is_none() {
        faults.push(Fault::new("since", "since must be the id of an event, such as 3:1742"));
    }
    since
}

/// Reads a message of a subscriber: `{"type":"subscribe","topics":[…],"filter":{…}}`.
pub(super) fn read_message(text: &str) -> Result<View, String> {
    let message: Value = serde_json::from_str(text).map_err(|error| format!("a message must be JSON: {error}"))?;
    if message["type"] != "subscribe" {
        return Err("a message must have the type 'subscribe'".to_owned());
    }
    let mut faults = Vec::new();
    let topics = match &message["topics"] {
        Value::Null => Topics::default(),
        Value::Array(words) => read_topics(&mut faults, words.iter().map(|word| word.as_str().unwrap_or(""))),
        _ => return Err("topics must be a list of instances, journal and incidents".to_owned()),
    };
    if let Some(fault) = faults.pop() {
        return Err(fault.message);
    }
    let filter = match &message["filter"] {
        Value::Null => Vec::new(),
        Value::Object(fields) => fields.iter().flat_map(|(name, value)| pairs(name, value)).collect(),
        _ => return Err("filter must be an object".to_owned()),
    };
    let read = ListQuery::read(filter).map_err(|error| error.sentences())?;
    match read.ignored.first() {
        Some(unknown) => Err(format!("there is no filter '{unknown}'")),
        None => Ok(View { topics, filter: read.filter }),
    }
}

/// A filter as parameters of the list: `metadata` may be an object.
fn pairs(name: &str, value: &Value) -> Vec<(String, String)> {
    let said = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match value {
        Value::Null => Vec::new(),
        Value::Object(fields) if name == "metadata" => fields.iter().map(|(key, value)| (format!("metadata.{key}"), said(value))).collect(),
        value => vec![(name.to_owned(), said(value))],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_say_topics_and_filters() {
        let view = read_message(r#"{"type":"subscribe","topics":["journal"],"filter":{"environment":"prod","metadata":{"zone":"a"}}}"#);
        let view = view.expect("valid");
        assert_eq!(view.topics, Topics { instances: false, journal: true, incidents: false });
        assert_eq!(view.filter.environment.as_deref(), Some("prod"));
        assert_eq!(view.filter.metadata, [("zone".to_owned(), "a".to_owned())]);
        assert_eq!(read_message(r#"{"type":"subscribe"}"#), Ok(View::default()));
        for text in
            ["", "[]", r#"{"type":"x"}"#, r#"{"type":"subscribe","topics":["x"]}"#, r#"{"type":"subscribe","filter":{"colour":"x"}}"#]
        {
            assert!(read_message(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_place_comes_from_the_header_or_the_query() {
        let headers =
            |id: &'static str| HeaderMap::from_iter([(http::HeaderName::from_static("last-event-id"), id.parse().expect("text"))]);
        let since = |text: &str| vec![("since".to_owned(), text.to_owned())];
        let read = |query, headers| read(query, &headers).map(|(_, since)| since);
        assert_eq!(read(since("3:7"), HeaderMap::new()).expect("valid"), Some(Seq { epoch: 3, number: 7 }));
        assert_eq!(read(since("3:7"), headers("3:9")).expect("valid"), Some(Seq { epoch: 3, number: 9 }));
        assert_eq!(read(Vec::new(), headers("what")).expect("valid"), Some(NOWHERE));
        assert!(read(since("3"), HeaderMap::new()).is_err());
    }
}
