//! What an answer costs. Not a test of time: run it by hand, in a release build, and read what it prints.

use peegeeq_testkit::{FakeFleet, FleetOptions, World, secs};

use super::cluster::{Cluster, settings};
use crate::clock;
use crate::federation::FederationSettings;

/// Warm answers per figure: the kernel counts processor time in steps of milliseconds.
const WARM: u32 = 5000;

/// Processor time of this thread: the fleet answers on threads of its own.
fn processor_time() -> std::time::Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    std::time::Duration::from_nanos(text.split(' ').next().and_then(|nanos| nanos.parse().ok()).expect("a number"))
}

#[test]
#[ignore = "prints figures; run with --release -- --ignored --nocapture cost"]
fn cold_and_warm_answers() {
    let world = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    for count in [125, 250, 500] {
        let fleet = world.block_on(FakeFleet::start(count, FleetOptions::of(World::with_queues("s", 20)))).expect("a fleet");
        let own = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        own.block_on(measure(&fleet, count));
        world.block_on(fleet.stop());
    }
}

async fn measure(fleet: &FakeFleet, count: usize) {
    let cluster = Cluster::of(FederationSettings { max_age: Some(secs(600)), source_timeout: secs(8), ..settings() });
    for (number, handle) in fleet.handles().enumerate() {
        cluster.add(&format!("fleet-{number:05}"), handle).await;
        cluster.see_setups(&format!("fleet-{number:05}"), handle, |setup| {
            if let Some(database) = &mut setup.database {
                database.host = format!("db-{number}");
            }
        });
    }
    for path in ["/api/v1/federation/overview", "/api/v1/federation/queues"] {
        let fresh = format!("{path}?fresh=true");
        assert_eq!(cluster.ok(&fresh).await["instanceCount"], count);
        let (mut cold, mut took) = (Vec::new(), Vec::new());
        for _ in 0..5 {
            let (began, used) = (clock::instant(), processor_time());
            cluster.bytes(&fresh).await;
            cold.push(processor_time() - used);
            took.push(began.elapsed());
        }
        cold.sort();
        took.sort();
        let used = processor_time();
        let mut length = 0;
        for _ in 0..WARM {
            length = cluster.bytes(path).await;
        }
        let warm = (processor_time() - used) / WARM;
        println!("{count} x 20 {path}: cold {:?} of processor time, {:?} in all; warm {warm:?}; {length} bytes", cold[2], took[2]);
    }
}
