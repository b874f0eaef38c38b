//! The mark by which a Consul that lost everything is told from one in which everything was deregistered.
//!
//! Owns the key and its value. Who finds the mark gone and writes it anew, which Consul lets one manager do, puts back what it knows.

use std::time::Duration;

use serde::Deserialize;

use super::agent::{Agent, Refusal};

/// Where the mark lies.
const KEY: &str = "/v1/kv/peegeeq/registry/epoch";

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// It is there.
    Found,
    /// It was not there, and this manager wrote it.
    Written,
    /// It was not there, and another manager was quicker.
    WrittenByOthers,
    /// Nobody knows: it cannot be read or written.
    Unknown,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Key {
    #[serde(rename = "Key")]
    _key: String,
}

/// Looks for the mark, and writes it if it is not there.
pub(super) async fn look(agent: &Agent) -> Mark {
    match read(agent).await {
        Ok(true) => Mark::Found,
        Ok(false) => write(agent).await,
        Err(refusal) => {
            tracing::debug!("the mark of the registry cannot be read: {}", refusal.sentence());
            Mark::Unknown
        }
    }
}

async fn read(agent: &Agent) -> Result<bool, Refusal> {
    match agent.read(KEY, "&consistent", Duration::ZERO).await {
        Ok(answer) if answer.status == 200 => Ok(serde_json::from_slice::<Vec<Key>>(&answer.body).is_ok_and(|keys| !keys.is_empty())),
        Ok(_) => Ok(false),
        Err(refusal) => Err(refusal),
    }
}

async fn write(agent: &Agent) -> Mark {
    let value = format!("{:016x}", rand::random::<u64>());
    match agent.write(KEY, "&cas=0", value.into_bytes()).await {
        Ok(answer) if answer.body.starts_with(b"true") => Mark::Written,
        Ok(_) => Mark::WrittenByOthers,
        Err(refusal) => {
            tracing::debug!("the mark of the registry cannot be written: {}", refusal.sentence());
            Mark::Unknown
        }
    }
}
