//! Rows and entries for subscribers: exactly as the list and the journal show them.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use peegeeq_domain::catalog::Entry;
use peegeeq_domain::incident::Incident;
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
        let (checkup, setups) = slot.as_deref().map(|slot| (slot.checkup(), slot.setups())).unwrap_or_default();
        let view = InstanceView::of(entry, checkup.as_deref(), setups.as_deref());
        let mut hasher = DefaultHasher::new();
        (&view.status_reason, &view.troubled_setups, view.consecutive_failures).hash(&mut hasher);
        Row { json: json(&view), standing: hasher.finish() }
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
        Ok(text) => text.into(),
        Err(error) => {
            tracing::error!(%error, "something cannot be shown to subscribers: {error}");
            Bytes::from_static(b"{\"id\":null}")
        }
    }
}
