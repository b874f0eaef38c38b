//! The JSON shapes of routing.

mod distribution;
mod draining;
mod groups;
mod rolling;
mod route;

pub use distribution::RoutingView;
pub use draining::DrainView;
pub use rolling::{RollingList, RollingRequest, RollingView, RollingWord};
pub use route::{ExplainRequest, RouteView};

use std::time::Duration;

use crate::gateway::TableTold;
use serde::Serialize;
use utoipa::ToSchema;

/// The table by which requests are routed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TableView {
    /// Counts the tables since the manager started.
    pub generation: u64,
    /// How long ago it was made.
    pub age_ms: u64,
    /// In how long it changes by itself because somebody's time is up; null if it does not.
    pub changes_in_ms: Option<u64>,
    /// How many setups it knows.
    pub setups: usize,
}

impl TableView {
    fn of(table: &TableTold) -> Self {
        let TableTold { generation, age, changes_in, setups } = table;
        Self { generation: *generation, age_ms: millis(*age), changes_in_ms: changes_in.map(millis), setups: *setups }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Three digits are enough for people, and do not tremble.
fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}
