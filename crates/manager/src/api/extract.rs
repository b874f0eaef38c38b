//! Reading requests: bodies with a limit in size and time, JSON objects that say each thing once, query parameters.
//!
//! Owns what is refused before a request has a meaning. Does not own the meaning of any field.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::BodyExt;
use peegeeq_domain::instance::Fault;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::error::ApiError;
use super::json_words;

/// How the bodies of requests are bounded, one by one and together.
#[derive(Clone, Debug)]
pub struct BodyLimits {
    /// Most bytes of one.
    pub bytes_max: usize,
    /// Longest time one may take to arrive.
    pub timeout: Duration,
    /// Most bytes of all that are being read.
    pub total_bytes_max: usize,
    /// Bytes being held now.
    held: Arc<AtomicUsize>,
}

impl BodyLimits {
    /// Limits of which nothing is used yet.
    pub fn new(bytes_max: usize, timeout: Duration, total_bytes_max: usize) -> Self {
        Self { bytes_max, timeout, total_bytes_max, held: Arc::default() }
    }
}

/// The bytes one request holds; given back when dropped.
struct Held<'a> {
    limits: &'a BodyLimits,
    bytes: usize,
}

impl Held<'_> {
    fn take(&mut self, bytes: usize) -> Result<(), ApiError> {
        self.bytes += bytes;
        let all = self.limits.held.fetch_add(bytes, Ordering::AcqRel).saturating_add(bytes);
        if self.bytes > self.limits.bytes_max {
            return Err(too_large(self.limits));
        }
        if all > self.limits.total_bytes_max {
            let message = "too many large request bodies at once (server.body.total.max.bytes): try again in a moment";
            return Err(ApiError::busy(message).header(header::CONNECTION, CLOSE));
        }
        Ok(())
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.limits.held.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}

/// Reads a JSON body whole.
pub(super) async fn json_body(request: Request, limits: &BodyLimits) -> Result<Bytes, ApiError> {
    require_json(request.headers())?;
    let declared = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > limits.bytes_max as u64) {
        return Err(too_large(limits));
    }
    let read = tokio::time::timeout(limits.timeout, read_whole(request.into_body(), limits)).await;
    read.unwrap_or_else(|_| {
        Err(ApiError::new(StatusCode::REQUEST_TIMEOUT, "the request body took too long to arrive").header(header::CONNECTION, CLOSE))
    })
}

async fn read_whole(mut body: Body, limits: &BodyLimits) -> Result<Bytes, ApiError> {
    let mut held = Held { limits, bytes: 0 };
    let (mut first, mut rest) = (Bytes::new(), Vec::new());
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| ApiError::bad_request("the request body ended too early or is not well framed"))?;
        let Ok(data) = frame.into_data() else { continue };
        held.take(data.len())?;
        if first.is_empty() {
            first = data;
        } else {
            rest.extend_from_slice(&data);
        }
    }
    Ok(if rest.is_empty() { first } else { [first, rest.into()].concat().into() })
}

/// After an answer that did not read the whole body the connection cannot be used again.
const CLOSE: HeaderValue = HeaderValue::from_static("close");

fn too_large(limits: &BodyLimits) -> ApiError {
    let message = format!("the request body is larger than {} bytes (server.body.max.bytes)", limits.bytes_max);
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, message).header(header::CONNECTION, CLOSE)
}

/// JSON, or nothing said, which the original took for JSON.
fn require_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(kind) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let kind = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json")) {
        return Ok(());
    }
    Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body must be JSON: send 'Content-Type: application/json'"))
}

/// The fields of a JSON object, in order, each still as text.
pub(super) struct Fields<'a>(pub(super) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Fields<'a> {
    /// Reads an object, or says what is wrong and where: broken JSON, not an object, a key said twice.
    pub(super) fn read(text: &'a [u8]) -> Result<Self, String> {
        let mut reader = serde_json::Deserializer::from_slice(text);
        let fields = reader.deserialize_map(FieldsVisitor).map_err(|error| json_words::told(&error))?;
        reader.end().map_err(|error| json_words::told(&error))?;
        Ok(fields)
    }
}

struct FieldsVisitor;

impl<'a> Visitor<'a> for FieldsVisitor {
    type Value = Fields<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields: Vec<(Cow<'a, str>, &'a RawValue)> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        while let Some((Key(key), value)) = map.next_entry::<Key<'a>, &'a RawValue>()? {
            if !seen.insert(key.clone()) {
                return Err(serde::de::Error::custom(format_args!("the key {key:?} is there twice")));
            }
            fields.push((key, value));
        }
        Ok(Fields(fields))
    }
}

/// A key that is borrowed where it can be; serde's own `Cow` never borrows in a map.
struct Key<'a>(Cow<'a, str>);

impl<'a> serde::Deserialize<'a> for Key<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'a> Visitor<'a> for KeyVisitor {
            type Value = Key<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Key<'a>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Key<'a>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

/// The parameters of a query, decoded, in order.
pub(super) type Parameters = Vec<(String, String)>;

/// The decoded parameters of a query; all that cannot be decoded are named together.
pub(super) fn query(request: &http::Uri) -> Result<Parameters, ApiError> {
    let text = request.query().unwrap_or_default();
    // Most are as they look.
    let mut faults = Vec::new();
    for part in text.split('&').filter(|part| part.contains('%') || !part.is_ascii()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        if !(is_encoded(name) && is_encoded(value)) {
            let name = form_urlencoded::parse(name.as_bytes()).next().map_or_else(String::new, |(name, _)| name.into_owned());
            faults.push(Fault::new(&name, format!("{name} must be percent-encoded UTF-8: '%' and two hex digits for each byte")));
        }
    }
    if !faults.is_empty() {
        return Err(ApiError::faults(faults));
    }
    Ok(form_urlencoded::parse(text.as_bytes()).map(|(key, value)| (key.into_owned(), value.into_owned())).collect())
}

/// Whether a part of a query means one text.
fn is_encoded(part: &str) -> bool {
    let mut rest = part.bytes();
    while let Some(byte) = rest.next() {
        let mut digit = || rest.next().is_some_and(|digit| digit.is_ascii_hexdigit());
        if byte == b'%' && !(digit() && digit()) {
            return false;
        }
    }
    percent_encoding::percent_decode_str(part).decode_utf8().is_ok()
}

/// The faults of parameters that are said twice although they are read once: which of both is meant, nobody knows.
/// `once` says whether a name is that of such a parameter.
pub(super) fn said_twice(parameters: &[(String, String)], once: impl Fn(&str) -> bool) -> Vec<Fault> {
    let twice = |(index, (name, _)): (usize, &(String, String))| {
        let before = parameters[..index].iter().filter(|(other, _)| other == name).count();
        // However often it is said, it is one fault.
        (before == 1 && once(name)).then(|| Fault::new(name, format!("{name} must be said once")))
    };
    parameters.iter().enumerate().filter_map(twice).collect()
}

/// Whether the caller already has the answer with this weak tag.
pub(super) fn has_tag(headers: &HeaderMap, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    known.flat_map(|value| value.split(',')).any(|known| known.trim() == "*" || opaque(known) == opaque(tag))
}

/// 304: the caller has it.
pub(super) fn not_modified(tag: &HeaderValue) -> axum::response::Response {
    let mut response = axum::response::Response::new(Body::empty());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    response.headers_mut().insert(header::ETAG, tag.clone());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_say_each_thing_once() {
        let keys = |text: &str| {
            Fields::read(text.as_bytes()).map(|fields| fields.0.into_iter().map(|(key, _)| key.into_owned()).collect::<Vec<_>>())
        };
        assert_eq!(keys(r#"{"a":1,"\u0062":{"c":2}}"#).expect("object"), ["a", "b"]);
        for text in ["", "[]", "\"x\"", "{bad", "null", r#"{"a":1,"a":2}"#, r#"{"a":1,"\u0061":2}"#, "{} {}", "\u{feff}{}"] {
            assert!(keys(text).is_err(), "{text}");
        }
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(200_000), "]".repeat(200_000));
        assert_eq!(keys(&deep).expect("values are not walked into, so depth costs nothing"), ["a"]);
        assert!(Fields::read(b"{\"a\":\"\xff\"}").is_err(), "not UTF-8");
    }

    #[test]
    fn a_query_is_decoded_or_refused() {
        let read = |text: &str| query(&format!("/?{text}").parse().expect("uri"));
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(read("a=b%20c+d&e&%C3%A4=%25").expect("good"), [pair("a", "b c d"), pair("e", ""), pair("\u{e4}", "%")]);
        for (text, field) in [("a=%zz", "a"), ("a=1&b=%ff", "b"), ("a=%", "a"), ("a=%2", "a"), ("%ffx=1", "\u{fffd}x")] {
            let error = read(text).expect_err(text);
            assert!(error.message().starts_with(field), "{text}: {}", error.message());
        }
        assert!(read("a=%zz&b=%zz").expect_err("two").sentences().contains("; "));
    }

    #[test]
    fn what_is_read_once_must_not_be_said_twice() {
        let said: Vec<_> = ["a", "b", "a", "c", "c", "a"].map(|name| (name.to_owned(), String::new())).into();
        let names: Vec<_> = said_twice(&said, |name| name != "c").into_iter().map(|fault| fault.field).collect();
        assert_eq!(names, ["a"]);
    }

    #[test]
    fn tags_are_compared_weakly() {
        let headers = |value: &'static str| HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::from_static(value))]);
        assert!(has_tag(&headers("\"x\", W/\"7\""), "W/\"7\""));
        assert!(has_tag(&headers("*"), "W/\"7\""));
        assert!(!has_tag(&headers("W/\"8\""), "W/\"7\""));
        assert!(!has_tag(&HeaderMap::new(), "W/\"7\""));
    }
}
