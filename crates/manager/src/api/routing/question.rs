//! Reading what is asked about routing.
//!
//! Owns what is refused, with every fault named.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use peegeeq_domain::instance::Fault;

use crate::api::error::ApiError;
use crate::api::extract::{Fields, query, said_twice};
use crate::gateway::Asked;

/// Setups that are told when no number is said.
const SETUPS: usize = 100;

/// The most setups that are told.
const SETUPS_MAX: usize = 1_000;

/// The most headers of a request that is asked about.
const HEADERS_MAX: usize = 100;

/// What of the setups is to be told.
pub(super) struct Shown {
    pub(super) setup: Option<String>,
    pub(super) limit: usize,
}

/// The parameters. Unknown ones are ignored.
pub(super) fn read_shown(uri: &Uri) -> Result<Shown, ApiError> {
    let mut shown = Shown { setup: None, limit: SETUPS };
    let parameters = query(uri)?;
    let twice = said_twice(&parameters, |name| matches!(name, "setup" | "limit"));
    if !twice.is_empty() {
        return Err(ApiError::faults(twice));
    }
    for (key, value) in parameters {
        match &*key {
            "setup" if value.is_empty() => return Err(wrong("setup", "setup must not be empty")),
            "setup" => shown.setup = Some(value),
            "limit" => {
                let limit = value.parse::<usize>().ok().filter(|limit| *limit <= SETUPS_MAX);
                shown.limit = limit.ok_or_else(|| wrong("limit", "limit must be a whole number from 0 to 1000"))?;
            }
            _ => {}
        }
    }
    Ok(shown)
}

/// The request that is asked about.
pub(super) fn read_question(body: &[u8]) -> Result<Asked, ApiError> {
    let fields = Fields::read(body).map_err(|error| ApiError::bad_request(format!("the body must be one JSON object: {error}")))?;
    let mut question = Question::default();
    let mut faults = Vec::new();
    for (key, value) in &fields.0 {
        if let Err(message) = question.take(key, value.get()) {
            faults.push(fault(key, message));
        }
    }
    if question.uri.is_none() && !faults.iter().any(|fault| fault.field == "path") {
        faults.push(fault("path", "path is required: the path of the request, as in /api/v1/queues/SETUP/QUEUE"));
    }
    match question.uri {
        Some(uri) if faults.is_empty() => {
            Ok(Asked { method: question.method.unwrap_or(Method::GET), uri, headers: question.headers, setup_in_body: question.setup })
        }
        _ => Err(ApiError::faults(faults)),
    }
}

#[derive(Default)]
struct Question {
    method: Option<Method>,
    uri: Option<Uri>,
    headers: HeaderMap,
    setup: Option<String>,
}

impl Question {
    /// Takes a field, or says what is wrong with it.
    fn take(&mut self, key: &str, value: &str) -> Result<(), String> {
        let text = |what: &str| serde_json::from_str::<String>(value).map_err(|_| format!("{key} must be {what}"));
        match key {
            "method" => {
                let method = text("a text")?.trim().to_ascii_uppercase();
                self.method = Some(method.parse().map_err(|_| "method must be the method of a request, such as GET".to_owned())?);
            }
            "path" => self.uri = Some(path(&text("a text")?)?),
            "setup" => self.setup = Some(text("the id of a setup")?).filter(|setup| !setup.is_empty()),
            "headers" => self.headers = headers(value)?,
            _ => return Err("not known here: method, path, headers and setup are".to_owned()),
        }
        Ok(())
    }
}

fn path(text: &str) -> Result<Uri, String> {
    let is_path = text.starts_with('/') && !text.starts_with("//");
    text.parse::<Uri>().ok().filter(|_| is_path).ok_or_else(|| "path must begin with one / and be written as in a request".to_owned())
}

fn headers(value: &str) -> Result<HeaderMap, String> {
    let given: BTreeMap<String, String> =
        serde_json::from_str(value).map_err(|_| "headers must be an object of names and texts".to_owned())?;
    if given.len() > HEADERS_MAX {
        return Err(format!("headers must be at most {HEADERS_MAX}"));
    }
    let mut headers = HeaderMap::with_capacity(given.len());
    for (name, value) in &given {
        let header = HeaderName::try_from(name.as_str()).ok().zip(HeaderValue::try_from(value.as_str()).ok());
        let (name, value) = header.ok_or_else(|| "headers must be names and values as they may stand in a request".to_owned())?;
        headers.append(name, value);
    }
    Ok(headers)
}

fn wrong(field: &str, message: &str) -> ApiError {
    ApiError::faults(vec![fault(field, message)])
}

fn fault(field: &str, message: impl Into<String>) -> Fault {
    Fault::new(field, message.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_read_whole_or_all_its_faults_are_told() {
        let asked = read_question(br#"{"path": "/api/v1/setups?x=1", "method": "post", "headers": {"X-PeeGeeQ-Region": "eu"}}"#);
        let asked = asked.expect("a good question");
        assert_eq!(
            (asked.method, asked.uri.query(), &asked.headers["x-peegeeq-region"]),
            (Method::POST, Some("x=1"), &HeaderValue::from_static("eu"))
        );
        for wrong in
            ["", "[]", "{}", r#"{"path": "x"}"#, r#"{"path": "//x"}"#, r#"{"path": 1}"#, r#"{"path": "/x", "headers": {"a b": "c"}}"#]
        {
            assert!(read_question(wrong.as_bytes()).is_err(), "{wrong}");
        }
        let several = read_question(br#"{"method": "G T", "more": 1}"#).expect_err("three faults");
        assert_eq!(several.message(), "Validation failed");
        assert_eq!(several.sentences().split("; ").count(), 3, "{}", several.sentences());
    }

    #[test]
    fn the_number_of_setups_is_bounded() {
        let shown = |query: &str| read_shown(&format!("/api/v1/routing?{query}").parse().expect("a path")).map(|shown| shown.limit);
        assert_eq!((shown("").ok(), shown("limit=0").ok(), shown("limit=1000&x=1").ok()), (Some(100), Some(0), Some(1000)));
        assert!(shown("limit=1001").is_err() && shown("limit=-1").is_err() && shown("setup=").is_err());
    }
}
