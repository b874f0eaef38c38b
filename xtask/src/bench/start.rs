//! `start`: from the start of the process to its first 200, memory at rest, size of the program.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::figures::{Goal, Measured, largest, median};
use super::manager::{Folder, Manager};
use super::{Bench, machine};

const STARTS: usize = 11;
const REST: Duration = Duration::from_secs(5);

pub(super) fn measure(bench: &Bench) -> Result<Measured, String> {
    let mut measured = Measured::default();
    measured.note(format!(
        "{STARTS} starts with an empty data folder, clocked from before the process exists to the first 200 of GET /health; then {STARTS} on the folder of the last one."
    ));
    measured.note(format!("Memory at rest: VmRSS {REST:?} after the start, without instances and without requests."));
    for profile in ["release", "dist"] {
        let program = bench.root.join(format!("target/{profile}/peegeeq-service-manager"));
        if profile == "release" || program.exists() {
            one_profile(bench, profile, &program, &mut measured)?;
        } else {
            measured.note("No dist build here (cargo build --profile dist), so none was measured.");
        }
    }
    Ok(measured)
}

fn one_profile(bench: &Bench, profile: &str, program: &Path, measured: &mut Measured) -> Result<(), String> {
    let size = fs::metadata(program).map_err(|error| format!("{}: {error}", program.display()))?.len();
    let (mut fresh, mut cpu) = (Vec::new(), Duration::ZERO);
    for _ in 0..STARTS {
        let folder = Folder::new(bench)?;
        let manager = Manager::start(program, &folder)?;
        fresh.push(milliseconds(manager.started_in));
        cpu += manager.cpu()?;
    }
    let folder = Folder::new(bench)?;
    let manager = Manager::start(program, &folder)?;
    std::thread::sleep(REST);
    let rss = machine::rss(manager.pid())?;
    drop(manager);
    let mut again = Vec::new();
    for _ in 0..STARTS {
        again.push(milliseconds(Manager::start(program, &folder)?.started_in));
    }
    measured.figure(format!("{profile}: first 200, empty folder, median"), median(fresh.iter().copied()), "ms", Goal::AtMost(50.0));
    measured.figure(format!("{profile}: first 200, empty folder, longest"), largest(fresh), "ms", Goal::None);
    measured.figure(format!("{profile}: processor time of a start, mean"), milliseconds(cpu) / STARTS as f64, "ms", Goal::None);
    measured.figure(format!("{profile}: first 200 after kill -9, median"), median(again), "ms", Goal::None);
    measured.figure(format!("{profile}: memory at rest"), rss, "MiB", Goal::AtMost(40.0));
    measured.figure(format!("{profile}: size of the program"), size as f64 / 1_048_576.0, "MiB", Goal::AtMost(25.0));
    Ok(())
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
