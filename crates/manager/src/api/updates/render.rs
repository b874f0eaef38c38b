//! Rows and entries for subscribers: exactly as the list and the journal show them.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use bytes::Bytes;
use peegeeq_domain::catalog::Entry;
use serde::Serialize;

use crate::api::wire::event::EventView;
use crate::api::wire::instance::InstanceView;
use crate::observations::Observations;
use crate::registry::store::JournalEntry;
use crate::updates::{Render, Row};

/// Writes rows with what was last seen.
#[derive(Debug)]
pub struct Rows(pub Arc<Observations>);

impl Render for Rows {
    fn row(&self, entry: &Entry) -> Row {
        let slot = self.0.slot(entry.id().as_str());
        let (checkup, setups) = slot.as_deref().map(|slot| (slot.checkup(), slot.setups())).unwrap_or_default();
        let view = InstanceView::of(entry, checkup.as_deref(), setups.as_deref());
        let mut hasher = DefaultHasher::new();
        (&view.status_reason, &view.troubled_setups, view.consecutive_failures).hash(&mut hasher);
        Row { json: json(&view), standing: hasher.finish() }
    }

    fn entry(&self, entry: &JournalEntry) -> Bytes {
        json(&EventView::of(entry))
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
