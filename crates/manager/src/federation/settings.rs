//! How the room is set.

use std::time::Duration;

/// How instances are asked, and how long their answers are good for.
#[derive(Clone, Copy, Debug)]
pub struct FederationSettings {
    /// Up to this age an answer is given again; `None` means the larger of 2 s and 20 times what the last one cost.
    pub max_age: Option<Duration>,
    /// How long one instance may take; never more than 0.8 times `request_timeout`.
    pub source_timeout: Duration,
    /// How long the manager may take for a whole answer.
    pub request_timeout: Duration,
    /// Instances asked at once for one answer.
    pub concurrency: usize,
    /// The most bytes read of one instance's answer.
    pub response_max: usize,
}

/// An answer is given again for at least this time, unless the setting says otherwise.
const FRESH_MIN: Duration = Duration::from_secs(2);

/// A slow cluster must not make old answers look new: the automatic age ends here.
const FRESH_MAX: Duration = Duration::from_secs(10);

/// An answer older than this many times its good time is not given while a newer one is fetched.
const STALE_TIMES: u32 = 3;

/// The automatic age is so many times what the answer cost: asking keeps an instance busy for a twentieth of its time.
const COST_TIMES: u32 = 20;

/// All kept bodies of one answer together are at most this many times the limit of one.
const BODIES_TIMES: usize = 16;

impl FederationSettings {
    /// For how long after it landed an answer is good whose fetch took `cost`.
    pub(super) fn fresh_for(&self, cost: Duration) -> Duration {
        self.max_age.unwrap_or_else(|| cost.saturating_mul(COST_TIMES).clamp(FRESH_MIN, FRESH_MAX))
    }

    /// Up to which age an answer may still be given while a newer one is fetched.
    pub(super) fn stale_for(&self, cost: Duration) -> Duration {
        self.fresh_for(cost).saturating_mul(STALE_TIMES)
    }

    /// How long all instances together may take.
    pub(super) fn fan_out_timeout(&self) -> Duration {
        self.request_timeout.mul_f32(0.8)
    }

    /// How long one instance may take.
    pub(super) fn source_timeout(&self) -> Duration {
        self.source_timeout.min(self.fan_out_timeout())
    }

    /// The most bytes of bodies that one answer keeps.
    pub(super) fn bodies_max(&self) -> usize {
        self.response_max.saturating_mul(BODIES_TIMES)
    }
}
