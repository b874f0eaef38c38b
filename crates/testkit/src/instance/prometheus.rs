//! Owns `/metrics` as a real instance writes it: families, labels, trailing commas and Java numbers.
//! Does not own the counters behind it.

use std::fmt::Write;

use bytes::Bytes;

use super::answers::management::memory_used;
use super::answers::{Answer, PROMETHEUS, View};
use super::ledger::{Ledger, Outcome};

/// All families of a real instance, with gaps for what changes.
const TEMPLATE: &str = include_str!("prometheus.txt");

pub(crate) fn render(view: &View<'_>, ledger: &Ledger) -> Answer {
    let lines = RequestLines::of(ledger);
    let cpu = 0.001 + (view.now.millis() / 1_000 % 97) as f64 / 1_000.0;
    let text = TEMPLATE
        .replace("@durations@\n", &lines.durations)
        .replace("@longest@\n", &lines.longest)
        .replace("@requests@\n", &lines.requests)
        .replace("@uptime@", &java_number(view.uptime_ms() as f64 / 1_000.0))
        .replace("@start@", &java_number(view.started.millis() as f64 / 1_000.0))
        .replace("@eden@", &java_number(memory_used(view) as f64))
        .replace("@cpu@", &java_number(cpu));
    Answer::bytes(200, PROMETHEUS, Bytes::from(text))
}

#[derive(Default)]
struct RequestLines {
    durations: String,
    longest: String,
    requests: String,
}

impl RequestLines {
    fn of(ledger: &Ledger) -> Self {
        let mut lines = Self::default();
        ledger.each_outcome(|path, outcome| lines.add(path, outcome).expect("text takes any amount of text"));
        lines
    }

    fn add(&mut self, path: &str, outcome: &Outcome) -> std::fmt::Result {
        let Outcome { method, status, .. } = outcome;
        let path = path.replace('\\', r"\\").replace('"', "\\\"");
        let labels = format!("{{method=\"{method}\",path=\"{path}\",status=\"{status}\",}}");
        let count = java_number(outcome.count as f64);
        let total = java_number(outcome.total.as_secs_f64());
        let longest = java_number(outcome.longest.as_secs_f64());
        writeln!(self.requests, "peegeeq_http_requests_total{labels} {count}")?;
        writeln!(self.durations, "peegeeq_http_requests_duration_seconds_count{labels} {count}")?;
        writeln!(self.durations, "peegeeq_http_requests_duration_seconds_sum{labels} {total}")?;
        writeln!(self.longest, "peegeeq_http_requests_duration_seconds_max{labels} {longest}")
    }
}

/// A number as Java prints a double: `1.0`, `0.0026`, `1.5532032E7`.
fn java_number(number: f64) -> String {
    let magnitude = number.abs();
    if number == 0.0 || (1e-3..1e7).contains(&magnitude) {
        return format!("{number:?}");
    }
    let text = format!("{number:E}");
    match text.split_once('E') {
        Some((mantissa, exponent)) if !mantissa.contains('.') => format!("{mantissa}.0E{exponent}"),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::java_number;

    #[test]
    fn numbers_look_as_java_prints_them() {
        assert_eq!(java_number(63.0), "63.0");
        assert_eq!(java_number(0.0), "0.0");
        assert_eq!(java_number(0.004_337_446), "0.004337446");
        assert_eq!(java_number(15_552_896.0), "1.5552896E7");
        assert_eq!(java_number(20_000_000.0), "2.0E7");
        assert_eq!(java_number(0.000_5), "5.0E-4");
    }
}
