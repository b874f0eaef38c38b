//! The gateway: requests on the instances' own paths, sent to the instance that can answer them.
//!
//! Owns moving bytes: connections to instances, streams, retries, limits, header hygiene. Does not own the decisions: those
//! are `peegeeq_domain::routing`. See `docs/adr/0009-gateway.md`.

mod answer_body;
mod body_read;
mod choose;
mod counts;
mod exchange;
mod explaining;
mod forward;
mod frames;
mod headers;
mod hedge;
mod job;
mod learned;
mod link;
mod looks;
mod meters;
mod owners;
mod parting;
mod picture;
mod refusals;
mod request_body;
mod settings;
mod standing;
mod told;
mod traffic;
mod tunnel;
mod upstream;
mod way;
mod wire;

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwap;
use futures_util::future::{BoxFuture, join};
use http::{HeaderMap, Method, Request, Response, Uri};
use hyper::body::Incoming;
use peegeeq_domain::instance::InstanceId;
use peegeeq_domain::routing::ask::{Need, Place as Whose, place};
use peegeeq_domain::routing::retry::Budget;
use tokio_util::sync::CancellationToken;

pub use answer_body::RoutedBody;
pub use counts::Counted;
pub use explaining::{Asked, Explained, Resort};
pub use hedge::{HedgePolicy, HedgesTold};
pub use settings::GatewaySettings;
pub use told::{Distribution, InstanceTold, RetriesTold, RoutingHandle, SetupTold, TableTold};
pub use traffic::Traffic;

use crate::net::{Client, Deadline, Dialer};
use crate::observations::Observations;
use crate::registry::CatalogReader;
use crate::server::{Front, Marks, Peer, Place, Refusal};
use crate::tasks::{TaskName, Tasks};
use choose::{Chosen, Turns};
use headers::{Dress, Forwarded};
use hedge::{Delays, Hedges};
use looks::{Keeper, Order, Orders};
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
    /// By worker.
    budgets: Box<[Arc<Mutex<Budget>>]>,
    hedges: Hedges,
    expect_gone: ExpectGone,
}

/// Tells whoever watches setups that one was ordered to go from an instance: if it is gone soon, nobody misses it.
pub type ExpectGone = Arc<dyn Fn(InstanceId, String) -> BoxFuture<'static, ()> + Send + Sync>;

/// The longest time to wait until that is durable: an answer is not kept back for long because of a disk that ails.
const NOTED_WITHIN: Duration = Duration::from_secs(2);

impl Shared {
    /// A setup was taken from an instance: nobody misses it, and no request is sent there for it.
    async fn taken_away(&self, id: &InstanceId, setup: &str) {
        join(self.expect_gone(id, setup), self.orders.done(|done| Order::Removed(id.clone(), setup.to_owned(), done))).await;
    }

    async fn expect_gone(&self, id: &InstanceId, setup: &str) {
        let noted = Deadline::within(NOTED_WITHIN).or_none((self.expect_gone)(id.clone(), setup.to_owned())).await;
        if noted.is_none() {
            tracing::warn!(
                instance = id.as_str(),
                "setup '{setup}' was taken from {id}, but that is not written yet: after a crash it may be shown as missing"
            );
        }
    }
}

/// What a worker has for itself.
struct Worker {
    index: usize,
    turns: Turns,
    budget: Arc<Mutex<Budget>>,
    delays: Delays,
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
    /// To be told of setups that were ordered to go.
    pub expect_gone: ExpectGone,
}

/// The gateway, and the task that keeps its picture true.
pub fn start(settings: GatewaySettings, ground: Ground, tasks: &Tasks) -> Gateway {
    describe();
    let Ground { catalog, observations, dialer, client, expect_gone } = ground;
    let picture = Arc::<ArcSwap<Picture>>::default();
    let (orders, ordered) = Orders::new();
    let painter = Painter::new(settings.clone(), observations);
    let keeper = Keeper { painter, picture: picture.clone(), catalog, client, orders: ordered };
    let stop = tasks.stop_signal();
    tasks.vital(TaskName::RoutingTable, async move {
        stop.run_until_cancelled(keeper.run()).await;
    });
    let dress = Dress::new(&settings.manager_id, settings.forward_credentials, settings.timeout);
    let budgets = (0..settings.workers.max(1)).map(|_| Arc::new(Mutex::new(Budget::new(settings.budget_of_worker())))).collect();
    let shared =
        Shared { dress, picture, dialer, orders, owners: Owners::default(), budgets, hedges: Hedges::default(), expect_gone, settings };
    let worker = Arc::new(Worker::new(0, &shared, CancellationToken::new()));
    Gateway { shared: Arc::new(shared), worker }
}

fn describe() {
    let seconds = metrics::Unit::Seconds;
    metrics::describe_counter!("peegeeq_routed_requests_total", "Attempts at instances, by how they ended.");
    metrics::describe_histogram!("peegeeq_routed_duration_seconds", seconds, "Time from an attempt's beginning to the head of its answer.");
    metrics::describe_gauge!("peegeeq_routed_in_flight", "Requests under way, by instance.");
    metrics::describe_counter!("peegeeq_routed_retries_total", "Requests that were sent again.");
    metrics::describe_counter!("peegeeq_routed_hedges_total", "Second attempts beside a slow first one, by what came of them.");
    metrics::describe_counter!("peegeeq_routed_ejections_total", "Instances left alone for a while because requests to them failed.");
}

impl Worker {
    fn new(index: usize, shared: &Shared, stopping: CancellationToken) -> Self {
        let forwarded = Forwarded::new(shared.settings.trusted_proxies.clone(), shared.settings.clients_speak_https);
        let budget = shared.budgets.get(index).cloned().unwrap_or_default();
        Self { index, turns: Turns::new(), budget, delays: Delays::default(), forwarded, stopping }
    }
}

/// Whether a request is for an instance, and not for the manager itself.
fn is_claimed(method: &Method, uri: &Uri, headers: &HeaderMap) -> bool {
    let path = uri.path();
    // Most requests: nothing on these paths is the manager's.
    if path.starts_with("/api/v1/queues/") || path.starts_with("/api/v1/eventstores/") {
        return true;
    }
    // What may be done with a path is told by whoever answers when it is read.
    let method = if method == Method::OPTIONS { "GET" } else { method.as_str() };
    match place(method, path, uri.query()) {
        Ok(Whose::Own) => false,
        Ok(Whose::Health(_)) => Chosen::is_in(headers),
        Ok(Whose::Routed(routed)) => {
            let for_all = matches!(routed.ask.need, Need::Cluster(_) | Need::FanIn(_)) && routed.through.is_none();
            !for_all || Chosen::is_in(headers)
        }
        Err(_) => true,
    }
}

impl Front for Gateway {
    type Body = RoutedBody;

    fn claims<B>(&self, request: &Request<B>) -> bool {
        is_claimed(request.method(), request.uri(), request.headers())
    }

    fn for_worker(&self, place: &Place) -> Self {
        let worker = Worker::new(place.worker, &self.shared, place.stopping.clone());
        Self { shared: self.shared.clone(), worker: Arc::new(worker) }
    }

    async fn answer(&self, request: Request<Incoming>, marks: Marks, Peer(peer): Peer) -> Result<Response<RoutedBody>, Box<Refusal>> {
        let peer: IpAddr = peer.ip();
        self.forward(request, marks, peer).await
    }
}
