//! The decision after an attempt.

use core::fmt;
use core::time::Duration;

use super::Budget;
use crate::time::{Moment, millis};

/// How far an attempt came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// No connection, so that nothing was sent: refused, not resolved, not reachable, connecting took too long, no room in
    /// the instance's queue.
    NotSent,
    /// A kept connection turned out to be closed and gave the whole request back unsent.
    GaveBack,
    /// Something of the request may have arrived, and no head of an answer came: reset, or closed.
    Lost,
    /// Something of the request may have arrived, and the time for an answer is up.
    TimedOut,
    /// What came is no HTTP.
    Nonsense,
    /// The head of an answer is there, and nothing of it was handed on.
    Answered,
    /// Part of the answer was handed to the client.
    HandedOn,
}

/// An attempt that did not simply succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Counts the attempts of a request, from 1.
    pub number: u32,
    /// How far it came.
    pub phase: Phase,
    /// The status of the answer, if one came.
    pub status: Option<u16>,
    /// What the answer asked for in `Retry-After`.
    pub retry_after: Option<Duration>,
    /// How many candidates were not tried yet: [`Group::untried`](crate::routing::table::Group::untried).
    pub others: usize,
}

/// The request behind the attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// It may be sent again although it may have been acted on, and its body is still there to be sent:
    /// [`Class::may_repeat`](crate::routing::ask::Class::may_repeat).
    pub may_repeat: bool,
    /// It must be answered until then.
    pub deadline: Moment,
}

/// How often and how fast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Attempts beside the first: `loadBalancing.maxRetries`.
    pub max_retries: u32,
    /// The longest pause before the second attempt; it doubles with each.
    pub pause: Duration,
    /// The longest pause at all.
    pub pause_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_retries: 3, pause: Duration::from_millis(50), pause_max: Duration::from_secs(1) }
    }
}

/// What to do after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Send it again after a pause.
    Again {
        /// The pause.
        after: Duration,
        /// To somebody who was not tried; else to the same, over a new connection.
        elsewhere: bool,
    },
    /// The instance's answer is the answer, whatever its status.
    PassOn,
    /// Answer with a failure.
    GiveUp(Failure),
}

/// The failure that the client is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// 502, 503 or 504.
    pub status: u16,
    /// The instance may have acted on it: `outcome: "unknown"`, and no `Retry-After`.
    pub outcome_unknown: bool,
    /// Why it is not sent again.
    pub cause: Cause,
}

/// Why a request is not sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// It may have been acted on, and may not be acted on twice.
    MayHaveBeenActedOn,
    /// Part of the answer is with the client already.
    HandedOn,
    /// All who could serve it were tried.
    NobodyElse,
    /// It was tried as often as allowed.
    TriedEnough,
    /// The budget of retries is used up: too much fails.
    BudgetUsedUp,
    /// There is no time left for another attempt.
    NoTimeLeft,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MayHaveBeenActedOn => "the instance may have acted on the request, so it was not sent again",
            Self::HandedOn => "the answer broke off after part of it was handed on",
            Self::NobodyElse => "every instance that can serve the request was tried",
            Self::TriedEnough => "the request was tried as often as allowed",
            Self::BudgetUsedUp => "too many requests fail, so that none is sent again for now",
            Self::NoTimeLeft => "no time is left for another attempt",
        })
    }
}

/// Decides after `attempt`. A retry is taken out of the budget when it is granted.
///
/// The first retry of something that was never sent is immediate; every other waits a random part of a pause that doubles.
/// `Retry-After` binds whoever sent it: somebody else is asked without waiting for it, the same one not before.
pub fn decide(attempt: &Attempt, request: &Request, limits: &Limits, budget: &mut Budget, random: u64, now: Moment) -> Decision {
    let instead = |cause| attempt.instead(request, cause);
    let elsewhere = attempt.others > 0;
    if attempt.phase == Phase::HandedOn {
        return instead(Cause::HandedOn);
    }
    if attempt.phase == Phase::Answered && !attempt.is_worth_another() {
        return Decision::PassOn;
    }
    if attempt.may_have_acted() && !request.may_repeat {
        return instead(Cause::MayHaveBeenActedOn);
    }
    if attempt.number > limits.max_retries {
        return instead(Cause::TriedEnough);
    }
    let same_again = attempt.phase == Phase::GaveBack || attempt.retry_after.is_some();
    if !elsewhere && !same_again {
        return instead(Cause::NobodyElse);
    }
    let after = attempt.pause(limits, random);
    if now + after >= request.deadline {
        return instead(Cause::NoTimeLeft);
    }
    if !budget.take(now) {
        return instead(Cause::BudgetUsedUp);
    }
    Decision::Again { after, elsewhere: elsewhere && attempt.phase != Phase::GaveBack }
}

impl Attempt {
    /// Whether the instance may have acted on it.
    fn may_have_acted(&self) -> bool {
        !matches!(self.phase, Phase::NotSent | Phase::GaveBack)
    }

    /// Whether somebody else might give a better answer. 500 and 501 would be the same elsewhere.
    fn is_worth_another(&self) -> bool {
        match self.status {
            Some(502..=504) => true,
            Some(429) => self.retry_after.is_some(),
            _ => false,
        }
    }

    /// What the client gets when there is no other attempt.
    fn instead(&self, request: &Request, cause: Cause) -> Decision {
        let status = match self.phase {
            Phase::Answered => return Decision::PassOn,
            Phase::NotSent | Phase::GaveBack => 503,
            Phase::TimedOut => 504,
            Phase::Lost | Phase::Nonsense | Phase::HandedOn => 502,
        };
        let status = if cause == Cause::NoTimeLeft { 504 } else { status };
        Decision::GiveUp(Failure { status, outcome_unknown: self.may_have_acted() && !request.may_repeat, cause })
    }

    fn pause(&self, limits: &Limits, random: u64) -> Duration {
        if self.number == 1 && !self.may_have_acted() {
            return Duration::ZERO;
        }
        let doubled = limits.pause.saturating_mul(1_u32.checked_shl(self.number - 1).unwrap_or(u32::MAX)).min(limits.pause_max);
        let jittered = Duration::from_millis(random % (millis(doubled) + 1));
        let asked = self.retry_after.filter(|_| self.others == 0).unwrap_or_default();
        asked.saturating_add(jittered)
    }
}
