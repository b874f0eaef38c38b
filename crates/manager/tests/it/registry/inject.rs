//! System calls that fail or kill at a chosen place, by `strace`.
//!
//! Owns how a manager is started under it. The program keeps its own process id, so that signals reach it.

use std::process::Command;

use crate::support::Launch;

/// Whether injection works here; says that the test was not run otherwise.
pub(super) fn possible(test: &str) -> bool {
    let works = Command::new("strace").args(["-D", "-f", "-qq", "-o", "/dev/null", "true"]).status().is_ok_and(|status| status.success());
    if !works {
        eprintln!("not run: {test}: strace is missing or may not trace");
    }
    works
}

/// The same start with `inject` (`fdatasync:error=ENOSPC:when=3`).
pub(super) fn inject(launch: &Launch, inject: &str) -> Launch {
    let call = inject.split(':').next().expect("a system call");
    let (trace, inject) = (format!("trace={call}"), format!("inject={inject}"));
    launch.clone().under(&["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject])
}
