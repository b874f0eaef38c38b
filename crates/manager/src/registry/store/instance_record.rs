//! How an instance is written in the store, and read back.
//!
//! Owns the record's form: a version byte, then JSON. Reading is tolerant: a rule of today must not lose what was valid
//! when it was written, so soft fields fall back and only an id, a host or a port that cannot be is refused.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::num::NonZeroU16;
use std::sync::Arc;

use peegeeq_domain::instance::{
    Endpoint, ExpectedStatus, HealthPath, Host, Instance, InstanceId, Labels, Presence, Registration, Revision, Scheme, Weight,
};
use peegeeq_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The form that is written.
const VERSION: u8 = 1;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct InstanceRecord<'a> {
    #[serde(borrow)]
    host: Cow<'a, str>,
    port: u16,
    #[serde(default, borrow)]
    scheme: Cow<'a, str>,
    #[serde(default, borrow)]
    health_path: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expected_status: Option<u16>,
    #[serde(default)]
    weight: u64,
    #[serde(default, borrow)]
    version: Cow<'a, str>,
    #[serde(default, borrow)]
    environment: Cow<'a, str>,
    #[serde(default, borrow)]
    region: Cow<'a, str>,
    #[serde(default)]
    metadata: Cow<'a, BTreeMap<Arc<str>, Arc<str>>>,
    /// What the registration itself ordered, if it did.
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    ordered: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    presence: Cow<'a, str>,
    #[serde(default)]
    registered_at: i64,
    #[serde(default)]
    updated_at: i64,
    #[serde(default = "first")]
    revision: u64,
    #[serde(default = "first")]
    incarnation: u64,
}

fn first() -> u64 {
    Revision::FIRST.0
}

/// Appends the record of an instance. The id is not in it: it is the key.
pub(super) fn write(instance: &Instance, out: &mut Vec<u8>) {
    let registration = &instance.registration;
    let labels = &registration.labels;
    let record = InstanceRecord {
        host: registration.endpoint.host.as_str().into(),
        port: registration.endpoint.port.get(),
        scheme: registration.endpoint.scheme.as_str().into(),
        health_path: registration.health_path.as_str().into(),
        expected_status: registration.expected_status.number(),
        weight: registration.weight.get().into(),
        version: (&*labels.version).into(),
        environment: (&*labels.environment).into(),
        region: (&*labels.region).into(),
        metadata: Cow::Borrowed(&labels.metadata),
        ordered: registration.presence.map(|presence| presence.as_str().into()),
        presence: instance.presence.as_str().into(),
        registered_at: instance.registered_at.epoch_millis(),
        updated_at: instance.updated_at.epoch_millis(),
        revision: instance.revision.0,
        incarnation: instance.incarnation.0,
    };
    out.push(VERSION);
    serde_json::to_writer(out, &record).expect("memory takes every byte, and the keys are text");
}

/// Reads the record filed under `id`, or says why it cannot be used.
pub(super) fn read(id: &str, record: &[u8]) -> Result<Instance, String> {
    let json = match record.split_first() {
        Some((&VERSION, json)) => json,
        Some((version, _)) => return Err(format!("the record has version {version}, and this version reads {VERSION}")),
        None => return Err("the record is empty".into()),
    };
    let record: InstanceRecord = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    let host = Host::parse(&record.host)?;
    let port = NonZeroU16::new(record.port).ok_or("port must not be 0")?;
    let labels = Labels {
        version: (*record.version).into(),
        environment: (*record.environment).into(),
        region: (*record.region).into(),
        metadata: record.metadata.into_owned(),
    };
    let registration = Registration {
        id: InstanceId::parse(id)?,
        endpoint: Endpoint { scheme: Scheme::parse(&record.scheme).unwrap_or_default(), host, port },
        health_path: HealthPath::parse(&record.health_path).unwrap_or_default(),
        expected_status: record.expected_status.and_then(|status| ExpectedStatus::exactly(status).ok()).unwrap_or_default(),
        weight: Weight::new(record.weight).unwrap_or_default(),
        labels,
        presence: record.ordered.map(|word| presence(&word)),
    };
    Ok(Instance {
        registration,
        presence: presence(&record.presence),
        registered_at: Timestamp::from_epoch_millis(record.registered_at),
        updated_at: Timestamp::from_epoch_millis(record.updated_at),
        revision: Revision(record.revision),
        incarnation: Revision(record.incarnation),
    })
}

/// An order that this version does not know is read as the one that sends no requests there.
fn presence(word: &str) -> Presence {
    Presence::parse(word).unwrap_or(Presence::Maintenance)
}

#[cfg(test)]
#[path = "tests/instance_record_tests.rs"]
mod tests;
