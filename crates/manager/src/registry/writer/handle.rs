//! What callers hold: orders to the writer, and its answers.
//!
//! Owns the queue's bound and the errors. An order that was taken runs to its end even if its caller goes away.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use peegeeq_domain::health::Verdict;
use peegeeq_domain::instance::{Instance, InstanceId, Patch, Registration, Revision};
use peegeeq_domain::journal::JournalEvent;
use peegeeq_domain::rolling::Rolling;
use peegeeq_domain::time::Timestamp;
use tokio::sync::{mpsc, oneshot};

use super::RegistrySettings;
use super::plan::Refusal;
use crate::registry::consul::{Caller, ConsulStatus, Holdings, StatusCell};
use crate::registry::store::{CommitErrorKind, KnownSetups};
use crate::registry::{CatalogReader, Journal};

/// Bundles of verdicts that wait for the writer, which takes them without waiting for the disk.
const JUDGEMENTS_WAITING_MAX: usize = 64;

/// Bundles of journal entries that wait for the writer, which takes them without waiting for the disk.
const NOTES_WAITING_MAX: usize = 4;

/// How long it is waited for a look at what others registered.
const LOOK_TIMEOUT: Duration = Duration::from_secs(1);

/// Answer to a registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// The instance as it is now.
    pub instance: Arc<Instance>,
    /// Whether the id was not registered before.
    pub created: bool,
}

/// Answer to a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Updated {
    /// The instance as it was.
    pub before: Arc<Instance>,
    /// The instance as it is now: the same if nothing changed.
    pub instance: Arc<Instance>,
}

impl Updated {
    /// Whether anything differs from before; if not, it has the revision it had, and the journal says nothing.
    pub fn changed(&self) -> bool {
        self.before.revision != self.instance.revision
    }
}

/// Why an order was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// No such id.
    #[error("no instance with this id is registered")]
    NotFound,
    /// The caller knew another revision.
    #[error("the instance has revision {} by now; read it again", current.0)]
    RevisionMismatch {
        /// The revision that is in force.
        current: Revision,
    },
    /// Too many orders wait.
    #[error("the registry has more to write than it can hold; try again in a moment")]
    Busy,
    /// No more instances are allowed.
    #[error("the registry holds its limit of {limit} instances; deregister some, or raise the limit")]
    InstancesFull {
        /// The limit.
        limit: usize,
    },
    /// The disk refused. Nothing was changed.
    #[error("{sentence}")]
    Storage {
        /// The kind of remedy.
        kind: CommitErrorKind,
        /// What happened and what to do.
        sentence: String,
    },
    /// Consul is not there. Nothing was changed.
    #[error("{sentence}")]
    Away {
        /// What happened.
        sentence: String,
    },
    /// Consul did not say whether it took the change.
    #[error("{sentence}")]
    Unsure {
        /// What happened.
        sentence: String,
    },
    /// Consul does not permit the change.
    #[error("{sentence}")]
    Denied {
        /// What happened and what to do.
        sentence: String,
    },
    /// The entry belongs to an agent of Consul.
    #[error("instance '{id}' belongs to the Consul node '{node}'")]
    Owned {
        /// Which.
        id: InstanceId,
        /// The node.
        node: Arc<str>,
        /// Its address.
        address: Arc<str>,
    },
    /// Another manager changed the same instance at the same time.
    #[error("another manager changed instance '{id}' at the same moment; read it and decide again")]
    Conflict {
        /// Which.
        id: InstanceId,
    },
    /// The manager is stopping.
    #[error("the manager is stopping; try another one, or this one after its restart")]
    Stopping,
}

/// A verdict of the health monitor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// About which instance.
    pub id: InstanceId,
    /// The incarnation that was probed; a verdict about another one is dropped.
    pub incarnation: Revision,
    /// What was found.
    pub verdict: Verdict,
    /// What was found before.
    pub from: Verdict,
    /// The sentence that says why.
    pub evidence: String,
}

/// Whether the store takes writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum StoreStatus {
    /// The last commit succeeded.
    #[default]
    Ok,
    /// The last commit failed.
    Failing {
        /// What happened and what to do.
        sentence: String,
        /// When it began.
        since: Timestamp,
    },
}

pub(super) type Reply<T> = oneshot::Sender<Result<T, RegistryError>>;

/// One order, with the place for its answer.
#[derive(Debug)]
pub(super) enum Command {
    Register {
        registration: Box<Registration>,
        by: Option<Arc<str>>,
        reply: Reply<Registered>,
    },
    Update {
        id: InstanceId,
        change: Box<Change>,
        reply: Reply<Updated>,
    },
    Deregister {
        id: InstanceId,
        by: Option<Arc<str>>,
        reply: Reply<()>,
    },
    /// Which setups are known of instances is to be durable.
    Remember {
        setups: Vec<Arc<KnownSetups>>,
        reply: Reply<()>,
    },
    /// Something beside the catalog is to be durable.
    Keep {
        kept: Kept,
        reply: Reply<()>,
    },
}

/// What of rolling restarts is to be durable, together.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// How far one is.
    pub rolling: Option<Arc<Rolling>>,
    /// Those that are forgotten.
    pub forgotten: Vec<Arc<str>>,
    /// What happened.
    pub events: Vec<JournalEvent>,
}

impl Command {
    /// About which instance of the registry; `None` where it is about what only this manager keeps.
    pub(super) fn id(&self) -> Option<&InstanceId> {
        match self {
            Self::Register { registration, .. } => Some(&registration.id),
            Self::Update { id, .. } | Self::Deregister { id, .. } => Some(id),
            Self::Remember { .. } | Self::Keep { .. } => None,
        }
    }

    /// The place for a refusal.
    pub(super) fn refusal(self) -> Refusal {
        match self {
            Self::Register { reply, .. } => Refusal::Register(reply),
            Self::Update { reply, .. } => Refusal::Update(reply),
            Self::Deregister { reply, .. } => Refusal::Deregister(reply),
            Self::Remember { reply, .. } | Self::Keep { reply, .. } => Refusal::Keep(reply),
        }
    }
}

/// A change of an instance that stays where it is.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) patch: Patch,
    pub(super) expected: Option<Revision>,
    /// Who wants it, if that is known.
    pub(super) by: Option<Arc<str>>,
}

/// A bundle of verdicts; the sender is dropped when the catalog shows them.
pub(super) type Judgements = (Vec<Judgement>, oneshot::Sender<()>);

/// Gives orders to the writer. Cheap to clone.
#[derive(Clone, Debug)]
pub struct RegistryHandle {
    commands: mpsc::Sender<Command>,
    judgements: mpsc::Sender<Judgements>,
    notes: mpsc::Sender<Vec<JournalEvent>>,
    status: Arc<ArcSwap<StoreStatus>>,
    journal: Journal,
    consul: Option<ConsulEnd>,
}

/// What a handle has of a registry that lies in Consul.
#[derive(Clone, Debug)]
pub(super) struct ConsulEnd {
    pub(super) wanted: mpsc::Sender<Caller>,
    pub(super) status: StatusCell,
    pub(super) holdings: Holdings,
    pub(super) catalog: CatalogReader,
}

/// The writer's ends of a [`RegistryHandle`].
pub(super) struct Doors {
    pub(super) commands: mpsc::Receiver<Command>,
    pub(super) judgements: mpsc::Receiver<Judgements>,
    pub(super) notes: mpsc::Receiver<Vec<JournalEvent>>,
    pub(super) status: Arc<ArcSwap<StoreStatus>>,
}

pub(super) fn doors(settings: RegistrySettings, journal: Journal, consul: Option<ConsulEnd>) -> (RegistryHandle, Doors) {
    let (commands, commands_in) = mpsc::channel(settings.queue_max.max(1));
    let (judgements, judgements_in) = mpsc::channel(JUDGEMENTS_WAITING_MAX);
    let (notes, notes_in) = mpsc::channel(NOTES_WAITING_MAX);
    let status = Arc::new(ArcSwap::from_pointee(StoreStatus::Ok));
    let doors = Doors { commands: commands_in, judgements: judgements_in, notes: notes_in, status: status.clone() };
    (RegistryHandle { commands, judgements, notes, status, journal, consul }, doors)
}

impl RegistryHandle {
    /// Registers an instance, or registers it again: then its revision grows even if nothing differs.
    ///
    /// Answers when the registration is durable and the catalog shows it.
    pub async fn register(&self, registration: Registration) -> Result<Registered, RegistryError> {
        self.register_by(registration, None).await
    }

    /// The same, and notes `by`: who wants it.
    pub async fn register_by(&self, registration: Registration, by: Option<Arc<str>>) -> Result<Registered, RegistryError> {
        let registration = Box::new(registration);
        self.order(|reply| Command::Register { registration, by, reply }).await
    }

    /// Changes an instance. With `expected`, only if that is its revision. The patch must have no fault.
    /// Notes `by`: who wants it.
    pub async fn change(
        &self,
        id: InstanceId,
        patch: Patch,
        expected: Option<Revision>,
        by: Option<Arc<str>>,
    ) -> Result<Updated, RegistryError> {
        let change = Box::new(Change { patch, expected, by });
        self.look_for(id.as_str()).await;
        self.order(|reply| Command::Update { id, change, reply }).await
    }

    /// Forgets an instance. Its history stays in the journal.
    pub async fn deregister(&self, id: InstanceId) -> Result<(), RegistryError> {
        self.deregister_by(id, None).await
    }

    /// The same, and notes `by`: who wants it.
    pub async fn deregister_by(&self, id: InstanceId, by: Option<Arc<str>>) -> Result<(), RegistryError> {
        self.look_for(id.as_str()).await;
        self.order(|reply| Command::Deregister { id, by, reply }).await
    }

    /// Makes something of rolling restarts durable, and returns when it is.
    pub async fn keep(&self, kept: Kept) -> Result<(), RegistryError> {
        self.order(|reply| Command::Keep { kept, reply }).await
    }

    /// Hands over verdicts, and returns when the catalog shows them; at once when the manager is stopping. Never waits for
    /// the disk. Verdicts about another incarnation, or that change nothing, are dropped.
    pub async fn judge(&self, judgements: Vec<Judgement>) {
        let (shown, seen) = oneshot::channel();
        if self.judgements.send((judgements, shown)).await.is_ok() {
            // An error means that the writer dropped its end, which is the sign that all is shown.
            let _ = seen.await;
        }
    }

    /// Writes which setups are known of instances, and answers when that is durable. Those of an instance that left are
    /// dropped. Few at a time: they delay the registrations in the same commit.
    pub async fn remember(&self, setups: Vec<Arc<KnownSetups>>) -> Result<(), RegistryError> {
        self.order(|reply| Command::Remember { setups, reply }).await
    }

    /// Hands over what happened beside orders and verdicts, and returns when the writer took it; at once when the manager is
    /// stopping. Journalled when the disk has time.
    pub async fn note(&self, events: Vec<JournalEvent>) {
        // A closed channel: the manager stops, and what comes after its last entry is unknown anyway.
        let _ = self.notes.send(events).await;
    }

    /// What happened.
    pub fn journal(&self) -> Journal {
        self.journal.clone()
    }

    /// Whether the store takes writes.
    pub fn store_status(&self) -> StoreStatus {
        (**self.status.load()).clone()
    }

    /// How Consul is, if the registry lies there.
    pub fn consul(&self) -> Option<Arc<ConsulStatus>> {
        self.consul.as_ref().map(|consul| consul.status.get())
    }

    /// The Consul node that an instance belongs to, if it does not belong to the managers.
    pub fn owner(&self, id: &InstanceId) -> Option<Arc<str>> {
        let held = self.consul.as_ref()?.holdings.get();
        held.get(id).filter(|held| !held.ours).map(|held| held.node.clone())
    }

    /// If an id is unknown and others can register too: looks at what they did, once for all who ask at the same time.
    pub async fn look_for(&self, id: &str) {
        let Some(consul) = &self.consul else { return };
        let answers = consul.status.get().connected == Some(true);
        if !answers || consul.catalog.current().get(id).is_some() {
            return;
        }
        let (caller, shown) = oneshot::channel();
        if consul.wanted.try_send(caller).is_ok() {
            // An error means that the look was taken in, or that Consul did not answer: the caller sees what is known either way.
            let _ = tokio::time::timeout(LOOK_TIMEOUT, shown).await;
        }
    }

    /// How many orders wait for a commit.
    pub fn queue_depth(&self) -> usize {
        self.commands.max_capacity() - self.commands.capacity()
    }

    async fn order<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, RegistryError> {
        let (reply, answer) = oneshot::channel();
        self.commands.try_send(command(reply)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => RegistryError::Busy,
            mpsc::error::TrySendError::Closed(_) => RegistryError::Stopping,
        })?;
        answer.await.unwrap_or(Err(RegistryError::Stopping))
    }
}
