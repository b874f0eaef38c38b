//! The recorder in front of the exporter's: counters and durations that threads count for themselves.
//!
//! Owns adding them up when somebody looks, and the text of histograms. All histograms here are of durations in seconds, with
//! one set of buckets; nothing piles up between looks. Gauges are the exporter's.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use metrics::{Counter, CounterFn, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use metrics_exporter_prometheus::PrometheusRecorder;

use super::shards::Shards;

/// Upper bounds of the buckets, in seconds.
const BUCKETS: [f64; 14] = [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];

/// Everything that is counted by threads.
#[derive(Debug, Default)]
pub(super) struct Tallies {
    counts: Mutex<HashMap<Key, (Counter, Arc<Count>)>>,
    durations: Mutex<BTreeMap<String, Named>>,
}

/// The histograms of one name.
#[derive(Debug, Default)]
struct Named {
    help: String,
    by_labels: BTreeMap<String, Arc<Durations>>,
}

/// Registers counters and histograms with [`Tallies`], and everything else with the exporter.
pub(super) struct Tallying {
    pub(super) exporter: PrometheusRecorder,
    pub(super) tallies: Arc<Tallies>,
}

/// One counter.
#[derive(Debug)]
struct Count {
    shards: Shards<AtomicU64>,
    /// What somebody else counted.
    least: AtomicU64,
}

impl CounterFn for Count {
    fn increment(&self, value: u64) {
        self.shards.own().fetch_add(value, Ordering::Relaxed);
    }

    fn absolute(&self, value: u64) {
        self.least.fetch_max(value, Ordering::Relaxed);
    }
}

impl Count {
    fn total(&self) -> u64 {
        let counted: u64 = self.shards.all().map(|count| count.load(Ordering::Relaxed)).sum();
        counted.max(self.least.load(Ordering::Relaxed))
    }
}

/// One histogram.
#[derive(Debug)]
struct Durations(Shards<Buckets>);

/// What one thread counted: by bucket, then those above all, then the sum in nanoseconds.
#[derive(Debug, Default)]
struct Buckets {
    counts: [AtomicU64; BUCKETS.len() + 1],
    nanos: AtomicU64,
}

impl HistogramFn for Durations {
    fn record(&self, seconds: f64) {
        let buckets = self.0.own();
        let place = BUCKETS.iter().position(|bound| seconds <= *bound).unwrap_or(BUCKETS.len());
        buckets.counts[place].fetch_add(1, Ordering::Relaxed);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "no duration here lasts for centuries, nor is negative"
        )]
        buckets.nanos.fetch_add((seconds * 1e9) as u64, Ordering::Relaxed);
    }
}

impl Recorder for Tallying {
    fn describe_counter(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.exporter.describe_counter(key, unit, description);
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.exporter.describe_gauge(key, unit, description);
    }

    fn describe_histogram(&self, key: KeyName, _: Option<Unit>, description: SharedString) {
        lock(&self.tallies.durations).entry(key.as_str().to_owned()).or_default().help = description.into_owned();
    }

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> Counter {
        let mut counts = lock(&self.tallies.counts);
        if let Some((_, count)) = counts.get(key) {
            return Counter::from_arc(count.clone());
        }
        let count = Arc::new(Count { shards: Shards::new(), least: AtomicU64::new(0) });
        counts.insert(key.clone(), (self.exporter.register_counter(key, metadata), count.clone()));
        Counter::from_arc(count)
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        self.exporter.register_gauge(key, metadata)
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        let mut durations = lock(&self.tallies.durations);
        let labels = &mut durations.entry(key.name().to_owned()).or_default().by_labels;
        Histogram::from_arc(labels.entry(labels_of(key)).or_insert_with(|| Arc::new(Durations(Shards::new()))).clone())
    }
}

impl Tallies {
    /// Tells the exporter how far counters have come.
    pub(super) fn settle(&self) {
        for (counter, count) in lock(&self.counts).values() {
            counter.absolute(count.total());
        }
    }

    /// Writes the histograms.
    pub(super) fn write(&self, out: &mut String) {
        for (name, named) in lock(&self.durations).iter().filter(|(_, named)| !named.by_labels.is_empty()) {
            // Writing to a string cannot fail.
            let _ = write!(out, "# HELP {name} {}\n# TYPE {name} histogram\n", escaped(&named.help));
            for (labels, durations) in &named.by_labels {
                durations.write(name, labels, out);
            }
            out.push('\n');
        }
    }
}

impl Durations {
    fn write(&self, name: &str, labels: &str, out: &mut String) {
        let mut below = 0;
        let comma = if labels.is_empty() { "" } else { "," };
        for place in 0..=BUCKETS.len() {
            below += self.0.all().map(|buckets| buckets.counts[place].load(Ordering::Relaxed)).sum::<u64>();
            // Writing to a string cannot fail.
            let _ = match BUCKETS.get(place) {
                Some(bound) => writeln!(out, "{name}_bucket{{{labels}{comma}le=\"{bound}\"}} {below}"),
                None => writeln!(out, "{name}_bucket{{{labels}{comma}le=\"+Inf\"}} {below}"),
            };
        }
        let nanos: u64 = self.0.all().map(|buckets| buckets.nanos.load(Ordering::Relaxed)).sum();
        #[expect(clippy::cast_precision_loss, reason = "nobody reads a sum of years to the nanosecond")]
        let seconds = nanos as f64 / 1e9;
        let braced = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
        let _ = writeln!(out, "{name}_sum{braced} {seconds}\n{name}_count{braced} {below}");
    }
}

fn labels_of(key: &Key) -> String {
    let labels: Vec<_> = key.labels().map(|label| format!("{}=\"{}\"", label.key(), escaped(label.value()))).collect();
    labels.join(",")
}

/// Text as it stands in a value.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;

    #[test]
    fn what_threads_count_is_added_up() {
        let tallies = Arc::new(Tallies::default());
        let recorder = Tallying { exporter: PrometheusBuilder::new().build_recorder(), tallies: tallies.clone() };
        let handle = recorder.exporter.handle();
        metrics::with_local_recorder(&recorder, || {
            metrics::describe_histogram!("x_seconds", "How long.");
            let (count, seen) = (metrics::counter!("n", "a" => "1"), metrics::counter!("seen"));
            let took = metrics::histogram!("x_seconds", "who" => "a\"b");
            std::thread::scope(|scope| {
                for thread in 0..10 {
                    let (count, took) = (&count, &took);
                    scope.spawn(move || {
                        count.increment(thread);
                        took.record(0.000_3);
                        took.record(20.0);
                    });
                }
            });
            metrics::counter!("n", "a" => "1").increment(1);
            seen.absolute(7);
            seen.absolute(5);
        });
        tallies.settle();
        let mut text = handle.render();
        tallies.write(&mut text);
        for line in [
            "n{a=\"1\"} 46",
            "seen 7",
            "# HELP x_seconds How long.",
            "# TYPE x_seconds histogram",
            "x_seconds_bucket{who=\"a\\\"b\",le=\"0.00025\"} 0",
            "x_seconds_bucket{who=\"a\\\"b\",le=\"0.0005\"} 10",
            "x_seconds_bucket{who=\"a\\\"b\",le=\"10\"} 10",
            "x_seconds_bucket{who=\"a\\\"b\",le=\"+Inf\"} 20",
            "x_seconds_sum{who=\"a\\\"b\"} 200.003",
            "x_seconds_count{who=\"a\\\"b\"} 20",
        ] {
            assert!(text.lines().any(|written| written == line), "{line} is not in {text}");
        }
    }
}
