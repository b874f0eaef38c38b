//! Watching the instances: when they are probed, how, and what is made known of it.
//!
//! Owns probes, looks at setups, tripwires and their timing. Does not own what a result does to a verdict (that is
//! `peegeeq_domain::health`), nor the catalog: verdicts are handed to the registry's writer through [`Judge`].

mod due;
mod handle;
mod judging;
mod leaving;
mod log;
mod meters;
mod monitor;
mod noting;
mod probe;
mod remembering;
mod setups;
mod setups_wire;
mod tripwire;
mod watched;
mod words;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use peegeeq_domain::health::HealthPolicy;
use peegeeq_domain::journal::JournalEvent;

pub use crate::registry::Judgement;
use crate::registry::{KnownSetups, RegistryError};
pub use handle::{CheckError, HealthHandle, Unwritten};
pub use monitor::start;
pub use peegeeq_domain::health::Check;

/// The numbers of watching. Read once at start.
#[derive(Clone, Debug)]
pub struct HealthSettings {
    /// When to probe and when to change a verdict.
    pub policy: HealthPolicy,
    /// The longest time for one probe.
    pub probe_timeout: Duration,
    /// The most probes at once; further ones wait in order.
    pub concurrency: usize,
    /// Whether an idle connection is held to every instance.
    pub tripwire: bool,
    /// Time between two looks at the setups of an instance with up to ten setups; zero: never look.
    pub setups_interval: Duration,
    /// The most bytes of a body that a probe reads. A larger one is judged by its status alone.
    pub response_max: usize,
    /// How long before its end an instance's certificate is warned about.
    pub expiry_warning: Duration,
    /// Who asks: the manager's id, sent with every request.
    pub manager_id: String,
}

/// Puts judgements into the catalog. The future ends when a reader of the catalog sees them. Called with one batch at a time.
pub type Judge = Arc<dyn Fn(Vec<Judgement>) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// Has the setups known of instances written. The future ends when they are durable. Called with one batch at a time.
pub type Remember = Arc<dyn Fn(Vec<Arc<KnownSetups>>) -> Pin<Box<dyn Future<Output = Result<(), RegistryError>> + Send>> + Send + Sync>;

/// Has entries written into the journal. The future ends when they are taken. Called with one batch at a time.
pub type Note = Arc<dyn Fn(Vec<JournalEvent>) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// What ties the monitor to the registry.
pub struct Ties {
    /// Where verdicts go.
    pub judge: Judge,
    /// Where known setups go.
    pub remember: Remember,
    /// Where entries of the journal go that are not verdicts.
    pub note: Note,
    /// The setups that were known when the manager last ran.
    pub known: Vec<KnownSetups>,
}
