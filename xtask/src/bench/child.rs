//! What benchmarks start this program as: a bare server or proxy, or one simulated instance that can really be killed.

use std::io::BufRead;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;

use peegeeq_testkit::{FakeInstance, Options, World};

use super::gateway::{bare, stub};
use super::peer;

/// The setup of an instance that runs as a process.
pub(super) const SETUP: &str = "orders";

/// Order on standard input: takes the database away.
pub(super) const DATABASE_DOWN: &str = "database-down";
/// Order on standard input: brings it back.
pub(super) const DATABASE_UP: &str = "database-up";

/// Runs a child until it is killed or its standard input ends.
pub(super) fn run(words: &[&str]) -> ExitCode {
    let outcome = match words {
        ["peer", address, file] => peer::serve(address, Path::new(file)),
        ["stub", address] => stub::serve(address),
        ["proxy", address, upstreams] => bare::serve(address, upstreams),
        ["instance", address] => instance(address),
        _ => Err("children are started by benchmarks only".to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("xtask: {sentence}");
            ExitCode::from(2)
        }
    }
}

/// Answers as an instance with one setup, and obeys the lines on standard input.
fn instance(address: &str) -> Result<(), String> {
    let bind: SocketAddr = address.parse().map_err(|error| format!("{address}: {error}"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(|error| format!("no thread: {error}"))?;
    let options = Options { bind, ..Options::named("child", World::sample(SETUP)) };
    let instance = runtime.block_on(FakeInstance::start(options)).map_err(|error| format!("{address}: {error}"))?;
    println!("{}", instance.addr());
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        match line.as_str() {
            DATABASE_DOWN => instance.set_database_down(SETUP, true),
            DATABASE_UP => instance.set_database_down(SETUP, false),
            other => return Err(format!("unknown order {other:?}")),
        }
    }
    Ok(())
}
