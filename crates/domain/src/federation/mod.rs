//! How the contributions of many instances add up to one answer.
//!
//! Owns what a contribution is, which of its rows count, sums and averages, and how much of the cluster an answer speaks
//! for. Does not own asking instances, reading their JSON, or the JSON that is answered.
//!
//! Nothing here can fail: whatever the instances said, an answer comes out, and it says what it does not know. The order in
//! which contributions arrive changes nothing.

mod contribution;
mod coverage;
mod failure;
mod groups;
mod list;
mod metrics;
mod overview;
mod placement;
mod queues;
mod setup;
mod shared;
mod stores;
mod sum;
#[cfg(test)]
mod tests;
mod words;

pub use contribution::{Contribution, DegradedSetup, Part, Source, SourceStatus};
pub use coverage::Coverage;
pub use failure::FetchFailure;
pub use groups::{GroupRow, GroupTotals};
pub use list::{ListAggregate, Named, Placed, Row, Totals, aggregate};
pub use metrics::aggregate as aggregate_metrics;
pub use metrics::{EarlierRequests, InstanceMetrics, MetricsAggregate, MetricsPart, MetricsTotals, RequestCounters};
pub use overview::aggregate as aggregate_overview;
pub use overview::{OverviewAggregate, OverviewPart, OverviewTotals, SetupPart};
pub use placement::{Placeable, Shown, Standing};
pub use queues::{QueueRow, QueueTotals};
pub use setup::{DatabaseAddress, PhysicalHost, PhysicalIdentity, SetupBinding, SetupHealth, SetupTrouble};
pub use shared::{Agreement, SharedMember, SharedSetup};
pub use stores::{StoreRow, StoreTotals};
pub use sum::{Mean, Sum, WeightedMean};
pub use words::{Condition, ConditionCounts, GroupStatus, Implementation, QueueStatus, StoreStatus};
