//! `queues`: what one cold federated list of queues costs the manager, and whether that grows with the instances only.

use std::time::Duration;

use peegeeq_testkit::{HttpClient, World};

use super::figures::{Goal, Measured, median};
use super::manager::{Folder, Manager};
use super::{Bench, fleet};

const QUEUES: usize = 20;
const SIZES: [usize; 3] = [125, 250, 500];
const ROUNDS: usize = 5;
const ANSWERS: u32 = 10;
const PATH: &str = "/api/v1/federation/queues?fresh=true&pageSize=1";
/// The processor time is counted in hundredths of a second: what the manager does besides is measured this long.
const REST: Duration = Duration::from_secs(3);

pub(super) async fn measure(bench: &Bench) -> Result<Measured, String> {
    let mut measured = Measured::default();
    measured.note(format!(
        "GET {PATH} one after the other, {QUEUES} queues on each instance; processor time of the manager for {ANSWERS} answers, less what it uses at rest, median of {ROUNDS} rounds."
    ));
    let mut costs = Vec::new();
    for instances in SIZES {
        let (cost, took) = one_size(bench, instances, &mut measured).await?;
        let goal = if instances == 500 { Goal::AtMost(60.0) } else { Goal::None };
        measured.figure(format!("{instances} instances: processor time a cold answer"), cost, "ms", goal);
        measured.figure(format!("{instances} instances: time to a cold answer"), took, "ms", Goal::None);
        costs.push(cost / instances as f64);
    }
    if let [first, .., last] = costs[..] {
        measured.figure("cost an instance, 500 / 125", last / first, "", Goal::AtMost(1.3));
    }
    Ok(measured)
}

/// Milliseconds of processor time and of waiting for one answer.
async fn one_size(bench: &Bench, instances: usize, measured: &mut Measured) -> Result<(f64, f64), String> {
    let folder = Folder::new(bench)?;
    let manager = Manager::start(&bench.program, &folder)?;
    let _fleet = fleet::start(&manager, instances, World::with_queues("orders", QUEUES)).await?;
    let (mut costs, mut times) = (Vec::new(), Vec::new());
    let whole = ask(&manager, "/api/v1/federation/queues?fresh=true").await?;
    let sources = whole["sources"].as_array().map_or(0, Vec::len);
    measured.must(whole["complete"] == true && sources == instances, || {
        format!("{sources} of {instances} sources, complete: {}", whole["complete"])
    });
    for _ in 0..ROUNDS {
        let before = manager.cpu()?;
        tokio::time::sleep(REST).await;
        let at_rest = (manager.cpu()? - before).as_secs_f64() / REST.as_secs_f64();
        let (before, began) = (manager.cpu()?, std::time::Instant::now());
        for _ in 0..ANSWERS {
            let answer = ask(&manager, PATH).await?;
            measured.must(answer["complete"] == true, || format!("an answer was incomplete: {}", answer["failedInstances"]));
        }
        let took = began.elapsed().as_secs_f64();
        let used = (manager.cpu()? - before).as_secs_f64() - at_rest * took;
        costs.push(used * 1e3 / f64::from(ANSWERS));
        times.push(took * 1e3 / f64::from(ANSWERS));
    }
    Ok((median(costs), median(times)))
}

async fn ask(manager: &Manager, path: &str) -> Result<serde_json::Value, String> {
    let reply = HttpClient::default().get(&manager.url(path)).await.map_err(|error| format!("{path}: {error}"))?;
    if reply.status != 200 {
        return Err(format!("{path} answers {}: {}", reply.status, reply.text()));
    }
    Ok(reply.json())
}
