//! What the journal says is registered, and how it is: as much as must be known to tell what belongs together.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::scope::Domain;
use super::{Mark, Subject};
use crate::health::Verdict;
use crate::instance::{Instance, InstanceId, Presence};
use crate::journal::TroubledSetup;

/// The most ids that are remembered because they left.
const DEPARTED_MAX: usize = 4096;

/// One instance.
#[derive(Clone, Debug, Default)]
pub(super) struct Member {
    pub(super) instance: Option<Arc<Instance>>,
    pub(super) verdict: Verdict,
    /// The first entry of the failures in a row that there are now, and why it fails.
    pub(super) failing: Option<(Mark, Arc<str>)>,
    /// Its setups that are in trouble, and since when.
    pub(super) troubled: BTreeMap<Arc<str>, (TroubledSetup, Mark)>,
}

impl Member {
    /// Whether it should take part: its failures matter.
    pub(super) fn takes_part(&self) -> bool {
        let presence = self.instance.as_ref().map_or(Presence::Serving, |instance| instance.presence);
        matches!(presence, Presence::Serving | Presence::Starting)
    }

    /// Where it stands.
    pub(super) fn domain(&self) -> Domain {
        let Some(instance) = &self.instance else { return Domain::default() };
        let labels = &instance.registration.labels;
        Domain {
            host: Some(instance.registration.endpoint.host.as_str().into()),
            environment: Some(labels.environment.clone()),
            region: Some(labels.region.clone()),
            database: None,
        }
    }

    fn forget_health(&mut self) {
        (self.verdict, self.failing) = (Verdict::Unprobed, None);
        self.troubled.clear();
    }

    /// Whether it is at another place than it was, so that nothing is known of it.
    fn moved(&self, next: &Instance) -> bool {
        let before = self.instance.as_ref().map(|before| before.incarnation);
        next.incarnation == next.revision || before.is_some_and(|before| before != next.incarnation)
    }
}

/// All instances.
#[derive(Clone, Debug, Default)]
pub(super) struct World {
    pub(super) members: BTreeMap<InstanceId, Member>,
    /// Who left: a verdict that is told late does not bring it back.
    departed: VecDeque<InstanceId>,
}

impl World {
    /// A manager started, stopped, or lost entries: of nobody is known how it is.
    pub(super) fn forget_health(&mut self) {
        self.members.values_mut().for_each(Member::forget_health);
    }

    /// It was registered, anew.
    pub(super) fn register(&mut self, id: &InstanceId, instance: Option<Arc<Instance>>) {
        self.departed.retain(|departed| departed != id);
        self.members.insert(id.clone(), Member { instance, ..Member::default() });
    }

    /// Its registration, or what is ordered for it, is another. Gives what it was, and whether nothing is known of it any more.
    pub(super) fn change(&mut self, id: &InstanceId, next: Option<Arc<Instance>>) -> (Option<Arc<Instance>>, bool) {
        let member = self.members.entry(id.clone()).or_default();
        let Some(next) = next else { return (member.instance.clone(), false) };
        let moved = member.moved(&next);
        if moved {
            member.forget_health();
        }
        (member.instance.replace(next), moved)
    }

    pub(super) fn deregister(&mut self, id: &InstanceId) -> Option<Member> {
        if !self.departed.contains(id) {
            self.departed.push_back(id.clone());
        }
        if self.departed.len() > DEPARTED_MAX {
            self.departed.pop_front();
        }
        self.members.remove(id)
    }

    /// The member a verdict or a look is about; `None` if it left.
    pub(super) fn seen(&mut self, id: &InstanceId) -> Option<&mut Member> {
        if !self.members.contains_key(id) {
            if self.departed.contains(id) {
                return None;
            }
            self.members.insert(id.clone(), Member::default());
        }
        self.members.get_mut(id)
    }

    /// What is bad of an instance, as subjects, if it takes part.
    pub(super) fn bad_of(&self, id: &InstanceId) -> Vec<Subject> {
        let Some(member) = self.members.get(id).filter(|member| member.takes_part()) else { return Vec::new() };
        let itself = member.verdict.is_down().then(|| Subject { instance: id.clone(), setup: None });
        let setups = member.troubled.keys().map(|setup| Subject { instance: id.clone(), setup: Some(setup.clone()) });
        itself.into_iter().chain(setups).collect()
    }
}
