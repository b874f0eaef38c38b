//! Tests of the writer: what is acknowledged and when, what a slow or failing disk may stop and what not.

mod disk;
mod orders;
mod throughput;

use std::time::Duration;

use peegeeq_domain::health::Verdict;
use peegeeq_domain::instance::{InstanceId, Revision};
use tokio::runtime::Handle;

use super::*;
use crate::registry::store::tests::disk::Disk;
use crate::registry::store::tests::{KEEP_ALL, prepared_disk, registration};

const SETTINGS: RegistrySettings = RegistrySettings { queue_max: 1024, instances_max: 10_000, journal_queue_max: 64 };

/// A running registry on a disk of its own.
struct Running {
    disk: Disk,
    tasks: Tasks,
    registry: RegistryHandle,
    reader: CatalogReader,
}

fn running(settings: RegistrySettings) -> Running {
    running_on(prepared_disk(), settings)
}

fn running_on(disk: Disk, settings: RegistrySettings) -> Running {
    let (tasks, _ended) = Tasks::new(Handle::current());
    let (store, loaded) = Store::on_medium(disk.clone(), KEEP_ALL).unwrap();
    let (registry, reader) = start(store, loaded, settings, &tasks);
    Running { disk, tasks, registry, reader }
}

impl Running {
    async fn stop(self) -> Disk {
        assert!(self.tasks.stop(Duration::from_secs(10)).await, "did not end");
        self.disk
    }

    fn verdict(&self, name: &str) -> Option<Verdict> {
        self.reader.current().get(name).map(|entry| entry.verdict)
    }
}

fn id(text: &str) -> InstanceId {
    InstanceId::parse(text).unwrap()
}

fn judgement(name: &str, incarnation: u64, verdict: Verdict) -> Judgement {
    let (id, from) = (id(name), Verdict::Unprobed);
    Judgement { id, incarnation: Revision(incarnation), verdict, from, evidence: "GET /health answered 200".into() }
}

/// Waits until something holds, for at most ten seconds.
async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), waiting).await.unwrap_or_else(|_| panic!("waited in vain until {what}"));
}
