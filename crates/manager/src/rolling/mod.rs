//! Rolling restarts: one instance after the other is drained, restarted by somebody, waited for, and let in again.
//!
//! Owns seeing how things stand, making each step durable before anything is ordered because of it, and giving the orders.
//! Does not own what follows from what is seen (`peegeeq_domain::rolling`), nor traffic, which it is handed.

mod eyes;
mod handle;
mod task;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use peegeeq_domain::instance::InstanceId;
use peegeeq_domain::rolling::Rolling;

pub use handle::{RollingError, RollingHandle};

use crate::net::Client;
use crate::observations::Observations;
use crate::registry::{CatalogReader, RegistryHandle};
use crate::tasks::{TaskName, Tasks};

/// The most rolling restarts that are remembered. One more takes the place of the oldest that is over.
pub const REMEMBERED_MAX: usize = 20;

/// What is under way to an instance, as far as the gateway sends it there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnderWay {
    /// Requests, waiting ones and streams among them.
    pub requests: usize,
    /// Streams among them.
    pub streams: usize,
}

/// What is seen and done at the gateway.
pub trait Traffic: Send + Sync + 'static {
    /// What is under way to an instance.
    fn under_way(&self, id: &str) -> UnderWay;
    /// The setups that nobody else serves.
    fn only_at(&self, id: &str) -> Vec<Arc<str>>;
    /// Whether requests for these setups reach it, as far as a restart has to do with it.
    fn serves(&self, id: &str, setups: &[Arc<str>]) -> bool;
    /// Has its setups looked at.
    fn look_at(&self, id: &InstanceId);
}

/// What rolling restarts stand on.
pub struct Ground {
    /// The members.
    pub catalog: CatalogReader,
    /// Their checkups.
    pub observations: Arc<Observations>,
    /// Carries orders out, and keeps how far things are.
    pub registry: RegistryHandle,
    /// Asks instances for their setups.
    pub client: Client,
    /// The gateway.
    pub traffic: Arc<dyn Traffic>,
}

/// Starts the task that leads them, with those that the store knew: one that was under way goes on.
pub fn start(ground: Ground, known: Vec<Rolling>, tasks: &Tasks) -> RollingHandle {
    let (handle, doors) = handle::doors(known.into_iter().map(Arc::new).collect());
    let stop = tasks.stop_signal();
    tasks.vital(TaskName::RollingRestarts, async move {
        stop.run_until_cancelled(task::run(ground, doors)).await;
    });
    handle
}

type Waited<T> = BoxFuture<'static, T>;
