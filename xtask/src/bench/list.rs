//! `list`: how fast the list of instances is answered, with every layer on, measured against bare hyper.

use peegeeq_testkit::World;

use super::contest::against_bare_hyper;
use super::figures::Measured;
use super::manager::{Folder, Manager};
use super::{Bench, fleet};

const INSTANCES: usize = 100;

pub(super) async fn measure(bench: &Bench) -> Result<Measured, String> {
    let folder = Folder::new(bench)?;
    let manager = Manager::start(&bench.program, &folder)?;
    let _fleet = fleet::start(&manager, INSTANCES, World::with_queues("orders", 1)).await?;
    let mut measured = Measured::default();
    measured.note(format!("{INSTANCES} healthy instances, probed at the default settings meanwhile."));
    against_bare_hyper(bench, &manager, "/api/v1/instances", 0, 0.8, &mut measured).await?;
    against_bare_hyper(bench, &manager, "/api/v1/instances?environment=production&status=healthy", 0, 0.3, &mut measured).await?;
    Ok(measured)
}
