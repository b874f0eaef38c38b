//! Who holds which entry in Consul, for readers beside the writer.
//!
//! Owns the cell. The writer sets it whenever its picture of Consul changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use peegeeq_domain::instance::InstanceId;

use super::picture::Held;

/// The cell. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(in crate::registry) struct Holdings(Arc<ArcSwap<BTreeMap<InstanceId, Held>>>);

impl Holdings {
    pub(in crate::registry) fn get(&self) -> Arc<BTreeMap<InstanceId, Held>> {
        self.0.load_full()
    }

    pub(in crate::registry) fn set(&self, held: BTreeMap<InstanceId, Held>) {
        self.0.store(Arc::new(held));
    }
}
