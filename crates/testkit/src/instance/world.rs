//! Owns what a simulated instance could find in its databases: setups, queues, groups, event stores, and how
//! their numbers move. Does not own what the instance remembers about them, nor how it tells them.

/// Everything that the databases behind one instance hold. Lists keep their order; answers do not sort them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct World {
    /// The setups, also those that the instance has forgotten at a restart.
    pub setups: Vec<Setup>,
}

/// A PeeGeeQ schema in one database.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// The id under which the instance knows it.
    pub id: String,
    /// Where the data lives.
    pub database: Database,
    /// Queues of the setup.
    pub queues: Vec<Queue>,
    /// Subscriptions of consumer groups.
    pub groups: Vec<ConsumerGroup>,
    /// Bi-temporal event stores.
    pub stores: Vec<EventStore>,
}

/// The physical place of a setup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// Host as configured in the instance.
    pub host: String,
    /// TCP port of PostgreSQL.
    pub port: u16,
    /// Name of the database.
    pub name: String,
    /// Schema within the database.
    pub schema: String,
}

/// How a queue is implemented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueKind {
    /// LISTEN and NOTIFY.
    Native,
    /// Transactional outbox.
    Outbox,
}

impl QueueKind {
    /// The word on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Outbox => "outbox",
        }
    }
}

/// One queue and its counters.
#[derive(Clone, Debug, PartialEq)]
pub struct Queue {
    /// Name, unique within the setup.
    pub name: String,
    /// Implementation.
    pub kind: QueueKind,
    /// Messages waiting.
    pub messages: u64,
    /// Consumers attached.
    pub consumers: u64,
    /// Messages per second.
    pub rate: f64,
    /// Messages done since the queue exists.
    pub processed: u64,
    /// Messages that ended as dead letters.
    pub dead_lettered: u64,
}

impl Queue {
    /// A queue without messages, consumers and traffic.
    #[must_use]
    pub fn new(name: impl Into<String>, kind: QueueKind) -> Self {
        Self { name: name.into(), kind, messages: 0, consumers: 0, rate: 0.0, processed: 0, dead_lettered: 0 }
    }

    /// The same queue with these numbers.
    #[must_use]
    pub fn with(mut self, messages: u64, consumers: u64, rate: f64) -> Self {
        (self.messages, self.consumers, self.rate) = (messages, consumers, rate);
        self
    }
}

/// What a consumer group is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupStatus {
    /// It reads.
    Active,
    /// It was told to pause.
    Paused,
    /// Its heartbeats stopped.
    Dead,
}

impl GroupStatus {
    /// The word on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Dead => "dead",
        }
    }
}

/// The subscription of a consumer group to a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerGroup {
    /// Name of the group.
    pub name: String,
    /// The queue it reads.
    pub queue: String,
    /// Members; real instances only ever say 0 or 1.
    pub members: u64,
    /// What it is doing.
    pub status: GroupStatus,
}

impl ConsumerGroup {
    /// A group of `members` in a status.
    #[must_use]
    pub fn new(name: &str, queue: &str, members: u64, status: GroupStatus) -> Self {
        Self { name: name.to_owned(), queue: queue.to_owned(), members, status }
    }
}

/// An event store and its counters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventStore {
    /// Name, unique within the setup.
    pub name: String,
    /// Events by type; their sum is the number of events.
    pub events: Vec<(String, u64)>,
    /// Distinct aggregates.
    pub aggregates: u64,
    /// Corrections of earlier events.
    pub corrections: u64,
}

impl EventStore {
    /// A store without corrections.
    #[must_use]
    pub fn new(name: &str, aggregates: u64, events: &[(&str, u64)]) -> Self {
        let events = events.iter().map(|(kind, count)| ((*kind).to_owned(), *count)).collect();
        Self { name: name.to_owned(), events, aggregates, corrections: 0 }
    }

    /// Number of events of all types.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.events.iter().map(|(_, count)| count).sum()
    }
}

impl Setup {
    /// An empty setup in database `peegeeq_<id>` on `127.0.0.1:5432`, schema `peegeeq`.
    #[must_use]
    pub fn empty(id: &str) -> Self {
        let database = Database { host: "127.0.0.1".to_owned(), port: 5_432, name: format!("peegeeq_{id}"), schema: "peegeeq".to_owned() };
        Self { id: id.to_owned(), database, queues: vec![], groups: vec![], stores: vec![] }
    }

    /// A queue of this setup by name.
    #[must_use]
    pub fn queue(&self, name: &str) -> Option<&Queue> {
        self.queues.iter().find(|queue| queue.name == name)
    }

    /// Messages waiting in all queues.
    #[must_use]
    pub fn total_messages(&self) -> u64 {
        self.queues.iter().map(|queue| queue.messages).sum()
    }
}
