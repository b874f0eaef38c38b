//! Building a table: who has which setup on which database, in every narrowing that can be asked for.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::index::{Index, Key, Range};
use super::{Candidate, Choice, Exclusion, Group, Member, Policy, Table};
use crate::federation::{PhysicalIdentity, SetupBinding, SetupHealth};
use crate::time::Moment;

/// The most queues of a setup that get groups of their own because not all instances know them.
const UNEVEN_QUEUES_MAX: usize = 256;

/// One setup on one instance.
#[derive(Clone, Copy)]
struct Attachment<'a> {
    index: usize,
    binding: &'a SetupBinding,
}

/// A group to be: its database, and who belongs to it with what the setup says against them.
type Draft = (Option<PhysicalIdentity>, Vec<(usize, Option<Exclusion>)>);

struct Builder<'p> {
    candidates: Vec<Candidate>,
    groups: Vec<Group>,
    index: Index,
    policy: &'p Policy,
    now: Moment,
}

impl Table {
    /// The picture of these members, sorted by id, at `now`.
    pub fn build(members: &[Member<'_>], policy: &Policy, now: Moment) -> Self {
        let candidates: Vec<_> = members.iter().map(Candidate::of).collect();
        let mut builder = Builder { candidates, groups: Vec::new(), index: Index::default(), policy, now };
        let mut setups: BTreeMap<&str, Vec<Attachment<'_>>> = BTreeMap::new();
        for (index, member) in members.iter().enumerate() {
            for binding in member.setups.unwrap_or_default() {
                setups.entry(&binding.setup).or_default().push(Attachment { index, binding });
            }
        }
        setups.iter().for_each(|(setup, attachments)| builder.add_setup(setup, attachments));
        builder.add_anybody();
        builder.finish()
    }

    /// Whether any member has this setup, or had it.
    pub(super) fn knows(&self, setup: &str) -> bool {
        self.index.get(Key { setup: Some(setup), queue: None, environment: None, region: None }).is_some()
    }
}

impl Builder<'_> {
    fn add_setup(&mut self, setup: &str, attachments: &[Attachment<'_>]) {
        let uneven = uneven_queues(attachments);
        for queue in core::iter::once(None).chain(uneven.iter().copied().map(Some)) {
            let members: Vec<usize> = attachments.iter().map(|attachment| attachment.index).collect();
            let whole = Key { setup: Some(setup), queue, environment: None, region: None };
            self.add_scopes(whole, &members, !uneven.is_empty(), |builder, choice| {
                let inside = |attachment: &&Attachment<'_>| builder.candidates[attachment.index].is_in(choice);
                let subset: Vec<_> = attachments.iter().filter(inside).copied().collect();
                builder.by_database(&subset, queue)
            });
        }
    }

    /// Groups for what anybody can serve: one per environment, because environments are never mixed silently.
    fn add_anybody(&mut self) {
        let members: Vec<usize> = (0..self.candidates.len()).collect();
        let whole = Key { setup: None, queue: None, environment: None, region: None };
        self.add_scopes(whole, &members, false, |builder, choice| {
            let inside = builder.candidates.iter().enumerate().filter(|(_, candidate)| candidate.is_in(choice));
            let mut by_environment: BTreeMap<&str, Vec<_>> = BTreeMap::new();
            for (index, candidate) in inside {
                by_environment.entry(&candidate.environment).or_default().push((index, None));
            }
            let home = builder.policy.home.environment.as_deref().and_then(|home| by_environment.remove(home));
            match home {
                Some(members) => alloc::vec![(None, members)],
                None if by_environment.is_empty() => alloc::vec![(None, Vec::new())],
                None => by_environment.into_values().map(|members| (None, members)).collect(),
            }
        });
    }

    /// Adds the groups for every narrowing to an environment and a region in which there is anybody.
    fn add_scopes(&mut self, whole: Key<'_>, members: &[usize], uneven: bool, drafts: impl Fn(&Self, &Choice<'_>) -> Vec<Draft>) {
        let places: BTreeSet<(Arc<str>, Arc<str>)> = members.iter().map(|index| self.place(*index)).collect();
        let everything = self.add_groups(drafts(self, &Choice::default()), uneven);
        self.index.add(whole, everything);
        let is_one = places.len() == 1;
        let mut scopes: BTreeSet<(Option<&str>, Option<&str>)> = BTreeSet::new();
        for (environment, region) in &places {
            scopes.extend([(Some(&**environment), None), (None, Some(&**region)), (Some(&**environment), Some(&**region))]);
        }
        for (environment, region) in scopes {
            let choice = Choice { instance: None, environment, region };
            let range = if is_one { everything } else { self.add_groups(drafts(self, &choice), uneven) };
            self.index.add(Key { environment, region, ..whole }, range);
        }
    }

    fn place(&self, index: usize) -> (Arc<str>, Arc<str>) {
        let candidate = &self.candidates[index];
        (candidate.environment.clone(), candidate.region.clone())
    }

    fn add_groups(&mut self, drafts: Vec<Draft>, uneven: bool) -> Range {
        let range = Range { first: self.groups.len(), count: drafts.len(), uneven };
        for (database, members) in drafts {
            let group = self.group(database.map(Arc::new), members);
            self.groups.push(group);
        }
        range
    }

    fn group(&self, database: Option<Arc<PhysicalIdentity>>, members: Vec<(usize, Option<Exclusion>)>) -> Group {
        Group::prepare(database, members, &self.candidates, self.policy, self.now)
    }

    /// Who this attachment physically is, as far as routing tells databases apart.
    fn identity(&self, attachment: &Attachment<'_>) -> Option<PhysicalIdentity> {
        let mut identity = attachment.binding.physical_identity(&self.candidates[attachment.index].source())?;
        if self.policy.regions_share_names {
            identity.region = Arc::from("");
        }
        Some(identity)
    }

    /// Tells the attachments of one setup apart by database.
    fn by_database(&self, attachments: &[Attachment<'_>], queue: Option<&str>) -> Vec<Draft> {
        let (missing, live): (Vec<_>, Vec<_>) = attachments.iter().partition(|attachment| attachment.binding.missing);
        let everywhere_missing = live.is_empty();
        let mut known: BTreeMap<PhysicalIdentity, Vec<Attachment<'_>>> = BTreeMap::new();
        let mut untold = Vec::new();
        for attachment in if everywhere_missing { &missing } else { &live } {
            match self.identity(attachment) {
                Some(identity) => known.entry(identity).or_default().push(*attachment),
                None => untold.push(*attachment),
            }
        }
        if known.is_empty() {
            let alone = |attachment: &Attachment<'_>| (None, told(core::slice::from_ref(attachment), queue));
            return untold.iter().map(alone).collect();
        }
        let is_only = known.len() == 1;
        let mut drafts = Vec::new();
        for (identity, members) in known {
            let mut members = told(&members, queue);
            members.extend(untold.iter().map(|attachment| (attachment.index, Some(Exclusion::DatabaseUnknown))));
            if !everywhere_missing {
                let here = missing.iter().filter(|lost| is_only || self.identity(lost).as_ref() == Some(&identity));
                members.extend(here.map(|attachment| (attachment.index, Some(Exclusion::SetupMissing))));
            }
            members.sort_by_key(|(index, _)| *index);
            drafts.push((Some(identity), members));
        }
        drafts
    }

    fn finish(mut self) -> Table {
        self.index.seal();
        let alone = (0..self.candidates.len()).map(|index| Group::of_one(index, &self.candidates)).collect();
        let ends = self.candidates.iter().filter_map(|candidate| candidate.standing.ends_after(self.now));
        let changes_at = ends.chain(self.groups.iter().filter_map(|group| group.returns_at)).min();
        Table { candidates: self.candidates.into(), groups: self.groups.into(), alone, index: self.index, changes_at }
    }
}

/// What the setup itself says against each of those that are attached to one database.
fn told(attachments: &[Attachment<'_>], queue: Option<&str>) -> Vec<(usize, Option<Exclusion>)> {
    let lacks = |attachment: &Attachment<'_>| queue.is_some_and(|queue| knows_queue(attachment, queue) == Some(false));
    let somebody_knows = queue.is_some_and(|queue| attachments.iter().any(|attachment| knows_queue(attachment, queue) == Some(true)));
    let why = |attachment: &Attachment<'_>| match &attachment.binding.health {
        _ if attachment.binding.missing => Some(Exclusion::SetupMissing),
        SetupHealth::Down { reason } => Some(Exclusion::DatabaseDown { reason: reason.as_str().into() }),
        _ if somebody_knows && lacks(attachment) => Some(Exclusion::QueueUnknown),
        _ => None,
    };
    attachments.iter().map(|attachment| (attachment.index, why(attachment))).collect()
}

fn knows_queue(attachment: &Attachment<'_>, queue: &str) -> Option<bool> {
    let queues = attachment.binding.queues.as_ref().filter(|_| !attachment.binding.missing)?;
    Some(queues.iter().any(|name| &**name == queue))
}

/// Queues that some instances know and others do not: one made through one instance is unknown to the others until the setup
/// is attached there again.
fn uneven_queues<'a>(attachments: &[Attachment<'a>]) -> Vec<&'a str> {
    let lists =
        attachments.iter().filter(|attachment| !attachment.binding.missing).filter_map(|attachment| attachment.binding.queues.as_ref());
    let mut holders: BTreeMap<&str, usize> = BTreeMap::new();
    let mut count = 0;
    for list in lists {
        count += 1;
        let names: BTreeSet<&str> = list.iter().map(|name| &**name).collect();
        names.into_iter().for_each(|name| *holders.entry(name).or_default() += 1);
    }
    holders.into_iter().filter(|(_, holders)| *holders < count).map(|(name, _)| name).take(UNEVEN_QUEUES_MAX).collect()
}
