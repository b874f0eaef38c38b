//! A fleet of simulated instances in this process, registered with a manager.

use std::sync::Arc;
use std::time::{Duration, Instant};

use peegeeq_testkit::{FakeFleet, FleetOptions, HttpClient, World};
use serde_json::json;

use super::manager::Manager;
use super::post::{self, Drafts};

/// Open files that ten thousand instances take in each of the two processes, with some to spare.
pub(super) const FILES_NEEDED: u64 = 12_000;

const ENVIRONMENTS: [&str; 2] = ["production", "staging"];
const REGIONS: [&str; 2] = ["eu-west-1", "us-east-1"];
const REGISTERING_CONNECTIONS: usize = 16;
const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// Starts `count` instances that all hold `world`, registers them and waits until all are healthy.
pub(super) async fn start(manager: &Manager, count: usize, world: World) -> Result<FakeFleet, String> {
    let fleet = FakeFleet::start(count, FleetOptions::of(world)).await.map_err(|error| format!("fleet: {error}"))?;
    let members: Vec<_> = fleet.handles().map(|handle| (handle.name().to_owned(), handle.host(), handle.port())).collect();
    let drafts: Drafts = Arc::new(move |number| {
        let (name, host, port) = &members[number];
        (name.clone(), draft(name, host, *port, number))
    });
    let registered = post::register(manager.address(), &drafts, 0..count, REGISTERING_CONNECTIONS).await?;
    if registered.acknowledged.len() != count {
        return Err(format!("{} of {count} were registered; others: {:?}", registered.acknowledged.len(), registered.refused.first()));
    }
    healthy(manager, count).await?;
    Ok(fleet)
}

/// The JSON of a registration with labels like a real one's.
pub(super) fn draft(name: &str, host: &str, port: u16, number: usize) -> String {
    json!({
        "instanceId": name,
        "host": host,
        "port": port,
        "version": "1.0.0",
        "environment": ENVIRONMENTS[number % 2],
        "region": REGIONS[number / 2 % 2],
        "metadata": { "zone": format!("zone-{}", number % 3), "team": "messaging" },
    })
    .to_string()
}

/// Waits until `count` instances are healthy.
pub(super) async fn healthy(manager: &Manager, count: usize) -> Result<(), String> {
    let url = manager.url("/api/v1/instances?status=healthy&pageSize=1");
    let end = Instant::now() + LONGEST_WAIT;
    loop {
        let reply = HttpClient::default().get(&url).await.map_err(|error| format!("{url}: {error}"))?;
        let matched = reply.json()["matchedInstances"].as_u64().unwrap_or(0);
        if matched == count as u64 {
            return Ok(());
        }
        if Instant::now() > end {
            return Err(format!("only {matched} of {count} instances became healthy within {LONGEST_WAIT:?}"));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
