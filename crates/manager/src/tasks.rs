//! Every long-lived task by name, and what its end means.
//!
//! Owns starting and stopping of tasks: nothing else in the product spawns. Does not own what they do.

use std::future::Future;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The long-lived tasks. Each is vital: if one ends before the stop signal, the process stops loudly rather than
/// running on without, say, anybody who probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskName {
    /// Applies every change of the catalog.
    RegistryWriter,
    /// Commits to the store, on a thread of its own.
    RegistryStore,
    /// Keeps up with what others write to Consul.
    ConsulWatch,
    /// Writes to Consul for the registry.
    ConsulWriter,
    /// Tells Consul's readers what was found of instances.
    ConsulChecks,
    /// Registers the instances of the configuration when Consul takes them.
    ListedInstances,
    /// Decides when to probe.
    HealthMonitor,
    /// Keeps the table by which requests are routed.
    RoutingTable,
    /// Follows the catalog to keep metrics of it.
    CatalogMetrics,
    /// Keeps the streams of instances that somebody listens to.
    FanIn,
    /// Lifts operators' orders that are over.
    OrderExpiry,
    /// Leads rolling restarts.
    RollingRestarts,
    /// Follows catalog and journal for subscribers.
    Updates,
    /// Reads incidents off the journal.
    Incidents,
    /// Sends transitions to a receiver.
    Webhook,
    /// Follows the files of the server's certificate.
    Certificate,
    /// Drives the simulated instances of `demo`.
    Demo,
}

impl TaskName {
    /// The name in logs and in `/health/ready`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RegistryWriter => "registry-writer",
            Self::RegistryStore => "registry-store",
            Self::ConsulWatch => "consul-watch",
            Self::ConsulWriter => "consul-writer",
            Self::ConsulChecks => "consul-checks",
            Self::ListedInstances => "listed-instances",
            Self::HealthMonitor => "health-monitor",
            Self::RoutingTable => "routing-table",
            Self::CatalogMetrics => "catalog-metrics",
            Self::FanIn => "fan-in",
            Self::OrderExpiry => "order-expiry",
            Self::RollingRestarts => "rolling-restarts",
            Self::Updates => "updates",
            Self::Incidents => "incidents",
            Self::Webhook => "webhook",
            Self::Certificate => "certificate",
            Self::Demo => "demo",
        }
    }
}

/// Starts tasks on the background runtime, and stops them.
#[derive(Clone, Debug)]
pub struct Tasks {
    runtime: Handle,
    tracker: TaskTracker,
    stop: CancellationToken,
    ended: mpsc::Sender<TaskName>,
}

/// Tells which vital task ended although nobody asked it to.
pub type EndedEarly = mpsc::Receiver<TaskName>;

impl Tasks {
    /// Tasks on `runtime`.
    pub fn new(runtime: Handle) -> (Self, EndedEarly) {
        let (ended, receiver) = mpsc::channel(16);
        (Self { runtime, tracker: TaskTracker::new(), stop: CancellationToken::new(), ended }, receiver)
    }

    /// The signal at which everything ends.
    pub fn stop_signal(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Starts a vital task. It must end soon after the stop signal.
    pub fn vital(&self, name: TaskName, task: impl Future<Output = ()> + Send + 'static) {
        let end = EndGuard { name, stop: self.stop.clone(), ended: self.ended.clone() };
        self.tracker.spawn_on(
            async move {
                let _told_even_by_a_panic = end;
                task.await;
            },
            &self.runtime,
        );
    }

    /// Starts a vital task that blocks, on a thread of its own.
    pub fn vital_blocking(&self, name: TaskName, task: impl FnOnce() + Send + 'static) {
        let end = EndGuard { name, stop: self.stop.clone(), ended: self.ended.clone() };
        self.tracker.spawn_blocking_on(
            move || {
                let _told_even_by_a_panic = end;
                task();
            },
            &self.runtime,
        );
    }

    /// Starts a short piece of work that ends by itself: a probe, a fetch. The stop signal does not end it.
    pub fn short<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> tokio::task::JoinHandle<T> {
        self.tracker.spawn_on(work, &self.runtime)
    }

    /// Starts a short piece of work that blocks and ends by itself: a page of the journal.
    pub fn short_blocking<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> tokio::task::JoinHandle<T> {
        self.tracker.spawn_blocking_on(work, &self.runtime)
    }

    /// Gives the stop signal and waits at most `grace` for all to end. `false`: some did not.
    pub async fn stop(&self, grace: Duration) -> bool {
        self.stop.cancel();
        self.tracker.close();
        tokio::time::timeout(grace, self.tracker.wait()).await.is_ok()
    }
}

/// Tells of a task's end when dropped, which a panic does too.
struct EndGuard {
    name: TaskName,
    stop: CancellationToken,
    ended: mpsc::Sender<TaskName>,
}

impl Drop for EndGuard {
    fn drop(&mut self) {
        if !self.stop.is_cancelled() {
            tracing::error!(task = self.name.as_str(), "task {} ended although nobody stopped it", self.name.as_str());
            // A full channel already holds the news of another task's end, which stops the process just as well.
            let _ = self.ended.try_send(self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_vital_task_that_ends_or_panics_is_told() {
        let (tasks, mut ended) = Tasks::new(Handle::current());
        tasks.vital(TaskName::HealthMonitor, async {});
        assert_eq!(ended.recv().await, Some(TaskName::HealthMonitor));
        tasks.vital(TaskName::RegistryWriter, async { panic!("planted") });
        assert_eq!(ended.recv().await, Some(TaskName::RegistryWriter));
    }

    #[tokio::test(start_paused = true)]
    async fn stopping_ends_within_the_grace_time_whatever_a_task_does() {
        let (tasks, _ended) = Tasks::new(Handle::current());
        let stop = tasks.stop_signal();
        tasks.vital(TaskName::HealthMonitor, async move { stop.cancelled().await });
        assert!(tasks.stop(Duration::from_secs(1)).await);
        tasks.short(std::future::pending::<()>());
        assert!(!tasks.stop(Duration::from_secs(1)).await);
    }
}
