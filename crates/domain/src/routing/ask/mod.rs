//! What a request needs, told from its method, path and query alone.
//!
//! Owns whose a path is, which setup, owner or answer it is about, and what may be done with the request. Does not own who
//! can serve it (`table`), nor bodies: where the setup stands in the body, the need says so.
//!
//! ```
//! use peegeeq_domain::routing::ask::{Need, Place, place};
//!
//! let Ok(Place::Routed(routed)) = place("POST", "/api/v1/queues/orders/new/messages", None) else { unreachable!() };
//! assert!(matches!(&routed.ask.need, Need::Setup { id, .. } if id == "orders"));
//! assert!(!routed.ask.class.is_safe() && routed.ask.class.may_repeat(true));
//! ```

mod class;
mod paths;
mod text;

use alloc::borrow::Cow;

pub use class::{Class, DirectoryChange, Effect};
pub use paths::place;
pub use text::AskFault;

/// The fields of a JSON body that name the setup, in the order in which instances look for them.
pub const SETUP_FIELDS: [&str; 2] = ["setup", "setupId"];

/// Whose a path is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// The manager's own: its router answers, if only with 404.
    Own,
    /// The manager answers in the shape of an instance.
    Health(HealthShape),
    /// An instance answers, or all of them together.
    Routed(Routed<'a>),
}

/// The three questions for health that instances answer and the manager answers like one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HealthShape {
    /// `GET /api/v1/health`
    Json,
    /// `GET /api/v1/sse/health`
    Sse,
    /// `/ws/health`
    WebSocket,
}

/// A request for instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routed<'a> {
    /// What it needs.
    pub ask: Ask<'a>,
    /// The instance chosen by the path, and the path to send there.
    pub through: Option<Through<'a>>,
}

/// `/api/v1/instances/{id}/proxy/…`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Through<'a> {
    /// The chosen instance, decoded.
    pub instance: Cow<'a, str>,
    /// The path at the instance, as written, with its leading slash and without the query.
    pub inner: &'a str,
}

/// What a request needs and what may be done with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask<'a> {
    /// Who can serve it.
    pub need: Need<'a>,
    /// What may be done with it.
    pub class: Class<'a>,
}

/// Who can serve a request. Ids are decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need<'a> {
    /// An instance to which this setup is attached.
    Setup {
        /// The setup.
        id: Cow<'a, str>,
        /// The queue in it, where the path names one.
        queue: Option<Cow<'a, str>>,
    },
    /// Like `Setup`, but the setup stands in the JSON body, under one of [`SETUP_FIELDS`].
    SetupInBody,
    /// Like `Setup`, but setup and store are glued together with a hyphen: `Table::setup_of_store` tells them apart.
    StoreInId(Cow<'a, str>),
    /// Creates or attaches a setup: whoever has the fewest, unless one is chosen.
    NewSetup,
    /// Something in the memory of one instance, found by asking all.
    Owner(Owner<'a>),
    /// Whoever is well.
    AnyInstance,
    /// One answer for the whole cluster, unless an instance is chosen.
    Cluster(ClusterAnswer),
    /// A stream of all instances together, unless one is chosen.
    FanIn(FanIn<'a>),
}

/// Something that one instance alone has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner<'a> {
    /// What it is.
    pub kind: Owned,
    /// The setup it belongs to, if the path says so: only instances with it can be the owner.
    pub setup: Option<Cow<'a, str>>,
    /// Names it among its kind, to remember the owner by.
    pub key: Cow<'a, str>,
    /// The same for all things that should lie together: all groups of a queue. For rendezvous while nobody has it yet.
    pub affinity: u64,
}

/// The kinds of things that live in the memory of one instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owned {
    /// REST consumer groups of a queue; the key is `setup/queue` for their list, `setup/queue/group` for one.
    ConsumerGroup,
    /// A webhook subscription; the key is its id.
    WebhookSubscription,
}

/// The reads that are answered for the whole cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClusterAnswer {
    /// `GET /api/v1/management/overview`
    Overview,
    /// `GET /api/v1/management/queues`
    Queues,
    /// `GET /api/v1/management/consumer-groups`
    ConsumerGroups,
    /// `GET /api/v1/management/event-stores`
    EventStores,
    /// `GET /api/v1/management/metrics`
    Metrics,
    /// `GET /api/v1/setups`
    Setups,
}

/// The streams that are put together from those of all instances.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FanIn<'a> {
    /// `/ws/monitoring`
    Monitoring,
    /// `/sse/metrics`, `/api/v1/sse/metrics`
    Metrics,
    /// `/api/v1/sse/queues/{setup}`: only the instance that made a change tells it.
    QueueChanges {
        /// The setup.
        setup: Cow<'a, str>,
    },
}

#[cfg(test)]
mod tests;
