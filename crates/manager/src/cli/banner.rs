//! What a person sees when a manager starts: what it is, where its pages are, which registry it uses.

use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::app::RunningApp;
use crate::config::{BackendChoice, Config};

/// How long a Consul agent has to show itself.
const DETECTION_TIME: Duration = Duration::from_millis(200);

/// Prints where the manager is, and warns as the guide describes when registrations are kept without Consul.
pub(super) async fn serving(app: &RunningApp, config: &Config) {
    let url = base_url(app.address());
    let data = config.registry.data_dir.display();
    print(&format!("{}\n  registry     embedded, in {data}\n", pages(&url)));
    tracing::info!(url, "PeeGeeQ Service Manager {} is serving on {url}", env!("CARGO_PKG_VERSION"));
    warn_without_consul(config).await;
}

/// The pages of a manager at `url`.
pub(super) fn pages(url: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "PeeGeeQ Service Manager {version}: registry, health and federated view of PeeGeeQ instances\n\
         \x20 instances    {url}/api/v1/instances\n\
         \x20 cluster      {url}/api/v1/federation/overview\n\
         \x20 API          {url}/docs/\n\
         \x20 health       {url}/health\n\
         \x20 metrics      {url}/metrics"
    )
}

/// A URL that a person on this machine can open.
pub(super) fn base_url(address: SocketAddr) -> String {
    let shown = if address.ip().is_unspecified() { SocketAddr::new(IpAddr::from([127, 0, 0, 1]), address.port()) } else { address };
    format!("http://{shown}")
}

/// A closed standard output is no reason not to serve.
pub(super) fn print(text: &str) {
    let mut output = std::io::stdout().lock();
    let _ = writeln!(output, "{text}").and_then(|()| output.flush());
}

async fn warn_without_consul(config: &Config) {
    let agent = &config.registry.consul_agent;
    if config.registry.choice == BackendChoice::Auto && crate::net::answers(&agent.host, agent.port, DETECTION_TIME).await {
        tracing::warn!(
            "a Consul agent answers at {}:{}, but this version keeps registrations in its own embedded registry; nothing is read from or written to Consul",
            agent.host,
            agent.port
        );
        return;
    }
    tracing::warn!(
        "running without Consul: registrations are kept by this manager alone, in {}; good for one manager, but several cannot share it",
        config.registry.data_dir.display()
    );
}
