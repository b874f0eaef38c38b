//! Physical setups that more than one instance, or one instance twice, is attached to.
//!
//! They show the same data, which counts once; but only if the instances agree about the names in it. Hiding data is worse
//! than counting twice.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::placement::View;
use super::{PhysicalIdentity, SetupBinding, Standing};

/// The names that must agree: queues in the instance's memory, and what the answer showed; both sorted.
pub(super) type Signature<'a> = (Option<Vec<&'a str>>, Vec<(&'a str, &'a str)>);

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
    let mut first: BTreeMap<Signature<'a>, usize> = BTreeMap::new();
    let mut nameless = 0;
    for (source, binding) in &members {
        let Some(standing) = standings[*source].get_mut(&*binding.setup).filter(|standing| **standing == Standing::Counted) else {
            continue;
        };
        match views[*source].signature(binding) {
            None => nameless += 1,
            Some(signature) => match first.get(&signature) {
                Some(counted) => *standing = Standing::SameAs(*counted),
                None => drop(first.insert(signature, *source)),
            },
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
