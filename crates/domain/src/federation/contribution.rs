//! What one instance gave to a federated answer, or why it gave nothing.
//!
//! Owns a contribution before and after it was placed beside the others. Does not own how contributions add up.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{FetchFailure, SetupBinding, SetupTrouble};
use crate::instance::InstanceId;

/// The instance behind a contribution, with what tells its databases from those of others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Which instance.
    pub instance: InstanceId,
    /// Where it listens, as registered: qualifies databases on "localhost".
    pub host: Arc<str>,
    /// Its environment.
    pub environment: Arc<str>,
    /// Its region.
    pub region: Arc<str>,
}

/// What one instance gave. `T` is the typed content; `A` is whatever the caller wants back beside it, such as the raw rows
/// and the times. At most one contribution per instance takes part in an answer.
#[derive(Clone, Debug)]
pub struct Contribution<T, A = ()> {
    /// Who gave it.
    pub source: Source,
    /// The setups last seen on the instance, with their health; those of a failed instance too.
    pub setups: Arc<[SetupBinding]>,
    /// The content, or why there is none.
    pub outcome: Result<T, FetchFailure>,
    /// Something it said could not be used, so that the content is less than it has.
    pub faulty: bool,
    /// Handed through untouched.
    pub attached: A,
}

/// A setup whose rows cannot be trusted or are not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DegradedSetup {
    /// Which setup of the source.
    pub setup: Arc<str>,
    /// What is wrong with it.
    pub trouble: SetupTrouble,
}

/// A contribution in its place within an answer: parts are sorted by instance.
#[derive(Clone, Debug)]
pub struct Part<T, A = ()> {
    /// Who gave it.
    pub source: Source,
    /// The setups last seen on the instance.
    pub setups: Arc<[SetupBinding]>,
    /// The content, or why there is none.
    pub outcome: Result<T, FetchFailure>,
    /// Something it said could not be used.
    pub faulty: bool,
    /// Setups that the answer does not speak for although the instance answered.
    pub degraded: Vec<DegradedSetup>,
    /// What the caller attached.
    pub attached: A,
}

impl<T, A> Part<T, A> {
    /// How much the source gave.
    pub fn status(&self) -> SourceStatus {
        match (&self.outcome, self.faulty || !self.degraded.is_empty()) {
            (Err(_), _) => SourceStatus::Failed,
            (Ok(_), true) => SourceStatus::Degraded,
            (Ok(_), false) => SourceStatus::Answered,
        }
    }
}

/// How much a source gave to an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SourceStatus {
    /// All it has.
    Answered,
    /// Less than it has: a database is down, a setup is missing, or part of what it said could not be used.
    Degraded,
    /// Nothing.
    Failed,
}

impl SourceStatus {
    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Answered => "ok",
            Self::Degraded => "degraded",
            Self::Failed => "failed",
        }
    }
}

/// Contributions in the order of answers: by instance, whatever order they came in.
pub(super) fn in_order<T, A>(mut contributions: Vec<Contribution<T, A>>) -> Vec<Part<T, A>> {
    contributions.sort_by(|a, b| a.source.instance.cmp(&b.source.instance));
    contributions
        .into_iter()
        .map(|Contribution { source, setups, outcome, faulty, attached }| {
            let degraded = Vec::new();
            Part { source, setups, outcome, faulty, degraded, attached }
        })
        .collect()
}
