//! What is worth remembering: the kinds of journal entries, with their evidence.
//!
//! Owns the vocabulary. Does not own the log, its bounds or its sequence numbers (the registry's store does).

use alloc::string::String;
use alloc::sync::Arc;

use crate::health::Verdict;
use crate::instance::{Instance, InstanceId, Presence, Revision, Verb};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalEvent {
    /// A manager opened the store: the beginning of an epoch.
    ManagerStarted {
        /// Its version.
        version: String,
    },
    /// A manager stopped in order. One that died did not write this.
    ManagerStopped,
    /// An id was registered for the first time, or after it had left.
    Registered {
        /// Which.
        id: InstanceId,
        /// Where it listens.
        endpoint: String,
        /// All that was registered; entries of older versions do not have it.
        instance: Option<Arc<Instance>>,
        /// Who registered it, if it was a caller with a name.
        by: Option<Arc<str>>,
    },
    /// A registered id was registered again or changed.
    Updated {
        /// Which.
        id: InstanceId,
        /// Its new revision.
        revision: Revision,
        /// Where it listens now.
        endpoint: String,
        /// What is ordered for it now.
        presence: Presence,
        /// All that is registered now; entries of older versions do not have it.
        instance: Option<Arc<Instance>>,
        /// Who changed it, if it was a caller with a name.
        by: Option<Arc<str>>,
    },
    /// An operator's order was given, changed, lifted or came to its end.
    Ordered {
        /// For which instance.
        id: InstanceId,
        /// Which.
        verb: Verb,
        /// Who gave it.
        by: Arc<str>,
        /// All that is registered now, with the order in force.
        instance: Option<Arc<Instance>>,
        /// Why, if that was said.
        reason: Option<Arc<str>>,
    },
    /// An id left.
    Deregistered {
        /// Which.
        id: InstanceId,
        /// Who took it out, if it was a caller with a name.
        by: Option<Arc<str>>,
    },
    /// Probes came to another verdict.
    VerdictChanged {
        /// About which instance.
        id: InstanceId,
        /// Before.
        from: Verdict,
        /// Now.
        to: Verdict,
        /// The sentence that says why.
        evidence: String,
    },
    /// Which setups of an instance are in trouble is another than it was, or was looked at for the first time since the manager started.
    SetupsChanged {
        /// Which instance.
        id: InstanceId,
        /// All that are in trouble now, in the order of their ids.
        troubled: Arc<[TroubledSetup]>,
        /// How many setups were seen.
        seen: u32,
    },
    /// The manager does not trust its own checks any more.
    Doubted {
        /// The sentence that says why.
        reason: String,
        /// Because most hosts fell silent together, rather than because this process was late.
        hosts_are_silent: bool,
    },
    /// The manager trusts its checks again.
    Trusted,
    /// Entries were lost because the queue to the journal was full.
    Gap {
        /// How many.
        lost: u64,
    },
}

/// A setup on an instance that does not work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TroubledSetup {
    /// Its id on the instance.
    pub setup: Arc<str>,
    /// Where its data lives, `host:port/database/schema`, if the instance said.
    pub database: Option<Arc<str>>,
    /// It is gone from the instance that had it, rather than there and not working.
    pub is_missing: bool,
    /// The sentence that says why.
    pub reason: Arc<str>,
}

impl JournalEvent {
    /// Every kind there is.
    pub const KINDS: [&'static str; 14] = [
        "instance.deregistered",
        "instance.registered",
        "instance.setups",
        "instance.updated",
        "instance.verdict",
        "journal.gap",
        "manager.doubt",
        "manager.started",
        "manager.stopped",
        "manager.trust",
        "operator.drain",
        "operator.expired",
        "operator.maintenance",
        "operator.resume",
    ];

    /// The word used on the wire and in the store.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::ManagerStarted { .. } => "manager.started",
            Self::ManagerStopped => "manager.stopped",
            Self::Registered { .. } => "instance.registered",
            Self::Updated { .. } => "instance.updated",
            Self::Ordered { verb: Verb::Drain, .. } => "operator.drain",
            Self::Ordered { verb: Verb::Maintenance, .. } => "operator.maintenance",
            Self::Ordered { verb: Verb::Resume, .. } => "operator.resume",
            Self::Ordered { verb: Verb::Expire, .. } => "operator.expired",
            Self::Deregistered { .. } => "instance.deregistered",
            Self::VerdictChanged { .. } => "instance.verdict",
            Self::SetupsChanged { .. } => "instance.setups",
            Self::Doubted { .. } => "manager.doubt",
            Self::Trusted => "manager.trust",
            Self::Gap { .. } => "journal.gap",
        }
    }

    /// The instance it is about, if it is about one.
    pub const fn instance(&self) -> Option<&InstanceId> {
        match self {
            Self::ManagerStarted { .. } | Self::ManagerStopped | Self::Doubted { .. } | Self::Trusted | Self::Gap { .. } => None,
            Self::Registered { id, .. }
            | Self::Updated { id, .. }
            | Self::Ordered { id, .. }
            | Self::Deregistered { id, .. }
            | Self::SetupsChanged { id, .. }
            | Self::VerdictChanged { id, .. } => Some(id),
        }
    }

    /// What was registered after it, if it says so in full.
    pub const fn registered(&self) -> Option<&Arc<Instance>> {
        match self {
            Self::Registered { instance, .. } | Self::Updated { instance, .. } | Self::Ordered { instance, .. } => instance.as_ref(),
            _ => None,
        }
    }
}
