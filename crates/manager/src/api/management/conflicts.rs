//! Setups of the same id that are different databases: their rows differ by `source…` only, and requests about them need to
//! name an instance.

use std::collections::{BTreeMap, BTreeSet};

use peegeeq_domain::federation::{Part, PhysicalIdentity};
use serde::Serialize;
use utoipa::ToSchema;

use crate::federation::Attached;

/// The most conflicts that are named.
const CONFLICTS_MAX: usize = 100;

/// One id that means several databases.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Conflict<'a> {
    /// The id.
    setup_id: &'a str,
    /// Who has a setup of this id.
    candidates: Vec<Candidate<'a>>,
    /// What to do about it.
    action: &'static str,
}

/// One instance that has a setup of the id.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Candidate<'a> {
    /// The instance.
    instance_id: &'a str,
    /// Host of the database, as the instance sees it.
    host: &'a str,
    /// Its port.
    port: u16,
    /// Its name.
    database: &'a str,
    /// The schema.
    schema: &'a str,
}

const ACTION: &str = "name the instance with the header X-PeeGeeQ-Instance, or give one of the setups another id";

/// The conflicts among the setups that instances are known to have.
pub(super) fn conflicts<T>(parts: &[Part<T, Attached>]) -> Vec<Conflict<'_>> {
    let mut by_id: BTreeMap<&str, (BTreeSet<PhysicalIdentity>, Vec<Candidate<'_>>)> = BTreeMap::new();
    for part in parts {
        for binding in part.setups.iter().filter(|binding| !binding.missing) {
            let (Some(identity), Some(database)) = (binding.physical_identity(&part.source), &binding.database) else { continue };
            let (identities, candidates) = by_id.entry(&binding.setup).or_default();
            identities.insert(identity);
            candidates.push(Candidate {
                instance_id: part.source.instance.as_str(),
                host: &database.host,
                port: database.port,
                database: &database.database,
                schema: &database.schema,
            });
        }
    }
    let several = by_id.into_iter().filter(|(_, (identities, _))| identities.len() > 1);
    several.take(CONFLICTS_MAX).map(|(setup_id, (_, candidates))| Conflict { setup_id, candidates, action: ACTION }).collect()
}
