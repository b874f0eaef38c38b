//! The registry in Consul: what this manager writes there, and how it keeps up with what others write.
//!
//! Owns the one client of Consul, the form of entries, the watch, and the checks by which other readers of Consul see the
//! managers' verdicts. Does not own the catalog: the writer does, and takes what is heard from here.

mod agent;
mod checks;
mod entry;
mod eyes;
mod hand;
mod holdings;
mod pace;
mod picture;
mod record;
mod sentinel;
mod status;
mod token;
mod watch;
mod write;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

pub(in crate::registry) use agent::Refusal;
pub use agent::{AgentSettings, Consistency};
pub(in crate::registry) use hand::Answers;
pub(in crate::registry) use holdings::Holdings;
pub(in crate::registry) use picture::{Difference, Look, Picture};
pub use status::ConsulStatus;
pub(in crate::registry) use status::StatusCell;
pub(in crate::registry) use watch::{Caller, Heard};
pub(in crate::registry) use write::Job;

use super::CatalogReader;
use crate::net::Client;
use crate::tasks::{TaskName, Tasks};
use agent::Agent;
use eyes::Eyes;
use hand::Hand;
use watch::{CALLERS_MAX, Rhythm, Watch};
use write::Place;

/// How the registry is kept in Consul.
#[derive(Clone, Debug)]
pub struct ConsulSettings {
    /// Where Consul is.
    pub agent: AgentSettings,
    /// Name of the service of PeeGeeQ instances.
    pub service: String,
    /// The managers' own node in the catalog.
    pub node: String,
    /// The longest that Consul may wait for something to tell.
    pub wait: Duration,
    /// Between two full reads.
    pub refresh: Duration,
    /// The most writes at once.
    pub concurrency: usize,
    /// Who this manager is, for the words in its checks.
    pub manager: String,
}

/// The writer's ends.
#[derive(Debug)]
pub(in crate::registry) struct Link {
    pub(in crate::registry) heard: mpsc::Receiver<Heard>,
    pub(in crate::registry) jobs: mpsc::Sender<Vec<Job>>,
    pub(in crate::registry) answers: mpsc::Receiver<Answers>,
    pub(in crate::registry) wanted: mpsc::Sender<Caller>,
    pub(in crate::registry) status: StatusCell,
    pub(in crate::registry) holdings: Holdings,
    pub(in crate::registry) own_node: Arc<str>,
}

/// Starts the tasks that speak with Consul.
pub(in crate::registry) fn start(client: Client, settings: ConsulSettings, catalog: CatalogReader, tasks: &Tasks) -> Link {
    let (heard_out, heard) = mpsc::channel(2);
    let (jobs, jobs_in) = mpsc::channel(1);
    let (answers_out, answers) = mpsc::channel(1);
    let (wanted, wanted_in) = mpsc::channel(CALLERS_MAX);
    let (status, holdings) = (StatusCell::default(), Holdings::default());
    let own_node: Arc<str> = settings.node.into();
    let place = Place { service: settings.service.into(), node: own_node.clone() };
    let eyes = Eyes { agent: Agent::new(client, settings.agent), place, status: status.clone() };
    let hand = Hand { eyes: eyes.clone(), concurrency: settings.concurrency };
    let checks = checks::Checks::new(eyes.clone(), holdings.clone(), settings.manager);
    let rhythm = Rhythm { wait: settings.wait, refresh: settings.refresh };
    let watch = Watch { eyes, rhythm, catalog: catalog.clone(), holdings: holdings.clone(), heard: heard_out };
    let stop = tasks.stop_signal();
    tasks.vital(TaskName::ConsulWatch, async move {
        tokio::select! {
            () = stop.cancelled() => {}
            () = watch.run(wanted_in) => {}
        }
    });
    tasks.vital(TaskName::ConsulWriter, hand.run(jobs_in, answers_out));
    let stop = tasks.stop_signal();
    tasks.vital(TaskName::ConsulChecks, async move {
        tokio::select! {
            () = stop.cancelled() => {}
            () = checks.run(catalog) => {}
        }
    });
    Link { heard, jobs, answers, wanted, status, holdings, own_node }
}
