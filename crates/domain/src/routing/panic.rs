//! The last resort: what happens when nobody can be picked.
//!
//! Reads go to whoever was healthy last, because a probe may be wrong and a failed read does no harm; writes fail. Each can
//! be set. Requests about a setup itself (its health, attaching it again, detaching it) reach an instance also when the
//! setup is down or lost there: otherwise nobody could repair it.

use super::ask::{Class, Effect};
use super::pick::Tried;
use super::table::{Excluded, Exclusion, Group, Table};
use crate::health::HealthState;

/// What to do when nobody is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PanicPolicy {
    /// Fail at once, with the reasons.
    Fail,
    /// Try whoever was healthy last.
    BestEvidence,
}

impl PanicPolicy {
    /// The word used in settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::BestEvidence => "best_evidence",
        }
    }

    /// Reads the word in any case, with `_`, `-` or nothing between its parts.
    pub fn parse(text: &str) -> Option<Self> {
        let is = |word: &str| text.chars().filter(|c| !matches!(c, '_' | '-')).map(|c| c.to_ascii_lowercase()).eq(word.chars());
        [(Self::Fail, "fail"), (Self::BestEvidence, "bestevidence")].into_iter().find(|(_, word)| is(word)).map(|(policy, _)| policy)
    }
}

/// What to do, by kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PanicPolicies {
    /// For requests that only look.
    pub reads: PanicPolicy,
    /// For all others.
    pub writes: PanicPolicy,
}

impl Default for PanicPolicies {
    fn default() -> Self {
        Self { reads: PanicPolicy::BestEvidence, writes: PanicPolicy::Fail }
    }
}

/// Somebody who should not be picked, and why it is all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastResort {
    /// Its number.
    pub index: usize,
    /// Why.
    pub why: ResortReason,
}

/// Why somebody is picked who should not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResortReason {
    /// The request is about the setup itself.
    AboutSetup,
    /// Nobody is well, and it was healthy last. The answer says so.
    BestEvidence,
}

impl Table {
    /// Whom to send to when [`Group::pick`] found nobody, if anybody. Never somebody who is drained, stopping, in
    /// maintenance or of weight 0: those were taken out on purpose.
    pub fn last_resort(&self, group: &Group, class: &Class<'_>, policies: &PanicPolicies, tried: &Tried) -> Option<LastResort> {
        let open = || group.excluded.iter().filter(|excluded| !tried.has(excluded.index));
        if class.about_setup
            && let Some(excluded) = open().min_by_key(|excluded| about_setup(excluded)).filter(|excluded| about_setup(excluded) < NEVER)
        {
            return Some(LastResort { index: excluded.index, why: ResortReason::AboutSetup });
        }
        let policy = if class.effect == Effect::Read { policies.reads } else { policies.writes };
        if policy == PanicPolicy::Fail {
            return None;
        }
        let evidence = |excluded: &&Excluded| {
            let passed = self.candidate(excluded.index)?.last_healthy?;
            is_doubtful(&excluded.why).then_some(passed)
        };
        let best = open().filter_map(|excluded| Some((evidence(&excluded)?, excluded.index)));
        let (_, index) = best.max_by_key(|(passed, index)| (*passed, core::cmp::Reverse(*index)))?;
        Some(LastResort { index, why: ResortReason::BestEvidence })
    }
}

const NEVER: u8 = 2;

/// The order of those whose setup alone is in the way.
const fn about_setup(excluded: &Excluded) -> u8 {
    match excluded.why {
        Exclusion::DatabaseDown { .. } => 0,
        Exclusion::SetupMissing => 1,
        _ => NEVER,
    }
}

/// Whether an exclusion rests on observation, which may be wrong.
const fn is_doubtful(why: &Exclusion) -> bool {
    matches!(why, Exclusion::NotHealthy(HealthState::Unhealthy | HealthState::Unknown) | Exclusion::Ejected { .. })
}
