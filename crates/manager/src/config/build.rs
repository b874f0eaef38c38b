//! Fills the typed structs from checked values.
//!
//! Owns which setting becomes which field. Does not own checking: it is only called without faults.

use super::typed::*;
use super::value::{Value, network};
use crate::observe::logger_names::target_of;
use crate::observe::settings::{LogFile, LogFormat, LoggingConfig};
use peegeeq_domain::instance::{Host, Scheme};
use peegeeq_domain::routing::panic::{PanicPolicies, PanicPolicy};
use peegeeq_domain::routing::pick::{Strategies, Strategy};
use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tracing::level_filters::LevelFilter;

/// Checked values by key. Every key asked for is in the table, which the tests see as they build a configuration.
pub(super) struct Values<'a> {
    pub(super) values: &'a HashMap<&'static str, (Value, super::Origin)>,
    pub(super) working_directory: &'a Path,
}

impl Values<'_> {
    fn value(&self, key: &str) -> &Value {
        &self.values.get(key).expect("every key asked for is in the table and has a value when there was no fault").0
    }

    /// A number that is set.
    pub(super) fn optional_number(&self, key: &str) -> Option<u64> {
        match self.value(key) {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    fn number(&self, key: &str) -> u64 {
        self.optional_number(key).unwrap_or(0)
    }

    fn size(&self, key: &str) -> usize {
        usize::try_from(self.number(key)).unwrap_or(usize::MAX)
    }

    fn port(&self, key: &str) -> u16 {
        u16::try_from(self.number(key)).unwrap_or(0)
    }

    fn small(&self, key: &str) -> u32 {
        u32::try_from(self.number(key)).unwrap_or(u32::MAX)
    }

    /// Milliseconds.
    pub(super) fn span(&self, key: &str) -> Duration {
        Duration::from_millis(self.number(key))
    }

    fn switch(&self, key: &str) -> bool {
        matches!(self.value(key), Value::Switch(true))
    }

    /// A text that is set.
    pub(super) fn optional_text(&self, key: &str) -> Option<&str> {
        match self.value(key) {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    fn text(&self, key: &str) -> String {
        self.optional_text(key).unwrap_or_default().to_owned()
    }

    /// A path that is set, seen from the working directory.
    pub(super) fn path(&self, key: &str) -> Option<PathBuf> {
        self.optional_text(key).map(|path| self.working_directory.join(path))
    }

    /// The items of a list.
    pub(super) fn items(&self, key: &str) -> &[String] {
        match self.value(key) {
            Value::Items(items) => items,
            _ => &[],
        }
    }

    /// The address to listen on.
    pub(super) fn bind(&self) -> IpAddr {
        match self.value("service.bind") {
            Value::Address(address) => *address,
            _ => IpAddr::from([127, 0, 0, 1]),
        }
    }

    /// How many instances the file lists.
    pub(super) fn registrations(&self) -> &[serde_json::Value] {
        match self.value("instances") {
            Value::Registrations(objects) => objects,
            _ => &[],
        }
    }

    /// What a request without a token may do: as set, else everything unless there are tokens.
    pub(super) fn anonymous_role(&self) -> AnonymousRole {
        match (self.optional_text("security.anonymous.role"), self.path("security.tokens.file")) {
            (Some("admin"), _) | (None, None) => AnonymousRole::Admin,
            _ => AnonymousRole::None,
        }
    }
}

/// Builds the configuration. `levels` are level words by logger, `strategies` words by environment, as spelled.
pub(super) fn config(values: &Values<'_>, levels: &[(&str, &str)], strategies: &[(&str, &str)]) -> Config {
    Config {
        identity: ManagerIdentity {
            name: values.text("service.name"),
            environment: values.text("environment"),
            region: values.text("region"),
        },
        server: server(values),
        security: security(values),
        registry: registry(values),
        health: health(values),
        federation: federation(values),
        streams: StreamsConfig { clients_max: values.size("streams.clients.max"), frames_max: values.size("streams.frames.max") },
        routing: routing(values, strategies),
        client: client(values),
        incidents: IncidentsConfig {
            stable_after: values.span("incidents.stable.after"),
            together: values.span("incidents.together"),
            before: values.span("incidents.before"),
            kept_max: values.size("incidents.kept.max"),
        },
        webhook: WebhookConfig {
            url: values.optional_text("webhook.url").map(str::to_owned),
            secret_file: values.path("webhook.secret.file"),
            timeout: values.span("webhook.timeout"),
            queue_max: values.number("webhook.queue.max"),
        },
        updates: UpdatesConfig {
            subscribers_max: values.size("updates.subscribers.max"),
            buffer_max_bytes: values.size("updates.buffer.max.bytes"),
        },
        logging: logging(values, levels),
        metrics: MetricsConfig { enabled: values.switch("metrics.enabled") },
        static_instances: values.registrations().to_vec(),
    }
}

fn server(values: &Values<'_>) -> ServerConfig {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from).min(64);
    let workers = values.optional_number("server.workers").and_then(|workers| usize::try_from(workers).ok());
    ServerConfig {
        bind: values.bind(),
        port: values.port("service.port"),
        workers: workers.unwrap_or_else(cores),
        connections_max: values.size("server.connections.max"),
        header_timeout: values.span("server.header.timeout"),
        body_timeout: values.span("server.body.timeout"),
        body_max_bytes: values.size("server.body.max.bytes"),
        body_total_max_bytes: values.size("server.body.total.max.bytes"),
        header_max_bytes: values.size("server.header.max.bytes"),
        idle_timeout: values.span("server.idle.timeout"),
        tls: server_tls(values),
        http2: values.switch("server.http2.enabled"),
        streams_max: values.small("server.http2.streams.max"),
        shutdown_delay: values.span("shutdown.delay"),
        shutdown_grace: values.span("shutdown.grace"),
    }
}

fn server_tls(values: &Values<'_>) -> ServerTlsConfig {
    ServerTlsConfig {
        pair: pair(values, "server.tls.cert.file", "server.tls.key.file"),
        client_ca_file: values.path("server.tls.client.ca.file"),
        only_tls13: values.optional_text("server.tls.min.version") == Some("1.3"),
        handshake_timeout: values.span("server.tls.handshake.timeout"),
        handshakes_max: values.size("server.tls.handshakes.max"),
        reload_interval: values.span("server.tls.reload.interval"),
        expiry_warning: days(values.number("tls.expiry.warning")),
    }
}

/// One of the two without the other is a fault, told in `contradictions.rs`.
fn pair(values: &Values<'_>, cert: &str, key: &str) -> Option<PairFiles> {
    Some(PairFiles { cert: values.path(cert)?, key: values.path(key)? })
}

fn days(days: u64) -> Duration {
    Duration::from_secs(days.saturating_mul(24 * 60 * 60))
}

fn security(values: &Values<'_>) -> SecurityConfig {
    SecurityConfig {
        tokens_file: values.path("security.tokens.file"),
        anonymous_role: values.anonymous_role(),
        instance_networks: values.items("security.instance.networks").iter().filter_map(|item| network(item)).collect(),
        host_names: values.items("service.names").iter().map(|name| name.to_ascii_lowercase()).collect(),
        cors_allowed_origins: values.items("cors.allowed.origins").to_vec(),
    }
}

fn registry(values: &Values<'_>) -> RegistryConfig {
    let choice = match (values.optional_text("registry.backend"), values.optional_text("consul.host")) {
        (Some("embedded"), _) => BackendChoice::Embedded,
        (Some("consul"), _) | (_, Some(_)) => BackendChoice::Consul,
        _ => BackendChoice::Auto,
    };
    RegistryConfig {
        data_dir: values.path("data.dir").unwrap_or_default(),
        choice,
        consul: consul(values),
        queue_max: values.size("registry.queue.max"),
        instances_max: values.size("registry.instances.max"),
        journal_max_age: days(values.number("journal.max.age")),
        journal_max_entries: values.number("journal.max.entries"),
    }
}

fn consul(values: &Values<'_>) -> ConsulConfig {
    let consistency = match values.optional_text("consul.consistency") {
        Some("stale") => ConsulConsistency::Stale,
        Some("consistent") => ConsulConsistency::Consistent,
        _ => ConsulConsistency::Default,
    };
    ConsulConfig {
        addresses: consul_addresses(values).unwrap_or_default(),
        scheme: values.optional_text("consul.scheme").and_then(|word| Scheme::parse(word).ok()).unwrap_or_default(),
        tls_ca_file: values.path("consul.tls.ca.file"),
        token: values.optional_text("consul.token.value").map(str::to_owned),
        token_file: values.path("consul.token.file"),
        datacenter: values.optional_text("consul.datacenter").map(str::to_owned),
        service: values.text("consul.service.name"),
        node: values.text("consul.node"),
        consistency,
        timeout: values.span("consul.timeout"),
        wait: values.span("consul.wait"),
        concurrency: values.size("consul.concurrency"),
        response_max_bytes: values.size("consul.response.max.bytes"),
        refresh: values.span("cache.refresh.interval"),
    }
}

/// The agents of Consul, or what is wrong with one of them.
pub(super) fn consul_addresses(values: &Values<'_>) -> Result<Vec<(Host, NonZeroU16)>, String> {
    let usual = NonZeroU16::new(values.port("consul.port")).unwrap_or(NonZeroU16::MIN);
    let address = |text: &str| {
        let text = text.trim();
        if let Ok(host) = Host::parse(text) {
            return Ok((host, usual));
        }
        let (host, port) = text.rsplit_once(':').ok_or_else(|| format!("'{text}' is neither a host nor host:port"))?;
        let port = port.parse().map_err(|_| format!("'{text}' has no port behind its last colon"))?;
        Ok((Host::parse(host)?, port))
    };
    values.optional_text("consul.host").unwrap_or("localhost").split(',').map(address).collect()
}

fn health(values: &Values<'_>) -> HealthConfig {
    HealthConfig {
        check_interval: values.span("health.check.interval"),
        check_timeout: values.span("health.check.timeout"),
        max_failures: values.small("health.max.failures"),
        retry_interval: values.span("health.retry.interval"),
        recheck_interval: values.span("health.recheck.interval"),
        recovery_successes: values.small("health.recovery.successes"),
        jitter_percent: u8::try_from(values.number("health.check.jitter")).unwrap_or(0),
        concurrency: values.size("health.check.concurrency"),
        tripwire_enabled: values.switch("health.tripwire.enabled"),
        setups_interval: values.span("health.setups.interval"),
        response_max_bytes: values.size("health.response.max.bytes"),
    }
}

fn federation(values: &Values<'_>) -> FederationConfig {
    let empty_status = match values.optional_text("federation.empty.status") {
        Some("200") => EmptyStatus::Ok,
        Some("503") => EmptyStatus::Unavailable,
        _ => EmptyStatus::ByPath,
    };
    FederationConfig {
        request_timeout: values.span("request.timeout"),
        max_age: values.optional_number("federation.max.age").map(Duration::from_millis),
        source_timeout: values.span("federation.source.timeout").min(longest_source_timeout(values)),
        concurrency: values.size("federation.concurrency"),
        response_max_bytes: values.size("federation.response.max.bytes"),
        empty_status,
    }
}

/// What one instance may take at most, so that the whole answer is still given in time.
pub(super) fn longest_source_timeout(values: &Values<'_>) -> Duration {
    values.span("request.timeout") * 4 / 5
}

fn strategies(values: &Values<'_>, by_environment: &[(&str, &str)]) -> Strategies {
    let said = |key: &str| values.optional_text(key).and_then(|word| Strategy::parse(word).ok());
    let environment = |(name, word): &(&str, &str)| Some(((*name).into(), Strategy::parse(word).ok()?));
    Strategies {
        usual: said("load.balancing.strategy").unwrap_or_default(),
        environments: by_environment.iter().filter_map(environment).collect(),
        reads: said("routing.strategy.reads"),
        writes: said("routing.strategy.writes"),
        streams: said("routing.strategy.streams"),
    }
}

fn panics(values: &Values<'_>) -> PanicPolicies {
    let (usual, said) = (PanicPolicies::default(), |key: &str| values.optional_text(key).and_then(PanicPolicy::parse));
    PanicPolicies {
        reads: said("routing.panic.reads").unwrap_or(usual.reads),
        writes: said("routing.panic.writes").unwrap_or(usual.writes),
    }
}

fn routing(values: &Values<'_>, by_environment: &[(&str, &str)]) -> RoutingConfig {
    RoutingConfig {
        strategies: strategies(values, by_environment),
        affinity_by_setup: values.optional_text("routing.affinity") == Some("setup"),
        zone: values.optional_text("routing.zone").map(str::to_owned),
        failback_after: values.span("routing.failback.after"),
        regions_share_names: values.switch("routing.regions.share.names"),
        slow_start: values.span("routing.slow.start"),
        panics: panics(values),
        ejection_max_percent: values.small("routing.ejection.max.percent"),
        retry_budget_percent: values.small("routing.retry.budget.percent"),
        retry_budget_reserve: values.small("routing.retry.budget.reserve"),
        retries_max: values.small("load.balancing.max.retries"),
        hedge_delay: values.span("routing.hedge.delay"),
        hedge_percentile: values.small("routing.hedge.percentile"),
        ejection_failures: values.small("routing.ejection.failures"),
        ejection: values.span("routing.ejection.duration"),
        timeout: values.span("routing.timeout"),
        timeout_max: values.span("routing.max.timeout"),
        stream_idle: values.span("routing.stream.idle.timeout"),
        stream_total: values.span("routing.stream.max.duration"),
        header_max_bytes: values.size("routing.header.max.bytes"),
        concurrency: values.size("routing.instance.concurrency"),
        queue_max: values.size("routing.queue.max"),
        queue_timeout: values.span("routing.queue.timeout"),
        idle_connections_max: values.size("routing.connections.idle.max"),
        trusted_proxies: values.items("routing.trusted.proxies").iter().filter_map(|item| network(item)).collect(),
        forward_credentials: values.switch("routing.forward.credentials"),
    }
}

fn client(values: &Values<'_>) -> ClientConfig {
    ClientConfig {
        connect_timeout: values.span("connection.timeout"),
        max_pool_size: values.size("http.client.max.pool.size"),
        tls_ca_file: values.path("instance.tls.ca.file"),
        tls_pair: pair(values, "instance.tls.cert.file", "instance.tls.key.file"),
    }
}

fn logging(values: &Values<'_>, levels: &[(&str, &str)]) -> LoggingConfig {
    let file = values.path("logging.file.name").map(|path| LogFile {
        path,
        max_bytes: values.number("logging.file.max-size"),
        max_history: values.number("logging.file.max-history"),
    });
    let format = match values.optional_text("logging.format") {
        Some("json") => LogFormat::Json,
        _ => LogFormat::Text,
    };
    LoggingConfig {
        root: level(&values.text("logging.level.root")),
        levels: levels.iter().filter_map(|(logger, word)| Some((target_of(logger)?, level(word)))).collect(),
        format,
        file,
        queue_max: values.size("logging.queue.max"),
    }
}

fn level(word: &str) -> LevelFilter {
    word.parse().unwrap_or(LevelFilter::INFO)
}
