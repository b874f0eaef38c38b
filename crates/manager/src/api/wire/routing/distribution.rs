//! How requests are spread just now, and by which rules.

use std::collections::BTreeMap;

use peegeeq_domain::catalog::Catalog;
use peegeeq_domain::routing::pick::Strategies;
use serde::Serialize;
use utoipa::ToSchema;

use super::draining::DrainView;
use super::groups::GroupView;
use super::{TableView, millis, rounded};
use crate::clock;
use crate::gateway::{Distribution, GatewaySettings, HedgesTold, InstanceTold, RetriesTold, SetupTold};

/// `GET /api/v1/routing`
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoutingView {
    /// The strategy where nothing else is said.
    pub strategy: &'static str,
    /// Where something else is said.
    pub strategies: StrategiesView,
    /// `setup` if requests for one setup go to one instance, else `none`.
    pub affinity: &'static str,
    /// Where the manager stands.
    pub home: HomeView,
    /// Further attempts, and what is left of their budget.
    pub retries: RetriesView,
    /// When instances are left alone.
    pub ejection: EjectionRules,
    /// What happens when nobody is well.
    pub panic: PanicView,
    /// While the share of a newcomer grows.
    pub slow_start_ms: u64,
    /// Until who came back counts for its level.
    pub failback_after_ms: u64,
    /// The table by which requests are routed.
    pub table: TableView,
    /// Every instance.
    pub instances: Vec<InstanceView>,
    /// Setups with the groups that could serve them.
    pub setups: Vec<SetupView>,
    /// There are more setups than are told.
    pub setups_left_out: usize,
    /// When.
    pub timestamp: String,
}

/// The strategies that are set beside the usual one. The kind of a request wins over its environment.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StrategiesView {
    /// For requests that only look.
    pub reads: Option<&'static str>,
    /// For all others.
    pub writes: Option<&'static str>,
    /// For streams.
    pub streams: Option<&'static str>,
    /// By environment.
    pub environments: BTreeMap<String, &'static str>,
}

/// Where the manager stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HomeView {
    /// Its environment.
    pub environment: Option<String>,
    /// Its region.
    pub region: Option<String>,
    /// Its zone.
    pub zone: Option<String>,
}

/// Further attempts.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RetriesView {
    /// The most for one request.
    pub max: u32,
    /// For a hundred requests.
    pub budget_percent: u32,
    /// A second, however few requests there are.
    pub reserve_per_second: u32,
    /// How long requests and retries count.
    pub window_ms: u64,
    /// Requests that count now.
    pub requests: u64,
    /// Retries that count now.
    pub retries: u64,
    /// How many retries those requests allow, over all workers.
    pub allowance: u64,
    /// Second attempts of reads that take long; null if there are none.
    pub hedging: Option<HedgingView>,
}

/// Second attempts beside slow first ones. They come out of the budget of retries.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HedgingView {
    /// At the earliest after this time.
    pub delay_ms: u64,
    /// After the time in which this many of a hundred of the last reads were answered; 0: no matter.
    pub percentile: u32,
    /// Those that were sent.
    pub sent: u64,
    /// Those that answered first.
    pub won: u64,
    /// Those that the budget did not allow.
    pub unaffordable: u64,
}

/// When instances are left alone.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EjectionRules {
    /// After so many failures in a row; 0 means never.
    pub failures: u32,
    /// For so long at first.
    pub duration_ms: u64,
    /// For so long at most.
    pub max_duration_ms: u64,
    /// The most of those that can serve a request.
    pub max_percent: u32,
}

/// What happens when nobody is well.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PanicView {
    /// To requests that only look: `best_evidence` or `fail`.
    pub reads: &'static str,
    /// To all others.
    pub writes: &'static str,
}

/// One instance.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RoutedInstanceView)]
pub struct InstanceView {
    /// Its id.
    pub instance_id: String,
    /// Its environment.
    pub environment: String,
    /// Its region.
    pub region: String,
    /// Its metadata value `zone`.
    pub zone: Option<String>,
    /// How near it is: `zone`, `region` or `environment`.
    pub rung: &'static str,
    /// Why it gets no requests at all; null if it gets any.
    pub excluded: Option<ExcludedView>,
    /// Its share relative to others.
    pub weight: u32,
    /// Attempts at it that ended.
    pub requests: u64,
    /// Of a thousand attempts at all instances, so many were at it.
    pub share: u64,
    /// Attempts by how they ended.
    pub outcomes: BTreeMap<&'static str, u64>,
    /// Attempts that spoke against it: not connected, broken, timed out, or answered with an error of the server.
    pub failures: u64,
    /// Requests under way.
    pub in_flight: usize,
    /// Requests waiting for a place.
    pub waiting: usize,
    /// Event streams and WebSockets under way.
    pub streams: usize,
    /// How far its drain is; null if it does not drain.
    pub drain: Option<DrainView>,
    /// Estimated latency: it jumps up at once and comes down slowly.
    pub latency_ms: f64,
    /// Whether it is left alone because requests to it fail.
    pub ejection: EjectionView,
    /// While it is new.
    pub slow_start: Option<SlowStartView>,
    /// Setups it has; null before it was asked.
    pub setups: Option<u32>,
}

/// Why an instance gets no requests.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RoutedInstanceExcluded)]
pub struct ExcludedView {
    /// The word.
    pub reason: &'static str,
    /// The sentence.
    pub sentence: String,
}

/// Whether an instance is left alone.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EjectionView {
    /// `closed`: it takes part; `ejected`: it is left alone; `half-open`: one request finds out.
    pub state: &'static str,
    /// The arithmetic behind it.
    pub sentence: String,
}

/// A newcomer's share grows.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SlowStartView {
    /// The part of its weight that counts now.
    pub part: f64,
    /// How long it still grows.
    pub left_ms: u64,
}

/// Who could serve a setup.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RoutedSetupView)]
pub struct SetupView {
    /// Its id.
    pub setup_id: String,
    /// More than one means several databases under one id: requests get 409 unless one is chosen.
    pub groups: Vec<GroupView>,
}

impl RoutingView {
    /// What the gateway told.
    pub fn of(told: &Distribution, catalog: &Catalog) -> Self {
        let settings = &told.settings;
        let all = told.instances.iter().map(|instance| instance.counted.total()).sum();
        Self {
            strategy: settings.strategies.usual.as_str(),
            strategies: StrategiesView::of(&settings.strategies),
            affinity: if settings.affinity_by_setup { "setup" } else { "none" },
            home: HomeView::of(settings),
            retries: RetriesView::of(&told.retries),
            ejection: EjectionRules::of(settings),
            panic: PanicView { reads: settings.panics.reads.as_str(), writes: settings.panics.writes.as_str() },
            slow_start_ms: millis(settings.policy.slow_start),
            failback_after_ms: millis(settings.policy.ladder.failback),
            table: TableView::of(&told.table),
            instances: told.instances.iter().map(|instance| InstanceView::of(instance, settings, all, catalog)).collect(),
            setups: told.setups.iter().map(SetupView::of).collect(),
            setups_left_out: told.setups_left_out,
            timestamp: clock::iso(clock::wall()),
        }
    }
}

impl StrategiesView {
    fn of(strategies: &Strategies) -> Self {
        let word = |strategy: Option<peegeeq_domain::routing::pick::Strategy>| strategy.map(|strategy| strategy.as_str());
        let environments = strategies.environments.iter().map(|(name, strategy)| (name.to_string(), strategy.as_str()));
        Self {
            reads: word(strategies.reads),
            writes: word(strategies.writes),
            streams: word(strategies.streams),
            environments: environments.collect(),
        }
    }
}

impl HomeView {
    fn of(settings: &GatewaySettings) -> Self {
        let home = &settings.policy.home;
        let text = |text: &Option<std::sync::Arc<str>>| text.as_deref().map(str::to_owned);
        Self { environment: text(&home.environment), region: text(&home.region), zone: text(&home.zone) }
    }
}

impl RetriesView {
    fn of(told: &RetriesTold) -> Self {
        let RetriesTold { max, policy, requests, retries, allowance, hedges } = *told;
        Self {
            max,
            budget_percent: policy.percent,
            reserve_per_second: policy.reserve_per_second,
            window_ms: millis(policy.ttl),
            requests,
            retries,
            allowance,
            hedging: hedges.policy.is_on().then(|| HedgingView::of(&hedges)),
        }
    }
}

impl HedgingView {
    fn of(told: &HedgesTold) -> Self {
        let HedgesTold { policy, sent, won, unaffordable } = *told;
        Self { delay_ms: millis(policy.delay), percentile: policy.percentile, sent, won, unaffordable }
    }
}

impl EjectionRules {
    fn of(settings: &GatewaySettings) -> Self {
        let accrual = &settings.accrual;
        Self {
            failures: accrual.failures,
            duration_ms: millis(accrual.base),
            max_duration_ms: millis(accrual.max),
            max_percent: settings.policy.ejected_percent_max,
        }
    }
}

impl InstanceView {
    fn of(told: &InstanceTold, settings: &GatewaySettings, all: u64, catalog: &Catalog) -> Self {
        let candidate = &told.candidate;
        let excluded = candidate.excluded.as_ref().map(|why| ExcludedView { reason: why.word(), sentence: why.to_string() });
        Self {
            instance_id: candidate.id.to_string(),
            environment: candidate.environment.to_string(),
            region: candidate.region.to_string(),
            zone: candidate.zone.as_deref().map(str::to_owned),
            rung: candidate.rung(&settings.policy.home).as_str(),
            excluded,
            weight: candidate.weight,
            requests: told.counted.total(),
            share: (told.counted.total() * 1000).checked_div(all).unwrap_or(0),
            outcomes: told.counted.by_outcome().collect(),
            failures: told.failures,
            in_flight: told.in_flight,
            waiting: told.waiting,
            streams: told.streams,
            drain: catalog.get(candidate.id.as_str()).and_then(|entry| DrainView::of(entry, |order| Some(told.traffic(order)))),
            latency_ms: rounded(told.latency),
            ejection: EjectionView { state: told.ejection, sentence: told.ejection_sentence.clone() },
            slow_start: told.slow_start.map(|(part, left)| SlowStartView { part: rounded(part), left_ms: millis(left) }),
            setups: candidate.asked.then_some(candidate.setups),
        }
    }
}

impl SetupView {
    fn of(told: &SetupTold) -> Self {
        Self { setup_id: told.id.clone(), groups: told.explanation.groups.iter().map(GroupView::of).collect() }
    }
}
