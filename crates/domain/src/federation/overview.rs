//! The overview: how many of everything there are, by setup, instance and cluster.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::contribution::in_order;
use super::placement::{Placeable, Placement, Shown, View};
use super::{Contribution, Coverage, Part, SharedSetup, Standing, Sum};
use crate::quantity::Millis;

/// What one instance tells in its overview.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OverviewPart {
    /// Its setups; from a dialect that knows totals only, one element without a name.
    pub setups: Vec<SetupPart>,
    /// Connections to all its databases, those of other clients of the same databases included.
    pub active_connections: Option<u64>,
    /// How long it has been running.
    pub uptime: Option<Millis>,
}

/// What one instance tells about one setup. `None` is "it did not say".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SetupPart {
    /// The setup, if it was named.
    pub setup: Option<Arc<str>>,
    /// Queues.
    pub queues: Option<u64>,
    /// Consumer groups.
    pub groups: Option<u64>,
    /// Event stores.
    pub stores: Option<u64>,
    /// Messages in all queues.
    pub messages: Option<u64>,
    /// Consumers of all queues.
    pub consumers: Option<u64>,
    /// The names of the queues, if they were listed.
    pub queue_names: Option<Vec<Arc<str>>>,
}

impl Placeable for SetupPart {
    const SHOWS_QUEUES: bool = true;

    fn is_blank(&self) -> bool {
        self.messages.unwrap_or_default() == 0
    }

    fn setup(&self) -> Option<&Arc<str>> {
        self.setup.as_ref()
    }

    fn show<'a>(&'a self, shown: &mut Shown<'a>) {
        match &self.queue_names {
            Some(names) => shown.names.extend(names.iter().map(|name| (&**name, ""))),
            None => shown.nameless = true,
        }
    }
}

/// What setups add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OverviewTotals {
    /// Queues.
    pub queues: Sum,
    /// Consumer groups.
    pub groups: Sum,
    /// Event stores.
    pub stores: Sum,
    /// Messages.
    pub messages: Sum,
    /// Consumers.
    pub consumers: Sum,
    /// Connections to databases.
    pub connections: Sum,
}

/// The overviews of many instances as one.
#[derive(Clone, Debug)]
pub struct OverviewAggregate<A = ()> {
    /// The contributions, by instance.
    pub parts: Vec<Part<OverviewPart, A>>,
    /// By part, and in it in the order of its setups: what counts.
    pub standings: Vec<Vec<Standing>>,
    /// By part: what the instance sees, also where another instance shows the same data. A failed instance sees unknowns.
    pub instances: Vec<OverviewTotals>,
    /// Sums over what counts.
    pub totals: OverviewTotals,
    /// Physical setups that more than one attachment shows.
    pub shared: Vec<SharedSetup>,
    /// How much of the cluster the answer speaks for.
    pub coverage: Coverage,
}

impl OverviewTotals {
    fn add(&mut self, part: &SetupPart) {
        self.queues.add(part.queues);
        self.groups.add(part.groups);
        self.stores.add(part.stores);
        self.messages.add(part.messages);
        self.consumers.add(part.consumers);
    }

    fn add_unknown(&mut self) {
        self.add(&SetupPart::default());
    }
}

/// Makes one overview of many.
pub fn aggregate<A>(contributions: Vec<Contribution<OverviewPart, A>>) -> OverviewAggregate<A> {
    let mut parts = in_order(contributions);
    let views: Vec<_> = parts.iter().map(|part| View::of(part, setups_of(part))).collect();
    let placement = Placement::of(&views);
    let mut totals = OverviewTotals::default();
    let mut instances = Vec::with_capacity(parts.len());
    let mut standings = Vec::with_capacity(parts.len());
    for (source, part) in parts.iter().enumerate() {
        let placed = placed_setups(part, source, &placement);
        instances.push(seen_by_instance(part, &placed));
        add_to_cluster(&mut totals, part, &placed, placement.standing_of_databases(source));
        standings.push(placed);
    }
    let findings = placement.findings;
    drop(views);
    for _ in 0..findings.hidden {
        totals.add_unknown();
    }
    for (part, degraded) in parts.iter_mut().zip(findings.degraded) {
        part.degraded = degraded;
    }
    let coverage = Coverage::of(&parts, findings.setups);
    OverviewAggregate { parts, standings, instances, totals, shared: findings.shared, coverage }
}

fn setups_of<A>(part: &Part<OverviewPart, A>) -> Option<&[SetupPart]> {
    part.outcome.as_ref().ok().map(|content| content.setups.as_slice())
}

fn placed_setups<A>(part: &Part<OverviewPart, A>, source: usize, placement: &Placement<'_>) -> Vec<Standing> {
    let setups = setups_of(part).unwrap_or_default();
    setups.iter().map(|setup| placement.standing(source, setup)).collect()
}

fn seen_by_instance<A>(part: &Part<OverviewPart, A>, standings: &[Standing]) -> OverviewTotals {
    let mut seen = OverviewTotals::default();
    let Ok(content) = &part.outcome else {
        seen.add_unknown();
        seen.connections.add(None);
        return seen;
    };
    for (setup, standing) in content.setups.iter().zip(standings) {
        match standing {
            Standing::Counted | Standing::SameAs(_) => seen.add(setup),
            Standing::Unknown => seen.add_unknown(),
        }
    }
    seen.connections.add(content.active_connections);
    seen
}

fn add_to_cluster<A>(totals: &mut OverviewTotals, part: &Part<OverviewPart, A>, standings: &[Standing], databases: (Standing, bool)) {
    let setups = setups_of(part).unwrap_or_default();
    for (setup, standing) in setups.iter().zip(standings) {
        match standing {
            Standing::Counted => totals.add(setup),
            Standing::Unknown => totals.add_unknown(),
            Standing::SameAs(_) => {}
        }
    }
    add_of_databases(&mut totals.connections, databases, part.outcome.as_ref().ok().and_then(|content| content.active_connections));
}

/// Adds a number that an instance gave for all its databases together.
pub(super) fn add_of_databases(sum: &mut Sum, (standing, partly_unknown): (Standing, bool), number: Option<u64>) {
    match standing {
        Standing::Counted => sum.add(number),
        Standing::Unknown => return sum.add(None),
        Standing::SameAs(_) => {}
    }
    if partly_unknown {
        sum.add(None);
    }
}
