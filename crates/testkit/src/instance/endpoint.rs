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
    ConsumerGroups,
    EventStores,
    Metrics,
    Setups,
    Connect,
    OfSetup(String, SetupQuestion),
    OfQueue(String, String, QueueQuestion),
    StoreStats(String, String),
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
    Detach,
}

/// A question about one queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QueueQuestion {
    Details,
    Stats,
    Messages,
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
            ["api", "v1", rest @ ..] => Self::of_api(rest),
            _ => None,
        }
    }

    fn of_api(segments: &[&str]) -> Option<Self> {
        match segments {
            ["health"] => Some(Self::ApiHealth),
            ["management", list] => Self::of_management(list),
            ["setups"] => Some(Self::Setups),
            ["database-setup", "connect"] => Some(Self::Connect),
            ["setups", setup, rest @ ..] => SetupQuestion::of(rest).map(|question| Self::OfSetup((*setup).to_owned(), question)),
            ["queues", setup, queue, rest @ ..] => {
                QueueQuestion::of(rest).map(|question| Self::OfQueue((*setup).to_owned(), (*queue).to_owned(), question))
            }
            ["eventstores", setup, store, "stats"] => Some(Self::StoreStats((*setup).to_owned(), (*store).to_owned())),
            _ => None,
        }
    }

    fn of_management(list: &str) -> Option<Self> {
        match list {
            "overview" => Some(Self::Overview),
            "queues" => Some(Self::Queues),
            "consumer-groups" => Some(Self::ConsumerGroups),
            "event-stores" => Some(Self::EventStores),
            "metrics" => Some(Self::Metrics),
            _ => None,
        }
    }

    /// The methods that are taken, as the `allow` header lists them.
    pub(crate) fn allowed(&self) -> &'static str {
        match self {
            Self::Connect | Self::OfSetup(_, SetupQuestion::Detach) | Self::OfQueue(_, _, QueueQuestion::Messages) => "POST",
            Self::OfSetup(_, SetupQuestion::Details) => "GET,DELETE",
            _ => "GET",
        }
    }

    /// Whether the answer depends on nothing but the world, so that it may be kept for a moment.
    pub(crate) fn is_pure(&self) -> bool {
        !matches!(self, Self::Prometheus | Self::Metrics) && self.allowed() != "POST"
    }
}

impl SetupQuestion {
    fn of(segments: &[&str]) -> Option<Self> {
        match segments {
            [] => Some(Self::Details),
            ["status"] => Some(Self::Status),
            ["health"] => Some(Self::Health),
            ["health", "components"] => Some(Self::Components),
            ["health", "components", name] => Some(Self::Component((*name).to_owned())),
            ["queues"] => Some(Self::Queues),
            ["eventstores"] => Some(Self::EventStores),
            ["db-telemetry"] => Some(Self::Telemetry),
            ["detach"] => Some(Self::Detach),
            _ => None,
        }
    }
}

impl QueueQuestion {
    fn of(segments: &[&str]) -> Option<Self> {
        match segments {
            [] => Some(Self::Details),
            ["stats"] => Some(Self::Stats),
            ["messages"] => Some(Self::Messages),
            _ => None,
        }
    }
}
