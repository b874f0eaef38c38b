//! Pages of a large journal: whatever is asked for, a page must not depend on how much there is.
//!
//! Owns making the journal (straight into a store, without the manager) and timing pages of it. `PEEGEEQ_BENCH_ENTRIES` says how
//! many entries, default ten million.

use std::time::{Duration, Instant};

use peegeeq_domain::health::Verdict;
use peegeeq_domain::instance::InstanceId;
use peegeeq_domain::journal::JournalEvent;
use peegeeq_domain::time::Timestamp;
use peegeeq_service_manager::registry::store::{EventQuery, JournalReader, KindPattern, Order, Store, StoreSettings, Write};

use super::Bench;
use super::figures::{Goal, Measured};
use super::manager::Folder;

const INSTANCES: u64 = 1000;
const BATCH: u64 = 20_000;
const LIMIT: usize = 100;
const ROUNDS: usize = 20;
/// One entry in so many is an operator's.
const RARE: u64 = 100_000;

/// Measures.
pub(super) fn measure(bench: &Bench) -> Result<Measured, String> {
    let entries = std::env::var("PEEGEEQ_BENCH_ENTRIES").ok().and_then(|text| text.parse().ok()).unwrap_or(10_000_000_u64);
    let folder = Folder::new(bench)?;
    let settings = StoreSettings { journal_entries_max: u64::MAX / 2, journal_age_max: Duration::from_secs(1_000_000_000_000) };
    let (mut store, _) = Store::open(folder.path(), settings).map_err(|error| error.to_string())?;
    let began = Instant::now();
    for first in (0..entries).step_by(usize::try_from(BATCH).unwrap_or(1)) {
        let batch: Result<Vec<_>, _> = (first..(first + BATCH).min(entries)).map(entry).collect();
        store.commit(&batch?, Timestamp::default()).map_err(|error| error.sentence)?;
    }
    let mut measured = Measured::default();
    measured.note(format!("{entries} entries about {INSTANCES} instances, made in {:.0} s", began.elapsed().as_secs_f64()));
    let reader = store.journal_reader();
    let kind = |text: &str| KindPattern::parse(text).map(|pattern| vec![pattern]);
    let descending = |query: EventQuery| EventQuery { order: Order::Descending, limit: LIMIT, ..query };
    let instance = Some("instance-0500".to_owned());
    let middle = Timestamp::from_epoch_millis(i64::try_from(entries / 2).unwrap_or(0));
    for (name, query) in [
        ("newest", EventQuery::default()),
        ("of one instance", EventQuery { instance: instance.clone(), ..EventQuery::default() }),
        ("of a rare kind", EventQuery { kinds: kind("operator.")?, ..EventQuery::default() }),
        ("from the middle on", EventQuery { from: Some(middle), ..EventQuery::default() }),
        ("of one instance and a rare kind", EventQuery { instance, kinds: kind("operator.")?, ..EventQuery::default() }),
    ] {
        let slowest = slowest(&reader, &descending(query))?;
        measured.figure(format!("slowest page, {name}"), slowest, "ms", Goal::AtMost(50.0));
    }
    Ok(measured)
}

fn entry(number: u64) -> Result<Write, String> {
    let id = InstanceId::parse(&format!("instance-{:04}", number % INSTANCES))?;
    let event = if number.is_multiple_of(RARE) {
        JournalEvent::Ordered { id, verb: peegeeq_domain::instance::Verb::Drain, by: "bench".into(), instance: None, reason: None }
    } else {
        let (from, to) = (Verdict::Passing, Verdict::Down { in_a_row: 3 });
        JournalEvent::VerdictChanged { id, from, to, evidence: "GET /health: connection refused".to_owned() }
    };
    Ok(Write::Note { at: Timestamp::from_epoch_millis(i64::try_from(number).unwrap_or(0)), event })
}

fn slowest(reader: &JournalReader, query: &EventQuery) -> Result<f64, String> {
    let mut slowest = Duration::ZERO;
    for _ in 0..ROUNDS {
        let began = Instant::now();
        reader.page(query).map_err(|error| error.to_string())?;
        slowest = slowest.max(began.elapsed());
    }
    Ok(slowest.as_secs_f64() * 1000.0)
}
