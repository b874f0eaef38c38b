//! `detect`: how soon the manager knows what happened to an instance, at the guide's settings.
//!
//! The instances are processes of their own, so that they can be killed and stopped for real.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use peegeeq_testkit::HttpClient;
use serde_json::Value;
use tokio::task::JoinSet;

use super::child::{DATABASE_DOWN, DATABASE_UP};
use super::figures::{Goal, Measured, largest, median};
use super::manager::{Folder, Manager};
use super::post::{self, Drafts};
use super::{Bench, fleet};

/// Instances, each on a host of its own. Those that hang are few among them: were most hosts silent together, the manager
/// would rightly doubt itself.
const INSTANCES: usize = 20;
const HANGING: usize = 8;
const KILLED: usize = 5;
/// Between two misfortunes, so that they meet the interval of probes at different places.
const STAGGER: Duration = Duration::from_millis(1300);
const LONGEST_WAIT: Duration = Duration::from_secs(40);
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

pub(super) async fn measure(bench: &Bench) -> Result<Measured, String> {
    let folder = Folder::new(bench)?;
    let manager = Manager::start(&bench.program, &folder)?;
    let mut processes = (0..INSTANCES).map(|number| Process::start(host(number))).collect::<Result<Vec<_>, _>>()?;
    let mut measured = Measured::default();
    measured.note(format!(
        "{INSTANCES} processes on hosts of their own; seen by asking GET /api/v1/instances/ID every {BETWEEN_LOOKS:?}; each time begins before the order is given."
    ));
    let healthy = registered(&manager, &processes).await?;
    add(&mut measured, "registration → healthy", &healthy, 0.5, 0.5);
    let lost = databases(&manager, &mut processes[..KILLED], DATABASE_DOWN, "down").await?;
    add(&mut measured, "database lost → setup down", &lost, 10.0, 10.0);
    databases(&manager, &mut processes[..KILLED], DATABASE_UP, "up").await?;
    let (killed, back) = kill_and_restart(&manager, &mut processes[..KILLED]).await?;
    add(&mut measured, "kill -9 → unhealthy", &killed, 2.0, 2.0);
    add(&mut measured, "started again → healthy", &back, 2.0, 2.0);
    let hung = hang(&manager, &processes[KILLED..KILLED + HANGING]).await?;
    add(&mut measured, "SIGSTOP → unhealthy", &hung, 13.0, 18.5);
    Ok(measured)
}

fn add(measured: &mut Measured, what: &str, seconds: &[f64], median_goal: f64, longest_goal: f64) {
    let count = seconds.len();
    measured.figure(format!("{what}, median of {count}"), median(seconds.iter().copied()), "s", Goal::AtMost(median_goal));
    measured.figure(format!("{what}, longest"), largest(seconds.iter().copied()), "s", Goal::AtMost(longest_goal));
}

/// An instance as a process.
struct Process {
    child: Child,
    address: SocketAddr,
}

fn host(number: usize) -> SocketAddr {
    SocketAddr::from(([127, 2, 0, u8::try_from(number + 1).unwrap_or(255)], 0))
}

impl Process {
    fn start(bind: SocketAddr) -> Result<Self, String> {
        let own = std::env::current_exe().map_err(|error| format!("own program: {error}"))?;
        let mut child = Command::new(own)
            .args(["bench", "child", "instance", &bind.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("instance: {error}"))?;
        let output = child.stdout.take().ok_or("an instance without output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).map_err(|error| format!("instance: {error}"))?;
        let address = line.trim().parse().map_err(|error| format!("instance said {line:?}: {error}"))?;
        Ok(Self { child, address })
    }

    fn id(&self) -> String {
        format!("process-{}", self.address.ip())
    }

    fn order(&mut self, order: &str) -> Result<(), String> {
        let input = self.child.stdin.as_mut().ok_or("an instance without input")?;
        writeln!(input, "{order}").map_err(|error| format!("instance: {error}"))
    }

    fn end(&mut self) {
        // It may be gone already; waiting collects it in any case.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn stop(&self) -> Result<(), String> {
        let status = Command::new("kill").args(["-STOP", &self.child.id().to_string()]).status();
        status.map_err(|error| format!("kill: {error}"))?.success().then_some(()).ok_or_else(|| "kill -STOP failed".to_owned())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// Seconds from the order until `holds` for what the manager tells about an instance.
async fn seconds_until(url: String, began: Instant, holds: impl Fn(&Value) -> bool) -> Result<f64, String> {
    loop {
        let reply = HttpClient::default().get(&url).await.map_err(|error| format!("{url}: {error}"))?;
        if reply.status == 200 && holds(&reply.json()) {
            return Ok(began.elapsed().as_secs_f64());
        }
        if began.elapsed() > LONGEST_WAIT {
            return Err(format!("not within {LONGEST_WAIT:?}; last answer: {}", reply.text()));
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

fn url_of(manager: &Manager, process: &Process) -> String {
    manager.url(&format!("/api/v1/instances/{}", process.id()))
}

fn is(status: &'static str) -> impl Fn(&Value) -> bool {
    move |answer| answer["instance"]["status"] == status
}

async fn registered(manager: &Manager, processes: &[Process]) -> Result<Vec<f64>, String> {
    let mut seconds = Vec::new();
    for (number, process) in processes.iter().enumerate() {
        let (id, address) = (process.id(), process.address);
        let drafts: Drafts = Arc::new(move |_| (id.clone(), fleet::draft(&id, &address.ip().to_string(), address.port(), number)));
        let began = Instant::now();
        let answer = post::register(manager.address(), &drafts, 0..1, 1).await?;
        if !answer.refused.is_empty() {
            return Err(format!("not registered: {:?}", answer.refused));
        }
        seconds.push(seconds_until(url_of(manager, process), began, is("healthy")).await?);
    }
    Ok(seconds)
}

async fn databases(manager: &Manager, processes: &mut [Process], order: &str, status: &'static str) -> Result<Vec<f64>, String> {
    let mut seconds = Vec::new();
    let all = move |answer: &Value| {
        let setups = answer["setups"].as_array();
        setups.is_some_and(|setups| !setups.is_empty() && setups.iter().all(|setup| setup["status"] == status))
    };
    let mut waiting = JoinSet::new();
    for process in processes {
        process.order(order)?;
        waiting.spawn(seconds_until(url_of(manager, process), Instant::now(), all));
        tokio::time::sleep(STAGGER).await;
    }
    while let Some(ended) = waiting.join_next().await {
        seconds.push(ended.map_err(|error| error.to_string())??);
    }
    Ok(seconds)
}

async fn kill_and_restart(manager: &Manager, processes: &mut [Process]) -> Result<(Vec<f64>, Vec<f64>), String> {
    let (mut killed, mut back) = (Vec::new(), Vec::new());
    for process in processes {
        let began = Instant::now();
        process.end();
        killed.push(seconds_until(url_of(manager, process), began, is("unhealthy")).await?);
        *process = Process::start(process.address)?;
        back.push(seconds_until(url_of(manager, process), Instant::now(), is("healthy")).await?);
    }
    Ok((killed, back))
}

async fn hang(manager: &Manager, processes: &[Process]) -> Result<Vec<f64>, String> {
    let (mut waiting, mut seconds) = (JoinSet::new(), Vec::new());
    for process in processes {
        process.stop()?;
        waiting.spawn(seconds_until(url_of(manager, process), Instant::now(), is("unhealthy")));
        tokio::time::sleep(STAGGER).await;
    }
    while let Some(ended) = waiting.join_next().await {
        seconds.push(ended.map_err(|error| error.to_string())??);
    }
    Ok(seconds)
}
