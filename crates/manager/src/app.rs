//! The whole program, startable inside a test: builds the rooms in order, and stops them in the other.
//!
//! Owns the order of starting and stopping, and the time limit on stopping. Does nothing per request.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use peegeeq_domain::access::Role;
use peegeeq_domain::health::HealthPolicy;
use peegeeq_domain::incident::Rules;
use peegeeq_domain::instance::Registration;
use peegeeq_domain::routing::accrual::AccrualPolicy;
use peegeeq_domain::routing::ladder::LadderPolicy;
use peegeeq_domain::routing::retry::BudgetPolicy;
use peegeeq_domain::routing::table::{Home, Policy};
use tokio::runtime::Handle;

use crate::api::edge::{Edge, EdgeSettings, HostNames, ManagerName, Origins};
use crate::api::extract::BodyLimits;
use crate::api::federation::{self as api_federation, FederationApi};
use crate::api::listing::Listing;
use crate::api::management::ManagementApi;
use crate::api::routing::RoutingApi;
use crate::api::state::{ApiState, Identity, Readiness, Setting};
use crate::api::updates::{Rows, UpdatesApi};
use crate::api::{self};
use crate::clock;
use crate::config::{AnonymousRole, Config, Effective, EmptyStatus, FederationConfig, Origin, PairFiles, SecurityConfig, ServerConfig};
use crate::fan_in::{self, FanInHandle, FanInSettings};
use crate::federation::{self, FederationSettings};
use crate::gateway::{self, GatewaySettings, HedgePolicy};
use crate::health::{self, HealthHandle, HealthSettings};
use crate::incidents::{self, IncidentsHandle};
use crate::net::{Caller, Client, Dialer, DialerSettings, TlsSettings};
use crate::observations::Observations;
use crate::observe::metrics::{Metrics, MetricsError};
use crate::registry::store::{OpenError, Store, StoreSettings};
use crate::registry::{self, CatalogReader, KnownSetups, RegistryHandle, RegistrySettings};
use crate::rolling;
use crate::security::{Tokens, TokensError};
use crate::server::{BindError, BoundServer, RunningServer, ServerSettings, ServerTls, TlsServerSettings, follow_certificate};
use crate::tasks::{EndedEarly, TaskName, Tasks};
use crate::updates::{self, Follows, UpdatesHandle, UpdatesSettings};
use crate::webhook::WebhookSettings;

mod backend;
mod background;
mod restarts;
mod static_instances;

pub use backend::{Backend, Chosen};

/// Time kept back from the grace time for what comes after the last answer: flushing the registry.
const FLUSH_TIME: Duration = Duration::from_secs(1);

/// An unanswered probe gets another beside it after this time: see `docs/adr/0005-health.md`.
const OVERLAP_AFTER: Duration = Duration::from_secs(1);

/// Failures must span this before they count as down, unless the connection was refused.
const LEAST_SPAN: Duration = Duration::from_millis(1500);

/// Why the manager did not start. Nothing keeps running.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The port could not be had.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The registry's store could not be opened.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The tokens file is no good.
    #[error(transparent)]
    Tokens(#[from] TokensError),
    /// Metrics could not be set up.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// TLS could not be set up, towards clients or towards instances.
    #[error("{0}")]
    Tls(String),
    /// The workers could not be started.
    #[error("cannot start the worker threads of the server: {0}")]
    Workers(#[from] std::io::Error),
    /// The webhook cannot be sent.
    #[error("{0}")]
    Webhook(String),
    /// Instances in `config.json` are no good.
    #[error("{0}")]
    StaticInstances(String),
}

/// A manager that answers.
#[derive(Debug)]
pub struct RunningApp {
    server: RunningServer,
    tasks: Tasks,
    ended_early: EndedEarly,
    readiness: Readiness,
    updates: UpdatesHandle,
    delay: Duration,
    grace: Duration,
    fan_in: FanInHandle,
    health: HealthHandle,
    tls: Option<Arc<ServerTls>>,
    /// Reads the catalog.
    pub catalog: CatalogReader,
    /// Changes the registry: for the simulated instances of `demo`.
    pub registry: RegistryHandle,
    /// Where registrations are kept.
    pub chosen: Chosen,
}

/// How a manager ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// All that ran was finished.
    Cleanly,
    /// The grace time was over first.
    OutOfTime,
}

/// What is read from files before anything is started.
struct Checked {
    tokens: Tokens,
    listed: Vec<Registration>,
    webhook: Option<WebhookSettings>,
    tls: Option<Arc<ServerTls>>,
    dialer: Dialer,
}

/// Whether a manager could start with this configuration, as far as files tell: tokens, certificates, the listed instances.
pub fn check_files(config: &Config) -> Result<(), StartError> {
    check(config).map(|_| ())
}

fn check(config: &Config) -> Result<Checked, StartError> {
    let listed = static_instances::read(&config.static_instances, &config.security.instance_networks);
    let webhook = background::webhook(config).map_err(StartError::Webhook)?;
    Ok(Checked {
        tokens: tokens(&config.security)?,
        listed: listed.map_err(StartError::StaticInstances)?,
        webhook,
        tls: tls_settings(&config.server).map(ServerTls::open).transpose().map_err(StartError::Tls)?,
        dialer: Dialer::new(dialer_settings(config)).map_err(StartError::Tls)?,
    })
}

/// Starts a manager on the runtime of the caller, which carries the background work. `told` are the settings for people.
pub async fn start(config: Config, told: Vec<Effective>) -> Result<RunningApp, StartError> {
    let Checked { tokens, listed, webhook, tls, dialer } = check(&config)?;
    let metrics = if config.metrics.enabled { Some(Metrics::install()?) } else { None };
    let bound = BoundServer::bind(server_settings(&config.server, tls.clone()))?;
    let (tasks, ended_early) = Tasks::new(Handle::current());
    let chosen = backend::choose(&config, &tasks).await;
    let (store, mut loaded) = Store::open(&backend::store_folder(&config, chosen.backend), store_settings(&config))?;
    backend::remember(&config, chosen.backend);
    let (epoch, known, rolling) = (loaded.epoch, std::mem::take(&mut loaded.setups), std::mem::take(&mut loaded.rolling));
    let dialer = Arc::new(dialer);
    let manager_id = manager_id(&config, epoch);
    let consul = backend::consul(&config, chosen.backend, Caller::new(&manager_id), &tasks).map_err(StartError::Tls)?;
    let (registry, catalog) = registry::start_in(store, loaded, registry_settings(&config), consul, &tasks);
    registry::expiry::start(registry.clone(), catalog.clone(), &tasks);
    let observations = Arc::new(Observations::default());
    let health = health::start(
        health_settings(&config, manager_id.clone()),
        catalog.clone(),
        observations.clone(),
        ties(&registry, known),
        dialer.clone(),
        &tasks,
    );
    let client = Client::new(dialer.clone(), Caller::new(&manager_id), config.client.max_pool_size, tasks.clone());
    let ground = ground(&catalog, &observations, &dialer, &client, &health);
    let gateway = gateway::start(gateway_settings(&config, &manager_id), ground, &tasks);
    let ground = restarts::ground(&catalog, &observations, &registry, &client, &gateway);
    let rolling = rolling::start(ground, rolling, &tasks);
    let federation =
        federation::start(federation_settings(&config.federation), catalog.clone(), observations.clone(), client, tasks.clone());
    let fan_in =
        fan_in::start(fan_in_settings(&config), catalog.clone(), observations.clone(), dialer.clone(), Caller::new(&manager_id), &tasks);
    follow_files(tls.as_ref(), &tasks);
    background::start(&tasks, catalog.clone(), metrics.as_ref());
    if let Some(settings) = webhook {
        background::send(settings, registry.journal(), dialer.clone(), &observations, &tasks);
    }
    let incidents = incidents::start(incident_rules(&config), catalog.clone(), registry.journal(), &tasks);
    let updates = live_updates(&config, &registry, &catalog, &observations, &incidents, &tasks);
    let readiness = Readiness::default();
    let body = BodyLimits::new(config.server.body_max_bytes, config.server.body_timeout, config.server.body_total_max_bytes);
    let state = Arc::new(ApiState {
        listing: Listing::new(catalog.clone(), observations.clone()),
        catalog: catalog.clone(),
        registry: registry.clone(),
        observations,
        gateway: gateway.handle(),
        health: health.clone(),
        identity: identity(&config, epoch, manager_id.clone(), bound.address()),
        settings: told.into_iter().map(setting).collect(),
        incidents,
        networks: config.security.instance_networks.clone(),
        answer_timeout: config.federation.request_timeout,
        body: body.clone(),
        readiness: readiness.clone(),
        metrics,
        tls: tls.clone(),
        expiry_warning: config.server.tls.expiry_warning,
    });
    let management = Arc::new(ManagementApi::new(federation.clone(), fan_in.clone()));
    let federation = Arc::new(FederationApi::new(federation, empty_status(config.federation.empty_status)));
    let live = Arc::new(UpdatesApi { updates: updates.clone(), patience: config.server.idle_timeout });
    let routing = Arc::new(RoutingApi::new(gateway.handle(), rolling, catalog.clone(), body));
    let router = api::router::router(state, federation, management, live, routing, tokens.anonymous());
    let server = bound.start(&Edge::new(router, gateway, edge_settings(&config, tokens, &manager_id)))?;
    let (delay, grace) = (config.server.shutdown_delay, config.server.shutdown_grace);
    let app = RunningApp { server, tasks, ended_early, readiness, updates, delay, grace, fan_in, health, tls, catalog, registry, chosen };
    open(app, listed).await
}

/// Registers the listed instances, and says that the manager is ready.
async fn open(app: RunningApp, listed: Vec<Registration>) -> Result<RunningApp, StartError> {
    if let Err(sentence) = static_instances::register(&app, listed).await {
        app.stop().await;
        return Err(StartError::StaticInstances(sentence));
    }
    app.readiness.set(true);
    Ok(app)
}

fn store_settings(config: &Config) -> StoreSettings {
    StoreSettings { journal_entries_max: config.registry.journal_max_entries, journal_age_max: config.registry.journal_max_age }
}

impl RunningApp {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Whether it speaks HTTPS.
    pub fn is_https(&self) -> bool {
        self.tls.is_some()
    }

    /// Has the files of its certificate looked at now. `false`: it has none.
    pub fn look_at_certificate(&self) -> bool {
        self.tls.as_ref().inspect(|tls| tls.look_again()).is_some()
    }

    /// The tasks of this manager: `demo` adds its own.
    pub fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    /// Waits until a vital task ended although nobody asked it to: the manager should stop, loudly.
    pub async fn ended_early(&mut self) -> &'static str {
        self.ended_early.recv().await.map_or("every task", crate::tasks::TaskName::as_str)
    }

    /// Says "not ready", lets running requests finish, flushes the registry. Ends within the grace time.
    pub async fn stop(self) -> Stopped {
        self.readiness.set(false);
        let delay = self.delay.min(self.grace / 2);
        // Who balances between managers reads "not ready" here, before connections are refused.
        tokio::time::sleep(delay).await;
        // Answers without an end get one here: the server waits for its answers.
        self.fan_in.end_streams();
        self.updates.close();
        let flush = FLUSH_TIME.min(self.grace / 2);
        let cut = self.server.stop(self.grace.saturating_sub(flush + delay)).await;
        if cut > 0 {
            tracing::warn!(connections = cut, "the grace time is over: {cut} connections were cut");
        }
        let begun = clock::instant();
        if tokio::time::timeout(flush / 2, self.health.flush()).await.is_err() {
            tracing::warn!("what is known of setups could not be written in time");
        }
        let ended = self.tasks.stop(flush.saturating_sub(begun.elapsed()).max(Duration::from_millis(100))).await;
        if cut == 0 && ended { Stopped::Cleanly } else { Stopped::OutOfTime }
    }
}

/// Has the files of the server's certificate followed, if it has one.
fn follow_files(tls: Option<&Arc<ServerTls>>, tasks: &Tasks) {
    if let Some(tls) = tls.cloned() {
        tasks.vital(TaskName::Certificate, follow_certificate(tls, tasks.clone()));
    }
}

/// What the monitor tells goes to the registry's writer.
fn ties(registry: &RegistryHandle, known: Vec<KnownSetups>) -> health::Ties {
    let (judge, remember, note) = (registry.clone(), registry.clone(), registry.clone());
    health::Ties {
        judge: Arc::new(move |judgements| {
            let registry = judge.clone();
            Box::pin(async move { registry.judge(judgements).await })
        }),
        remember: Arc::new(move |setups| {
            let registry = remember.clone();
            Box::pin(async move { registry.remember(setups).await })
        }),
        note: Arc::new(move |events| {
            let registry = note.clone();
            Box::pin(async move { registry.note(events).await })
        }),
        known,
    }
}

fn empty_status(setting: EmptyStatus) -> api_federation::EmptyStatus {
    match setting {
        EmptyStatus::ByPath => api_federation::EmptyStatus::ByPath,
        EmptyStatus::Ok => api_federation::EmptyStatus::Ok,
        EmptyStatus::Unavailable => api_federation::EmptyStatus::Unavailable,
    }
}

fn tokens(security: &SecurityConfig) -> Result<Tokens, TokensError> {
    let anonymous = match security.anonymous_role {
        AnonymousRole::None => None,
        AnonymousRole::Admin => Some(Role::Admin),
    };
    match &security.tokens_file {
        Some(file) => Tokens::read(file, anonymous),
        None => Ok(Tokens::none(anonymous)),
    }
}

/// Differs between managers, and between the lives of one: names this process in the hop header.
fn manager_id(config: &Config, epoch: u64) -> String {
    format!("{}-{epoch}-{:08x}", config.identity.name, rand::random::<u32>())
}

fn identity(config: &Config, epoch: u64, id: String, address: SocketAddr) -> Identity {
    Identity {
        service: config.identity.name.clone(),
        environment: config.identity.environment.clone(),
        region: config.identity.region.clone(),
        epoch,
        id,
        address,
        started: clock::wall(),
    }
}

fn setting(row: Effective) -> Setting {
    let origin = (row.origin != Origin::Default).then(|| row.origin.to_string());
    Setting { key: row.key, value: row.value, origin }
}

fn tls_settings(config: &ServerConfig) -> Option<TlsServerSettings> {
    let tls = config.tls.clone();
    let PairFiles { cert, key } = tls.pair?;
    Some(TlsServerSettings {
        cert_file: cert,
        key_file: key,
        client_ca_file: tls.client_ca_file,
        only_tls13: tls.only_tls13,
        http2: config.http2,
        handshake_timeout: tls.handshake_timeout,
        handshakes_max: tls.handshakes_max,
        reload_interval: tls.reload_interval,
        expiry_warning: tls.expiry_warning,
    })
}

fn server_settings(config: &ServerConfig, tls: Option<Arc<ServerTls>>) -> ServerSettings {
    ServerSettings {
        address: SocketAddr::new(config.bind, config.port),
        workers: config.workers,
        connections_max: config.connections_max,
        header_timeout: config.header_timeout,
        header_bytes_max: config.header_max_bytes,
        idle_timeout: config.idle_timeout,
        tls,
        streams_max: config.streams_max,
    }
}

fn edge_settings(config: &Config, tokens: Tokens, manager_id: &str) -> EdgeSettings {
    let own = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let hosts = HostNames::new(config.security.host_names.iter().cloned().chain([own]));
    EdgeSettings {
        hosts,
        origins: Origins::new(config.security.cors_allowed_origins.clone()),
        tokens,
        name: ManagerName::new(manager_id),
        head_bytes_max: config.server.header_max_bytes,
    }
}

fn registry_settings(config: &Config) -> RegistrySettings {
    RegistrySettings {
        queue_max: config.registry.queue_max,
        instances_max: config.registry.instances_max,
        journal_queue_max: config.registry.queue_max,
    }
}

fn dialer_settings(config: &Config) -> DialerSettings {
    DialerSettings {
        connect_timeout: config.client.connect_timeout,
        allowed_networks: config.security.instance_networks.clone(),
        tls: TlsSettings {
            extra_ca_file: config.client.tls_ca_file.clone(),
            identity: config.client.tls_pair.clone().map(|PairFiles { cert, key }| (cert, key)),
        },
    }
}

fn health_settings(config: &Config, manager_id: String) -> HealthSettings {
    let expiry_warning = config.server.tls.expiry_warning;
    let config = &config.health;
    HealthSettings {
        policy: HealthPolicy {
            interval: config.check_interval,
            jitter_percent: u32::from(config.jitter_percent),
            max_failures: config.max_failures,
            recheck: config.recheck_interval,
            overlap_after: OVERLAP_AFTER.min(config.check_timeout),
            least_span: LEAST_SPAN,
            retry_interval: config.retry_interval,
            recovery_successes: config.recovery_successes,
        },
        probe_timeout: config.check_timeout,
        concurrency: config.concurrency,
        tripwire: config.tripwire_enabled,
        setups_interval: config.setups_interval,
        response_max: config.response_max_bytes,
        expiry_warning,
        manager_id,
    }
}

/// What the gateway stands on.
fn ground(
    catalog: &CatalogReader,
    observations: &Arc<Observations>,
    dialer: &Arc<Dialer>,
    client: &Client,
    health: &health::HealthHandle,
) -> gateway::Ground {
    gateway::Ground {
        catalog: catalog.clone(),
        observations: observations.clone(),
        dialer: dialer.clone(),
        client: client.clone(),
        expect_gone: expect_gone(health),
    }
}

/// Live updates, of all that they follow.
fn live_updates(
    config: &Config,
    registry: &RegistryHandle,
    catalog: &CatalogReader,
    observations: &Arc<Observations>,
    incidents: &IncidentsHandle,
    tasks: &Tasks,
) -> UpdatesHandle {
    let rows = Rows { observations: observations.clone(), stable_after: incidents.stable_after() };
    let follows = Follows { observations: observations.clone(), journal: registry.journal(), incidents: incidents.follow() };
    updates::start(updates_settings(config), catalog.clone(), follows, Arc::new(rows), tasks)
}

fn updates_settings(config: &Config) -> UpdatesSettings {
    UpdatesSettings { subscribers_max: config.updates.subscribers_max, buffer_bytes_max: config.updates.buffer_max_bytes }
}

fn incident_rules(config: &Config) -> Rules {
    let incidents = config.incidents;
    Rules { stable_after: incidents.stable_after, together: incidents.together, before: incidents.before, kept_max: incidents.kept_max }
}

fn fan_in_settings(config: &Config) -> FanInSettings {
    FanInSettings { clients_max: config.streams.clients_max, frames_max: config.streams.frames_max }
}

fn gateway_settings(config: &Config, manager_id: &str) -> GatewaySettings {
    let routing = config.routing.clone();
    GatewaySettings {
        manager_id: manager_id.to_owned(),
        policy: table_policy(config),
        strategies: routing.strategies,
        affinity_by_setup: routing.affinity_by_setup,
        panics: routing.panics,
        budget: BudgetPolicy {
            percent: routing.retry_budget_percent,
            reserve_per_second: routing.retry_budget_reserve,
            ..BudgetPolicy::default()
        },
        retries_max: routing.retries_max,
        hedge: HedgePolicy { delay: routing.hedge_delay, percentile: routing.hedge_percentile },
        accrual: AccrualPolicy {
            failures: routing.ejection_failures,
            base: routing.ejection,
            max: routing.ejection.saturating_mul(10),
            ..AccrualPolicy::default()
        },
        timeout: routing.timeout,
        timeout_max: routing.timeout_max,
        stream_idle: routing.stream_idle,
        stream_total: routing.stream_total,
        head_max: routing.header_max_bytes,
        concurrency: routing.concurrency,
        queue_max: routing.queue_max,
        queue_timeout: routing.queue_timeout,
        idle_connections_max: routing.idle_connections_max,
        trusted_proxies: routing.trusted_proxies,
        clients_speak_https: config.server.tls.pair.is_some(),
        forward_credentials: routing.forward_credentials,
        workers: config.server.workers,
    }
}

/// How the table of the gateway is built. What is near to where the manager stands is preferred.
fn table_policy(config: &Config) -> Policy {
    let (identity, routing) = (&config.identity, &config.routing);
    let text = |text: &String| Arc::from(text.as_str());
    Policy {
        home: Home {
            environment: Some(text(&identity.environment)),
            region: Some(text(&identity.region)),
            zone: routing.zone.as_ref().map(text),
        },
        regions_share_names: routing.regions_share_names,
        slow_start: routing.slow_start,
        ejected_percent_max: routing.ejection_max_percent,
        ladder: LadderPolicy { failback: routing.failback_after, ..LadderPolicy::default() },
    }
}

/// Setups that were ordered to go through the gateway are told to whoever watches them.
fn expect_gone(health: &HealthHandle) -> gateway::ExpectGone {
    let health = health.clone();
    Arc::new(move |id, setup| {
        let health = health.clone();
        Box::pin(async move {
            if let Err(error) = health.expect_gone(&id, &setup).await {
                tracing::warn!(
                    instance = id.as_str(),
                    "setup '{setup}' was taken from {id}, but that is not written: after a crash it may be shown as missing: {error}"
                );
            }
        })
    })
}

fn federation_settings(config: &FederationConfig) -> FederationSettings {
    FederationSettings {
        max_age: config.max_age,
        source_timeout: config.source_timeout,
        request_timeout: config.request_timeout,
        concurrency: config.concurrency,
        response_max: config.response_max_bytes,
    }
}
