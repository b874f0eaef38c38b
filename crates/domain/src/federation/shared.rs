//! Physical setups that more than one instance, or one instance twice, is attached to.
//!
//! They show the same data, which counts once; but only if the instances agree about the names in it. Hiding data is worse
//! than counting twice.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::placement::View;
use super::{PhysicalIdentity, SetupBinding, Standing};

/// The names that one attachment shows; all lists sorted.
pub(super) struct Evidence<'a> {
    /// What this answer named; `None` if it gave nothing, or numbers without names.
    pub(super) fresh: Option<Vec<(&'a str, &'a str)>>,
    /// The queues in the instance's memory when it was last asked for them.
    pub(super) remembered: Option<Vec<&'a str>>,
    /// This answer gave nothing at all of the setup.
    pub(super) silent: bool,
}

impl Evidence<'_> {
    /// Whether nothing can be compared.
    fn is_nothing(&self) -> bool {
        self.fresh.as_ref().is_none_or(Vec::is_empty) && self.remembered.is_none()
    }

    /// Whether two attachments speak about the same things. What is remembered may be minutes old: it is looked at only
    /// where an answer named nothing.
    fn agrees(&self, other: &Self) -> bool {
        match (&self.fresh, &other.fresh) {
            (Some(own), Some(others)) if !own.is_empty() || !others.is_empty() => own == others,
            (Some(names), None) if !names.is_empty() && other.silent => false,
            (None, Some(names)) if !names.is_empty() && self.silent => false,
            _ => self.remembered.is_some() && self.remembered == other.remembered,
        }
    }
}

/// A physical setup with all its attachments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedSetup {
    /// What makes it one.
    pub identity: PhysicalIdentity,
    /// Who is attached, by instance and setup; at least two.
    pub members: Vec<SharedMember>,
    /// Whether the members were taken for one.
    pub agreement: Agreement,
}

/// One attachment of a shared physical setup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedMember {
    /// The number of the part.
    pub source: usize,
    /// The setup's id there.
    pub setup: Arc<str>,
    /// Whether its data counts.
    pub standing: Standing,
}

/// Whether instances attached to the same physical setup say the same about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Agreement {
    /// All that are known do: counted once.
    Merged,
    /// Names differ, or are not known: those that differ are counted side by side.
    Disagreeing,
}

type Member<'a> = (usize, &'a SetupBinding);

/// Finds what is shared and lowers the standing of all members but the first of those that agree.
pub(super) fn find<'a>(views: &[View<'a>], standings: &mut [BTreeMap<&'a str, Standing>]) -> Vec<SharedSetup> {
    let mut attached: BTreeMap<PhysicalIdentity, Vec<Member<'a>>> = BTreeMap::new();
    for (source, view) in views.iter().enumerate() {
        for binding in view.bindings() {
            if let Some(identity) = binding.physical_identity(view.source) {
                attached.entry(identity).or_default().push((source, binding));
            }
        }
    }
    attached
        .into_iter()
        .filter(|(_, members)| members.len() > 1)
        .map(|(identity, members)| merge(identity, members, views, standings))
        .collect()
}

fn merge<'a>(
    identity: PhysicalIdentity,
    mut members: Vec<Member<'a>>,
    views: &[View<'a>],
    standings: &mut [BTreeMap<&'a str, Standing>],
) -> SharedSetup {
    members.sort_by(|a, b| (a.0, &a.1.setup).cmp(&(b.0, &b.1.setup)));
    // Those that may not tell all they have must not stand for those that do.
    let mut order = members.clone();
    order.sort_by_key(|(source, binding)| views[*source].is_doubtful(binding));
    let mut first: Vec<(Evidence<'a>, usize)> = Vec::new();
    let mut nameless = 0;
    for (source, binding) in &order {
        let Some(standing) = standings[*source].get_mut(&*binding.setup).filter(|standing| **standing == Standing::Counted) else {
            continue;
        };
        let evidence = views[*source].evidence(binding);
        match first.iter().find(|(other, _)| other.agrees(&evidence)) {
            _ if evidence.is_nothing() => nameless += 1,
            Some((_, counted)) => *standing = Standing::SameAs(*counted),
            None => first.push((evidence, *source)),
        }
    }
    let agreement = if first.len() + nameless > 1 { Agreement::Disagreeing } else { Agreement::Merged };
    let members = members
        .into_iter()
        .map(|(source, binding)| SharedMember {
            source,
            setup: binding.setup.clone(),
            standing: standings[source].get(&*binding.setup).copied().unwrap_or(Standing::Unknown),
        })
        .collect();
    SharedSetup { identity, members, agreement }
}
