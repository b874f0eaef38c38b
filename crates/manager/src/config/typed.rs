//! What the rooms are given: one small struct each, in types that need no further reading.
//!
//! Owns the structs. Does not own how they are filled (`build.rs`). Rooms never see the whole [`Config`].

use crate::observe::settings::LoggingConfig;
use ipnet::IpNet;
use peegeeq_domain::instance::{Host, Scheme};
use peegeeq_domain::routing::panic::PanicPolicies;
use peegeeq_domain::routing::pick::Strategies;
use std::net::IpAddr;
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::time::Duration;

/// The whole configuration, checked. Read by `app` only, which hands each room its part.
#[derive(Clone, Debug)]
pub struct Config {
    /// Who this manager says it is.
    pub identity: ManagerIdentity,
    /// Listening and limits towards clients.
    pub server: ServerConfig,
    /// Who may do what.
    pub security: SecurityConfig,
    /// Where registrations live.
    pub registry: RegistryConfig,
    /// How instances are watched.
    pub health: HealthConfig,
    /// How instances are asked for their data.
    pub federation: FederationConfig,
    /// Streams that all instances feed.
    pub streams: StreamsConfig,
    /// How requests are sent on to instances.
    pub routing: RoutingConfig,
    /// How connections to instances are made.
    pub client: ClientConfig,
    /// Incidents.
    pub incidents: IncidentsConfig,
    /// The webhook.
    pub webhook: WebhookConfig,
    /// Live updates.
    pub updates: UpdatesConfig,
    /// What is logged where.
    pub logging: LoggingConfig,
    /// What is measured.
    pub metrics: MetricsConfig,
    /// Instances listed in `config.json`, each an object as in a registration request.
    pub static_instances: Vec<serde_json::Value>,
}

/// Who this manager says it is.
#[derive(Clone, Debug)]
pub struct ManagerIdentity {
    /// `service.name`.
    pub name: String,
    /// `environment` of the manager itself.
    pub environment: String,
    /// `region` of the manager itself.
    pub region: String,
}

/// Listening and limits towards clients.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Address to listen on.
    pub bind: IpAddr,
    /// Port to listen on; 0 takes any free one.
    pub port: u16,
    /// Threads that serve requests, 1 to 64.
    pub workers: usize,
    /// Most client connections at once.
    pub connections_max: usize,
    /// For a request's head to arrive.
    pub header_timeout: Duration,
    /// For a request's body to arrive.
    pub body_timeout: Duration,
    /// Largest request body in bytes.
    pub body_max_bytes: usize,
    /// Bytes of all request bodies being read.
    pub body_total_max_bytes: usize,
    /// Largest request head in bytes.
    pub header_max_bytes: usize,
    /// For a connection without a request.
    pub idle_timeout: Duration,
    /// How HTTPS is spoken.
    pub tls: ServerTlsConfig,
    /// Whether HTTP/2 is offered over TLS.
    pub http2: bool,
    /// Most requests at a time on one HTTP/2 connection.
    pub streams_max: u32,
    /// For saying "not ready" before connections are refused.
    pub shutdown_delay: Duration,
    /// For requests under way once the manager stops; zero waits for nothing.
    pub shutdown_grace: Duration,
}

/// How HTTPS is spoken. The files are readable when the configuration was read; whether they fit is seen at the start.
#[derive(Clone, Debug)]
pub struct ServerTlsConfig {
    /// Certificate and key; none: plain HTTP.
    pub pair: Option<PairFiles>,
    /// Authorities of which clients must show a certificate.
    pub client_ca_file: Option<PathBuf>,
    /// Whether TLS 1.2 is refused.
    pub only_tls13: bool,
    /// For a handshake.
    pub handshake_timeout: Duration,
    /// Most handshakes being worked on.
    pub handshakes_max: usize,
    /// Between two looks at the files; zero looks only when asked.
    pub reload_interval: Duration,
    /// How long before its end any certificate is warned about.
    pub expiry_warning: Duration,
}

/// Files of a certificate and its key.
#[derive(Clone, Debug)]
pub struct PairFiles {
    /// The certificate and its chain.
    pub cert: PathBuf,
    /// The key.
    pub key: PathBuf,
}

/// Who may do what.
#[derive(Clone, Debug)]
pub struct SecurityConfig {
    /// File with hashed tokens; a readable file when the configuration was read.
    pub tokens_file: Option<PathBuf>,
    /// What a request without a token may do, already decided from the address and the tokens file.
    pub anonymous_role: AnonymousRole,
    /// Networks allowed although link-local or cloud metadata.
    pub instance_networks: Vec<IpNet>,
    /// Further names accepted in `Host`, in lower case.
    pub host_names: Vec<String>,
    /// Pages that may call, beside the manager's own: `*`, or origins whose port may be `*`.
    pub cors_allowed_origins: Vec<String>,
}

/// What a request without a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnonymousRole {
    /// Nothing that needs a role.
    None,
    /// Everything.
    Admin,
}

/// Where registrations live.
#[derive(Clone, Debug)]
pub struct RegistryConfig {
    /// Folder of the store, absolute when the working directory was.
    pub data_dir: PathBuf,
    /// Which backend was asked for.
    pub choice: BackendChoice,
    /// Consul, as far as it is used.
    pub consul: ConsulConfig,
    /// Changes waiting to be stored.
    pub queue_max: usize,
    /// Most instances.
    pub instances_max: usize,
    /// How long journal entries are kept.
    pub journal_max_age: Duration,
    /// Most journal entries.
    pub journal_max_entries: u64,
}

/// Which backend was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackendChoice {
    /// `registry.backend=auto` without `consul.host`: found out at the first start.
    Auto,
    /// `registry.backend=embedded`.
    Embedded,
    /// `registry.backend=consul`, or `consul.host` is set.
    Consul,
}

/// How Consul is reached and used.
#[derive(Clone, Debug)]
pub struct ConsulConfig {
    /// The agents, in turn.
    pub addresses: Vec<(Host, NonZeroU16)>,
    /// Plain or encrypted.
    pub scheme: Scheme,
    /// Further certificate authorities in PEM; a readable file when the configuration was read.
    pub tls_ca_file: Option<PathBuf>,
    /// The token itself.
    pub token: Option<String>,
    /// A file with the token.
    pub token_file: Option<PathBuf>,
    /// The datacenter, if not the agent's own.
    pub datacenter: Option<String>,
    /// Name of the service of instances.
    pub service: String,
    /// The managers' own node.
    pub node: String,
    /// How up to date answers must be.
    pub consistency: ConsulConsistency,
    /// For one answer.
    pub timeout: Duration,
    /// Longest wait for something to tell.
    pub wait: Duration,
    /// Most writes at once.
    pub concurrency: usize,
    /// Largest answer in bytes.
    pub response_max_bytes: usize,
    /// Between two full reads.
    pub refresh: Duration,
}

/// How up to date Consul's answers must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsulConsistency {
    /// What the leader believes.
    Default,
    /// What any server has.
    Stale,
    /// What the leader made sure of.
    Consistent,
}

/// How instances are watched.
#[derive(Clone, Debug)]
pub struct HealthConfig {
    /// Between two probes of an instance that answers.
    pub check_interval: Duration,
    /// For one probe in all.
    pub check_timeout: Duration,
    /// Failures in a row that make an instance unhealthy.
    pub max_failures: u32,
    /// Between two probes of an instance long unhealthy.
    pub retry_interval: Duration,
    /// Until the next probe after a first failure.
    pub recheck_interval: Duration,
    /// Successes in a row that end being unhealthy.
    pub recovery_successes: u32,
    /// Variation of the interval in percent, 0 to 50.
    pub jitter_percent: u8,
    /// Most probes at once.
    pub concurrency: usize,
    /// Whether an idle connection is held to each instance.
    pub tripwire_enabled: bool,
    /// Between two looks at an instance's setups.
    pub setups_interval: Duration,
    /// Largest answer of a probe in bytes.
    pub response_max_bytes: usize,
}

/// How instances are asked for their data.
#[derive(Clone, Debug)]
pub struct FederationConfig {
    /// For the manager's whole answer.
    pub request_timeout: Duration,
    /// Oldest answer given out; none means the larger of 2 s and 20 times the last fetch's cost.
    pub max_age: Option<Duration>,
    /// For one instance; already at most 0.8 times `request_timeout`.
    pub source_timeout: Duration,
    /// Instances asked at once for one answer.
    pub concurrency: usize,
    /// Largest answer of one instance in bytes.
    pub response_max_bytes: usize,
    /// Status when no instance is healthy.
    pub empty_status: EmptyStatus,
}

/// Status of a federated answer when no instance is healthy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmptyStatus {
    /// 503 under `/federation`, 200 under `/federated`.
    ByPath,
    /// Always 200.
    Ok,
    /// Always 503.
    Unavailable,
}

/// Streams that all instances feed.
#[derive(Clone, Copy, Debug)]
pub struct StreamsConfig {
    /// Clients at once.
    pub clients_max: usize,
    /// Frames kept for clients that are behind.
    pub frames_max: usize,
}

/// How requests are sent on to instances.
#[derive(Clone, Debug)]
pub struct RoutingConfig {
    /// Who of several gets a request.
    pub strategies: Strategies,
    /// Whether requests for one setup go to one instance.
    pub affinity_by_setup: bool,
    /// Zone of the manager.
    pub zone: Option<String>,
    /// Until somebody who came back counts for its level.
    pub failback_after: Duration,
    /// Whether names of database hosts mean the same in all regions.
    pub regions_share_names: bool,
    /// While the share of a newcomer grows.
    pub slow_start: Duration,
    /// What happens when nobody is well.
    pub panics: PanicPolicies,
    /// The most of a group that is ejected.
    pub ejection_max_percent: u32,
    /// Retries for a hundred requests.
    pub retry_budget_percent: u32,
    /// Retries a second however few requests there are.
    pub retry_budget_reserve: u32,
    /// Attempts beside the first.
    pub retries_max: u32,
    /// After so long a read is asked of a second instance.
    pub hedge_delay: Duration,
    /// Or after this percentile of the last ones.
    pub hedge_percentile: u32,
    /// Failures in a row that eject.
    pub ejection_failures: u32,
    /// The first ejection.
    pub ejection: Duration,
    /// For the head of an answer.
    pub timeout: Duration,
    /// The most that a client may ask for instead.
    pub timeout_max: Duration,
    /// For a body or a switched connection to stand still.
    pub stream_idle: Duration,
    /// For the whole of them.
    pub stream_total: Duration,
    /// Largest head of an answer in bytes.
    pub header_max_bytes: usize,
    /// Most requests under way to one instance.
    pub concurrency: usize,
    /// Most requests waiting for it.
    pub queue_max: usize,
    /// For waiting.
    pub queue_timeout: Duration,
    /// Most unused connections of a worker to one instance.
    pub idle_connections_max: usize,
    /// Networks of proxies that are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether credentials of clients are sent on.
    pub forward_credentials: bool,
}

/// How connections to instances are made.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// For name lookup, connecting and TLS together.
    pub connect_timeout: Duration,
    /// Most connections for federation at once.
    pub max_pool_size: usize,
    /// Further certificate authorities in PEM; a readable file when the configuration was read.
    pub tls_ca_file: Option<PathBuf>,
    /// What the manager shows to instances that ask for a certificate.
    pub tls_pair: Option<PairFiles>,
}

/// What failed together.
#[derive(Clone, Copy, Debug)]
pub struct IncidentsConfig {
    /// How long nothing must be bad before one closes.
    pub stable_after: Duration,
    /// Within which time failures are together.
    pub together: Duration,
    /// How long before one a change is named in it.
    pub before: Duration,
    /// Most closed ones.
    pub kept_max: usize,
}

/// The webhook.
#[derive(Clone, Debug)]
pub struct WebhookConfig {
    /// Where it goes; `None`: nowhere.
    pub url: Option<String>,
    /// The file with the secret.
    pub secret_file: Option<PathBuf>,
    /// For one delivery.
    pub timeout: Duration,
    /// Most entries by which the receiver may be behind.
    pub queue_max: u64,
}

/// Live updates.
#[derive(Clone, Copy, Debug)]
pub struct UpdatesConfig {
    /// Most subscribers at a time.
    pub subscribers_max: usize,
    /// Bytes kept for those who are behind.
    pub buffer_max_bytes: usize,
}

/// What is measured.
#[derive(Clone, Copy, Debug)]
pub struct MetricsConfig {
    /// Whether metrics are collected and `/metrics` exists.
    pub enabled: bool,
}
