//! Owns which path is which question, and which methods each question takes. Does not own the answers.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// A question that an instance understands. Names are taken from the path, percent-decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Root,
    Health,
    ApiHealth,
    Prometheus,
    Overview,
    Queues,
    QueueOfManagement(String, String),
    ConsumerGroups,
    EventStores,
    Metrics,
    MessagesOfManagement,
    Setups,
    Create,
    Connect,
    OfSetup(String, SetupQuestion),
    OfQueue(String, String, QueueQuestion),
    OfStore(String, String, StoreQuestion),
    Webhook(String),
    Events(Events),
}

/// A question about one setup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SetupQuestion {
    Details,
    Status,
    Health,
    Components,
    Component(String),
    Queues,
    EventStores,
    Telemetry,
    AlertSummary,
    DeadLetters,
    DeadLetterStats,
    Detach,
    Delete,
    Drop,
    Subscriptions(String),
    Subscription(String, String),
    SubscriptionOrder(String, String, String),
    Webhooks(String),
}

/// A question about one queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum QueueQuestion {
    Details,
    Stats,
    Messages,
    Batch,
    Consumers,
    Bindings,
    Order(QueueOrder),
    Groups,
    Group(String),
    Members(String),
    Member(String, String),
    GroupSubscription(String),
}

/// What a queue can be told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QueueOrder {
    Purge,
    Pause,
    Resume,
    Publish,
}

/// A question about one event store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoreQuestion {
    Store,
    Stats,
    Events,
    Event(String),
}

/// A stream of server-sent events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Events {
    Health,
    Metrics,
    Setup(String),
    Messages(String, String),
    Stats(String, String),
    Store(String, String),
}

impl Endpoint {
    /// The question of a path; `None` for paths that nobody serves.
    pub(crate) fn of(path: &str) -> Option<Self> {
        let decoded: Vec<Cow<'_, str>> =
            path.trim_start_matches('/').split('/').map(|segment| percent_decode_str(segment).decode_utf8_lossy()).collect();
        let segments: Vec<&str> = decoded.iter().map(AsRef::as_ref).collect();
        match segments.as_slice() {
            [""] => Some(Self::Root),
            ["health"] => Some(Self::Health),
            ["metrics"] => Some(Self::Prometheus),
            ["sse", "metrics"] => Some(Self::Events(Events::Metrics)),
            ["api", "v1", rest @ ..] => Self::of_api(rest),
            _ => None,
        }
    }

    fn of_api(segments: &[&str]) -> Option<Self> {
        match segments {
            ["health"] => Some(Self::ApiHealth),
            ["management", list @ ..] => Self::of_management(list),
            ["setups"] => Some(Self::Setups),
            ["database-setup", "create"] => Some(Self::Create),
            ["database-setup", "connect"] => Some(Self::Connect),
            ["database-setup", setup] => Some(Self::OfSetup((*setup).to_owned(), SetupQuestion::Delete)),
            ["database-setup", setup, "status"] => Some(Self::OfSetup((*setup).to_owned(), SetupQuestion::Status)),
            ["setups", setup, rest @ ..] => SetupQuestion::of(rest).map(|question| Self::OfSetup((*setup).to_owned(), question)),
            ["queues" | "consumer-groups", ..] => Self::of_queues(segments),
            ["eventstores", setup, store, "events", "stream"] => {
                Some(Self::Events(Events::Store((*setup).to_owned(), (*store).to_owned())))
            }
            ["eventstores", setup, store, rest @ ..] => {
                StoreQuestion::of(rest).map(|question| Self::OfStore((*setup).to_owned(), (*store).to_owned(), question))
            }
            ["webhook-subscriptions", id] => Some(Self::Webhook((*id).to_owned())),
            ["sse", "health"] => Some(Self::Events(Events::Health)),
            ["sse", "metrics"] => Some(Self::Events(Events::Metrics)),
            ["sse", "queues", setup] => Some(Self::Events(Events::Setup((*setup).to_owned()))),
            _ => None,
        }
    }

    fn of_queues(segments: &[&str]) -> Option<Self> {
        let own = |text: &&str| (*text).to_owned();
        match segments {
            ["queues", setup, queue, "messages", "stream"] => Some(Self::Events(Events::Messages(own(setup), own(queue)))),
            ["queues", setup, queue, "stats", "stream"] => Some(Self::Events(Events::Stats(own(setup), own(queue)))),
            ["queues", setup, queue, rest @ ..] => QueueQuestion::of(rest).map(|question| Self::OfQueue(own(setup), own(queue), question)),
            ["consumer-groups", setup, queue, group, "subscription"] => {
                Some(Self::OfQueue(own(setup), own(queue), QueueQuestion::GroupSubscription(own(group))))
            }
            _ => None,
        }
    }

    fn of_management(list: &[&str]) -> Option<Self> {
        match list {
            ["overview"] => Some(Self::Overview),
            ["queues"] => Some(Self::Queues),
            ["queues", setup, queue] => Some(Self::QueueOfManagement((*setup).to_owned(), (*queue).to_owned())),
            ["consumer-groups"] => Some(Self::ConsumerGroups),
            ["event-stores"] => Some(Self::EventStores),
            ["metrics"] => Some(Self::Metrics),
            ["messages"] => Some(Self::MessagesOfManagement),
            _ => None,
        }
    }

    /// The methods that are taken, as the `allow` header lists them.
    pub(crate) fn allowed(&self) -> &'static str {
        match self {
            Self::Create | Self::Connect => "POST",
            Self::Setups | Self::Queues | Self::ConsumerGroups | Self::EventStores => "GET,POST",
            Self::QueueOfManagement(..) => "PUT,DELETE",
            Self::Webhook(_) => "GET,DELETE",
            Self::OfSetup(_, question) => question.allowed(),
            Self::OfQueue(_, _, question) => question.allowed(),
            Self::OfStore(_, _, question) => question.allowed(),
            _ => "GET",
        }
    }

    /// Whether the answer depends on nothing but the path and the world, so that it may be kept for a moment.
    pub(crate) fn is_pure(&self) -> bool {
        use SetupQuestion as Ask;
        match self {
            Self::Prometheus | Self::Metrics | Self::MessagesOfManagement | Self::Webhook(_) | Self::Events(_) => false,
            Self::OfSetup(_, question) => !matches!(question, Ask::Subscriptions(_) | Ask::Subscription(..)),
            Self::OfQueue(_, _, question) => matches!(question, QueueQuestion::Details | QueueQuestion::Stats),
            Self::OfStore(_, _, question) => *question == StoreQuestion::Stats,
            _ => true,
        }
    }
}

impl SetupQuestion {
    fn of(segments: &[&str]) -> Option<Self> {
        let own = |text: &&str| (*text).to_owned();
        match segments {
            [] => Some(Self::Details),
            ["status"] => Some(Self::Status),
            ["health"] => Some(Self::Health),
            ["health", "components"] => Some(Self::Components),
            ["health", "components", name] => Some(Self::Component(own(name))),
            ["queues"] => Some(Self::Queues),
            ["eventstores"] => Some(Self::EventStores),
            ["db-telemetry"] => Some(Self::Telemetry),
            ["consumer-alerts", "summary"] => Some(Self::AlertSummary),
            ["deadletter", "messages"] => Some(Self::DeadLetters),
            ["deadletter", "stats"] => Some(Self::DeadLetterStats),
            ["detach"] => Some(Self::Detach),
            ["database", "drop"] => Some(Self::Drop),
            ["subscriptions", topic] => Some(Self::Subscriptions(own(topic))),
            ["subscriptions", topic, group] => Some(Self::Subscription(own(topic), own(group))),
            ["subscriptions", topic, group, order] => Some(Self::SubscriptionOrder(own(topic), own(group), own(order))),
            ["queues", queue, "webhook-subscriptions"] => Some(Self::Webhooks(own(queue))),
            _ => None,
        }
    }

    fn allowed(&self) -> &'static str {
        match self {
            Self::Details | Self::Subscription(..) => "GET,DELETE",
            Self::Queues | Self::EventStores | Self::Subscriptions(_) => "GET,POST",
            Self::Detach | Self::Drop | Self::SubscriptionOrder(..) | Self::Webhooks(_) => "POST",
            Self::Delete => "DELETE",
            _ => "GET",
        }
    }
}

impl QueueQuestion {
    fn of(segments: &[&str]) -> Option<Self> {
        let own = |text: &&str| (*text).to_owned();
        match segments {
            [] => Some(Self::Details),
            ["stats"] => Some(Self::Stats),
            ["messages"] => Some(Self::Messages),
            ["messages", "batch"] => Some(Self::Batch),
            ["consumers"] => Some(Self::Consumers),
            ["bindings"] => Some(Self::Bindings),
            ["purge"] => Some(Self::Order(QueueOrder::Purge)),
            ["pause"] => Some(Self::Order(QueueOrder::Pause)),
            ["resume"] => Some(Self::Order(QueueOrder::Resume)),
            ["publish"] => Some(Self::Order(QueueOrder::Publish)),
            ["consumer-groups"] => Some(Self::Groups),
            ["consumer-groups", group] => Some(Self::Group(own(group))),
            ["consumer-groups", group, "members"] => Some(Self::Members(own(group))),
            ["consumer-groups", group, "members", member] => Some(Self::Member(own(group), own(member))),
            _ => None,
        }
    }

    fn allowed(&self) -> &'static str {
        match self {
            Self::Details | Self::Group(_) => "GET,DELETE",
            Self::Stats | Self::Consumers | Self::Bindings => "GET",
            Self::Messages | Self::Groups => "GET,POST",
            Self::Batch | Self::Order(_) | Self::Members(_) => "POST",
            Self::Member(..) => "DELETE",
            Self::GroupSubscription(_) => "GET,POST,DELETE",
        }
    }
}

impl StoreQuestion {
    fn of(segments: &[&str]) -> Option<Self> {
        match segments {
            [] => Some(Self::Store),
            ["stats"] => Some(Self::Stats),
            ["events"] => Some(Self::Events),
            ["events", id] => Some(Self::Event((*id).to_owned())),
            _ => None,
        }
    }

    fn allowed(&self) -> &'static str {
        match self {
            Self::Store => "DELETE",
            Self::Events => "GET,POST",
            Self::Stats | Self::Event(_) => "GET",
        }
    }
}
