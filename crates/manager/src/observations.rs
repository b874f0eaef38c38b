//! What was last seen of each instance: the times, evidence and details that lie beside the catalog.
//!
//! Owns the last checkup and the last look at the setups of every member. The health room writes, everybody reads.
//! Does not own verdicts (those are in the catalog), and is never stored.

mod bindings;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use peegeeq_domain::health::{Doubt, FailureKind};
use peegeeq_domain::instance::InstanceId;
use peegeeq_domain::time::{Moment, Timestamp};

use crate::certificates::Facts;

/// How long the parts of a probe took. A part that did not happen is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Phases {
    /// Resolving the name.
    pub dns: Option<Duration>,
    /// Opening the connection.
    pub connect: Option<Duration>,
    /// The TLS handshake.
    pub tls: Option<Duration>,
    /// From sending the request to the head of the answer.
    pub first_byte: Option<Duration>,
    /// From the beginning to the end, or to the failure.
    pub total: Duration,
}

/// Why a checkup failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckupFailure {
    /// The kind of failure.
    pub kind: FailureKind,
    /// The sentence for people.
    pub sentence: String,
}

/// One look at an instance's health.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkup {
    /// When it ended.
    pub at: Timestamp,
    /// When it ended, on the process's clock.
    pub moment: Moment,
    /// `None` if it passed.
    pub failure: Option<CheckupFailure>,
    /// Status of the answer, if one came.
    pub status: Option<u16>,
    /// Timings.
    pub phases: Phases,
    /// The answer's body if it was JSON and small: valid JSON text.
    pub health_data: Option<Arc<str>>,
    /// What the instance's certificate says, over TLS.
    pub certificate: Option<Arc<Facts>>,
    /// Failed checks in a row that count, after this one. The verdict in the catalog has the number at its last change.
    pub consecutive_failures: u32,
}

/// Whether one setup on one instance reaches its database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetupHealth {
    /// It says so.
    Up,
    /// It says it does not; the components that are not healthy.
    Down {
        /// `component: message`, joined.
        reason: String,
    },
    /// It was asked and did not say.
    Unknown {
        /// Why we do not know.
        reason: String,
    },
    /// It was not asked yet, or has no such question.
    NotAsked,
}

/// Where a setup's data lives, as the instance says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Database {
    /// Host of the database server, as the instance sees it.
    pub host: String,
    /// Port of the database server.
    pub port: u16,
    /// Name of the database.
    pub name: String,
    /// Schema within it.
    pub schema: String,
}

/// One setup on one instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetupSeen {
    /// Its id, unique only within the instance.
    pub id: Arc<str>,
    /// Whether it works.
    pub health: SetupHealth,
    /// Where its data lives; `None` until the instance said.
    pub database: Option<Database>,
    /// Names of its queues when it was last asked about in detail, sorted.
    pub queues: Vec<Arc<str>>,
    /// Seen earlier on this instance, and now gone without a detach through us.
    pub missing: bool,
}

/// One look at the setups of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetupsSeen {
    /// When it ended.
    pub at: Timestamp,
    /// Sorted by id.
    pub setups: Vec<SetupSeen>,
    /// What is wrong with the list: the last look failed, or there is more than is looked at.
    pub failure: Option<String>,
    /// The last look failed as a whole: everything here is from an earlier one.
    pub stale: bool,
}

/// What was last seen of one instance.
#[derive(Debug, Default)]
pub struct Slot {
    checkup: ArcSwapOption<Checkup>,
    setups: ArcSwapOption<SetupsSeen>,
    /// When a checkup last passed, in milliseconds of the process's clock and one more; 0: never.
    passed: AtomicU64,
    /// What `Observations::standing` grew to when something but a time last changed here; 0: never.
    standing: AtomicU64,
}

impl Slot {
    /// Another number whenever something but a time changed: a reason, a setup.
    pub fn standing(&self) -> u64 {
        self.standing.load(Ordering::Acquire)
    }

    /// The last checkup, if there was one under the present address.
    pub fn checkup(&self) -> Option<Arc<Checkup>> {
        self.checkup.load_full()
    }

    /// When a checkup last passed under the present address.
    pub fn last_passed(&self) -> Option<Moment> {
        self.passed.load(Ordering::Acquire).checked_sub(1).map(Moment::from_millis)
    }

    /// The last look at its setups, if there was one.
    pub fn setups(&self) -> Option<Arc<SetupsSeen>> {
        self.setups.load_full()
    }
}

/// What was last seen of every instance. Reading never waits.
#[derive(Debug, Default)]
pub struct Observations {
    slots: ArcSwap<HashMap<InstanceId, Arc<Slot>>>,
    doubt: ArcSwapOption<Doubt>,
    edition: AtomicU64,
    standing: AtomicU64,
}

impl Observations {
    /// What was last seen of one instance.
    pub fn slot(&self, id: &str) -> Option<Arc<Slot>> {
        self.slots.load().get(id).cloned()
    }

    /// All slots, for a reader that walks the whole catalog.
    pub fn slots(&self) -> Arc<HashMap<InstanceId, Arc<Slot>>> {
        self.slots.load_full()
    }

    /// Grows with every checkup and every look at setups: tells a reader that its rendering is out of date.
    pub fn edition(&self) -> u64 {
        self.edition.load(Ordering::Acquire)
    }

    /// Grows when something but a time changed: a reason, a setup. Goes into ETags beside the generation.
    pub fn standing(&self) -> u64 {
        self.standing.load(Ordering::Acquire)
    }

    /// Why the manager doubts itself, if it does.
    pub fn doubt(&self) -> Option<Doubt> {
        self.doubt.load().as_deref().copied()
    }

    /// Sets or clears the doubt.
    pub fn set_doubt(&self, doubt: Option<Doubt>) {
        self.doubt.store(doubt.map(Arc::new));
    }

    /// Makes the slots those of `members`: keeps what is known of those that stay. `moved` begin afresh.
    pub fn follow(&self, members: impl Iterator<Item = InstanceId>, moved: &[InstanceId]) {
        let old = self.slots.load();
        let kept = |id: &InstanceId| old.get(id).filter(|_| !moved.contains(id)).cloned().unwrap_or_default();
        let next: HashMap<_, _> = members
            .map(|id| {
                let slot = kept(&id);
                (id, slot)
            })
            .collect();
        self.slots.store(Arc::new(next));
        self.standing.fetch_add(u64::from(!moved.is_empty()), Ordering::AcqRel);
        self.edition.fetch_add(1, Ordering::AcqRel);
    }

    /// Notes a checkup of a member; one of a stranger is dropped.
    pub fn note_checkup(&self, id: &str, checkup: Checkup) {
        let slots = self.slots.load();
        let Some(slot) = slots.get(id) else { return };
        let shown = |checkup: &Checkup| (checkup.failure.clone(), checkup.consecutive_failures);
        let same = slot.checkup.load().as_ref().is_some_and(|before| shown(before) == shown(&checkup));
        if checkup.failure.is_none() {
            slot.passed.store(checkup.moment.as_millis().saturating_add(1), Ordering::Release);
        }
        slot.checkup.store(Some(Arc::new(checkup)));
        self.noted(slot, same);
    }

    /// Notes a look at the setups of a member; one of a stranger is dropped.
    pub fn note_setups(&self, id: &str, setups: SetupsSeen) {
        let slots = self.slots.load();
        let Some(slot) = slots.get(id) else { return };
        let same = slot
            .setups
            .load()
            .as_ref()
            .is_some_and(|before| before.setups == setups.setups && before.failure == setups.failure && before.stale == setups.stale);
        slot.setups.store(Some(Arc::new(setups)));
        self.noted(slot, same);
    }

    fn noted(&self, slot: &Slot, same_but_for_the_time: bool) {
        if !same_but_for_the_time {
            // First here, so that whoever sees that something changed finds where.
            slot.standing.store(self.standing.load(Ordering::Acquire) + 1, Ordering::Release);
            self.standing.fetch_add(1, Ordering::AcqRel);
        }
        self.edition.fetch_add(1, Ordering::AcqRel);
    }
}
