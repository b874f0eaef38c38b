//! Passive ejection: who fails too many requests in a row is left alone for a while, then tried with one request.
//!
//! Owns the states of one instance and their one transition, and how many of a group may be out. Does not own verdicts:
//! ejection is the gateway's own layer, and a passed probe does not end it, because instances answer probes without their
//! database. The cap is held where groups are built ([`Table`](super::table::Table)): it depends on who else is well.

use alloc::string::String;
use core::fmt;
use core::time::Duration;

use super::ask::Class;
use super::table::Standing;
use crate::time::{Moment, millis};

/// How a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureKind {
    /// No connection.
    Connect,
    /// The connection broke, or what came is no HTTP.
    Reset,
    /// No answer in time.
    Timeout,
    /// An answer from 500 on.
    Server,
}

impl FailureKind {
    /// What a status says against the instance. 501 says something about the request; where health is asked for, 503 is an answer.
    pub fn of_status(status: u16, class: &Class<'_>) -> Option<Self> {
        let counts = (status == 500 || status >= 502) && !class.asks_health;
        counts.then_some(Self::Server)
    }
}

/// Failures in a row, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// No connection.
    pub connect: u32,
    /// The connection broke.
    pub reset: u32,
    /// No answer in time.
    pub timeout: u32,
    /// An answer from 500 on.
    pub server: u32,
}

impl Failures {
    /// All kinds together.
    pub const fn total(self) -> u32 {
        self.connect.saturating_add(self.reset).saturating_add(self.timeout).saturating_add(self.server)
    }

    fn with(mut self, kind: FailureKind) -> Self {
        let count = match kind {
            FailureKind::Connect => &mut self.connect,
            FailureKind::Reset => &mut self.reset,
            FailureKind::Timeout => &mut self.timeout,
            FailureKind::Server => &mut self.server,
        };
        *count = count.saturating_add(1);
        self
    }
}

impl fmt::Display for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { connect, reset, timeout, server } = self;
        write!(
            f,
            "{} failures in a row: {connect} not connected, {reset} broken, {timeout} timed out, {server} server errors",
            self.total()
        )
    }
}

/// When and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccrualPolicy {
    /// So many failures in a row eject; 0 turns ejection off.
    pub failures: u32,
    /// The first ejection lasts so long, the n-th n times as long.
    pub base: Duration,
    /// The longest ejection.
    pub max: Duration,
    /// Up to so much of it, of a hundred, is left off by chance, so that not all return at once.
    pub jitter_percent: u32,
    /// For each such time without an ejection one earlier ejection is forgotten.
    pub forgets: Duration,
    /// A probe that tells nothing for so long is given up.
    pub probe_timeout: Duration,
}

impl Default for AccrualPolicy {
    fn default() -> Self {
        Self {
            failures: 5,
            base: Duration::from_secs(30),
            max: Duration::from_secs(300),
            jitter_percent: 10,
            forgets: Duration::from_secs(10),
            probe_timeout: Duration::from_secs(30),
        }
    }
}

/// Where an instance stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accrual {
    /// Takes part.
    Closed {
        /// Failures since the last success.
        failures: Failures,
        /// Earlier ejections that are not forgotten.
        times: u32,
        /// Since when it takes part, moved on with each ejection that is forgotten.
        since: Moment,
    },
    /// Left alone.
    Ejected {
        /// Since when.
        since: Moment,
        /// Until when.
        until: Moment,
        /// Which ejection it is, from 1.
        times: u32,
        /// What for.
        failures: Failures,
    },
    /// Its time is up: exactly one request finds out.
    HalfOpen {
        /// Since when.
        since: Moment,
        /// Ejections so far.
        times: u32,
        /// What it was ejected for.
        failures: Failures,
        /// When the one request was sent, if it was.
        probe: Option<Moment>,
    },
}

impl Default for Accrual {
    fn default() -> Self {
        Self::Closed { failures: Failures::default(), times: 0, since: Moment::default() }
    }
}

/// What happened to an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccrualEvent {
    /// Time went on.
    Tick,
    /// A request ended.
    Ended {
        /// It was the one request of a half-open instance.
        is_probe: bool,
        /// How it failed, if it did.
        failure: Option<FailureKind>,
    },
    /// The one request was sent.
    ProbeTaken,
    /// The one request ended without telling anything: its client went away.
    ProbeLost,
    /// An operator, or a new incarnation, clears the slate.
    Cleared,
}

impl Accrual {
    /// What follows from an event. Of requests that were under way when it was ejected nothing follows.
    pub fn next(self, event: AccrualEvent, policy: &AccrualPolicy, now: Moment, random: u64) -> Self {
        match (self.at(policy, now), event) {
            (_, AccrualEvent::Cleared) => Self::Closed { failures: Failures::default(), times: 0, since: now },
            (Self::Closed { times, since, .. }, AccrualEvent::Ended { failure: None, .. }) => {
                Self::Closed { failures: Failures::default(), times, since }
            }
            (Self::Closed { failures, times, since }, AccrualEvent::Ended { failure: Some(kind), .. }) => {
                let failures = failures.with(kind);
                let enough = policy.failures > 0 && failures.total() >= policy.failures;
                if enough { policy.eject(times, failures, now, random) } else { Self::Closed { failures, times, since } }
            }
            (Self::HalfOpen { times, failures, .. }, AccrualEvent::Ended { is_probe: true, failure }) => match failure {
                None => Self::Closed { failures: Failures::default(), times, since: now },
                Some(kind) => policy.eject(times, failures.with(kind), now, random),
            },
            (Self::HalfOpen { since, times, failures, probe: None }, AccrualEvent::ProbeTaken) => {
                Self::HalfOpen { since, times, failures, probe: Some(now) }
            }
            (Self::HalfOpen { since, times, failures, .. }, AccrualEvent::ProbeLost) => {
                Self::HalfOpen { since, times, failures, probe: None }
            }
            (unchanged, _) => unchanged,
        }
    }

    /// What time alone makes of it.
    fn at(self, policy: &AccrualPolicy, now: Moment) -> Self {
        match self {
            Self::Closed { failures, times, since } if times > 0 => {
                let forgets = millis(policy.forgets).max(1);
                let forgotten = (millis(now.since(since)) / forgets).min(u64::from(times));
                let since = since + Duration::from_millis(forgotten * forgets);
                Self::Closed { failures, times: times - forgotten as u32, since }
            }
            Self::Ejected { until, times, failures, .. } if until <= now => Self::HalfOpen { since: until, times, failures, probe: None },
            Self::HalfOpen { since, times, failures, probe: Some(sent) } if now.since(sent) >= policy.probe_timeout => {
                Self::HalfOpen { since, times, failures, probe: None }
            }
            unchanged => unchanged,
        }
    }

    /// Whether a success changes nothing, so that it need not be told.
    pub fn ignores_success(&self) -> bool {
        matches!(self, Self::Closed { failures, .. } if *failures == Failures::default())
    }

    /// What the table needs to know.
    pub const fn standing(&self) -> Standing {
        match *self {
            Self::Closed { .. } => Standing::In,
            Self::Ejected { since, until, .. } => Standing::Out { since, until },
            Self::HalfOpen { since, .. } => Standing::Probation { since },
        }
    }

    /// Whether the one request of a half-open instance is still to be sent.
    pub const fn is_open_for_probe(&self) -> bool {
        matches!(self, Self::HalfOpen { probe: None, .. })
    }

    /// The code word on the wire.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Closed { .. } => "closed",
            Self::Ejected { .. } => "ejected",
            Self::HalfOpen { .. } => "half-open",
        }
    }

    /// The state with its arithmetic, as a sentence.
    pub fn tell(&self, policy: &AccrualPolicy, now: Moment) -> String {
        match self {
            Self::Closed { failures, times, .. } => {
                alloc::format!("takes part: {failures}, of {} that eject; {times} earlier ejections are not forgotten", policy.failures)
            }
            Self::Ejected { since, until, times, failures } => alloc::format!(
                "ejected after {failures}; ejection {times} lasts {times} × {} s, at most {} s, less jitter: {} s, of which {} s are left",
                policy.base.as_secs(),
                policy.max.as_secs(),
                until.since(*since).as_secs(),
                until.since(now).as_secs()
            ),
            Self::HalfOpen { times, failures, probe, .. } => {
                let waits = if probe.is_some() { "one request is finding out" } else { "the next request will find out" };
                alloc::format!("on probation after {times} ejections, the last after {failures}: {waits}")
            }
        }
    }
}

impl AccrualPolicy {
    fn eject(&self, earlier: u32, failures: Failures, now: Moment, random: u64) -> Accrual {
        let times = earlier.saturating_add(1);
        let lasts = millis(self.base.saturating_mul(times).min(self.max));
        let jitter = random % (lasts * u64::from(self.jitter_percent.min(100)) / 100 + 1);
        Accrual::Ejected { since: now, until: now + Duration::from_millis(lasts - jitter), times, failures }
    }
}

/// How many of a group of so many may be ejected: at most this percentage *after* the ejection, but one wherever another
/// remains, and never the last.
///
/// | candidates | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 |
/// |---|---|---|---|---|---|---|---|---|---|---|
/// | at 34 % | 0 | 1 | 1 | 1 | 1 | 2 | 2 | 2 | 3 | 3 |
///
/// One of two: without it half of all requests would go on meeting the broken one.
pub const fn ejectable(candidates: usize, percent_max: u32) -> usize {
    if candidates < 2 || percent_max == 0 {
        return 0;
    }
    let (share, most) = (candidates * percent_max as usize / 100, candidates - 1);
    match share {
        0 => 1,
        share if share > most => most,
        share => share,
    }
}

#[cfg(test)]
#[path = "accrual_tests.rs"]
mod tests;
