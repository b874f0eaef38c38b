//! Writing to Consul's catalog: an instance with its check, by one transaction that names the index it stands on.
//!
//! Owns the transactions. Does not own the decision what to write.

use std::sync::Arc;

use peegeeq_domain::instance::{Instance, InstanceId};
use serde::Deserialize;
use serde_json::{Value, json};

use super::agent::{Agent, Refusal};
use super::entry::{check_id, tags};
use super::record;

/// What is to be done.
#[derive(Clone, Debug)]
pub(in crate::registry) enum Job {
    /// This is what an instance is now.
    Put {
        /// The instance.
        instance: Arc<Instance>,
        /// The index of the entry that it replaces; 0: there must be none.
        index: u64,
    },
    /// An instance leaves.
    Remove {
        /// Which.
        id: InstanceId,
        /// The index of its entry.
        index: u64,
    },
}

impl Job {
    /// About which instance.
    pub(in crate::registry) fn id(&self) -> &InstanceId {
        match self {
            Self::Put { instance, .. } => instance.id(),
            Self::Remove { id, .. } => id,
        }
    }
}

/// The managers' place in the catalog.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// Name of the service.
    pub(super) service: Arc<str>,
    /// Name of the managers' own node.
    pub(super) node: Arc<str>,
}

/// The answer to a transaction.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Done {
    #[serde(default)]
    results: Option<Vec<DoneOne>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DoneOne {
    #[serde(default)]
    service: Option<DoneService>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DoneService {
    modify_index: u64,
}

/// Carries a job out, and says which index the entry has then.
pub(super) async fn carry_out(agent: &Agent, place: &Place, job: &Job) -> Result<u64, Refusal> {
    let operations = match job {
        Job::Put { instance, index } => put(place, instance, *index).map_err(Refusal::Away)?,
        Job::Remove { id, index } => vec![remove(place, id.as_str(), *index)],
    };
    let answer = agent.write("/v1/txn", "", Value::Array(operations).to_string().into_bytes()).await?;
    let done: Done = serde_json::from_slice(&answer.body)
        .map_err(|error| Refusal::Unsure(format!("the answer of Consul at {} to a transaction cannot be read: {error}", agent.place())))?;
    let index = done.results.into_iter().flatten().find_map(|result| result.service).map(|service| service.modify_index);
    match (job, index) {
        (Job::Remove { .. }, _) => Ok(0),
        (Job::Put { .. }, Some(index)) => Ok(index),
        (Job::Put { .. }, None) => Err(Refusal::Unsure("Consul does not say which index the entry has now".to_owned())),
    }
}

/// Whether the token may write, asked by a transaction that cannot be carried out. Not permitted to read, Consul says that there is
/// nothing, which must not be taken for the truth.
pub(super) async fn may_write(agent: &Agent, place: &Place) -> bool {
    let impossible = vec![remove(place, "peegeeq-manager-asks-for-permission", u64::MAX >> 1)];
    matches!(agent.write("/v1/txn", "", Value::Array(impossible).to_string().into_bytes()).await, Err(Refusal::Conflict(_)))
}

/// Writes the status of the managers' check of an instance.
pub(super) async fn write_check(agent: &Agent, place: &Place, id: &InstanceId, status: &str, output: &str) -> Result<(), Refusal> {
    let operations = json!([{"Check": {"Verb": "set", "Check": check(place, id.as_str(), status, output)}}]);
    agent.write("/v1/txn", "", operations.to_string().into_bytes()).await.map(drop)
}

fn put(place: &Place, instance: &Instance, index: u64) -> Result<Vec<Value>, String> {
    let (registration, id) = (&instance.registration, instance.id().as_str());
    let endpoint = &registration.endpoint;
    let meta = record::write(instance)?;
    let node = json!({
        "Node": &*place.node, "Address": "127.0.0.1", "Meta": {"external-node": "true", "external-probe": "false"},
    });
    let service = json!({
        "ID": id, "Service": &*place.service, "Tags": tags(registration), "Address": endpoint.host.as_str(),
        "Port": endpoint.port.get(), "Meta": meta, "ModifyIndex": index,
    });
    let mut operations =
        vec![json!({"Node": {"Verb": "set", "Node": node}}), json!({"Service": {"Verb": "cas", "Node": &*place.node, "Service": service}})];
    if index == 0 {
        let check = check(place, id, "critical", "registered, not probed yet");
        operations.push(json!({"Check": {"Verb": "set", "Check": check}}));
    }
    Ok(operations)
}

fn remove(place: &Place, id: &str, index: u64) -> Value {
    let service = json!({"ID": id, "Service": &*place.service, "ModifyIndex": index});
    json!({"Service": {"Verb": "delete-cas", "Node": &*place.node, "Service": service}})
}

fn check(place: &Place, id: &str, status: &str, output: &str) -> Value {
    json!({
        "Node": &*place.node, "CheckID": check_id(id), "Name": "PeeGeeQ instance, as its managers find it", "Status": status,
        "Output": output, "ServiceID": id, "ServiceName": &*place.service,
    })
}
