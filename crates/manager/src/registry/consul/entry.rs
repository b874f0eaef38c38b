//! How an instance stands in Consul's catalog, and how an entry there is read.
//!
//! Owns the form: tags exactly as the original writes them, so that either reads the other's entries, and the full record in
//! the metadata. Reading is generous: entries of the original, by hand or from an agent's file have no record and may lack tags.

use std::collections::BTreeMap;

use peegeeq_domain::instance::{Draft, Instance, Registration, Revision};
use peegeeq_domain::time::Timestamp;
use serde::Deserialize;

use super::record;

/// One service with its node and checks, as `/v1/health/service/…` tells it. Everything may be missing or null.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Told {
    pub(super) node: ToldNode,
    pub(super) service: ToldService,
    #[serde(default)]
    pub(super) checks: Option<Vec<ToldCheck>>,
}

/// The node of an entry.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ToldNode {
    pub(super) node: String,
    pub(super) address: Option<String>,
}

/// The service of an entry.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ToldService {
    #[serde(rename = "ID")]
    pub(super) id: String,
    pub(super) tags: Option<Vec<String>>,
    pub(super) address: Option<String>,
    pub(super) port: i64,
    pub(super) meta: Option<BTreeMap<String, String>>,
    pub(super) modify_index: u64,
}

/// One check of an entry.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ToldCheck {
    #[serde(rename = "CheckID")]
    pub(super) id: String,
    pub(super) status: String,
}

/// The reserved words: the first tag of each is a field, whatever the metadata is called.
const FIELDS: [&str; 3] = ["version", "environment", "region"];

/// The tags of an instance.
pub(super) fn tags(registration: &Registration) -> Vec<String> {
    let labels = &registration.labels;
    let fields = FIELDS.into_iter().zip([&labels.version, &labels.environment, &labels.region]);
    let metadata = labels.metadata.iter().map(|(key, value)| (&**key, value));
    fields.chain(metadata).map(|(key, value)| format!("{key}={value}")).collect()
}

/// The name of the check by which a manager tells what it found of an instance.
pub(super) fn check_id(id: &str) -> String {
    format!("peegeeq:{id}")
}

impl Told {
    /// The status of a check, if there is one.
    pub(super) fn status_of(&self, check: &str) -> Option<&str> {
        let mut checks = self.checks.iter().flatten();
        checks.find(|told| told.id == check).map(|told| &*told.status)
    }

    /// The instance this entry speaks of, given what was known of it, or why it cannot be used.
    pub(super) fn instance(&self, known: Option<&Instance>, now: Timestamp) -> Result<Instance, String> {
        let no_meta = BTreeMap::new();
        let recorded = record::read(&self.service.id, self.service.meta.as_ref().unwrap_or(&no_meta));
        if let Some(Ok(instance)) = &recorded
            && self.agrees_with(instance)
        {
            return Ok(instance.clone());
        }
        let said = self.registration()?;
        let former = recorded.and_then(Result::ok);
        Ok(self.without_record(said, former.as_ref().or(known), now))
    }

    /// Whether what everybody reads still is what the record says. If not, somebody who does not know the record changed it.
    fn agrees_with(&self, instance: &Instance) -> bool {
        let registration = &instance.registration;
        self.host() == registration.endpoint.host.as_str()
            && self.service.port == i64::from(registration.endpoint.port.get())
            && self.service.tags.as_deref().unwrap_or_default() == tags(registration)
    }

    fn host(&self) -> &str {
        let service = self.service.address.as_deref().filter(|address| !address.is_empty());
        service.or(self.node.address.as_deref()).unwrap_or_default()
    }

    fn registration(&self) -> Result<Registration, String> {
        let mut draft = Draft {
            instance_id: Some(self.service.id.clone()),
            host: Some(self.host().to_owned()),
            port: Some(u64::try_from(self.service.port).ok()),
            ..Draft::default()
        };
        for tag in self.service.tags.iter().flatten() {
            let Some((key, value)) = tag.split_once('=') else { continue };
            let field = match key {
                "version" => &mut draft.version,
                "environment" => &mut draft.environment,
                "region" => &mut draft.region,
                _ => {
                    draft.metadata.insert(key.into(), value.into());
                    continue;
                }
            };
            match field {
                None => *field = Some(value.to_owned()),
                Some(_) => drop(draft.metadata.insert(key.into(), value.into())),
            }
        }
        Registration::from_draft(draft).map_err(|faults| {
            let sentences: Vec<&str> = faults.iter().map(|fault| &*fault.message).collect();
            sentences.join("; ")
        })
    }

    /// What only a record can say stays as it was known; a change is a new revision, which is the index of the entry.
    fn without_record(&self, said: Registration, known: Option<&Instance>, now: Timestamp) -> Instance {
        let Some(known) = known else {
            let revision = Revision(self.service.modify_index.max(1));
            return Instance { revision, incarnation: revision, ..Instance::registered(said, now) };
        };
        let former = &known.registration;
        let mut next = Registration { labels: said.labels, ..former.clone() };
        (next.endpoint.host, next.endpoint.port) = (said.endpoint.host, said.endpoint.port);
        if next == *former {
            return known.clone();
        }
        let revision = Revision(self.service.modify_index.max(known.revision.0 + 1));
        let moved = next.endpoint != former.endpoint;
        let incarnation = if moved { revision } else { known.incarnation };
        Instance { registration: next, revision, incarnation, updated_at: now, order: known.order.clone(), ..*known }
    }
}

/// An answer of `/v1/health/service/…`, entry by entry: one that cannot be read does not spoil the others, but is counted.
pub(super) fn read(body: &[u8]) -> Result<(Vec<Told>, usize), String> {
    let raw: Vec<&serde_json::value::RawValue> = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let told: Vec<Told> = raw.iter().filter_map(|entry| serde_json::from_str(entry.get()).ok()).collect();
    let unreadable = raw.len() - told.len();
    Ok((told, unreadable))
}

#[cfg(test)]
#[path = "tests/entry.rs"]
mod tests;
