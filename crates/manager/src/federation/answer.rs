//! A federated answer as it is kept: what it says, about whom, and how old it is.
//!
//! Owns the age, the views by environment and region, and a place for what was rendered of it. Does not own JSON.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use peegeeq_domain::catalog::{Catalog, Entry, Generation};
use peegeeq_domain::federation::{
    Contribution, Coverage, GroupRow, ListAggregate, MetricsAggregate, OverviewAggregate, Part, QueueRow, Row, SharedSetup, StoreRow,
    aggregate, aggregate_metrics, aggregate_overview,
};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::upstream::{Faults, Placeholder};
use super::{Prepared, target, upstream};
use crate::clock;

/// What stands beside the content that one instance gave.
#[derive(Clone, Debug)]
pub struct Attached {
    /// The member as it was when it was asked.
    pub entry: Arc<Entry>,
    /// How long it took; `None` if it was not asked.
    pub took: Option<Duration>,
    /// When its answer was there, or when it was given up.
    pub at: Instant,
    /// Why nobody knows which setups it has, where it was asked in vain.
    pub unlisted: Option<String>,
    /// What could not be used of its answer.
    pub faults: Faults,
    /// Fields of its answer that mean nothing.
    pub placeholders: Arc<[Placeholder]>,
    /// Its answer, if rows refer to it or the whole of it may be handed on.
    pub body: Bytes,
    /// What each row is in the body.
    pub raw: Arc<[upstream::RawRow]>,
    /// What its queues told beyond counts, in an overview.
    pub figures: upstream::Figures,
}

/// What many instances say as one.
pub trait Content: Sized + Send + Sync + 'static {
    /// What one of them says.
    type One: Clone;

    /// Makes one of many.
    fn of(contributions: Vec<Contribution<Self::One, Attached>>) -> Self;

    /// What each said, by instance.
    fn parts(&self) -> &[Part<Self::One, Attached>];

    /// How much of the cluster it speaks for.
    fn coverage(&self) -> &Coverage;

    /// Physical setups that more than one attachment shows.
    fn shared(&self) -> &[SharedSetup];
}

macro_rules! content {
    ($content:ty, $one:ty, $aggregate:path) => {
        impl Content for $content {
            type One = $one;

            fn of(contributions: Vec<Contribution<Self::One, Attached>>) -> Self {
                $aggregate(contributions)
            }

            fn parts(&self) -> &[Part<Self::One, Attached>] {
                &self.parts
            }

            fn coverage(&self) -> &Coverage {
                &self.coverage
            }

            fn shared(&self) -> &[SharedSetup] {
                &self.shared
            }
        }
    };
}

/// The overviews of all instances.
pub type Overview = OverviewAggregate<Attached>;
/// A list of all instances.
pub type List<R> = ListAggregate<R, Attached>;
/// The metrics of all instances.
pub type Metrics = MetricsAggregate<Attached>;

content!(Overview, peegeeq_domain::federation::OverviewPart, aggregate_overview);
content!(List<QueueRow>, Vec<QueueRow>, aggregate);
content!(List<GroupRow>, Vec<GroupRow>, aggregate);
content!(List<StoreRow>, Vec<StoreRow>, aggregate);
content!(Metrics, peegeeq_domain::federation::MetricsPart, aggregate_metrics);

/// Whose part of an answer is asked for. `None`: everybody's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Exactly this environment.
    pub environment: Option<String>,
    /// Exactly this region.
    pub region: Option<String>,
}

impl Scope {
    /// Whether it is everybody.
    pub fn is_everybody(&self) -> bool {
        *self == Self::default()
    }

    fn includes<T>(&self, part: &Part<T, Attached>) -> bool {
        self.environment.as_deref().is_none_or(|wanted| wanted == &*part.source.environment)
            && self.region.as_deref().is_none_or(|wanted| wanted == &*part.source.region)
    }
}

/// The most scopes of one answer that are kept.
const SCOPES_MAX: usize = 16;

/// A federated answer.
#[derive(Debug)]
pub struct Answer<C> {
    /// What is said.
    pub content: C,
    /// When the fetch began: nothing in the answer is older.
    pub began: Instant,
    /// When the fetch ended: from here on it is counted how long the answer is good. A fetch that took longer than that
    /// would otherwise be good for nobody.
    landed: Instant,
    prepared: [OnceCell<Arc<Prepared>>; PREPARED_MAX],
    catalog: Arc<Catalog>,
    /// A later generation that changed nothing of what the answer says.
    still_good_at: AtomicU64,
    scopes: Mutex<Vec<(Scope, Arc<Self>)>>,
}

/// How many things may be prepared of one answer.
const PREPARED_MAX: usize = 5;

impl<C: Content> Answer<C> {
    pub(super) fn new(content: C, catalog: Arc<Catalog>, began: Instant, landed: Instant) -> Self {
        Self {
            content,
            began,
            landed,
            prepared: Default::default(),
            still_good_at: AtomicU64::new(catalog.generation().0),
            catalog,
            scopes: Mutex::default(),
        }
    }

    /// How old the oldest word in it may be.
    pub fn age(&self) -> Duration {
        clock::instant().saturating_duration_since(self.began)
    }

    /// How long the fetch took.
    pub(super) fn cost(&self) -> Duration {
        self.landed.saturating_duration_since(self.began)
    }

    /// For how long it has been there.
    pub(super) fn kept_for(&self) -> Duration {
        clock::instant().saturating_duration_since(self.landed)
    }

    /// Whether it is about the cluster as it is `now`.
    pub(super) fn is_about(&self, now: &Catalog) -> bool {
        let Generation(generation) = now.generation();
        if self.still_good_at.load(Ordering::Relaxed) == generation {
            return true;
        }
        let same = !target::outdated(&self.catalog, now);
        if same {
            self.still_good_at.store(generation, Ordering::Relaxed);
        }
        same
    }

    /// A slot for something prepared of this answer. Numbers beyond the last share the last slot.
    pub(super) fn prepared(&self, number: usize) -> &OnceCell<Arc<Prepared>> {
        &self.prepared[number.min(PREPARED_MAX - 1)]
    }

    /// The same answer about some of the instances only: nobody is asked again.
    pub(super) fn within(&self, scope: &Scope) -> Arc<Self> {
        if let Some((_, kept)) = self.scopes().iter().find(|(kept, _)| kept == scope) {
            return kept.clone();
        }
        let narrowed = Arc::new(self.narrowed(scope));
        let mut scopes = self.scopes();
        if scopes.len() == SCOPES_MAX {
            scopes.remove(0);
        }
        scopes.push((scope.clone(), narrowed.clone()));
        narrowed
    }

    fn narrowed(&self, scope: &Scope) -> Self {
        let parts = self.content.parts().iter().filter(|part| scope.includes(part));
        let contributions = parts.map(|part| Contribution {
            source: part.source.clone(),
            setups: part.setups.clone(),
            outcome: part.outcome.clone(),
            faulty: part.faulty,
            attached: part.attached.clone(),
        });
        Self::new(C::of(contributions.collect()), self.catalog.clone(), self.began, self.landed)
    }

    fn scopes(&self) -> std::sync::MutexGuard<'_, Vec<(Scope, Arc<Self>)>> {
        self.scopes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A row of an answer of lists as the instance wrote it: a JSON object, or a JSON text that is its name. The flag says that the
/// object does not tell its name.
pub fn raw_row<R: Row>(part: &Part<Vec<R>, Attached>, row: usize) -> (&[u8], bool) {
    let Some(raw) = part.attached.raw.get(row) else { return (b"{}", true) };
    (part.attached.body.get(raw.place.clone()).unwrap_or_default(), raw.name_outside)
}
