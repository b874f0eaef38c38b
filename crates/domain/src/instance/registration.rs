//! A valid registration, and the way from what a caller wrote to it.
//!
//! Owns the rule that every fault is named at once. Does not own JSON: the caller fills a [`Draft`].

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::num::NonZeroU16;

use super::endpoint::{Endpoint, ExpectedStatus, HealthPath, Host, Scheme, Weight, is_plain_text};
use super::id::InstanceId;
use super::labels::{LABEL_CHARACTERS_MAX, Labels, metadata_fault};
use super::order::{Order, Said};
use crate::time::Timestamp;

/// One thing that is wrong with a request: where, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Name of the field as the caller wrote it.
    pub field: String,
    /// The sentence for the field.
    pub message: String,
    /// The sentence the original product used for this fault, if it had one; told when it is the only fault.
    pub sentence: Option<&'static str>,
}

impl Fault {
    /// A fault of `field`.
    pub fn new(field: &str, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into(), sentence: None }
    }
}

/// What was ordered for an instance. Observation never changes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Presence {
    /// Coming up: not routed to until its first passed probe, which also ends this presence's effect on the state.
    Starting,
    /// Takes part.
    #[default]
    Serving,
    /// Finishes what it has, gets nothing new.
    Draining,
    /// Going away.
    Stopping,
    /// Taken out by an operator.
    Maintenance,
}

impl Presence {
    /// All presences, in the order of an instance's life.
    pub const ALL: [Self; 5] = [Self::Starting, Self::Serving, Self::Draining, Self::Stopping, Self::Maintenance];

    /// The word used on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Serving => "serving",
            Self::Draining => "draining",
            Self::Stopping => "stopping",
            Self::Maintenance => "maintenance",
        }
    }

    /// Reads the wire word, in any case.
    pub fn parse(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|presence| presence.as_str().eq_ignore_ascii_case(text));
        found.ok_or_else(|| "presence must be one of starting, serving, draining, stopping, maintenance".into())
    }
}

/// Counts the changes of one instance's registration, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

impl Revision {
    /// The revision of a first registration.
    pub const FIRST: Self = Self(1);

    /// The revision after this one.
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// What a caller wrote, before it was judged. `None` means: not said.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// `instanceId`
    pub instance_id: Option<String>,
    /// `host`
    pub host: Option<String>,
    /// `port`; out of range or not a whole number is `Some(None)`.
    pub port: Option<Option<u64>>,
    /// `scheme`
    pub scheme: Option<String>,
    /// `weight`
    pub weight: Option<Option<u64>>,
    /// `healthPath`
    pub health_path: Option<String>,
    /// `healthStatus`
    pub health_status: Option<Option<u64>>,
    /// `version`
    pub version: Option<String>,
    /// `environment`
    pub environment: Option<String>,
    /// `region`
    pub region: Option<String>,
    /// `metadata`, values already as text.
    pub metadata: BTreeMap<Arc<str>, Arc<str>>,
    /// `presence`
    pub presence: Option<String>,
}

/// A registration that broke no rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// Its name.
    pub id: InstanceId,
    /// Where it listens.
    pub endpoint: Endpoint,
    /// Where it is asked for health.
    pub health_path: HealthPath,
    /// Which status counts as healthy.
    pub expected_status: ExpectedStatus,
    /// Its share of traffic.
    pub weight: Weight,
    /// How it is classified.
    pub labels: Labels,
    /// What was ordered for it; `None` leaves an earlier order in force.
    pub presence: Option<Presence>,
}

impl Registration {
    /// Judges a draft: the registration, or *all* its faults in the order of the fields.
    pub fn from_draft(draft: Draft) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let id = required(&mut faults, "instanceId", draft.instance_id, InstanceId::parse, "instanceId is required");
        let host = required(&mut faults, "host", draft.host, Host::parse, "host is required");
        let port = port(&mut faults, draft.port);
        let scheme = optional(&mut faults, "scheme", draft.scheme, Scheme::parse);
        let weight = number(&mut faults, "weight", draft.weight, "weight must be a whole number between 0 and 1000", Weight::new);
        let health_path = optional(&mut faults, "healthPath", draft.health_path, HealthPath::parse);
        let expected_status =
            number(&mut faults, "healthStatus", draft.health_status, "healthStatus must be between 200 and 599", |status| {
                ExpectedStatus::exactly(u16::try_from(status).unwrap_or(0))
            });
        let version = label(&mut faults, "version", draft.version, "unknown");
        let environment = label(&mut faults, "environment", draft.environment, "default");
        let region = label(&mut faults, "region", draft.region, "default");
        faults.extend(metadata_fault(&draft.metadata).map(|message| Fault::new("metadata", message)));
        let presence = draft.presence.as_deref().map(Presence::parse).transpose();
        let presence = presence.unwrap_or_else(|message| {
            faults.push(Fault::new("presence", message));
            None
        });
        let (Some(id), Some(host), Some(port), true) = (id, host, port, faults.is_empty()) else { return Err(faults) };
        let endpoint = Endpoint { scheme: scheme.unwrap_or_default(), host, port };
        let labels = Labels { version, environment, region, metadata: draft.metadata };
        Ok(Self {
            id,
            endpoint,
            health_path: health_path.unwrap_or_default(),
            expected_status: expected_status.unwrap_or_default(),
            weight: weight.unwrap_or_default(),
            labels,
            presence,
        })
    }
}

fn required<T>(
    faults: &mut Vec<Fault>,
    field: &str,
    text: Option<String>,
    parse: fn(&str) -> Result<T, String>,
    missing: &'static str,
) -> Option<T> {
    let parsed = parse(text.as_deref().unwrap_or(""));
    parsed
        .map_err(|message| {
            let sentence = (message == missing).then_some(missing);
            faults.push(Fault { field: field.into(), message, sentence });
        })
        .ok()
}

fn optional<T>(faults: &mut Vec<Fault>, field: &str, text: Option<String>, parse: fn(&str) -> Result<T, String>) -> Option<T> {
    let parsed = text.as_deref().map(parse).transpose();
    parsed.unwrap_or_else(|message| {
        faults.push(Fault::new(field, message));
        None
    })
}

fn number<T>(
    faults: &mut Vec<Fault>,
    field: &str,
    value: Option<Option<u64>>,
    not_a_number: &str,
    parse: fn(u64) -> Result<T, String>,
) -> Option<T> {
    let parsed = value?.ok_or_else(|| not_a_number.into()).and_then(parse);
    parsed.map_err(|message| faults.push(Fault::new(field, message))).ok()
}

fn port(faults: &mut Vec<Fault>, value: Option<Option<u64>>) -> Option<NonZeroU16> {
    let port = value.flatten().and_then(|port| u16::try_from(port).ok()).and_then(NonZeroU16::new);
    if port.is_none() {
        faults.push(Fault {
            field: "port".into(),
            message: "port must be between 1 and 65535".into(),
            sentence: Some("port must be a valid port number (1-65535)"),
        });
    }
    port
}

fn label(faults: &mut Vec<Fault>, field: &str, text: Option<String>, default: &str) -> Arc<str> {
    let text = text.filter(|text| !text.trim().is_empty()).unwrap_or_else(|| default.into());
    if text.chars().count() > LABEL_CHARACTERS_MAX || !is_plain_text(&text) {
        faults.push(Fault::new(field, alloc::format!("{field} must be at most {LABEL_CHARACTERS_MAX} visible characters")));
    }
    text.into()
}

/// A change to an instance that stays where it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patch {
    /// The new metadata, whole; `None` leaves it.
    pub metadata: Option<BTreeMap<Arc<str>, Arc<str>>>,
    /// The new weight; `None` leaves it.
    pub weight: Option<Weight>,
    /// The new presence; `None` leaves it. Another one than is in force lifts an order.
    pub presence: Option<Presence>,
    /// What an operator orders; `None` leaves the order in force.
    pub order: Option<Said>,
}

impl Patch {
    /// The metadata rule this patch breaks, if any.
    pub fn fault(&self) -> Option<Fault> {
        let metadata = self.metadata.as_ref()?;
        metadata_fault(metadata).map(|message| Fault::new("metadata", message))
    }
}

/// One registered instance: the ground state, and the only thing about it that a registry stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// What was registered. Its `presence` is always the one in force.
    pub registration: Registration,
    /// What was ordered for it.
    pub presence: Presence,
    /// The operator's order behind that, if there is one.
    pub order: Option<Order>,
    /// When this id was first registered.
    pub registered_at: Timestamp,
    /// When the registration last changed.
    pub updated_at: Timestamp,
    /// Counts changes.
    pub revision: Revision,
    /// The revision at which it last moved to another endpoint or health path: probes of an older one say nothing about it.
    pub incarnation: Revision,
}

impl Instance {
    /// A first registration at `now`.
    pub fn registered(registration: Registration, now: Timestamp) -> Self {
        let presence = registration.presence.unwrap_or_default();
        Self {
            registration,
            presence,
            order: None,
            registered_at: now,
            updated_at: now,
            revision: Revision::FIRST,
            incarnation: Revision::FIRST,
        }
    }

    /// An id that left at revision `last` and is registered at `now`: a new beginning whose numbers go on, so that nothing said
    /// about its former self (a late verdict, a reader's difference between two pictures) is taken for it.
    pub fn returned(registration: Registration, last: Revision, now: Timestamp) -> Self {
        let revision = last.next();
        Self { revision, incarnation: revision, ..Self::registered(registration, now) }
    }

    /// The same id registered again at `now`: keeps its history, and its presence unless another was said. An operator's order
    /// stands, whatever the instance says of itself.
    pub fn registered_again(&self, registration: Registration, now: Timestamp) -> Self {
        let revision = self.revision.next();
        let moved = self.probed_at() != (&registration.endpoint, &registration.health_path, registration.expected_status);
        let incarnation = if moved { revision } else { self.incarnation };
        let said = registration.presence.filter(|_| self.order.is_none());
        let (presence, order) = (said.unwrap_or(self.presence), self.order.clone());
        Self { presence, order, registered_at: self.registered_at, updated_at: now, revision, incarnation, registration }
    }

    /// The instance with a patch applied at `now`.
    pub fn patched(&self, patch: Patch, now: Timestamp) -> Self {
        let mut next = self.clone();
        if let Some(metadata) = patch.metadata {
            next.registration.labels.metadata = metadata;
        }
        if let Some(weight) = patch.weight {
            next.registration.weight = weight;
        }
        if let Some(presence) = patch.presence.filter(|presence| *presence != self.presence) {
            (next.presence, next.order) = (presence, None);
        }
        if let Some(said) = patch.order {
            (next.presence, next.order) = said.applied(next.presence, next.order.as_ref(), now);
        }
        next.revision = self.revision.next();
        next.updated_at = now;
        next
    }

    /// The id.
    pub fn id(&self) -> &InstanceId {
        &self.registration.id
    }

    /// The URL that is asked for health.
    pub fn health_url(&self) -> String {
        alloc::format!("{}{}", self.registration.endpoint.base_url(), self.registration.health_path.as_str())
    }

    fn probed_at(&self) -> (&Endpoint, &HealthPath, ExpectedStatus) {
        (&self.registration.endpoint, &self.registration.health_path, self.registration.expected_status)
    }
}

#[cfg(test)]
#[path = "registration_tests.rs"]
mod tests;
