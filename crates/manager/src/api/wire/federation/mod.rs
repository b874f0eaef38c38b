//! Federated answers: the shapes of the guide and of the original, and how complete they are.
//!
//! Owns names, types and units. Texts of sizes and times stand where the guide has them, numbers where the original does.

mod envelope;
mod groups;
mod metrics;
mod overview;
mod queues;
mod stores;

use peegeeq_domain::federation::Standing;
use peegeeq_domain::quantity::two_decimals;

pub use envelope::{
    CoverageView, DegradedSetupView, Envelope, FailedInstance, FlatRow, SharedMemberView, SharedSetupView, SourceView, StableSource,
};
pub use groups::{FlatGroups, GroupInstance, GroupStats, GroupedGroups, NamedGroup};
pub use metrics::{FederatedMetrics, InstanceFigures, MetricsBlocks};
pub use overview::{AggregatedData, FederatedOverview, InstanceDetail};
pub use queues::{FlatQueues, GroupedQueues, NamedQueue, QueueInstance, QueueStats};
pub use stores::{FlatStores, GroupedStores, NamedStore, StoreInstance, StoreStats};

/// The word for whether a row goes into the totals.
pub const fn standing_word(standing: Standing) -> &'static str {
    match standing {
        Standing::Counted => "counted",
        Standing::SameAs(_) => "shared",
        Standing::Unknown => "unknown",
    }
}

/// A number as the guide prints averages.
fn rounded(number: Option<f64>) -> Option<f64> {
    number.map(two_decimals)
}

/// An amount in the guide's words.
fn worded(amount: Option<impl ToString>) -> Option<String> {
    amount.map(|amount| amount.to_string())
}
