//! One question about the whole service, and what its answer says of Consul itself.
//!
//! Owns reading an answer: its headers, its entries, whether it is whole. Does not own when it is asked.

use std::time::Duration;

use super::agent::{Agent, Refusal};
use super::entry;
use super::picture::Look;
use super::status::StatusCell;
use super::write::Place;
use crate::clock;

/// Asks for the service, and notes that Consul answers.
#[derive(Clone)]
pub(super) struct Eyes {
    pub(super) agent: Agent,
    pub(super) place: Place,
    pub(super) status: StatusCell,
}

impl Eyes {
    /// Every entry, and the size of the answer. `query` begins with `&` if it is not empty.
    pub(super) async fn ask(&self, query: &str, wait: Duration) -> Result<(Look, usize), Refusal> {
        let path = format!("/v1/health/service/{}", self.place.service);
        let answer = self.agent.read(&path, query, wait).await?;
        let number = |name: &str| answer.headers.get(name)?.to_str().ok()?.parse::<u64>().ok();
        let flag = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok()).map(|value| value == "true");
        let place = self.agent.place();
        let index =
            number("x-consul-index").ok_or_else(|| Refusal::Away(format!("what answers at {place} is no Consul: it names no index")))?;
        let (told, unreadable) =
            entry::read(&answer.body).map_err(|error| Refusal::Away(format!("the answer of Consul at {place} cannot be read: {error}")))?;
        let leader = flag("x-consul-knownleader");
        let filtered = flag("x-consul-results-filtered-by-acls") == Some(true);
        let whole = unreadable == 0 && !filtered && leader != Some(false);
        self.answered(index, leader);
        Ok((Look { index, told, whole, ..Look::default() }, answer.body.len()))
    }

    fn answered(&self, index: u64, leader: Option<bool>) {
        let before = self.status.get();
        if before.connected != Some(true) {
            tracing::info!(agent = self.agent.place(), "connected to Consul at {}", self.agent.place());
        }
        let now = clock::wall();
        self.status.change(|status| {
            (status.connected, status.leader, status.failure) = (Some(true), leader, None);
            (status.read_at, status.index) = (Some(now), index);
            status.agent = self.agent.place();
        });
    }
}
