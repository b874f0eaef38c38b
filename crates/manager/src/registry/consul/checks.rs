//! The managers' check of each instance in Consul, so that Consul's DNS and other readers see what the managers found.
//!
//! Owns that a check is written when the state of an instance turned, never for each probe, and never for an entry that belongs to
//! an agent: that one has checks of its own. What could not be written is written when Consul is back.

use std::collections::BTreeMap;
use std::time::Duration;

use peegeeq_domain::catalog::Catalog;
use peegeeq_domain::health::{HealthState, Verdict};
use peegeeq_domain::instance::InstanceId;

use super::eyes::Eyes;
use super::holdings::Holdings;
use super::write::write_check;
use crate::clock;
use crate::registry::CatalogReader;

/// How long it is waited before what could not be written is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(2);

/// Keeps the checks.
pub(super) struct Checks {
    eyes: Eyes,
    holdings: Holdings,
    manager: String,
    /// The state of each instance as it was last told, or found to be told already.
    told: BTreeMap<InstanceId, HealthState>,
}

impl Checks {
    pub(super) fn new(eyes: Eyes, holdings: Holdings, manager: String) -> Self {
        Self { eyes, holdings, manager, told: BTreeMap::new() }
    }

    /// Follows the catalog until the registry stops.
    pub(super) async fn run(mut self, mut catalog: CatalogReader) {
        loop {
            let all_told = self.tell(&catalog.current()).await;
            let pause = async { if all_told { std::future::pending::<()>().await } else { tokio::time::sleep(TRY_AGAIN).await } };
            tokio::select! {
                goes_on = catalog.changed() => if !goes_on { return },
                () = pause => {}
            }
        }
    }

    /// Writes what turned. `false`: not everything could be written.
    async fn tell(&mut self, catalog: &Catalog) -> bool {
        let held = self.holdings.get();
        self.told.retain(|id, _| catalog.get(id.as_str()).is_some());
        for entry in catalog.entries() {
            let (id, state) = (entry.id(), entry.state());
            let known = entry.verdict != Verdict::Unprobed || entry.instance.presence.as_str() != "serving";
            let Some(held) = held.get(id).filter(|held| held.ours && known) else { continue };
            if self.told.get(id) == Some(&state) {
                continue;
            }
            let status = status_of(state);
            let same = held.check.as_deref() == Some(status);
            if !same && write_check(&self.eyes.agent, &self.eyes.place, id, status, &self.words(state)).await.is_err() {
                return false;
            }
            self.told.insert(id.clone(), state);
        }
        true
    }

    fn words(&self, state: HealthState) -> String {
        format!("{}, observed by {} at {}", state.as_str(), self.manager, clock::iso(clock::wall()))
    }
}

/// Only who should get new requests passes: that is what readers of Consul make of it.
fn status_of(state: HealthState) -> &'static str {
    match state {
        HealthState::Healthy => "passing",
        HealthState::Unhealthy | HealthState::Unknown | HealthState::Starting | HealthState::Stopping => "critical",
    }
}
