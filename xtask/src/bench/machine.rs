//! What the kernel tells about this machine and its processes.

use std::fs;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The kernel counts processor time in hundredths of a second, whatever its own clock does.
const TICK: Duration = Duration::from_millis(10);

/// Processor time a process has used so far, its own and the kernel's for it.
pub(super) fn cpu(pid: u32) -> Result<Duration, String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).map_err(|error| format!("process {pid}: {error}"))?;
    // The name of the program may contain anything; what is counted comes after its bracket.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let field = |index: usize| fields.get(index).and_then(|text| text.parse::<u32>().ok());
    let (user, system) = (field(11), field(12));
    let ticks = user.zip(system).map(|(user, system)| user + system).ok_or_else(|| format!("process {pid}: cannot read {stat:?}"))?;
    Ok(TICK * ticks)
}

/// Memory of a process that is in RAM, in MiB.
pub(super) fn rss(pid: u32) -> Result<f64, String> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).map_err(|error| format!("process {pid}: {error}"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u32>().ok());
    kib.map(|kib| f64::from(kib) / 1024.0).ok_or_else(|| format!("process {pid} has no VmRSS"))
}

/// One line: when and where this was measured, and how busy the machine was.
pub(super) fn description() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map_or("unknown", |(_, name)| name);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split_whitespace().next().unwrap_or("?");
    format!("{}, {cores} cores of {model}, Linux {}, load {load} before", today(), kernel.trim())
}

fn today() -> String {
    let date = Command::new("date").args(["-u", "+%Y-%m-%d %H:%M UTC"]).output().ok();
    let date = date.and_then(|output| String::from_utf8(output.stdout).ok()).map(|text| text.trim().to_owned());
    let seconds = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    date.filter(|date| !date.is_empty()).unwrap_or_else(|| format!("{} s since 1970", seconds()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_memory_and_time() {
        let own = std::process::id();
        assert!(rss(own).expect("memory") > 1.0);
        cpu(own).expect("time");
        cpu(u32::MAX).expect_err("nobody");
    }
}
