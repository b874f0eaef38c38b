//! `cargo xtask bench [name…]`: the numbers the product has to reach, measured.
//!
//! Owns which benchmarks there are, building the release binary, and running one after the other. A missed goal is a
//! figure, not a failure: numbers depend on the machine. The exit code is 1 when a benchmark could not run, or when what
//! was counted does not agree with what was asked, which makes its figures worthless.
#![expect(clippy::disallowed_methods, reason = "a benchmark stands outside the product: it has its own clock, connections and processes")]

mod child;
mod contest;
mod detect;
mod figures;
mod fleet;
mod gateway;
mod journal;
mod list;
mod load;
mod machine;
mod manager;
mod overview;
mod peer;
mod post;
mod probes;
mod queues;
mod register;
mod start;
mod updates;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use figures::Measured;

/// What a benchmark needs.
#[derive(Clone, Debug)]
struct Bench {
    /// The root of the workspace.
    root: PathBuf,
    /// The release binary.
    program: PathBuf,
}

const NAMES: [&str; 10] = ["list", "overview", "queues", "gateway", "probes", "register", "journal", "updates", "start", "detect"];

/// Runs the benchmarks named, all without names.
pub(crate) fn run(root: &Path, names: &[&str]) -> ExitCode {
    if let ["child", words @ ..] = names {
        return child::run(words);
    }
    if let Some(unknown) = names.iter().find(|name| !NAMES.contains(name)) {
        eprintln!("xtask: there is no benchmark {unknown:?}: choose from {}", NAMES.join(", "));
        return ExitCode::from(2);
    }
    if cfg!(debug_assertions) {
        return run_in_release(root, names);
    }
    let program = root.join("target/release/peegeeq-service-manager");
    let bench = Bench { root: root.to_path_buf(), program };
    println!("{}", machine::description());
    let chosen = NAMES.into_iter().filter(|name| names.is_empty() || names.contains(name));
    let mut worthless = 0;
    for name in chosen {
        println!("\n== {name}");
        let measured = measure(&bench, name).unwrap_or_else(Measured::failed);
        measured.print(name);
        worthless += usize::from(!measured.is_valid());
    }
    if worthless == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The driver must not be slower than what it drives: builds both with optimisation, and hands over.
fn run_in_release(root: &Path, names: &[&str]) -> ExitCode {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--release", "--locked", "--package", "peegeeq-service-manager", "--package", "xtask"])
        .current_dir(root)
        .env("CARGO_TARGET_DIR", root.join("target"))
        .status();
    let handed_over = match built {
        Ok(status) if status.success() => Command::new(root.join("target/release/xtask")).arg("bench").args(names).status(),
        other => other,
    };
    match handed_over {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: the release build could not be started: {error}");
            ExitCode::from(2)
        }
    }
}

fn measure(bench: &Bench, name: &str) -> Result<Measured, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| format!("no threads: {error}"))?;
    let raised = peegeeq_service_manager::net::raise_open_files();
    if raised.is_some_and(|files| files < fleet::FILES_NEEDED) && ["probes", "gateway"].contains(&name) {
        return Err(format!("needs {} open files, the hard limit is {raised:?}: raise it with ulimit -Hn", fleet::FILES_NEEDED));
    }
    runtime.block_on(async {
        match name {
            "list" => list::measure(bench).await,
            "overview" => overview::measure(bench).await,
            "queues" => queues::measure(bench).await,
            "gateway" => gateway::measure(bench).await,
            "probes" => probes::measure(bench).await,
            "register" => register::measure(bench).await,
            "journal" => journal::measure(bench),
            "updates" => updates::measure(bench).await,
            "start" => start::measure(bench),
            _ => detect::measure(bench).await,
        }
    })
}
