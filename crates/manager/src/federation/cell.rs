//! One kind of federated answer, shared by everybody who asks for it.
//!
//! Owns when a kept answer is good enough, when instances are asked again, and that many requests share one fetch. A fetch
//! runs on its own and survives the caller hanging up. Does not own what is asked.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;
use futures_util::future::BoxFuture;
use peegeeq_domain::catalog::Catalog;
use tokio::sync::watch;

use super::answer::{Answer, Content};
use super::settings::FederationSettings;
use super::target;
use crate::clock;
use crate::registry::CatalogReader;
use crate::tasks::Tasks;

/// How new an answer must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// As new as `federation.max.age` says.
    Recent,
    /// Asked after the request came.
    Now,
}

/// Why there is no answer at all. That instances do not answer is not a reason: it is told within an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// Earlier fetches take all the time.
    #[error("no federated answer within {0} ms: earlier ones are still being put together")]
    Late(u128),
    /// The fetch broke off, which is a fault of ours.
    #[error("internal error: putting the federated answer together broke off; the log has more")]
    Broken,
}

/// Fetches that run side by side: one that began too early for somebody must not delay what came after.
const RUNNING_MAX: usize = 2;

/// Asks all instances that a catalog names.
pub(super) type Work<C> = Box<dyn Fn(Arc<Catalog>) -> BoxFuture<'static, C> + Send + Sync>;

/// What cells of all kinds have at hand.
#[derive(Clone)]
pub(super) struct Ground {
    pub(super) settings: FederationSettings,
    pub(super) catalog: CatalogReader,
    pub(super) tasks: Tasks,
}

/// One kind of answer.
pub(super) struct Cell<C> {
    shared: Arc<Shared<C>>,
}

impl<C> Clone for Cell<C> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

struct Shared<C> {
    /// The name in metrics.
    name: &'static str,
    ground: Ground,
    work: Work<C>,
    current: ArcSwapOption<Answer<C>>,
    flights: Mutex<Flights<C>>,
}

type Landing<C> = watch::Sender<Option<Arc<Answer<C>>>>;
type Landed<C> = watch::Receiver<Option<Arc<Answer<C>>>>;

/// A fetch on its way.
struct Flight<C> {
    number: u64,
    catalog: Arc<Catalog>,
    /// Whether instances may have been asked already.
    departed: Arc<AtomicBool>,
    landed: Landed<C>,
}

struct Flights<C> {
    count: u64,
    running: Vec<Flight<C>>,
    /// What begins as soon as another one ends.
    next: Option<(Landing<C>, Landed<C>)>,
}

impl<C: Content> Cell<C> {
    pub(super) fn new(name: &'static str, ground: Ground, work: Work<C>) -> Self {
        let flights = Mutex::new(Flights { count: 0, running: Vec::new(), next: None });
        Self { shared: Arc::new(Shared { name, ground, work, current: ArcSwapOption::empty(), flights }) }
    }

    /// An answer that is new enough, about the cluster as it is now.
    pub(super) async fn get(&self, want: Want) -> Result<Arc<Answer<C>>, Unanswered> {
        let Ground { settings, catalog, .. } = &self.shared.ground;
        let now = catalog.current();
        let kept = self.shared.current.load_full().filter(|kept| want == Want::Recent && kept.is_about(&now));
        if let Some(kept) = kept {
            let (age, cost) = (kept.kept_for(), kept.cost());
            if age < settings.fresh_for(cost) {
                return Ok(kept);
            }
            if age < settings.stale_for(cost) {
                self.board(&now, want);
                return Ok(kept);
            }
        }
        let mut landed = self.board(&now, want);
        let limit = settings.request_timeout;
        let waited = tokio::time::timeout(limit, landed.wait_for(Option::is_some)).await;
        let answer = waited.map_err(|_| Unanswered::Late(limit.as_millis()))?.map_err(|_| Unanswered::Broken)?.clone();
        answer.ok_or(Unanswered::Broken)
    }

    /// Joins a fetch that serves the purpose, or starts one.
    fn board(&self, now: &Arc<Catalog>, want: Want) -> Landed<C> {
        let mut flights = self.shared.flights();
        let serves = |flight: &&Flight<C>| !flight.departed.load(Ordering::Acquire) || want == Want::Recent;
        let about = |flight: &&Flight<C>| !target::outdated(&flight.catalog, now);
        if let Some(flight) = flights.running.iter().rev().filter(serves).find(about) {
            return flight.landed.clone();
        }
        if flights.running.len() < RUNNING_MAX {
            let (landing, landed) = watch::channel(None);
            self.start(&mut flights, landing, landed.clone());
            return landed;
        }
        flights.next.get_or_insert_with(|| watch::channel(None)).1.clone()
    }

    fn start(&self, flights: &mut Flights<C>, landing: Landing<C>, landed: Landed<C>) {
        flights.count += 1;
        let (number, catalog, departed) = (flights.count, self.shared.ground.catalog.current(), Arc::<AtomicBool>::default());
        flights.running.push(Flight { number, catalog: catalog.clone(), departed: departed.clone(), landed });
        let end = End { cell: self.clone(), number };
        self.shared.ground.tasks.short(async move {
            departed.store(true, Ordering::Release);
            let answer = end.cell.fly(catalog).await;
            drop(end);
            landing.send_replace(Some(answer));
        });
    }

    async fn fly(&self, catalog: Arc<Catalog>) -> Arc<Answer<C>> {
        let active = metrics::gauge!("peegeeq_federation_active_requests");
        let _active = Active::of(active);
        let began = clock::instant();
        let content = (self.shared.work)(catalog.clone()).await;
        metrics::histogram!("peegeeq_federation_duration_seconds", "endpoint" => self.shared.name).record(began.elapsed());
        let answer = Arc::new(Answer::new(content, catalog, began, clock::instant()));
        let _one_at_a_time = self.shared.flights();
        if self.shared.current.load().as_ref().is_none_or(|kept| kept.began <= began) {
            self.shared.current.store(Some(answer.clone()));
        }
        answer
    }
}

impl<C> Shared<C> {
    fn flights(&self) -> MutexGuard<'_, Flights<C>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes a fetch off the list when dropped, which a panic does too, and starts the one that waited.
struct End<C: Content> {
    cell: Cell<C>,
    number: u64,
}

impl<C: Content> Drop for End<C> {
    fn drop(&mut self) {
        let mut flights = self.cell.shared.flights();
        flights.running.retain(|flight| flight.number != self.number);
        if let Some((landing, landed)) = flights.next.take() {
            self.cell.start(&mut flights, landing, landed);
        }
    }
}

/// Counts an answer that is being put together.
struct Active(metrics::Gauge);

impl Active {
    fn of(gauge: metrics::Gauge) -> Self {
        gauge.increment(1.0);
        Self(gauge)
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}
