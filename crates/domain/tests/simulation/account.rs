//! The naive second account: what really happened to every instance, told without the core.
//!
//! Owns the failures in a row and since when an instance is observed. Knows nothing of trackers, doubt and catalogs: whether
//! the manager had reason to doubt itself is asked of the world, never of a rule like the one under test.

use peegeeq_domain::health::{FailureKind, HealthPolicy, Verdict};

/// One observation of one address: begins with a registration or a move, ends with the next or a deregistration.
pub(crate) type Life = u64;

/// What happened to one life.
#[derive(Clone, Debug)]
pub(crate) struct Story {
    pub(crate) observed_since: u64,
    /// Failures in a row that count: when each ended, and of which kind.
    pub(crate) failures: Vec<(u64, FailureKind)>,
    pub(crate) last_pass_started: Option<u64>,
    pub(crate) ever_passed: bool,
    pub(crate) verdict: Verdict,
    /// When it was last known to be silent.
    pub(crate) last_silence: u64,
}

impl Story {
    pub(crate) fn new(now: u64) -> Self {
        Self {
            observed_since: now,
            failures: Vec::new(),
            last_pass_started: None,
            ever_passed: false,
            verdict: Verdict::Unprobed,
            last_silence: 0,
        }
    }

    pub(crate) fn passed(&mut self, started: u64) {
        self.failures.clear();
        self.ever_passed = true;
        self.last_pass_started = self.last_pass_started.max(Some(started));
    }

    /// A probe failed that counts; one that began before a pass says nothing any more.
    pub(crate) fn failed(&mut self, kind: FailureKind, started: u64, now: u64) {
        if self.last_pass_started.is_none_or(|pass| started >= pass) {
            self.failures.push((now, kind));
        }
    }

    /// Why the evidence so far does not suffice for being down, if so.
    pub(crate) fn lacks_evidence(&self, policy: &HealthPolicy, excuse: Option<&'static str>) -> Option<String> {
        let (first, last) = (self.failures.first()?, self.failures.last()?);
        let span = last.0 - first.0;
        let refused = last.1 == FailureKind::Refused;
        if let Some(excuse) = excuse.filter(|_| !refused) {
            return Some(excuse.into());
        }
        if (self.failures.len() as u64) < u64::from(policy.max_failures) {
            return Some(format!("only {} failures in a row: {:?}", self.failures.len(), self.failures));
        }
        let least = policy.least_span.as_millis() as u64;
        (!refused && span < least).then(|| format!("failures span only {span} ms: {:?}", self.failures))
    }
}
