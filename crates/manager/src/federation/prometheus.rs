//! Prometheus text as instances write it: the few families that metrics need, read in one pass.
//!
//! Owns samples and labels of the text format. Lines that are no samples are skipped, whatever they hold; time and memory
//! are linear in the text. Does not own what the figures are used for.

use std::borrow::Cow;

use peegeeq_domain::federation::RequestCounters;
use peegeeq_domain::quantity::{ByteSize, Millis, Ratio};

/// The figures that were found. `None` is "not in the text".
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ProcessFigures {
    /// Share of the machine's processors that the process uses.
    pub(super) process_cpu: Option<Ratio>,
    /// How long the process has been running.
    pub(super) uptime: Option<Millis>,
    /// Requests by class of status, with their durations.
    pub(super) requests: Option<RequestCounters>,
}

/// Reads the text. Never fails: a text without a single good line gives no figures.
pub(super) fn read(text: &str) -> ProcessFigures {
    let mut figures = ProcessFigures::default();
    let mut seconds = Seconds::default();
    for sample in text.lines().filter_map(sample) {
        let (value, labels) = (sample.value, sample.labels);
        match sample.name {
            "process_cpu_usage" => figures.process_cpu = Ratio::new(value).ok().or(figures.process_cpu),
            "process_uptime_seconds" => figures.uptime = Millis::from_seconds_f64(value).ok().or(figures.uptime),
            "peegeeq_http_requests_total" => count(&mut figures.requests, labels, value),
            "peegeeq_http_requests_duration_seconds_sum" => seconds.add(value),
            "peegeeq_http_requests_duration_seconds_count" => seconds.times(value),
            _ => {}
        }
    }
    if let Some(requests) = &mut figures.requests {
        requests.duration_sum = Millis::from_seconds_f64(seconds.sum).unwrap_or_default();
        requests.duration_count = seconds.count;
    }
    figures
}

#[derive(Default)]
struct Seconds {
    sum: f64,
    count: u64,
}

impl Seconds {
    fn add(&mut self, value: f64) {
        if value.is_finite() && value >= 0.0 {
            self.sum += value;
        }
    }

    fn times(&mut self, value: f64) {
        self.count = self.count.saturating_add(whole(value).unwrap_or(0));
    }
}

/// A count, which Prometheus writes as a float.
fn whole(value: f64) -> Option<u64> {
    ByteSize::from_f64(value).ok().map(ByteSize::bytes)
}

fn count(requests: &mut Option<RequestCounters>, labels: &str, value: f64) {
    let status = label(labels, "status").and_then(|status| status.trim().parse().ok());
    if let (Some(status), Some(count)) = (status, whole(value)) {
        requests.get_or_insert_default().record(status, count);
    }
}

struct Sample<'a> {
    name: &'a str,
    /// What stands between the braces.
    labels: &'a str,
    value: f64,
}

/// A line as a sample: `name{labels} value [time]`.
fn sample(line: &str) -> Option<Sample<'_>> {
    let line = line.trim();
    let end = line.find(['{', ' ', '\t'])?;
    let (name, rest) = line.split_at(end);
    if name.is_empty() || name.starts_with('#') {
        return None;
    }
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(inside) => {
            let close = closing_brace(inside)?;
            (&inside[..close], &inside[close + 1..])
        }
        None => ("", rest),
    };
    let value = rest.split_ascii_whitespace().next()?.parse().ok()?;
    Some(Sample { name, labels, value })
}

/// Where the brace closes that is not within quotes.
fn closing_brace(text: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    text.bytes().position(|byte| {
        let ends = byte == b'}' && !quoted;
        if byte == b'"' && !escaped {
            quoted = !quoted;
        }
        escaped = byte == b'\\' && !escaped;
        ends
    })
}

/// The value of one label, with its escapes undone.
fn label<'a>(labels: &'a str, wanted: &str) -> Option<Cow<'a, str>> {
    let mut rest = labels;
    loop {
        let (name, after) = rest.split_once('=')?;
        let after = after.trim_start().strip_prefix('"')?;
        let end = closing_quote(after)?;
        if name.trim_matches([' ', ',', '\t']) == wanted {
            return Some(unescaped(&after[..end]));
        }
        rest = &after[end + 1..];
    }
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })
}

fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => match characters.next() {
                Some('n') => plain.push('\n'),
                Some(other) => plain.push(other),
                None => {}
            },
            c => plain.push(c),
        }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = "\
# HELP process_cpu_usage share
# TYPE process_cpu_usage gauge
process_cpu_usage 0.004337446
system_cpu_usage 0.99
process_uptime_seconds 163.575 1795423060930
garbage
{} 5
peegeeq_http_requests_total{method=\"GET\",path=\"/a}b\",status=\"200\",} 63.0
peegeeq_http_requests_total{status=\"503\",path=\"/say \\\"hi\\\", x=\\\\\"} 1.0E1
peegeeq_http_requests_total{path=\"/no status\"} 5
peegeeq_http_requests_total{status=\"404\"} NaN
peegeeq_http_requests_duration_seconds_count{status=\"200\",} 63.0
peegeeq_http_requests_duration_seconds_sum{status=\"200\",} 0.63
peegeeq_http_requests_duration_seconds_max{status=\"200\",} 0.2
process_cpu_usage NaN
";

    #[test]
    fn figures_are_found_among_garbage() {
        let figures = read(TEXT);
        assert_eq!(figures.process_cpu.map(Ratio::share), Some(0.004_337_446));
        assert_eq!(figures.uptime.map(Millis::seconds), Some(163.575));
        let requests = figures.requests.expect("requests");
        assert_eq!((requests.success, requests.client_error, requests.server_error), (63, 0, 10));
        assert_eq!(requests.average_duration(), Some(Millis::from_millis(10)));
    }

    #[test]
    fn labels_are_told_apart_and_their_escapes_undone() {
        assert_eq!(label(r#"a="1",status="2",b="3""#, "status").as_deref(), Some("2"));
        assert_eq!(label(r#"path="x\"status=\"9",status="2""#, "status").as_deref(), Some("2"));
        assert_eq!(label(r#"a="x\\y\nz""#, "a").as_deref(), Some("x\\y\nz"));
        for broken in ["", "status", "status=", "status=\"2", "=", "a=\"1"] {
            assert_eq!(label(broken, "status"), None, "{broken}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_harm(text in "\\PC{0,400}") {
            read(&text);
        }

        #[test]
        fn damage_to_a_line_costs_no_other_line(at in 0usize..900, with in "[\\PC\n]{0,3}") {
            let mut text = TEXT.to_owned();
            let at = (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            text.insert_str(at, &with);
            text.push_str("\nprocess_cpu_usage 0.5\n");
            prop_assert_eq!(read(&text).process_cpu.map(Ratio::share), Some(0.5));
        }
    }
}
