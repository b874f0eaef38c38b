//! How an instance is written in the store, and read back.
//!
//! Owns the record's form: a version byte, then JSON. Reading is tolerant: a rule of today must not lose what was valid
//! when it was written, so soft fields fall back and only an id, a host or a port that cannot be is refused.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::num::NonZeroU16;
use std::sync::Arc;

use peegeeq_domain::instance::{
    Endpoint, ExpectedStatus, HealthPath, Host, Instance, InstanceId, Labels, Order, Presence, Registration, Revision, Scheme, Weight,
};
use peegeeq_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The form that is written. The first form had no `order`, and no weight of 0.
const VERSION: u8 = 2;

/// The forms that are read.
const READABLE: std::ops::RangeInclusive<u8> = 1..=VERSION;

/// An instance without its id. The journal writes it too.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InstanceRecord<'a> {
    #[serde(borrow)]
    host: Cow<'a, str>,
    port: u16,
    #[serde(default, borrow)]
    scheme: Cow<'a, str>,
    #[serde(default, borrow)]
    health_path: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expected_status: Option<u16>,
    #[serde(default = "usual_weight")]
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
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    order: Option<OrderRecord<'a>>,
    #[serde(default)]
    registered_at: i64,
    #[serde(default)]
    updated_at: i64,
    #[serde(default = "first")]
    revision: u64,
    #[serde(default = "first")]
    incarnation: u64,
}

#[derive(Serialize, Deserialize)]
struct OrderRecord<'a> {
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    reason: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    by: Cow<'a, str>,
    #[serde(default)]
    since: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deadline: Option<i64>,
}

impl<'a> OrderRecord<'a> {
    fn of(order: &'a Order) -> Self {
        Self {
            reason: order.reason.as_deref().map(Cow::Borrowed),
            by: (&*order.by).into(),
            since: order.since.epoch_millis(),
            until: order.until.map(Timestamp::epoch_millis),
            deadline: order.deadline.map(Timestamp::epoch_millis),
        }
    }

    fn order(&self) -> Order {
        Order {
            reason: self.reason.as_deref().map(Arc::from),
            by: (*self.by).into(),
            since: Timestamp::from_epoch_millis(self.since),
            until: self.until.map(Timestamp::from_epoch_millis),
            deadline: self.deadline.map(Timestamp::from_epoch_millis),
        }
    }
}

fn usual_weight() -> u64 {
    Weight::default().get().into()
}

fn first() -> u64 {
    Revision::FIRST.0
}

impl<'a> InstanceRecord<'a> {
    /// How an instance is written.
    pub(super) fn of(instance: &'a Instance) -> Self {
        let registration = &instance.registration;
        let labels = &registration.labels;
        Self {
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
            order: instance.order.as_ref().map(OrderRecord::of),
            registered_at: instance.registered_at.epoch_millis(),
            updated_at: instance.updated_at.epoch_millis(),
            revision: instance.revision.0,
            incarnation: instance.incarnation.0,
        }
    }

    /// The instance of that id that was written so, or why it cannot be used.
    pub(super) fn instance(self, id: &str) -> Result<Instance, String> {
        let host = Host::parse(&self.host)?;
        let port = NonZeroU16::new(self.port).ok_or("port must not be 0")?;
        let order = self.order.as_ref().map(OrderRecord::order);
        let labels = Labels {
            version: (*self.version).into(),
            environment: (*self.environment).into(),
            region: (*self.region).into(),
            metadata: self.metadata.into_owned(),
        };
        let registration = Registration {
            id: InstanceId::parse(id)?,
            endpoint: Endpoint { scheme: Scheme::parse(&self.scheme).unwrap_or_default(), host, port },
            health_path: HealthPath::parse(&self.health_path).unwrap_or_default(),
            expected_status: self.expected_status.and_then(|status| ExpectedStatus::exactly(status).ok()).unwrap_or_default(),
            weight: Weight::new(self.weight).unwrap_or_default(),
            labels,
            presence: self.ordered.map(|word| presence(&word)),
        };
        Ok(Instance {
            registration,
            presence: presence(&self.presence),
            order,
            registered_at: Timestamp::from_epoch_millis(self.registered_at),
            updated_at: Timestamp::from_epoch_millis(self.updated_at),
            revision: Revision(self.revision),
            incarnation: Revision(self.incarnation),
        })
    }
}

/// Appends the record of an instance. The id is not in it: it is the key.
pub(super) fn write(instance: &Instance, out: &mut Vec<u8>) {
    out.push(VERSION);
    serde_json::to_writer(out, &InstanceRecord::of(instance)).expect("memory takes every byte, and the keys are text");
}

/// The record of an instance as JSON, for whoever keeps it elsewhere than in the store.
pub(in crate::registry) fn json(instance: &Instance) -> Vec<u8> {
    serde_json::to_vec(&InstanceRecord::of(instance)).expect("the keys are text")
}

/// Reads what [`json`] wrote, or says why it cannot be used.
pub(in crate::registry) fn from_json(id: &str, json: &[u8]) -> Result<Instance, String> {
    serde_json::from_slice::<InstanceRecord>(json).map_err(|error| error.to_string())?.instance(id)
}

/// Reads the record filed under `id`, or says why it cannot be used.
pub(super) fn read(id: &str, record: &[u8]) -> Result<Instance, String> {
    let json = match record.split_first() {
        Some((version, json)) if READABLE.contains(version) => json,
        Some((version, _)) => return Err(format!("the record has version {version}, and this version reads up to {VERSION}")),
        None => return Err("the record is empty".into()),
    };
    serde_json::from_slice::<InstanceRecord>(json).map_err(|error| error.to_string())?.instance(id)
}

/// An order that this version does not know is read as the one that sends no requests there.
fn presence(word: &str) -> Presence {
    Presence::parse(word).unwrap_or(Presence::Maintenance)
}

#[cfg(test)]
#[path = "tests/instance_record_tests.rs"]
mod tests;
