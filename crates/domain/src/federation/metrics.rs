//! Metrics: what instances measure about themselves, and what that adds up to.
//!
//! Owns the placing of metrics beside each other. The fields are in `part`, the sums in `totals`.

mod part;
mod totals;

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::contribution::in_order;
use super::placement::{Placeable, Placement, Shown, View};
use super::{Contribution, Coverage, Part, SharedSetup};
use crate::quantity::{ByteSize, Millis, Rate, Ratio};

pub use part::{EarlierRequests, MetricsPart, RequestCounters};
pub use totals::MetricsTotals;

/// The figures that the guide shows of each instance. `None` is "unknown".
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct InstanceMetrics {
    /// Share of the machine's processors that the process uses.
    pub cpu_usage: Option<Ratio>,
    /// Memory in use.
    pub memory_used: Option<ByteSize>,
    /// Requests a second, lately or since its start.
    pub request_rate: Option<Rate>,
    /// Mean time to answer one request.
    pub response_time: Option<Millis>,
}

/// The metrics of many instances as one.
#[derive(Clone, Debug)]
pub struct MetricsAggregate<A = ()> {
    /// The contributions, by instance.
    pub parts: Vec<Part<MetricsPart, A>>,
    /// By part: the figures that are shown of each instance; all unknown if it failed.
    pub instances: Vec<InstanceMetrics>,
    /// Sums and means over what counts.
    pub totals: MetricsTotals,
    /// Physical setups that more than one attachment shows.
    pub shared: Vec<SharedSetup>,
    /// How much of the cluster the answer speaks for.
    pub coverage: Coverage,
}

/// Makes one set of metrics of many.
///
/// Numbers about databases count once where *all* databases of an instance are told by others too. Where two instances
/// share only some of their databases they count twice, since an instance gives one number for all of them.
pub fn aggregate<A>(contributions: Vec<Contribution<MetricsPart, A>>) -> MetricsAggregate<A> {
    let mut parts = in_order(contributions);
    let views: Vec<_> = parts.iter().map(|part| View::of::<_, _, Unnamed>(part, None)).collect();
    let placement = Placement::of(&views);
    let mut totals = MetricsTotals::default();
    for (source, part) in parts.iter().enumerate() {
        match &part.outcome {
            Ok(metrics) => totals.add(metrics, placement.standing_of_databases(source)),
            Err(_) => totals.add_unknown(),
        }
    }
    let findings = placement.findings;
    drop(views);
    for (part, degraded) in parts.iter_mut().zip(findings.degraded) {
        part.degraded = degraded;
    }
    let instances = parts.iter().map(|part| part.outcome.as_ref().map(MetricsPart::shown).unwrap_or_default()).collect();
    let coverage = Coverage::of(&parts, findings.setups);
    MetricsAggregate { parts, instances, totals, shared: findings.shared, coverage }
}

/// Metrics name no setups: whether databases are shared is seen by the setups' bindings alone.
enum Unnamed {}

impl Placeable for Unnamed {
    const SHOWS_QUEUES: bool = false;

    fn is_blank(&self) -> bool {
        match *self {}
    }

    fn setup(&self) -> Option<&Arc<str>> {
        match *self {}
    }

    fn show<'a>(&'a self, _shown: &mut Shown<'a>) {
        match *self {}
    }
}
