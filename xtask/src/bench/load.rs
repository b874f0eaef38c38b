//! Load on one URL: by `wrk` when the machine has it, otherwise by the testkit's own client, which is slower.
//!
//! Owns asking and counting. Whether the counts are what they must be is checked here; what the rate means is not.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use peegeeq_testkit::{LoadClient, LoadPlan};

use super::manager::Folder;

/// Connections at the same time.
pub(super) const CONNECTIONS: u32 = 32;

/// Requests of the testkit's client on each connection in one round.
const REQUESTS_WITHOUT_WRK: usize = 1000;

/// Lets `wrk` print its counters exactly instead of rounded.
const SCRIPT: &str = r#"done = function(summary, latency)
  local e = summary.errors
  print(string.format("counted %d %d %d %d %d %d", summary.requests, summary.duration, summary.bytes,
    e.connect + e.read + e.write + e.status + e.timeout, latency:percentile(50), latency:percentile(99)))
end
"#;

/// Who asks.
#[derive(Clone, Debug)]
pub(super) enum Asker {
    /// `wrk` with this script.
    Wrk(PathBuf),
    /// The testkit's client, in this process.
    Testkit,
}

/// What one round of load saw.
#[derive(Clone, Copy, Debug)]
pub(super) struct Round {
    /// Answers.
    pub(super) answers: f64,
    /// Answers a second.
    pub(super) rate: f64,
    /// Milliseconds that half of the answers stayed below.
    pub(super) p50: f64,
    /// Milliseconds that 99 of 100 answers stayed below.
    pub(super) p99: f64,
}

impl Asker {
    /// `wrk` if there is one.
    pub(super) fn choose(folder: &Folder) -> Result<Self, String> {
        if Command::new("wrk").arg("--version").output().is_err() {
            return Ok(Self::Testkit);
        }
        let script = folder.path().join("counted.lua");
        fs::write(&script, SCRIPT).map_err(|error| format!("{}: {error}", script.display()))?;
        Ok(Self::Wrk(script))
    }

    /// Its name, for the report.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Wrk(_) => "wrk, 1 thread",
            Self::Testkit => "the testkit's client, because wrk is not installed",
        }
    }

    /// Asks for `url` again and again. Every answer must be a 200 of exactly `size` bytes, counted as wrk or the testkit
    /// does: with its head for wrk, without for the testkit.
    pub(super) async fn ask(&self, url: &str, size: AnswerSize, seconds: u32) -> Result<Round, String> {
        self.ask_with(url, size, seconds, CONNECTIONS).await
    }

    /// The same over so many connections.
    pub(super) async fn ask_with(&self, url: &str, size: AnswerSize, seconds: u32, connections: u32) -> Result<Round, String> {
        match self {
            Self::Wrk(script) => tokio::task::block_in_place(|| {
                let output = Command::new("wrk")
                    .args(["-t1", &format!("-c{connections}"), &format!("-d{seconds}s"), "--latency", "-s"])
                    .arg(script)
                    .arg(url)
                    .output()
                    .map_err(|error| format!("wrk: {error}"))?;
                counted(&String::from_utf8_lossy(&output.stdout), size, connections)
            }),
            Self::Testkit => testkit(url, size, connections).await,
        }
    }
}

/// How long the one right answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AnswerSize {
    /// Bytes of head and body.
    pub(super) whole: u64,
    /// Bytes of the body.
    pub(super) body: u64,
    /// By how many bytes an answer may differ: times in it have more digits or fewer.
    pub(super) slack: u64,
}

fn counted(output: &str, size: AnswerSize, connections: u32) -> Result<Round, String> {
    let line = output.lines().find_map(|line| line.strip_prefix("counted "));
    let numbers: Vec<u64> = line.unwrap_or_default().split(' ').filter_map(|word| word.parse().ok()).collect();
    let [answers, micros, bytes, faults, p50, p99] = numbers[..] else { return Err(format!("wrk said: {output}")) };
    // Answers that were under way at the end are counted in bytes only.
    let expected = answers * (size.whole - size.slack)..=(answers + u64::from(connections)) * (size.whole + size.slack);
    if faults > 0 || answers == 0 || !expected.contains(&bytes) {
        return Err(format!("{answers} answers, {faults} faults, {bytes} bytes where {expected:?} are right"));
    }
    Ok(Round { answers: answers as f64, rate: answers as f64 * 1e6 / micros as f64, p50: p50 as f64 / 1e3, p99: p99 as f64 / 1e3 })
}

async fn testkit(url: &str, size: AnswerSize, connections: u32) -> Result<Round, String> {
    let plan = LoadPlan::new(url, connections as usize, REQUESTS_WITHOUT_WRK);
    let report = LoadClient::run(&plan).await;
    let asked = u64::from(connections) * REQUESTS_WITHOUT_WRK as u64;
    if report.ok() != asked || report.body_bytes.abs_diff(asked * size.body) > asked * size.slack {
        return Err(format!("{} of {asked} were 200, with {} bytes, {:?}", report.ok(), report.body_bytes, report.last_error));
    }
    let millis = |share: f64| -> f64 { report.quantile(share).as_secs_f64() * 1e3 };
    Ok(Round { answers: asked as f64, rate: report.rate(), p50: millis(0.5), p99: millis(0.99) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_that_disagree_are_refused() {
        let size = AnswerSize { whole: 10, body: 5, slack: 0 };
        let round = counted("Running\ncounted 1000 2000000 10050 0 700 1500\n", size, 32).expect("right");
        assert!((round.rate - 500.0).abs() < 1e-9 && (round.p50 - 0.7).abs() < 1e-9 && (round.p99 - 1.5).abs() < 1e-9);
        for wrong in [
            "counted 1000 2000000 10050 1 9 9",
            "counted 1000 2000000 9999 0 9 9",
            "counted 1000 2000000 10321 0 9 9",
            "counted 0 1 0 0 0 0",
            "x",
        ] {
            counted(wrong, size, 32).expect_err(wrong);
        }
    }
}
