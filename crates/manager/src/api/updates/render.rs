//! Rows and entries for subscribers: exactly as the list and the journal show them.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use peegeeq_domain::catalog::Entry;
use peegeeq_domain::incident::Incident;
use peegeeq_domain::instance::InstanceId;
use serde::Serialize;

use crate::api::wire::event::EventView;
use crate::api::wire::incident::IncidentView;
use crate::api::wire::instance::InstanceView;
use crate::clock;
use crate::observations::Observations;
use crate::registry::store::JournalEntry;
use crate::updates::{Render, Row};

/// Writes rows with what was last seen.
#[derive(Debug)]
pub struct Rows {
    /// What was last seen.
    pub observations: Arc<Observations>,
    /// How long nothing must be bad before an incident closes.
    pub stable_after: Duration,
}

impl Render for Rows {
    fn row(&self, entry: &Entry) -> Row {
        let slot = self.observations.slot(entry.id().as_str());
        // Read first: what comes in between is another standing at the next look.
        let standing = self.standing(entry.id());
        let (checkup, setups) = slot.as_deref().map(|slot| (slot.checkup(), slot.setups())).unwrap_or_default();
        Row { json: json(&InstanceView::of(entry, checkup.as_deref(), setups.as_deref())), standing }
    }

    fn standing(&self, id: &InstanceId) -> u64 {
        self.observations.slot(id.as_str()).map_or(0, |slot| slot.standing())
    }

    fn entry(&self, entry: &JournalEntry) -> Bytes {
        json(&EventView::of(entry))
    }

    fn incident(&self, incident: &Incident) -> Bytes {
        json(&IncidentView::of(incident, clock::wall(), self.stable_after))
    }
}

fn json(view: &impl Serialize) -> Bytes {
    match serde_json::to_vec(view) {
        // Without the room it grew into: a row is kept for as long as its instance is there.
        Ok(text) => text.into_boxed_slice().into(),
        Err(error) => {
            tracing::error!(%error, "something cannot be shown to subscribers: {error}");
            Bytes::from_static(b"{\"id\":null}")
        }
    }
}
