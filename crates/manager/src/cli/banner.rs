//! What a person sees when a manager starts: what it is, where its pages are, which registry it uses.

use std::io::Write;
use std::net::{IpAddr, SocketAddr};

use crate::app::{Backend, RunningApp};
use crate::config::Config;
use crate::observe::settings::LogFormat;

/// Prints where the manager is, and warns as the guide describes when registrations are kept without Consul.
pub(super) fn serving(app: &RunningApp, config: &Config) {
    let url = base_url(app.address(), app.is_https());
    let data = config.registry.data_dir.display();
    let registry = match app.chosen.backend {
        Backend::Embedded => format!("embedded, in {data}"),
        Backend::Consul => format!("Consul at {}", consul_addresses(config)),
    };
    print(config, &format!("{}\n  registry     {registry}\n", pages(&url)));
    tracing::info!(url, "PeeGeeQ Service Manager {} is serving on {url}", env!("CARGO_PKG_VERSION"));
    if let Some(warning) = &app.chosen.warning {
        tracing::warn!("{warning}");
    }
}

fn consul_addresses(config: &Config) -> String {
    let addresses = config.registry.consul.addresses.iter();
    addresses.map(|(host, port)| format!("{}:{port}", host.as_str())).collect::<Vec<_>>().join(", ")
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
