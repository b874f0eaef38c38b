//! `probes`: what ten thousand instances, probed at the default settings, cost the manager.

use std::time::{Duration, Instant};

use peegeeq_testkit::{FakeFleet, HttpClient, World};

use super::figures::{Goal, Measured, largest, median};
use super::manager::{Folder, Manager};
use super::{Bench, fleet, machine};

const INSTANCES: usize = 10_000;
/// Lets the burst of first contacts pass: they are made at once, on purpose.
const SETTLE: Duration = Duration::from_secs(15);
const WATCH: Duration = Duration::from_secs(40);
const WINDOW: Duration = Duration::from_millis(100);
const PAGES: usize = 21;

pub(super) async fn measure(bench: &Bench) -> Result<Measured, String> {
    let folder = Folder::new(bench)?;
    let manager = Manager::start(&bench.program, &folder)?;
    let began = Instant::now();
    let fleet = fleet::start(&manager, INSTANCES, World::with_queues("orders", 1)).await?;
    let mut measured = Measured::default();
    measured.figure("registering them until all are healthy", began.elapsed().as_secs_f64(), "s", Goal::None);
    tokio::time::sleep(SETTLE).await;
    let watched = watch(&manager, &fleet).await?;
    let mean = median(watched.probes.iter().copied());
    let least = INSTANCES as f64 * WATCH.as_secs_f64() / 10.0 * 0.9;
    let total = watched.total;
    measured.must(total >= least, || format!("only {total} probes in {WATCH:?}, {least} are the least"));
    measured.note(format!(
        "{INSTANCES} instances with a setup each, in this process, watched for {WATCH:?} at the default settings: {:.0} requests for /health and {:.0} for setups a second.",
        total / WATCH.as_secs_f64(),
        watched.looks / WATCH.as_secs_f64()
    ));
    measured.figure("manager's processor time", watched.cpu, "cores", Goal::AtMost(0.3));
    measured.figure(
        "probes in the fullest 100 ms / the mean",
        largest(watched.probes.iter().copied()) / (total / watched.windows),
        "",
        Goal::AtMost(1.5),
    );
    measured.figure("probes in 100 ms, median", mean, "", Goal::None);
    measured.figure("manager's memory", machine::rss(manager.pid())?, "MiB", Goal::AtMost(150.0));
    pages(&manager, &mut measured).await?;
    Ok(measured)
}

struct Watched {
    /// Processor time of the manager for each second that passed.
    cpu: f64,
    /// Probes in each window.
    probes: Vec<f64>,
    windows: f64,
    total: f64,
    looks: f64,
}

/// Counts what arrives at the fleet, window by window.
async fn watch(manager: &Manager, fleet: &FakeFleet) -> Result<Watched, String> {
    let (began, before) = (Instant::now(), manager.cpu()?);
    let (first, looks) = (fleet.hits("/health"), fleet.hits("/api/"));
    let (mut last, mut last_at, mut probes) = (first, began, Vec::new());
    while began.elapsed() < WATCH {
        tokio::time::sleep(WINDOW.saturating_sub(last_at.elapsed())).await;
        let (now, at) = (fleet.hits("/health"), Instant::now());
        // A window that was looked at late is longer: what came in it is brought down to 100 ms.
        let longer = (at - last_at).as_secs_f64() / WINDOW.as_secs_f64();
        probes.push((now - last) as f64 / longer);
        (last, last_at) = (now, at);
    }
    let took = began.elapsed().as_secs_f64();
    let cpu = manager.cpu()?.saturating_sub(before).as_secs_f64() / took;
    let windows = took / WINDOW.as_secs_f64();
    Ok(Watched { cpu, probes, windows, total: (last - first) as f64, looks: (fleet.hits("/api/") - looks) as f64 })
}

/// How long one page of the list takes while all of them are watched.
async fn pages(manager: &Manager, measured: &mut Measured) -> Result<(), String> {
    for path in ["/api/v1/instances?page=50&pageSize=100", "/api/v1/instances?page=2&pageSize=100&status=healthy&environment=staging"] {
        let mut took = Vec::new();
        for _ in 0..PAGES {
            let began = Instant::now();
            let reply = HttpClient::default().get(&manager.url(path)).await.map_err(|error| error.to_string())?;
            took.push(began.elapsed().as_secs_f64() * 1e3);
            let shown = reply.json()["count"].as_u64();
            measured.must(shown == Some(100), || format!("{path} shows {shown:?} instances"));
            tokio::time::sleep(WINDOW).await;
        }
        measured.figure(format!("GET {path}, median"), median(took.iter().copied()), "ms", Goal::None);
        measured.figure(format!("GET {path}, longest"), largest(took), "ms", Goal::None);
    }
    Ok(())
}
