//! The gateway: requests on the instances' own paths, sent to the instance that can answer them.
//!
//! Owns moving bytes: connections to instances, streams, retries, limits, header hygiene. Does not own the decisions: those
//! are `peegeeq_domain::routing`. See `docs/adr/0009-gateway.md`.

mod answer_body;
mod body_read;
mod choose;
mod exchange;
mod forward;
mod headers;
mod job;
mod learned;
mod link;
mod looks;
mod owners;
mod picture;
mod refusals;
mod request_body;
mod settings;
mod standing;
mod tunnel;
mod upstream;

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use http::{Request, Response};
use hyper::body::Incoming;
use peegeeq_domain::routing::ask::{Need, Place as Whose, place};
use peegeeq_domain::routing::retry::Budget;
use peegeeq_domain::routing::table::{Home, Policy};
use tokio_util::sync::CancellationToken;

pub use answer_body::RoutedBody;
pub use settings::GatewaySettings;

use crate::net::{Client, Dialer};
use crate::observations::Observations;
use crate::registry::CatalogReader;
use crate::server::{Front, Peer, Place, Refusal};
use crate::tasks::{TaskName, Tasks};
use choose::{Chosen, Turns};
use headers::{Dress, Forwarded};
use looks::{Keeper, Orders};
use owners::Owners;
use picture::{Painter, Picture};

/// The gateway of one worker. Cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    shared: Arc<Shared>,
    worker: Arc<Worker>,
}

/// What all workers share.
struct Shared {
    settings: GatewaySettings,
    dress: Dress,
    picture: Arc<ArcSwap<Picture>>,
    dialer: Arc<Dialer>,
    orders: Orders,
    owners: Owners,
}

/// What a worker has for itself.
struct Worker {
    index: usize,
    turns: Turns,
    budget: Mutex<Budget>,
    forwarded: Forwarded,
    stopping: CancellationToken,
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("worker", &self.worker.index).finish_non_exhaustive()
    }
}

/// What the gateway stands on.
pub struct Ground {
    /// The members.
    pub catalog: CatalogReader,
    /// Their setups.
    pub observations: Arc<Observations>,
    /// Opens connections for requests.
    pub dialer: Arc<Dialer>,
    /// Asks instances for their setups.
    pub client: Client,
    /// Where the manager stands.
    pub home: Home,
}

/// The gateway, and the task that keeps its picture true.
pub fn start(settings: GatewaySettings, ground: Ground, tasks: &Tasks) -> Gateway {
    describe();
    let Ground { catalog, observations, dialer, client, home } = ground;
    let picture = Arc::<ArcSwap<Picture>>::default();
    let (orders, ordered) = Orders::new();
    let painter = Painter::new(settings.clone(), Policy { home, ..Policy::default() }, observations);
    let keeper = Keeper { painter, picture: picture.clone(), catalog, client, orders: ordered };
    let stop = tasks.stop_signal();
    tasks.vital(TaskName::RoutingTable, async move {
        stop.run_until_cancelled(keeper.run()).await;
    });
    let dress = Dress::new(&settings.manager_id, settings.forward_credentials, settings.timeout);
    let worker = Arc::new(Worker::new(0, &settings, CancellationToken::new()));
    Gateway { shared: Arc::new(Shared { dress, picture, dialer, orders, owners: Owners::default(), settings }), worker }
}

fn describe() {
    let seconds = metrics::Unit::Seconds;
    metrics::describe_counter!("peegeeq_routed_requests_total", "Attempts at instances, by how they ended.");
    metrics::describe_histogram!("peegeeq_routed_duration_seconds", seconds, "Time from an attempt's beginning to the head of its answer.");
    metrics::describe_gauge!("peegeeq_routed_in_flight", "Requests under way, by instance.");
    metrics::describe_counter!("peegeeq_routed_retries_total", "Requests that were sent again.");
    metrics::describe_counter!("peegeeq_routed_ejections_total", "Instances left alone for a while because requests to them failed.");
}

impl Worker {
    fn new(index: usize, settings: &GatewaySettings, stopping: CancellationToken) -> Self {
        let forwarded = Forwarded::new(settings.trusted_proxies.clone());
        Self { index, turns: Turns::new(), budget: Mutex::default(), forwarded, stopping }
    }
}

impl Front for Gateway {
    type Body = RoutedBody;

    fn claims<B>(&self, request: &Request<B>) -> bool {
        let path = request.uri().path();
        // Most requests: nothing on these paths is the manager's.
        if path.starts_with("/api/v1/queues/") || path.starts_with("/api/v1/eventstores/") {
            return true;
        }
        // What may be done with a path is told by whoever answers when it is read.
        let method = if request.method() == http::Method::OPTIONS { "GET" } else { request.method().as_str() };
        match place(method, path, request.uri().query()) {
            Ok(Whose::Own) => false,
            Ok(Whose::Health(_)) => Chosen::is_in(request.headers()),
            Ok(Whose::Routed(routed)) => {
                let for_all = matches!(routed.ask.need, Need::Cluster(_) | Need::FanIn(_)) && routed.through.is_none();
                !for_all || Chosen::is_in(request.headers())
            }
            Err(_) => true,
        }
    }

    fn for_worker(&self, place: &Place) -> Self {
        let worker = Worker::new(place.worker, &self.shared.settings, place.stopping.clone());
        Self { shared: self.shared.clone(), worker: Arc::new(worker) }
    }

    async fn answer(&self, request: Request<Incoming>, Peer(peer): Peer) -> Result<Response<RoutedBody>, Box<Refusal>> {
        let peer: IpAddr = peer.ip();
        self.forward(request, peer).await
    }
}
