//! What a person sees when a manager starts: what it is, where its pages are, which registry it uses.

use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use peegeeq_domain::instance::{Endpoint, Host, Scheme};

use crate::app::RunningApp;
use crate::config::{BackendChoice, Config};
use crate::net::{Caller, Client, Deadline, Dialer, DialerSettings, Limits, TlsSettings};
use crate::observe::settings::LogFormat;

/// How long a Consul agent has to show itself.
const DETECTION_TIME: Duration = Duration::from_millis(200);

/// Prints where the manager is, and warns as the guide describes when registrations are kept without Consul.
pub(super) async fn serving(app: &RunningApp, config: &Config) {
    let url = base_url(app.address(), app.is_https());
    let data = config.registry.data_dir.display();
    print(config, &format!("{}\n  registry     embedded, in {data}\n", pages(&url)));
    tracing::info!(url, "PeeGeeQ Service Manager {} is serving on {url}", env!("CARGO_PKG_VERSION"));
    warn_without_consul(app, config).await;
}

/// The pages of a manager at `url`.
pub(super) fn pages(url: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "PeeGeeQ Service Manager {version}: registry, health, gateway and federated view of PeeGeeQ instances\n\
         \x20 console      {url}/\n\
         \x20 instances    {url}/api/v1/instances\n\
         \x20 cluster      {url}/api/v1/federation/overview\n\
         \x20 API          {url}/docs/\n\
         \x20 health       {url}/health\n\
         \x20 metrics      {url}/metrics"
    )
}

/// A URL that a person on this machine can open.
pub(super) fn base_url(address: SocketAddr, is_https: bool) -> String {
    let scheme = if is_https { "https" } else { "http" };
    let shown = if address.ip().is_unspecified() { SocketAddr::new(IpAddr::from([127, 0, 0, 1]), address.port()) } else { address };
    format!("{scheme}://{shown}")
}

/// Prints for people. Where standard output is for programs, one JSON object a line, people get it on standard error.
/// That an output is closed is no reason not to serve.
pub(super) fn print(config: &Config, text: &str) {
    let _ = match config.logging.format {
        LogFormat::Text => {
            let mut output = std::io::stdout().lock();
            writeln!(output, "{text}").and_then(|()| output.flush())
        }
        LogFormat::Json => writeln!(std::io::stderr().lock(), "{text}"),
    };
}

async fn warn_without_consul(app: &RunningApp, config: &Config) {
    let data = config.registry.data_dir.display();
    if config.registry.choice == BackendChoice::Auto
        && let Some(agent) = consul_agent(app, config).await
    {
        tracing::warn!(
            "a Consul agent answers at {agent}, but this version keeps registrations in its own embedded registry in {data}; nothing is read from or written to Consul"
        );
        return;
    }
    tracing::warn!(
        "running without Consul: this manager keeps registrations for itself in {data}; good for one manager, but several cannot share it"
    );
}

/// The agent's address, if one answers as a Consul agent does.
async fn consul_agent(app: &RunningApp, config: &Config) -> Option<String> {
    let agent = &config.registry.consul_agent;
    let endpoint = Endpoint { scheme: Scheme::Http, host: Host::parse(&agent.host).ok()?, port: NonZeroU16::new(agent.port)? };
    let settings = DialerSettings { connect_timeout: DETECTION_TIME, allowed_networks: Vec::new(), tls: TlsSettings::default() };
    let client = Client::new(Arc::new(Dialer::new(settings).ok()?), Caller::new("consul-detection"), 1, app.tasks().clone());
    let limits = Limits { deadline: Deadline::within(DETECTION_TIME), body_max: 1024 };
    let answer = client.get(&endpoint, "/v1/status/leader", limits).await.ok()?;
    (answer.status == 200 && answer.body.starts_with(b"\"")).then(|| endpoint.authority())
}
