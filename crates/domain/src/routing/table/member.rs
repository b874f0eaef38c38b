//! What a table is built from, and what it remembers of each member.

use alloc::sync::Arc;
use core::time::Duration;

use super::{Choice, Exclusion};
use crate::catalog::Entry;
use crate::federation::{SetupBinding, Source};
use crate::instance::InstanceId;
use crate::routing::ladder::{LadderPolicy, Rung};
use crate::time::Moment;

/// One member with everything that routing looks at. Members are handed in sorted by id, as a catalog has them.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a> {
    /// The member and its verdict.
    pub entry: &'a Entry,
    /// Its setups as last seen; `None` while it was never asked.
    pub setups: Option<&'a [SetupBinding]>,
    /// Its share relative to others; 0 gets nothing.
    pub weight: u32,
    /// Since when it can be routed to; `None` if that is long ago.
    pub since: Option<Moment>,
    /// It could be routed to before, and could not in between.
    pub returned: bool,
    /// When a probe last passed.
    pub last_healthy: Option<Moment>,
    /// What its failed requests say.
    pub standing: Standing,
}

impl<'a> Member<'a> {
    /// A member of which nothing but the catalog's entry is known, with its registered weight.
    pub fn of(entry: &'a Entry) -> Self {
        let weight = u32::from(entry.instance.registration.weight.get());
        Self { entry, setups: None, weight, since: None, returned: false, last_healthy: None, standing: Standing::In }
    }
}

/// Whether an instance should be left alone because requests to it failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// Takes part.
    #[default]
    In,
    /// Should be ejected, if enough others remain.
    Out {
        /// Since when: who was ejected first goes first.
        since: Moment,
        /// Until when.
        until: Moment,
    },
    /// Its time is up: one request may try it.
    Probation {
        /// Since when.
        since: Moment,
    },
}

/// Where the manager stands. What is near is preferred.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Home {
    /// The environment that is meant when none is chosen and no setup says it; ignored while no member is in it.
    pub environment: Option<Arc<str>>,
    /// The region.
    pub region: Option<Arc<str>>,
    /// The zone: the metadata value `zone` of instances.
    pub zone: Option<Arc<str>>,
}

/// How a table is built.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Where the manager stands.
    pub home: Home,
    /// The names of database hosts mean the same in all regions of an environment, so that a setup may be served from another.
    pub regions_share_names: bool,
    /// How long the share of a newcomer grows; zero turns slow start off.
    pub slow_start: Duration,
    /// The most of a group that may be ejected, of a hundred.
    pub ejected_percent_max: u32,
    /// How requests spill from near to far.
    pub ladder: LadderPolicy,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            home: Home::default(),
            regions_share_names: false,
            slow_start: Duration::from_secs(30),
            ejected_percent_max: 34,
            ladder: LadderPolicy::default(),
        }
    }
}

/// What a table remembers of a member.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Its id.
    pub id: InstanceId,
    /// Its environment.
    pub environment: Arc<str>,
    /// Its region.
    pub region: Arc<str>,
    /// Its zone, if it says.
    pub zone: Option<Arc<str>>,
    /// Its host, as registered.
    pub host: Arc<str>,
    /// Its share relative to others.
    pub weight: u32,
    /// What excludes it from everything, whatever is asked for.
    pub excluded: Option<Exclusion>,
    /// What its failed requests say.
    pub standing: Standing,
    /// Since when it can be routed to.
    pub since: Option<Moment>,
    /// It could be routed to before, and could not in between.
    pub returned: bool,
    /// When a probe last passed.
    pub last_healthy: Option<Moment>,
    /// Whether its setups are known.
    pub asked: bool,
    /// How many setups it has.
    pub setups: u32,
}

impl Candidate {
    pub(super) fn of(member: &Member<'_>) -> Self {
        let registration = &member.entry.instance.registration;
        let labels = &registration.labels;
        Self {
            id: registration.id.clone(),
            environment: labels.environment.clone(),
            region: labels.region.clone(),
            zone: labels.metadata.get("zone").cloned(),
            host: registration.endpoint.host.as_str().into(),
            weight: member.weight,
            excluded: Exclusion::of(member.entry),
            standing: member.standing,
            since: member.since,
            returned: member.returned,
            last_healthy: member.last_healthy,
            asked: member.setups.is_some(),
            setups: member.setups.map_or(0, |setups| setups.iter().filter(|setup| !setup.missing).count() as u32),
        }
    }

    /// Whether it is within a choice of environment and region.
    pub fn is_in(&self, choice: &Choice<'_>) -> bool {
        let same = |wanted: Option<&str>, own: &str| wanted.is_none_or(|wanted| wanted == own);
        same(choice.environment, &self.environment) && same(choice.region, &self.region)
    }

    /// How near it is to `home`.
    pub fn rung(&self, home: &Home) -> Rung {
        let Some(region) = &home.region else { return Rung::Environment };
        if *region != self.region {
            return Rung::Environment;
        }
        let same_zone = home.zone.is_some() && home.zone == self.zone;
        if same_zone { Rung::Zone } else { Rung::Region }
    }

    pub(super) fn source(&self) -> Source {
        Source { instance: self.id.clone(), host: self.host.clone(), environment: self.environment.clone(), region: self.region.clone() }
    }
}
