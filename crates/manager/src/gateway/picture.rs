//! The picture by which requests are routed: the domain's table, and the instance behind each of its numbers.
//!
//! Owns building it from the catalog, the setups and what was just learned. Requests read it; the background task replaces it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use peegeeq_domain::catalog::Catalog;
use peegeeq_domain::federation::SetupBinding;
use peegeeq_domain::health::HealthState;
use peegeeq_domain::instance::InstanceId;
use peegeeq_domain::routing::pick::Loads;
use peegeeq_domain::routing::table::{Member, Table};
use peegeeq_domain::time::Moment;

use super::learned::Learned;
use super::meters::Labels;
use super::settings::GatewaySettings;
use super::upstream::Upstream;
use crate::clock;
use crate::observations::Observations;

/// What requests are routed by.
#[derive(Debug, Default)]
pub(super) struct Picture {
    pub(super) table: Table,
    /// By number of the candidate.
    pub(super) upstreams: Box<[Arc<Upstream>]>,
    /// Counts pictures, from 1; 0 is the empty one before the first.
    pub(super) generation: u64,
    /// When it was made.
    pub(super) made_at: Moment,
}

impl Loads for Picture {
    fn in_flight(&self, index: usize) -> u32 {
        self.upstreams.get(index).map_or(0, |upstream| u32::try_from(upstream.under_way()).unwrap_or(u32::MAX))
    }

    fn latency(&self, index: usize, now: Moment) -> f64 {
        self.upstreams.get(index).map_or(0.0, |upstream| upstream.record.latency(now))
    }

    fn take_probe(&self, index: usize) -> bool {
        self.upstreams.get(index).is_some_and(|upstream| upstream.record.take_probe(clock::now()))
    }

    fn probe_is_free(&self, index: usize) -> bool {
        self.upstreams.get(index).is_some_and(|upstream| upstream.record.probe_is_free(clock::now()))
    }
}

/// Builds pictures, and remembers what the next one needs of the last.
pub(super) struct Painter {
    pub(super) settings: GatewaySettings,
    pub(super) observations: Arc<Observations>,
    pub(super) learned: Learned,
    labels: Arc<Labels>,
    /// Since when each can be routed to, if that was not so at the first picture.
    since: HashMap<InstanceId, Option<Moment>>,
    /// Who was healthy at some time, and then was not.
    lost: HashSet<InstanceId>,
    begun: bool,
}

impl Painter {
    pub(super) fn new(settings: GatewaySettings, observations: Arc<Observations>) -> Self {
        Self {
            settings,
            observations,
            learned: Learned::default(),
            labels: Arc::default(),
            since: HashMap::new(),
            lost: HashSet::new(),
            begun: false,
        }
    }

    /// The picture of this catalog. Instances that stayed where they were keep their connections and counts.
    pub(super) fn paint(&mut self, catalog: &Catalog, before: &Picture, now: Moment) -> Picture {
        self.follow(catalog, now);
        let slots = self.observations.slots();
        let upstreams: Box<[_]> = catalog.entries().iter().map(|entry| self.upstream(entry, before)).collect();
        let bindings: Vec<Option<Vec<SetupBinding>>> = catalog
            .entries()
            .iter()
            .map(|entry| {
                let id = entry.id().as_str();
                let seen = slots.get(id).and_then(|slot| slot.setups());
                self.learned.bindings(id, seen.as_deref())
            })
            .collect();
        let members: Vec<_> = catalog
            .entries()
            .iter()
            .zip(&bindings)
            .zip(&upstreams)
            .map(|((entry, bindings), upstream)| Member {
                setups: bindings.as_deref(),
                since: self.since.get(entry.id().as_str()).copied().flatten(),
                last_healthy: slots.get(entry.id().as_str()).and_then(|slot| slot.last_passed()),
                returned: self.lost.contains(entry.id()) && self.since.get(entry.id()).copied().flatten().is_some(),
                standing: upstream.record.standing(now),
                ..Member::of(entry)
            })
            .collect();
        Picture { table: Table::build(&members, &self.settings.policy, now), upstreams, generation: before.generation + 1, made_at: now }
    }

    fn upstream(&self, entry: &peegeeq_domain::catalog::Entry, before: &Picture) -> Arc<Upstream> {
        let known = before.table.position(entry.id().as_str()).and_then(|index| before.upstreams.get(index));
        match known.filter(|known| known.incarnation == entry.instance.incarnation) {
            Some(same) => same.clone(),
            None => {
                let endpoint = entry.instance.registration.endpoint.clone();
                Upstream::new(entry.id().clone(), entry.instance.incarnation, endpoint, &self.labels, &self.settings)
            }
        }
    }

    /// Notes who became healthy, and forgets who left.
    fn follow(&mut self, catalog: &Catalog, now: Moment) {
        let begun = std::mem::replace(&mut self.begun, true);
        let is_well = |id: &InstanceId| catalog.get(id.as_str()).is_some_and(|entry| entry.state() == HealthState::Healthy);
        self.lost.extend(self.since.extract_if(|id, _| !is_well(id)).map(|(id, _)| id));
        self.lost.retain(|id| catalog.get(id.as_str()).is_some());
        for entry in catalog.entries().iter().filter(|entry| entry.state() == HealthState::Healthy) {
            self.since.entry(entry.id().clone()).or_insert(begun.then_some(now));
        }
        self.learned.retain(|id| catalog.get(id).is_some());
    }
}
