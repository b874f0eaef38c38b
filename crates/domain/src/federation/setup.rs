//! Setups as they are attached to instances, and how to tell that two of them are the same database.
//!
//! Owns the binding, its health and its physical identity. Does not own how bindings are learned, nor what is done with
//! setups that turn out to be shared.

use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;

use super::Source;

/// One setup in the memory of one instance, as last seen there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetupBinding {
    /// Its id, unique only within the instance.
    pub setup: Arc<str>,
    /// The database behind it; `None` until the instance told all of it.
    pub database: Option<DatabaseAddress>,
    /// The names of its queues in the instance's memory; `None` until the instance told them.
    pub queues: Option<Arc<[Arc<str>]>>,
    /// What the instance says about its database.
    pub health: SetupHealth,
    /// Seen on this instance before, and gone without anybody having detached or deleted it through us.
    pub missing: bool,
}

/// Where the data of a setup lies, in the instance's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseAddress {
    /// A name, an address, or the path of a socket, as the *instance* sees it.
    pub host: Arc<str>,
    /// The port.
    pub port: u16,
    /// The name of the database.
    pub database: Arc<str>,
    /// The schema.
    pub schema: Arc<str>,
}

/// What an instance says about the database of a setup.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SetupHealth {
    /// It answers.
    Up,
    /// It does not: whatever the instance says about this setup is empty lists and zeros.
    Down {
        /// Which components are down and why, in one sentence.
        reason: String,
    },
    /// It was asked in vain: what it says about this setup may be true, but its empty lists and zeros prove nothing.
    Untold {
        /// What came instead of an answer.
        reason: String,
    },
    /// Nobody asked yet, or the instance has no such question.
    #[default]
    Unknown,
}

/// Why the rows of a setup are unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetupTrouble {
    /// Its database is down.
    DatabaseDown {
        /// Which components are down and why.
        reason: String,
    },
    /// The instance was asked for the health of its database in vain: its zeros are unknown.
    HealthUntold {
        /// What came instead of an answer.
        reason: String,
    },
    /// The instance forgot it, as instances do when they restart.
    Missing,
    /// The instance holds queues of this setup in memory and listed none, as it does when the database has just gone.
    RowsAbsent {
        /// How many queues the setup has.
        expected: usize,
    },
}

impl SetupTrouble {
    /// The code word on the wire.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::DatabaseDown { .. } => "database-down",
            Self::HealthUntold { .. } => "health-unknown",
            Self::Missing => "missing",
            Self::RowsAbsent { .. } => "rows-absent",
        }
    }
}

impl fmt::Display for SetupTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DatabaseDown { reason } => write!(f, "the database of the setup is down: {reason}"),
            Self::HealthUntold { reason } => {
                write!(f, "whether the database of the setup is up could not be learned, so its zeros are unknown: {reason}")
            }
            Self::Missing => f.write_str("the instance no longer has the setup: attach it again with POST /api/v1/database-setup/connect"),
            Self::RowsAbsent { expected } => {
                write!(f, "the instance listed none of the setup's {expected} queues, as if its database were away")
            }
        }
    }
}

/// What makes two setups the same data.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhysicalIdentity {
    /// The environment of the instances.
    pub environment: Arc<str>,
    /// The region of the instances.
    pub region: Arc<str>,
    /// The host of the database, seen from anywhere.
    pub host: PhysicalHost,
    /// The port.
    pub port: u16,
    /// The name of the database.
    pub database: Arc<str>,
    /// The schema.
    pub schema: Arc<str>,
}

/// The host of a database, seen from anywhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PhysicalHost {
    /// A name or address that means the same machine to every instance of a region, in lower case.
    Named(String),
    /// On the instance's own machine: "localhost" means another database on every host.
    BesideInstance {
        /// The host under which the instance is registered, in lower case; `localhost` for all its spellings.
        instance_host: String,
        /// The directory of the socket, if it is reached that way.
        socket: Option<Arc<str>>,
    },
}

impl SetupBinding {
    /// Who this setup physically is when `source` has it; `None` if the instance did not tell enough.
    pub fn physical_identity(&self, source: &Source) -> Option<PhysicalIdentity> {
        let address = self.database.as_ref()?;
        Some(PhysicalIdentity {
            environment: source.environment.clone(),
            region: source.region.clone(),
            host: PhysicalHost::seen_from(&source.host, &address.host),
            port: address.port,
            database: address.database.clone(),
            schema: address.schema.clone(),
        })
    }

    /// What is known to be wrong with the setup, given whether the instance just told something of it.
    pub(super) fn trouble(&self, told: bool) -> Option<SetupTrouble> {
        match &self.health {
            // What is told is there again: the binding is older than the answer.
            _ if self.missing && !told => Some(SetupTrouble::Missing),
            SetupHealth::Down { reason } => Some(SetupTrouble::DatabaseDown { reason: reason.clone() }),
            SetupHealth::Untold { reason } => Some(SetupTrouble::HealthUntold { reason: reason.clone() }),
            SetupHealth::Up | SetupHealth::Unknown => None,
        }
    }
}

impl PhysicalHost {
    fn seen_from(instance_host: &str, database_host: &Arc<str>) -> Self {
        let host = plain(database_host);
        let socket = host.starts_with(['/', '@']).then(|| database_host.clone());
        if socket.is_none() && !is_loopback(&host) {
            return Self::Named(host);
        }
        let own = plain(instance_host);
        let instance_host = if is_loopback(&own) { "localhost".into() } else { own };
        Self::BesideInstance { instance_host, socket }
    }
}

/// A host without the brackets of a literal, the dot of a complete name and capital letters.
fn plain(host: &str) -> String {
    host.trim().trim_start_matches('[').trim_end_matches([']', '.']).to_ascii_lowercase()
}

/// Whether a host means the machine that asks; so does no host at all.
fn is_loopback(host: &str) -> bool {
    use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
    let mine = |address: Ipv4Addr| address.is_loopback() || address.is_unspecified();
    match host.parse() {
        Ok(IpAddr::V4(address)) => mine(address),
        Ok(IpAddr::V6(address)) => match address.to_ipv4_mapped() {
            Some(mapped) => mine(mapped),
            None => address == Ipv6Addr::LOCALHOST || address == Ipv6Addr::UNSPECIFIED,
        },
        Err(_) => matches!(host, "" | "localhost" | "localhost.localdomain" | "ip6-localhost") || host.ends_with(".localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(instance: &str, database: &str) -> PhysicalHost {
        PhysicalHost::seen_from(instance, &database.into())
    }

    #[test]
    fn named_hosts_are_the_same_from_everywhere() {
        assert_eq!(seen("10.0.0.1", "DB.internal."), seen("10.0.0.2", "db.internal"));
        assert_ne!(seen("10.0.0.1", "db1"), seen("10.0.0.1", "db2"));
    }

    #[test]
    fn loopback_is_another_database_on_every_host() {
        assert_ne!(seen("10.0.0.1", "127.0.0.1"), seen("10.0.0.2", "127.0.0.1"));
        for spelling in ["localhost", "127.0.0.1", "127.1.2.3", "::1", "[::1]", "::ffff:127.0.0.1", "", "LOCALHOST."] {
            assert_eq!(seen("10.0.0.1", spelling), seen("10.0.0.1", "localhost"), "{spelling}");
        }
        assert_eq!(seen("localhost", "127.0.0.1"), seen("127.0.0.1", "localhost"));
    }

    #[test]
    fn sockets_are_told_apart_by_their_directory() {
        assert_ne!(seen("10.0.0.1", "/run/postgresql"), seen("10.0.0.2", "/run/postgresql"));
        assert_ne!(seen("10.0.0.1", "/run/one"), seen("10.0.0.1", "/run/two"));
        assert_eq!(seen("10.0.0.1", "/run/one"), seen("10.0.0.1", "/run/one"));
    }
}
