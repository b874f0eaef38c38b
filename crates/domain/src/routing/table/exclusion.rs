//! Why somebody who might serve a request does not.

use alloc::sync::Arc;
use core::fmt;

use crate::catalog::Entry;
use crate::health::HealthState;
use crate::instance::Presence;
use crate::time::Moment;

/// Why a member is no candidate, in a group or altogether.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exclusion {
    /// Probes do not find it healthy.
    NotHealthy(HealthState),
    /// An operator drains it.
    Draining,
    /// It is going away.
    Stopping,
    /// An operator took it out.
    Maintenance,
    /// Its weight is 0.
    NoWeight,
    /// It failed too many requests in a row.
    Ejected {
        /// When it will be tried again.
        until: Moment,
    },
    /// It says that the setup's database is down.
    DatabaseDown {
        /// In its words.
        reason: Arc<str>,
    },
    /// It had the setup and lost it, as instances do when they restart.
    SetupMissing,
    /// It is farther away than requests may go.
    OutOfReach,
    /// It did not tell yet which database the setup is, and others did.
    DatabaseUnknown,
    /// It does not know the queue, and others of the same database do.
    QueueUnknown,
}

impl Exclusion {
    /// What excludes a member from everything, by what was ordered and observed.
    pub fn of(entry: &Entry) -> Option<Self> {
        match entry.instance.presence {
            Presence::Draining => Some(Self::Draining),
            Presence::Stopping => Some(Self::Stopping),
            Presence::Maintenance => Some(Self::Maintenance),
            Presence::Starting | Presence::Serving => match entry.state() {
                // Its weight is no fault of its health: where a weight counts, it is looked at there.
                HealthState::Healthy => None,
                state => Some(Self::NotHealthy(state)),
            },
        }
    }

    /// The code word on the wire.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::NotHealthy(_) => "not-healthy",
            Self::Draining => "draining",
            Self::Stopping => "stopping",
            Self::Maintenance => "maintenance",
            Self::NoWeight => "weight-zero",
            Self::Ejected { .. } => "ejected",
            Self::DatabaseDown { .. } => "database-down",
            Self::SetupMissing => "setup-missing",
            Self::OutOfReach => "out-of-reach",
            Self::DatabaseUnknown => "database-unknown",
            Self::QueueUnknown => "queue-unknown",
        }
    }
}

impl fmt::Display for Exclusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotHealthy(state) => write!(f, "it is not healthy: {}", state.as_str()),
            Self::Draining => f.write_str("it is being drained"),
            Self::Stopping => f.write_str("it is stopping"),
            Self::Maintenance => f.write_str("it is in maintenance"),
            Self::NoWeight => f.write_str("its weight is 0"),
            Self::Ejected { .. } => f.write_str("it failed too many requests in a row and is left alone for a while"),
            Self::DatabaseDown { reason } => write!(f, "the database of the setup is down there: {reason}"),
            Self::SetupMissing => f.write_str("it lost the setup: attach it again with POST /api/v1/database-setup/connect"),
            Self::OutOfReach => f.write_str("it is farther away than requests may go"),
            Self::DatabaseUnknown => f.write_str("it did not tell yet which database the setup is"),
            Self::QueueUnknown => f.write_str("it does not know the queue until the setup is attached there again"),
        }
    }
}
