//! What is seen of the instances of a rolling restart.
//!
//! Owns putting it together, asking those for their setups on whom something depends, and for how long nothing was under
//! way. Does not own what follows.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use peegeeq_domain::catalog::{Catalog, Entry};
use peegeeq_domain::health::{FailureKind, Verdict};
use peegeeq_domain::instance::{InstanceId, Presence};
use peegeeq_domain::rolling::{Rolling, Sight, Stage, Step};
use peegeeq_domain::time::{Moment, Timestamp};
use serde::Deserialize;

use super::{Ground, Waited};
use crate::clock;
use crate::net::{Client, Deadline, Limits};
use crate::observations::{Observations, SetupsSeen};

/// The longest time of one look.
const LOOK_MAX: Duration = Duration::from_secs(2);

/// The most bytes of a list of setups.
const LIST_MAX: usize = 1 << 20;

/// What is remembered between two looks.
#[derive(Default)]
pub(super) struct Eyes {
    /// Since when nothing has been under way.
    idle: HashMap<InstanceId, Moment>,
    /// When each was last seen not to be there.
    lost: HashMap<InstanceId, Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    setup_ids: Vec<Arc<str>>,
}

impl Eyes {
    /// What is seen now, in the order of the steps.
    pub(super) async fn look(&mut self, ground: &Ground, rolling: &Rolling) -> Vec<Option<Sight>> {
        let catalog = ground.catalog.current();
        let next = rolling.next_queued();
        let listed = join_all(rolling.steps.iter().enumerate().map(|(index, step)| {
            let depends = next == Some(index) || step.stage == Stage::Setups;
            let entry = catalog.get(step.instance.as_str()).filter(|_| depends).cloned();
            listed(ground.client.clone(), entry)
        }))
        .await;
        let members = |id: &InstanceId| catalog.get(id.as_str()).is_some();
        self.idle.retain(|id, _| members(id));
        self.lost.retain(|id, _| members(id));
        let order = rolling.reason_of_orders();
        let steps = rolling.steps.iter().enumerate().zip(listed);
        steps.map(|((index, step), listed)| self.sight(ground, &catalog, step, &order, next == Some(index), listed)).collect()
    }

    fn sight(
        &mut self,
        ground: &Ground,
        catalog: &Catalog,
        step: &Step,
        order: &str,
        is_next: bool,
        listed: Option<Vec<Arc<str>>>,
    ) -> Option<Sight> {
        let entry = catalog.get(step.instance.as_str())?;
        let (id, instance) = (entry.id(), &entry.instance);
        let under_way = ground.traffic.under_way(id.as_str());
        let idle_for = self.idle_for(id, under_way.requests == 0);
        let checked = self.checked(&ground.observations, entry);
        let only_here = if is_next { ground.traffic.only_at(id.as_str()) } else { Vec::new() };
        Some(Sight {
            presence: instance.presence,
            ours: instance.presence == Presence::Draining
                && instance.order.as_ref().is_some_and(|own| own.reason.as_deref() == Some(order)),
            healthy: checked.healthy,
            passed_at: checked.passed_at,
            lost_at: checked.lost_at,
            under_way: under_way.requests,
            streams: under_way.streams,
            idle_for,
            listed,
            known: known(&ground.observations, id),
            only_here,
            serves: step.stage != Stage::Returning || ground.traffic.serves(id.as_str(), &step.former),
        })
    }

    fn idle_for(&mut self, id: &InstanceId, is_idle: bool) -> Duration {
        let now = clock::now();
        if !is_idle {
            self.idle.remove(id);
            return Duration::ZERO;
        }
        now.since(*self.idle.entry(id.clone()).or_insert(now))
    }

    fn checked(&mut self, observations: &Observations, entry: &Entry) -> Checked {
        let checkup = observations.slot(entry.id().as_str()).and_then(|slot| slot.checkup());
        let failed = checkup.as_ref().filter(|checkup| checkup.failure.is_some());
        let is_gone = failed.is_some_and(|checkup| {
            let kind = checkup.failure.as_ref().map(|failure| failure.kind);
            entry.verdict.is_down() || matches!(kind, Some(FailureKind::Refused | FailureKind::Network))
        });
        if let Some(checkup) = failed.filter(|_| is_gone) {
            self.lost.insert(entry.id().clone(), checkup.at);
        }
        Checked {
            healthy: entry.verdict == Verdict::Passing && checkup.as_ref().is_some_and(|checkup| checkup.failure.is_none()),
            passed_at: checkup.filter(|checkup| checkup.failure.is_none()).map(|checkup| checkup.at),
            lost_at: self.lost.get(entry.id()).copied(),
        }
    }
}

/// What checks say.
struct Checked {
    healthy: bool,
    passed_at: Option<Timestamp>,
    lost_at: Option<Timestamp>,
}

/// The setups that an instance was last seen to have.
fn known(observations: &Observations, id: &InstanceId) -> Vec<Arc<str>> {
    let seen = observations.slot(id.as_str()).and_then(|slot| slot.setups());
    let present = |seen: &SetupsSeen| seen.setups.iter().filter(|setup| !setup.missing).map(|setup| setup.id.clone()).collect();
    seen.as_deref().map(present).unwrap_or_default()
}

/// The setups that an instance lists now; `None` if it was not to be asked, or did not say.
fn listed(client: Client, entry: Option<Arc<Entry>>) -> Waited<Option<Vec<Arc<str>>>> {
    Box::pin(async move {
        let entry = entry?;
        let limits = Limits { deadline: Deadline::within(LOOK_MAX), body_max: LIST_MAX };
        let answer = client.get(&entry.instance.registration.endpoint, "/api/v1/setups", limits).await.ok()?;
        let listed = (answer.status == 200).then(|| serde_json::from_slice::<Listed>(&answer.body).ok()).flatten();
        listed.map(|listed| listed.setup_ids)
    })
}
