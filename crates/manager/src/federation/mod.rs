//! Federation: the data of all instances as one answer.
//!
//! Owns asking instances, reading what they say in every dialect, sharing what was asked, and how old an answer may be. Does
//! not own how contributions add up (`peegeeq_domain::federation`), nor the JSON that is answered (`api`).

mod answer;
mod cell;
mod fan_out;
mod fetch;
mod prepared;
mod prometheus;
mod questions;
mod samples;
mod settings;
mod single;
mod target;
mod upstream;

use std::fmt;
use std::sync::Arc;

use futures_util::FutureExt;
use peegeeq_domain::catalog::Catalog;
use peegeeq_domain::federation::{Contribution, GroupRow, MetricsPart, QueueRow, StoreRow};

pub use answer::{Answer, Attached, Content, List, Metrics, Overview, Scope, raw_row};
pub use cell::{Unanswered, Want};
pub use prepared::Prepared;
pub use settings::FederationSettings;
pub use single::{NoAnswer, Topic};
pub use upstream::{Faults, Figures, Placeholder, RawRow, ReadList, check_row, read_group_rows, read_queue_rows, read_store_rows};

use tokio::sync::Semaphore;

use crate::net::Client;
use crate::observations::Observations;
use crate::registry::CatalogReader;
use crate::tasks::Tasks;
use cell::{Cell, Ground, Work};
use fan_out::{Way, ask_all};
use samples::Samples;
use upstream::{GroupReader, QueueReader, RowReader, StoreReader};

/// Answers about all instances. Cheap to clone, usable from any runtime: asking happens on the background runtime.
#[derive(Clone)]
pub struct FederationHandle {
    shared: Arc<Shared>,
}

struct Shared {
    ground: Ground,
    client: Client,
    observations: Arc<Observations>,
    overview: Cell<Overview>,
    queues: Cell<List<QueueRow>>,
    groups: Cell<List<GroupRow>>,
    stores: Cell<List<StoreRow>>,
    metrics: Cell<Metrics>,
}

impl fmt::Debug for FederationHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FederationHandle").field("settings", &self.shared.ground.settings).finish_non_exhaustive()
    }
}

/// Federation over the members of `catalog`. Nothing runs until somebody asks.
pub fn start(
    settings: FederationSettings,
    catalog: CatalogReader,
    observations: Arc<Observations>,
    client: Client,
    tasks: Tasks,
) -> FederationHandle {
    describe();
    let ground = Ground { settings, catalog, tasks };
    let way = Way { client: client.clone(), settings, observations, late: Arc::default(), reading: Arc::new(Semaphore::new(1)) };
    let overview = Cell::new("overview", ground.clone(), overview_work(&way));
    let metrics = Cell::new("metrics", ground.clone(), metrics_work(&way, overview.clone()));
    let queues = Cell::new("queues", ground.clone(), list_work::<QueueReader>(&way, questions::QUEUES));
    let groups = Cell::new("consumer-groups", ground.clone(), list_work::<GroupReader>(&way, questions::CONSUMER_GROUPS));
    let stores = Cell::new("event-stores", ground.clone(), list_work::<StoreReader>(&way, questions::EVENT_STORES));
    FederationHandle {
        shared: Arc::new(Shared { ground, client, observations: way.observations.clone(), overview, queues, groups, stores, metrics }),
    }
}

fn describe() {
    let seconds = metrics::Unit::Seconds;
    metrics::describe_histogram!("peegeeq_federation_duration_seconds", seconds, "Time to ask all instances, by kind of answer.");
    metrics::describe_counter!("peegeeq_federation_source_failures_total", "Instances that gave nothing to a federated answer, by reason.");
}

impl FederationHandle {
    /// How many of everything there are.
    pub async fn overview(&self, want: Want) -> Result<Arc<Answer<Overview>>, Unanswered> {
        self.shared.overview.get(want).await
    }

    /// The queues of all instances.
    pub async fn queues(&self, want: Want) -> Result<Arc<Answer<List<QueueRow>>>, Unanswered> {
        self.shared.queues.get(want).await
    }

    /// The consumer groups of all instances.
    pub async fn consumer_groups(&self, want: Want) -> Result<Arc<Answer<List<GroupRow>>>, Unanswered> {
        self.shared.groups.get(want).await
    }

    /// The event stores of all instances.
    pub async fn event_stores(&self, want: Want) -> Result<Arc<Answer<List<StoreRow>>>, Unanswered> {
        self.shared.stores.get(want).await
    }

    /// What instances measure about themselves.
    pub async fn metrics(&self, want: Want) -> Result<Arc<Answer<Metrics>>, Unanswered> {
        self.shared.metrics.get(want).await
    }

    /// The part of an answer that is about some of the instances: nobody is asked again.
    pub async fn within<C: Content>(&self, answer: Arc<Answer<C>>, scope: Scope) -> Result<Arc<Answer<C>>, Unanswered> {
        if scope.is_everybody() {
            return Ok(answer);
        }
        self.shared.ground.tasks.short(async move { answer.within(&scope) }).await.map_err(|_| Unanswered::Broken)
    }

    /// What `prepare` makes of an answer; made once per answer and `number`, on the background runtime.
    pub async fn prepared<C: Content>(
        &self,
        answer: &Arc<Answer<C>>,
        number: usize,
        prepare: impl FnOnce(&Answer<C>) -> Prepared + Send + 'static,
    ) -> Result<Arc<Prepared>, Unanswered> {
        answer.prepared(number).get_or_try_init(|| self.made(answer, prepare)).await.cloned()
    }

    /// What `prepare` makes of an answer, each time anew, on the background runtime.
    pub async fn made<C: Content>(
        &self,
        answer: &Arc<Answer<C>>,
        prepare: impl FnOnce(&Answer<C>) -> Prepared + Send + 'static,
    ) -> Result<Arc<Prepared>, Unanswered> {
        let answer = answer.clone();
        let work = self.shared.ground.tasks.short(async move { Arc::new(prepare(&answer)) });
        work.await.map_err(|_| Unanswered::Broken)
    }
}

fn overview_work(way: &Way) -> Work<Overview> {
    let way = way.clone();
    Box::new(move |catalog| {
        let way = way.clone();
        async move { Overview::of(ask_all(&way, target::targets(&catalog, &way.observations), |question| questions::overview(question)).await) }
            .boxed()
    })
}

fn list_work<Q: RowReader + 'static>(way: &Way, path: &'static str) -> Work<List<Q::Row>>
where
    Q::Row: Send + peegeeq_domain::federation::Row,
    List<Q::Row>: Content<One = Vec<Q::Row>>,
{
    let way = way.clone();
    Box::new(move |catalog| {
        let way = way.clone();
        async move {
            let targets = target::targets(&catalog, &way.observations);
            List::<Q::Row>::of(ask_all(&way, targets, |question| questions::list::<Q>(question, path)).await)
        }
        .boxed()
    })
}

/// Metrics take what only queues tell from the overview, which is asked for at the same time if it is not known.
fn metrics_work(way: &Way, overview: Cell<Overview>) -> Work<Metrics> {
    let (way, samples) = (way.clone(), Arc::<Samples>::default());
    Box::new(move |catalog: Arc<Catalog>| {
        let (way, samples, overview) = (way.clone(), samples.clone(), overview.clone());
        async move {
            samples.follow(&catalog);
            let targets = target::targets(&catalog, &way.observations);
            let asked = ask_all(&way, targets, |question| questions::metrics(question, samples.clone()));
            let (mut contributions, overview) = futures_util::join!(asked, overview.get(Want::Recent));
            if let Ok(overview) = overview {
                contributions.iter_mut().for_each(|contribution| complement(contribution, &overview.content));
            }
            Metrics::of(contributions)
        }
        .boxed()
    })
}

/// Adds what the overview of the same instance tells.
fn complement(contribution: &mut Contribution<MetricsPart, Attached>, overview: &Overview) {
    let Ok(metrics) = &mut contribution.outcome else { return };
    let Ok(place) = overview.parts.binary_search_by(|part| part.source.instance.cmp(&contribution.source.instance)) else { return };
    let (part, totals) = (&overview.parts[place], &overview.instances[place]);
    if part.outcome.is_err() {
        return;
    }
    metrics.consumers = metrics.consumers.or(totals.consumers.total());
    metrics.total_messages = metrics.total_messages.or(totals.messages.total());
    metrics.message_rate = metrics.message_rate.or(part.attached.figures.message_rate);
    metrics.processing_time = metrics.processing_time.or(part.attached.figures.processing);
}
