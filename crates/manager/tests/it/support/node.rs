//! Running JavaScript as users of the guide do.

use std::path::Path;
use std::process::{Command, Output};

/// The major version of `node`, or `None` with a sentence that the test was not run.
pub(crate) fn node_or_not_run(test: &str) -> bool {
    let version = Command::new("node").arg("--version").output().ok();
    let version =
        version.and_then(|output| String::from_utf8(output.stdout).ok()?.trim().trim_start_matches('v').split('.').next()?.parse().ok());
    match version {
        Some(18_u32..) => true,
        Some(old) => {
            eprintln!("not run: {test}: node {old} is older than 18");
            false
        }
        None => {
            eprintln!("not run: {test}: node is not on PATH");
            false
        }
    }
}

/// Runs a script file and waits for its end.
pub(crate) fn run(script: &Path, arguments: &[&str]) -> Output {
    Command::new("node").arg(script).args(arguments).output().expect("node runs")
}
