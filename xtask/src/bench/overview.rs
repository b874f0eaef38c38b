//! `overview`: how fast a warm federated overview is answered, measured against bare hyper.

use peegeeq_testkit::World;

use super::contest::against_bare_hyper;
use super::figures::Measured;
use super::manager::{Folder, Manager};
use super::{Bench, fleet};

const INSTANCES: usize = 10;
/// The answer says how long each source took and how old it is: a few digits each.
const SLACK: u64 = 100;

pub(super) async fn measure(bench: &Bench) -> Result<Measured, String> {
    let folder = Folder::new(bench)?;
    let manager = Manager::start(&bench.program, &folder)?;
    let fleet = fleet::start(&manager, INSTANCES, World::with_queues("orders", 5)).await?;
    let mut measured = Measured::default();
    let before = fleet.hits("/api/v1/management/overview");
    against_bare_hyper(bench, &manager, "/api/v1/federation/overview", SLACK, 0.8, &mut measured).await?;
    let asked = fleet.hits("/api/v1/management/overview") - before;
    measured.note(format!(
        "{INSTANCES} healthy instances, asked {asked} times in all meanwhile: an answer may be two seconds old, and says so."
    ));
    Ok(measured)
}
