//! A manager around the pure core, as thin as it can be: trackers, doubt, a queue of judgements, and the catalog.
//!
//! Owns what the real manager's health room and registry writer own, without sockets. Bugs are planted here.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use peegeeq_domain::catalog::{Catalog, CatalogEvent, Change};
use peegeeq_domain::health::{Check, FailureKind, HealthPolicy, HealthTracker, ProbeOutcome, SelfDoubt, Transition, Verdict};
use peegeeq_domain::instance::{Instance, InstanceId, Revision};
use peegeeq_domain::time::Moment;

use crate::account::Life;
use crate::bugs::Bug;

/// One member under observation.
pub(crate) struct Watched {
    pub(crate) tracker: HealthTracker,
    pub(crate) life: Life,
    pub(crate) incarnation: Revision,
    pub(crate) host: Arc<str>,
    pub(crate) port: u16,
}

impl Watched {
    fn begin(instance: &Instance, life: Life, now: u64) -> Self {
        let endpoint = &instance.registration.endpoint;
        let tracker = HealthTracker::new(Duration::from_millis(life * 977 % 10_000), Moment::from_millis(now));
        let (host, port) = (Arc::from(endpoint.host.as_str()), endpoint.port.get());
        Self { tracker, life, incarnation: instance.incarnation, host, port }
    }
}

/// A verdict on its way to the writer.
#[derive(Clone, Debug)]
pub(crate) struct Judgement {
    pub(crate) id: InstanceId,
    pub(crate) life: Life,
    pub(crate) incarnation: Revision,
    pub(crate) verdict: Verdict,
}

pub(crate) struct Manager {
    pub(crate) policy: HealthPolicy,
    pub(crate) catalog: Catalog,
    pub(crate) watched: BTreeMap<String, Watched>,
    pub(crate) doubt: SelfDoubt,
    pub(crate) judgements: VecDeque<Judgement>,
    bug: Option<Bug>,
}

impl Manager {
    pub(crate) fn new(policy: HealthPolicy, bug: Option<Bug>) -> Self {
        let (catalog, doubt) = (Catalog::default(), SelfDoubt::default());
        Self { policy, catalog, watched: BTreeMap::new(), doubt, judgements: VecDeque::new(), bug }
    }

    pub(crate) fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    /// The policy the trackers are given: the true one, unless a bug is planted in it.
    fn given_policy(&self) -> HealthPolicy {
        let mut policy = self.policy;
        if self.has(Bug::CountsTooFew) {
            policy.max_failures -= 1;
        }
        if self.has(Bug::ForgetsTheSpan) {
            policy.least_span = Duration::ZERO;
        }
        policy
    }

    /// Applies events as the writer does and tells what a reader is told.
    pub(crate) fn apply(&mut self, events: Vec<CatalogEvent>) -> Vec<Change> {
        let before = self.catalog.clone();
        let events = events.into_iter().filter_map(|event| self.spoil(event));
        let (mut next, _) = before.after(events.collect::<Vec<_>>());
        if self.has(Bug::NumbersNothing) && next.generation().0 % 50 == 49 {
            let same = before.entries().first().map(|entry| CatalogEvent::Deregistered(entry.id().clone()));
            let back = before.entries().first().map(|entry| CatalogEvent::Registered(entry.instance.clone()));
            next = next.after(same).0.after(back).0;
        }
        let mut changes = next.changes_since(&before);
        if self.has(Bug::LosesAChange) && self.catalog.generation().0 % 50 == 49 && !changes.is_empty() {
            changes.remove(0);
        }
        self.catalog = next;
        changes
    }

    /// The event as a planted bug lets it through.
    fn spoil(&self, event: CatalogEvent) -> Option<CatalogEvent> {
        let current = |id: &str| self.catalog.get(id).map(|entry| entry.instance.incarnation);
        Some(match event {
            CatalogEvent::Deregistered(_) if self.has(Bug::DropsDeregistered) => return None,
            CatalogEvent::Judged { id, incarnation, verdict } if self.has(Bug::IgnoresIncarnation) => {
                let incarnation = current(id.as_str()).unwrap_or(incarnation);
                CatalogEvent::Judged { id, incarnation, verdict }
            }
            CatalogEvent::Registered(instance) if self.has(Bug::KeepsVerdictOfTheMoved) => {
                let mut instance = Instance::clone(&instance);
                instance.incarnation = current(instance.id().as_str()).unwrap_or(instance.incarnation);
                CatalogEvent::Registered(Arc::new(instance))
            }
            CatalogEvent::MembersReplaced(members) if self.has(Bug::ReplacesVerdicts) => {
                let again = members.into_iter().map(|instance| {
                    let mut instance = Instance::clone(&instance);
                    instance.incarnation = instance.incarnation.next();
                    Arc::new(instance)
                });
                CatalogEvent::MembersReplaced(again.collect())
            }
            other => other,
        })
    }

    /// Begins and ends observation as the catalog changed. Returns the ids whose observation began.
    pub(crate) fn follow(&mut self, changes: &[Change], life_of: &BTreeMap<String, Life>, now: u64) -> Vec<String> {
        let mut begun = Vec::new();
        for change in changes {
            match change {
                Change::Removed(entry) => self.forget(entry.id().as_str()),
                Change::Updated { from, to } if from.instance.incarnation == to.instance.incarnation => {}
                Change::Added(entry) | Change::Updated { to: entry, .. } => {
                    let id = entry.id().as_str().to_owned();
                    self.forget(&id);
                    let life = life_of.get(&id).copied().unwrap_or_default();
                    let watched = Watched::begin(&entry.instance, life, now);
                    self.doubt.watch(&watched.host);
                    self.watched.insert(id.clone(), watched);
                    begun.push(id);
                }
            }
        }
        begun
    }

    fn forget(&mut self, id: &str) {
        if let Some(watched) = self.watched.remove(id) {
            self.doubt.forget(&watched.host);
        }
    }

    /// Whether a probe is due, which then begins.
    pub(crate) fn begin_due(&mut self, id: &str, now: u64) -> bool {
        let policy = self.given_policy();
        let Some(watched) = self.watched.get_mut(id) else { return false };
        let moment = Moment::from_millis(now);
        if watched.tracker.due().is_none_or(|due| due > moment) {
            return false;
        }
        if self.bug == Some(Bug::StopsProbing) && watched.tracker.verdict().failures() > 0 {
            return false;
        }
        let is_suspect = watched.tracker.is_awaiting() && watched.tracker.was_answering();
        watched.tracker.probe_started(&policy, moment);
        if is_suspect && !self.has(Bug::AsksNobody) {
            self.ask_others(id, moment);
        }
        true
    }

    /// Somebody leaves a probe without an answer: others are asked too.
    fn ask_others(&mut self, id: &str, now: Moment) {
        let Some(host) = self.watched.get(id).map(|watched| watched.host.clone()) else { return };
        let mut hosts = self.doubt.suspect(&host, now);
        for watched in self.watched.values_mut().filter(|watched| watched.tracker.was_answering() && !watched.tracker.is_awaiting()) {
            if let Some(place) = hosts.iter().position(|host| *host == watched.host) {
                hosts.swap_remove(place);
                watched.tracker.expedite(now);
            }
        }
    }

    /// The manager's own loop ran late.
    pub(crate) fn was_late(&mut self, by: u64, now: u64) {
        self.doubt.loop_was_late(Duration::from_millis(by), Moment::from_millis(now));
    }

    /// Takes note of what a probe found; a change of verdict joins the queue to the writer.
    pub(crate) fn observe(
        &mut self,
        id: &str,
        outcome: ProbeOutcome,
        check: Check,
        started: u64,
        now: u64,
        random: u32,
    ) -> Option<Transition> {
        let policy = self.given_policy();
        let (ignores_doubt, never_recovers) = (self.has(Bug::IgnoresDoubt), self.has(Bug::NeverRecovers));
        let doubts_refusals = self.has(Bug::DoubtsRefusals);
        let check = if self.has(Bug::CountsLooks) { Check::Counting } else { check };
        let is_probe = check == Check::Counting;
        let watched = self.watched.get_mut(id)?;
        let tracker = &mut watched.tracker;
        let (started, now) = (Moment::from_millis(started), Moment::from_millis(now));
        let (was_answering, is_silent) = (tracker.was_answering(), outcome == ProbeOutcome::Failed(FailureKind::Timeout));
        if is_probe && was_answering && is_silent {
            self.doubt.silent(&watched.host, started);
        } else if is_probe && (outcome == ProbeOutcome::Passed || (was_answering && !is_silent)) {
            self.doubt.answered(&watched.host, started);
        }
        let doubting = self.doubt.reason(now).is_some() && !ignores_doubt;
        let outcome = if never_recovers && tracker.verdict().is_down() { ProbeOutcome::Failed(FailureKind::Status) } else { outcome };
        let hidden = doubts_refusals && doubting && outcome == ProbeOutcome::Failed(FailureKind::Refused);
        let outcome = if hidden { ProbeOutcome::Failed(FailureKind::Network) } else { outcome };
        let transition = if is_probe {
            tracker.probe_ended(&policy, outcome, started, now, random, doubting)
        } else {
            tracker.observe(&policy, outcome, check, started, now, random, doubting)
        };
        let transition = transition?;
        if transition.to.is_down() {
            self.doubt.found_down(&watched.host, now);
        }
        let id = InstanceId::parse(id).expect("simulated ids are valid");
        self.judgements.push_back(Judgement { id, life: watched.life, incarnation: watched.incarnation, verdict: transition.to });
        Some(transition)
    }
}
