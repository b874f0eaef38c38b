//! What a caller writes to register or change an instance, and what it gets back.

use std::collections::BTreeMap;
use std::sync::Arc;

use ipnet::IpNet;
use peegeeq_domain::instance::{Draft, Fault, Host, InstanceId, Patch, Presence, Registration, Revision, Weight};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::words::{PresenceWord, SchemeWord};
use crate::api::error::ApiError;
use crate::api::extract::Fields;
use crate::api::json_words;
use crate::net::refusal;

/// The sentence the original put in front of whatever its JSON reader said.
const UNREADABLE: &str = "Invalid registration data";

/// Body of `POST /api/v1/instances/register`.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the request in the API document; the reader takes fields one by one to name all faults at once")]
pub struct RegisterRequest {
    /// Name of the instance: 1 to 128 characters, no control, invisible or direction-changing ones.
    #[schema(schema_with = instance_id_schema)]
    instance_id: String,
    /// DNS name or address.
    #[schema(
        examples("10.0.1.100"),
        min_length = 1,
        max_length = 253,
        pattern = "^([A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?\\.){0,3}[A-Za-z]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?$|^([1-9]|[1-9][0-9]|1[0-57-9][0-9]|16[0-8]|2[01][0-9]|22[0-3])(\\.(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])){3}$|^169\\.(25[0-3]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(\\.(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])){2}$|^(2[0-9A-Fa-f]{3}|[Ff][CcDd][0-9A-Fa-f]{2})((:[0-9A-Fa-f]{1,4}){7}|(:[0-9A-Fa-f]{1,4}){0,5}::[0-9A-Fa-f]{1,4})$|^::1$"
    )]
    host: String,
    /// TCP port.
    #[schema(examples(8080), minimum = 1, maximum = 65535)]
    port: u32,
    /// `http` or `https`; default `http`.
    scheme: Option<SchemeWord>,
    /// Version of its software; default `unknown`.
    #[schema(
        max_length = 128,
        pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F\\u00AD\\u034F\\u061C\\u115F\\u1160\\u17B4\\u17B5\\u180B-\\u180F\\u200B-\\u200F\\u2028-\\u202E\\u2060-\\u206F\\u3164\\uFEFF\\uFFA0\\uFFF0-\\uFFFB]*$"
    )]
    version: Option<String>,
    /// Environment; default `default`.
    #[schema(
        max_length = 128,
        pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F\\u00AD\\u034F\\u061C\\u115F\\u1160\\u17B4\\u17B5\\u180B-\\u180F\\u200B-\\u200F\\u2028-\\u202E\\u2060-\\u206F\\u3164\\uFEFF\\uFFA0\\uFFF0-\\uFFFB]*$"
    )]
    environment: Option<String>,
    /// Region; default `default`.
    #[schema(
        max_length = 128,
        pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F\\u00AD\\u034F\\u061C\\u115F\\u1160\\u17B4\\u17B5\\u180B-\\u180F\\u200B-\\u200F\\u2028-\\u202E\\u2060-\\u206F\\u3164\\uFEFF\\uFFA0\\uFFF0-\\uFFFB]*$"
    )]
    region: Option<String>,
    /// Share of traffic relative to others, default 1; 0: nothing new.
    #[schema(minimum = 0, maximum = 1000)]
    weight: Option<u32>,
    /// Path asked for health; default `/health`.
    #[schema(max_length = 256, pattern = "^/[A-Za-z0-9_-][A-Za-z0-9_/-]*$")]
    health_path: Option<String>,
    /// Status that counts as healthy; default any 2xx.
    #[schema(minimum = 200, maximum = 599)]
    health_status: Option<u32>,
    /// `starting`, `serving`, `draining`, `stopping` or `maintenance`; default: as before, or `serving`.
    presence: Option<PresenceWord>,
    /// Labels: at most 64 keys and 16 KiB. Values that are not text are kept as their JSON text.
    metadata: Option<BTreeMap<String, serde_json::Value>>,
}

/// An id: text, or a whole number, which is taken as its digits.
fn instance_id_schema() -> utoipa::openapi::schema::Schema {
    use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Type};
    let pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F\\u00AD\\u034F\\u061C\\u115F\\u1160\\u17B4\\u17B5\\u180B-\\u180F\\u200B-\\u200F\\u2028-\\u202E\\u2060-\\u206F\\u3164\\uFEFF\\uFFA0\\uFFF0-\\uFFFB]+$";
    let text = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(128)).pattern(Some(pattern));
    let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0));
    let either = OneOfBuilder::new().item(text.examples(["peegeeq-prod-01"])).item(number);
    either
        .description(Some(
            "Name of the instance: 1 to 128 characters, no control, invisible or direction-changing ones; a number is taken as its digits",
        ))
        .into()
}

/// Answer to a registration.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Registered {
    /// `Instance registered successfully`
    pub message: &'static str,
    /// The id, as registered.
    pub instance_id: String,
    /// `registered`
    pub status: &'static str,
    /// Counts changes of this registration.
    pub revision: u64,
    /// Fields of the request that mean nothing: a typo, perhaps.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignored_fields: Vec<String>,
    /// When.
    pub timestamp: String,
}

/// Answer to a change.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Updated {
    /// `Instance updated successfully`, or that nothing was changed, and how fields are changed that a change cannot reach.
    pub message: String,
    /// The id, as registered.
    pub instance_id: String,
    /// `registered`
    pub status: &'static str,
    /// Whether anything differs from before.
    pub changed: bool,
    /// Counts changes of this registration.
    pub revision: u64,
    /// Fields of the request that mean nothing: a typo, perhaps.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignored_fields: Vec<String>,
    /// When.
    pub timestamp: String,
}

/// Answer to a deregistration.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Deregistered {
    /// `Instance unregistered successfully`
    pub message: &'static str,
    /// The id.
    pub instance_id: String,
    /// `deregistered`
    pub status: &'static str,
    /// When.
    pub timestamp: String,
}

/// Body of `PUT /api/v1/instances/{instanceId}`. What is left out stays as it is.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the request in the API document, as above")]
pub struct UpdateRequest {
    /// The new labels, whole.
    metadata: Option<BTreeMap<String, serde_json::Value>>,
    /// The new share of traffic; 0: nothing new.
    #[schema(minimum = 0, maximum = 1000)]
    weight: Option<u32>,
    /// The new order: `starting`, `serving`, `draining`, `stopping` or `maintenance`.
    presence: Option<PresenceWord>,
    /// The revision this change was made for; 409 if it is another by now.
    revision: Option<u64>,
}

/// A readable registration request.
#[derive(Debug)]
pub struct ReadRegistration {
    /// The registration.
    pub registration: Registration,
    /// Fields that mean nothing.
    pub ignored: Vec<String>,
}

/// A readable change.
#[derive(Debug)]
pub struct ReadUpdate {
    /// What to change.
    pub patch: Patch,
    /// For which revision.
    pub revision: Option<Revision>,
    /// Fields that mean nothing.
    pub ignored: Vec<String>,
}

/// Reads a registration, naming all faults at once. Addresses that are never dialled are refused unless in `networks`.
pub fn read_registration(body: &[u8], networks: &[IpNet]) -> Result<ReadRegistration, ApiError> {
    let fields = Fields::read(body).map_err(|reason| ApiError::bad_request(format!("{UNREADABLE}: {reason}")))?;
    let mut draft = Draft::default();
    let mut reader = FieldReader::default();
    for (name, value) in fields.0 {
        match &*name {
            "instanceId" => draft.instance_id = reader.id(value),
            "host" => draft.host = reader.text("host", value),
            "port" => draft.port = number(value),
            "scheme" => draft.scheme = reader.text("scheme", value),
            "weight" => draft.weight = number(value),
            "healthPath" => draft.health_path = reader.text("healthPath", value),
            "healthStatus" => draft.health_status = number(value),
            "version" => draft.version = reader.text("version", value),
            "environment" => draft.environment = reader.text("environment", value),
            "region" => draft.region = reader.text("region", value),
            "presence" => draft.presence = reader.text("presence", value),
            "metadata" => draft.metadata = reader.metadata(value).unwrap_or_default(),
            _ => reader.ignored.push(name.into_owned()),
        }
    }
    let FieldReader { mut faults, ignored } = reader;
    faults.extend(draft.host.as_deref().and_then(|host| forbidden(host, networks)));
    match Registration::from_draft(draft) {
        Ok(registration) if faults.is_empty() => Ok(ReadRegistration { registration, ignored }),
        judged => {
            // A field of the wrong type was left out of the draft: its absence is not a second fault.
            let missing = judged.err().unwrap_or_default();
            faults.extend(missing.into_iter().filter(|fault| !faults.iter().any(|known| known.field == fault.field)).collect::<Vec<_>>());
            Err(with_ignored(ApiError::faults(faults), ignored))
        }
    }
}

/// Names the fields that meant nothing: a required one may only be misspelt.
pub(super) fn with_ignored(error: ApiError, ignored: Vec<String>) -> ApiError {
    if ignored.is_empty() { error } else { error.with("ignoredFields", ignored) }
}

/// The fault of a host that is the literal of an address the manager never dials. A name is checked when it is dialled.
fn forbidden(host: &str, networks: &[IpNet]) -> Option<Fault> {
    let address = Host::parse(host).ok()?.address()?;
    let reason = refusal(address, networks)?;
    let message = format!("host {address} is {reason} and is never asked for anything; allow it with security.instance.networks");
    Some(Fault::new("host", message))
}

/// Reads a change, naming all faults at once.
pub fn read_update(body: &[u8]) -> Result<ReadUpdate, ApiError> {
    let fields = Fields::read(body).map_err(|reason| ApiError::bad_request(format!("Invalid update data: {reason}")))?;
    let (mut patch, mut revision) = (Patch::default(), None);
    let mut reader = FieldReader::default();
    for (name, value) in fields.0 {
        match &*name {
            "metadata" => patch.metadata = reader.metadata(value),
            "weight" => patch.weight = reader.weight(value),
            "presence" => patch.presence = reader.presence(value),
            "revision" => revision = reader.revision(value),
            _ => reader.ignored.push(name.into_owned()),
        }
    }
    reader.faults.extend(patch.fault());
    if reader.faults.is_empty() {
        Ok(ReadUpdate { patch, revision, ignored: reader.ignored })
    } else {
        Err(with_ignored(ApiError::faults(reader.faults), reader.ignored))
    }
}

/// How fields are changed that stand in a registration and not in a change, if any was said.
pub fn changed_elsewhere(ignored: &[String]) -> Option<String> {
    const REGISTERED: [&str; 9] =
        ["host", "port", "scheme", "healthPath", "healthStatus", "version", "environment", "region", "instanceId"];
    let fields: Vec<&str> = ignored.iter().map(String::as_str).filter(|field| REGISTERED.contains(field)).collect();
    let are = if fields.len() == 1 { "is" } else { "are" };
    (!fields.is_empty())
        .then(|| format!("{} {are} changed by registering the instance again (POST /api/v1/instances/register)", fields.join(" and ")))
}

/// Metadata as the domain keeps it.
type Labels = BTreeMap<Arc<str>, Arc<str>>;

/// Reads fields one by one and collects what is wrong with them.
#[derive(Default)]
pub(super) struct FieldReader {
    pub(super) faults: Vec<Fault>,
    pub(super) ignored: Vec<String>,
}

impl FieldReader {
    /// Text; null is as good as absent.
    pub(super) fn text(&mut self, field: &str, value: &RawValue) -> Option<String> {
        match value.get().as_bytes().first() {
            Some(b'n') => None,
            Some(b'"') => self.readable(field, text_of(value)),
            _ => {
                self.faults.push(Fault::new(field, format!("{field} must be text")));
                None
            }
        }
    }

    fn readable(&mut self, field: &str, text: Result<String, String>) -> Option<String> {
        text.map_err(|reason| self.faults.push(Fault::new(field, format!("{field} cannot be read as text: {reason}")))).ok()
    }

    /// Text, or a whole number, which the original took as its digits.
    fn id(&mut self, value: &RawValue) -> Option<String> {
        let digits = value.get();
        if digits.bytes().all(|digit| digit.is_ascii_digit()) { Some(digits.to_owned()) } else { self.text("instanceId", value) }
    }

    fn metadata(&mut self, value: &RawValue) -> Option<Labels> {
        if value.get() == "null" {
            return None;
        }
        match Fields::read(value.get().as_bytes()) {
            Ok(fields) => {
                let texts = fields.0.into_iter().map(|(key, value)| Ok((Arc::from(key), Arc::from(text_of(value)?))));
                self.readable_metadata(texts.collect())
            }
            Err(reason) => {
                self.faults.push(Fault::new("metadata", format!("metadata must be an object of texts: {reason}")));
                None
            }
        }
    }

    fn readable_metadata(&mut self, texts: Result<Labels, String>) -> Option<Labels> {
        let fault = |reason| Fault::new("metadata", format!("a value of metadata cannot be read as text: {reason}"));
        texts.map_err(|reason| self.faults.push(fault(reason))).ok()
    }

    fn weight(&mut self, value: &RawValue) -> Option<Weight> {
        let weight = number(value)?.ok_or_else(|| "weight must be a whole number between 0 and 1000".to_owned()).and_then(Weight::new);
        weight.map_err(|message| self.faults.push(Fault::new("weight", message))).ok()
    }

    fn presence(&mut self, value: &RawValue) -> Option<Presence> {
        let text = self.text("presence", value)?;
        Presence::parse(&text).map_err(|message| self.faults.push(Fault::new("presence", message))).ok()
    }

    pub(super) fn revision(&mut self, value: &RawValue) -> Option<Revision> {
        let revision = number(value)?;
        if revision.is_none() {
            self.faults.push(Fault::new("revision", "revision must be a whole number"));
        }
        revision.map(Revision)
    }
}

/// `None`: said nothing (null). `Some(None)`: not a whole number that fits. `8080.0` is the whole number 8080, as JSON
/// Schema has it and some languages write it.
fn number(value: &RawValue) -> Option<Option<u64>> {
    let text = value.get();
    let whole = text.split_once('.').filter(|(_, fraction)| fraction.bytes().all(|digit| digit == b'0')).map_or(text, |(whole, _)| whole);
    (text != "null").then(|| whole.parse::<u64>().ok())
}

/// Text as it is; anything else as its JSON text. Text may be unreadable: half of a surrogate pair means no character.
fn text_of(value: &RawValue) -> Result<String, String> {
    match value.get() {
        quoted if quoted.starts_with('"') => serde_json::from_str(quoted).map_err(|error| json_words::meaning(&error)),
        other => Ok(other.to_owned()),
    }
}

/// Reads an id from a path, where it must be one that could have been registered.
pub fn read_id(text: &str) -> Result<InstanceId, ApiError> {
    InstanceId::parse(text).map_err(|message| ApiError::faults(vec![Fault { sentence: None, ..Fault::new("instanceId", message) }]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(body: &str) -> (String, Vec<String>) {
        let body = read_registration(body.as_bytes(), &[]).expect_err(body).body("id");
        let body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        let details = body["details"].as_array().cloned().unwrap_or_default();
        (
            body["error"].as_str().unwrap_or_default().to_owned(),
            details.iter().map(|detail| detail["field"].as_str().unwrap_or_default().to_owned()).collect(),
        )
    }

    #[test]
    fn one_fault_is_told_in_the_words_of_the_original() {
        assert_eq!(error(r#"{"instanceId":"","host":"h","port":1}"#), ("instanceId is required".into(), vec!["instanceId".into()]));
        assert_eq!(error(r#"{"instanceId":"a","port":1}"#).0, "host is required");
        for port in ["0", "-1", "65536", "\"8080\"", "8080.5", "4294967297", "null", "1e3", "true", "[1]"] {
            let body = format!(r#"{{"instanceId":"a","host":"h","port":{port}}}"#);
            assert_eq!(error(&body).0, "port must be a valid port number (1-65535)", "{port}");
        }
    }

    #[test]
    fn a_whole_number_may_have_a_fraction_of_zeros() {
        let read = read_registration(br#"{"instanceId":"a","host":"h","port":8080.0,"weight":5.00}"#, &[]).expect("valid");
        assert_eq!((read.registration.endpoint.port.get(), read.registration.weight.get()), (8080, 5));
        for weight in ["5.01", "-5.0", "5.0e1"] {
            assert!(read_update(format!(r#"{{"weight":{weight}}}"#).as_bytes()).is_err(), "{weight}");
        }
    }

    #[test]
    fn several_faults_are_told_together() {
        let (message, fields) = error(r#"{"instanceId":{},"port":0,"weight":1.5,"metadata":[1]}"#);
        assert_eq!(message, "Validation failed");
        assert_eq!(fields, ["instanceId", "metadata", "host", "port", "weight"]);
    }

    #[test]
    fn what_is_not_an_object_is_invalid_registration_data() {
        for body in ["", "[]", "{bad", "\"x\"", "null", "{\"a\":1,\"a\":2}"] {
            assert!(error(body).0.starts_with("Invalid registration data"), "{body}");
        }
    }

    #[test]
    fn metadata_values_become_text_and_unknown_fields_are_named() {
        let body = r#"{"instanceId":1,"host":"h","port":1,"enviroment":"x","metadata":{"a=b":"c","ключ":"v","n":5,"z":null,"o":{"p":1},"b":true}}"#;
        let read = read_registration(body.as_bytes(), &[]).expect("valid");
        assert_eq!(read.ignored, ["enviroment"]);
        assert_eq!(read.registration.id.as_str(), "1");
        let metadata: Vec<_> = read.registration.labels.metadata.iter().map(|(key, value)| (&**key, &**value)).collect();
        assert_eq!(metadata, [("a=b", "c"), ("b", "true"), ("n", "5"), ("o", r#"{"p":1}"#), ("z", "null"), ("ключ", "v")]);
    }

    #[test]
    fn half_a_character_is_a_fault_wherever_it_stands() {
        assert_eq!(error(r#"{"instanceId":"\ud800","host":"h","port":1}"#).1, ["instanceId"]);
        assert_eq!(error(r#"{"instanceId":"a","host":"h","port":1,"metadata":{"k":"\udc00"}}"#).1, ["metadata"]);
    }

    #[test]
    fn addresses_that_are_never_dialled_are_not_registered_unless_allowed() {
        let body = r#"{"instanceId":"a","host":"169.254.1.1","port":0}"#;
        assert_eq!(error(body).1, ["host", "port"]);
        let allowed = ["169.254.0.0/16".parse().expect("a network")];
        assert!(read_registration(br#"{"instanceId":"a","host":"169.254.1.1","port":1}"#, &allowed).is_ok());
    }

    #[test]
    fn updates_change_something() {
        let read = read_update(br#"{"weight":5,"metadata":{},"revision":3}"#).expect("valid");
        assert_eq!(read.revision, Some(Revision(3)));
        assert_eq!(read.patch.metadata, Some(BTreeMap::new()));
        for body in [r#"{"weight":1001}"#, r#"{"presence":"asleep"}"#, r#"{"revision":"x","weight":1}"#] {
            assert!(read_update(body.as_bytes()).is_err(), "{body}");
        }
    }
}
