//! Where registrations are kept: found out once, remembered in the data folder, never changed while running.
//!
//! Owns the choice and its file. `auto` decides at the first start and sticks; a Consul that was asked for and does not answer is
//! still the backend. Each backend has a store of its own, so that a change of backends loses nothing of either.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use peegeeq_domain::instance::Endpoint;

use crate::config::{BackendChoice, Config, ConsulConsistency};
use crate::net::{Caller, Client, Deadline, Dialer, DialerSettings, Limits, TlsSettings};
use crate::registry::{AgentSettings, Consistency, ConsulSettings};
use crate::tasks::Tasks;

/// How long a Consul agent has to show itself.
const DETECTION_TIME: Duration = Duration::from_millis(200);
/// Remembers what `auto` decided.
const FILE: &str = "registry.backend";
/// The folder of the store beside Consul, in the data folder.
const CONSUL_FOLDER: &str = "consul";
/// The file of an embedded store: what older versions left says what they decided.
const EMBEDDED_FILE: &str = "registry.redb";
/// Connections beside those for writes: the watch, the full read, the checks, the mark.
const FURTHER_CONNECTIONS: usize = 6;

/// Where registrations are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// In a store of this manager alone.
    Embedded,
    /// In Consul.
    Consul,
}

impl Backend {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Consul => "consul",
        }
    }
}

/// The choice, and what an operator should know of it.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// Where registrations are kept.
    pub backend: Backend,
    /// What is odd about that.
    pub warning: Option<String>,
}

/// Decides.
pub(super) async fn choose(config: &Config, tasks: &Tasks) -> Chosen {
    let data = &config.registry.data_dir;
    match config.registry.choice {
        BackendChoice::Embedded => Chosen { backend: Backend::Embedded, warning: without_consul(data) },
        BackendChoice::Consul => Chosen { backend: Backend::Consul, warning: left_behind(data) },
        BackendChoice::Auto => automatic(config, tasks).await,
    }
}

async fn automatic(config: &Config, tasks: &Tasks) -> Chosen {
    let data = &config.registry.data_dir;
    let agent = agent_that_answers(config, tasks).await;
    match (remembered(data), agent) {
        (Some(Backend::Consul), _) => Chosen { backend: Backend::Consul, warning: None },
        (Some(Backend::Embedded), Some(agent)) => {
            let warning = format!(
                "a Consul agent answers at {agent}, but this manager was first started without one and keeps its registrations in {}; \
                 to use Consul from now on, start with -Dregistry.backend=consul and register the instances again",
                data.display()
            );
            Chosen { backend: Backend::Embedded, warning: Some(warning) }
        }
        (Some(Backend::Embedded) | None, None) => Chosen { backend: Backend::Embedded, warning: without_consul(data) },
        (None, Some(_)) => Chosen { backend: Backend::Consul, warning: None },
    }
}

/// Remembers what `auto` decided, once the data folder is there.
pub(super) fn remember(config: &Config, backend: Backend) {
    let data = &config.registry.data_dir;
    if config.registry.choice != BackendChoice::Auto || remembered(data) == Some(backend) {
        return;
    }
    if let Err(error) = std::fs::write(data.join(FILE), format!("{}\n", backend.as_str())) {
        tracing::warn!(%error, "{} cannot be written, so the choice of the registry is made anew at the next start", data.join(FILE).display());
    }
}

/// The folder of the store.
pub(super) fn store_folder(config: &Config, backend: Backend) -> PathBuf {
    match backend {
        Backend::Embedded => config.registry.data_dir.clone(),
        Backend::Consul => config.registry.data_dir.join(CONSUL_FOLDER),
    }
}

/// What speaks with Consul, if registrations are kept there. The error says what is wrong with the certificate authorities.
pub(super) fn consul(config: &Config, backend: Backend, caller: Caller, tasks: &Tasks) -> Result<Option<(Client, ConsulSettings)>, String> {
    if backend == Backend::Embedded {
        return Ok(None);
    }
    let consul = &config.registry.consul;
    let client = client(config, config.client.connect_timeout, caller, consul.concurrency + FURTHER_CONNECTIONS, tasks)?;
    let agent = AgentSettings {
        addresses: consul.addresses.clone(),
        scheme: consul.scheme,
        token: consul.token.clone(),
        token_file: consul.token_file.clone(),
        datacenter: consul.datacenter.clone(),
        consistency: match consul.consistency {
            ConsulConsistency::Default => Consistency::Default,
            ConsulConsistency::Stale => Consistency::Stale,
            ConsulConsistency::Consistent => Consistency::Consistent,
        },
        timeout: consul.timeout,
        response_max: consul.response_max_bytes,
    };
    let settings = ConsulSettings {
        agent,
        service: consul.service.clone(),
        node: consul.node.clone(),
        wait: consul.wait,
        refresh: consul.refresh,
        concurrency: consul.concurrency,
        manager: config.identity.name.clone(),
    };
    Ok(Some((client, settings)))
}

fn client(config: &Config, connect_timeout: Duration, caller: Caller, connections: usize, tasks: &Tasks) -> Result<Client, String> {
    // Where Consul is says the operator, not a caller: an agent on a link-local address is usual.
    let anywhere = ["0.0.0.0/0", "::/0"].iter().filter_map(|network| network.parse().ok()).collect();
    let tls = TlsSettings { extra_ca_file: config.registry.consul.tls_ca_file.clone(), identity: None };
    let dialer = Dialer::new(DialerSettings { connect_timeout, allowed_networks: anywhere, tls })?;
    Ok(Client::new(Arc::new(dialer), caller, connections, tasks.clone()))
}

/// What an earlier start decided.
fn remembered(data: &Path) -> Option<Backend> {
    match std::fs::read_to_string(data.join(FILE)).as_deref().map(str::trim) {
        Ok("consul") => Some(Backend::Consul),
        Ok("embedded") => Some(Backend::Embedded),
        _ => data.join(EMBEDDED_FILE).exists().then_some(Backend::Embedded),
    }
}

fn without_consul(data: &Path) -> Option<String> {
    let place = data.display();
    Some(format!(
        "running without Consul: this manager keeps registrations for itself in {place}; good for one manager, but several cannot share it"
    ))
}

fn left_behind(data: &Path) -> Option<String> {
    data.join(EMBEDDED_FILE).exists().then(|| {
        format!(
            "registrations are kept in Consul now; what this manager kept for itself before lies untouched in {} \
             (-Dregistry.backend=embedded uses it again)",
            data.join(EMBEDDED_FILE).display()
        )
    })
}

/// The agent's address, if one answers as a Consul agent does.
async fn agent_that_answers(config: &Config, tasks: &Tasks) -> Option<String> {
    let consul = &config.registry.consul;
    let (host, port) = consul.addresses.first()?.clone();
    let endpoint = Endpoint { scheme: consul.scheme, host, port };
    let client = client(config, DETECTION_TIME, Caller::new("consul-detection"), 1, tasks).ok()?;
    let limits = Limits { deadline: Deadline::within(DETECTION_TIME), body_max: 1024 };
    let answer = client.get(&endpoint, "/v1/status/leader", limits).await.ok()?;
    (answer.status == 200 && answer.body.starts_with(b"\"")).then(|| endpoint.authority())
}
