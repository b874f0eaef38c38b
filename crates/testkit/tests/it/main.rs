//! Proves that the simulated world behaves as described, over real connections.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests of the simulated world: they have tasks and clocks of their own, and a failure ends the test"
)]

mod captures;
mod chaos;
mod clients;
mod fleet;
mod gateway;
mod life;
mod modes;
mod scripts;
mod streams;
mod world;

use peegeeq_testkit::{FakeInstance, HttpClient, Options, Reply, World, secs};
use serde_json::Value;

/// An instance with the sample setup `alpha`.
async fn alpha() -> FakeInstance {
    Options::named("alpha", World::sample("alpha")).start().await.unwrap()
}

async fn get(url: String) -> Reply {
    HttpClient::new(secs(5)).get(&url).await.unwrap_or_else(|error| panic!("GET {url}: {error}"))
}

async fn json(url: String) -> Value {
    get(url).await.json()
}
