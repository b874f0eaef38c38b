//! What is worth remembering: the kinds of journal entries, with their evidence.
//!
//! Owns the vocabulary. Does not own the log, its bounds or its sequence numbers (the registry's store does).

use alloc::string::String;

use crate::health::Verdict;
use crate::instance::{InstanceId, Presence, Revision};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalEvent {
    /// A manager opened the store: the beginning of an epoch.
    ManagerStarted {
        /// Its version.
        version: String,
    },
    /// An id was registered for the first time, or after it had left.
    Registered {
        /// Which.
        id: InstanceId,
        /// Where it listens.
        endpoint: String,
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
    },
    /// An id left.
    Deregistered {
        /// Which.
        id: InstanceId,
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
    /// Entries were lost because the queue to the journal was full.
    Gap {
        /// How many.
        lost: u64,
    },
}

impl JournalEvent {
    /// The word used on the wire and in the store.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::ManagerStarted { .. } => "manager.started",
            Self::Registered { .. } => "instance.registered",
            Self::Updated { .. } => "instance.updated",
            Self::Deregistered { .. } => "instance.deregistered",
            Self::VerdictChanged { .. } => "instance.verdict",
            Self::Gap { .. } => "journal.gap",
        }
    }

    /// The instance it is about, if it is about one.
    pub const fn instance(&self) -> Option<&InstanceId> {
        match self {
            Self::ManagerStarted { .. } | Self::Gap { .. } => None,
            Self::Registered { id, .. } | Self::Updated { id, .. } | Self::Deregistered { id } | Self::VerdictChanged { id, .. } => {
                Some(id)
            }
        }
    }
}
