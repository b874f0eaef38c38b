//! The overview of an instance: by setup from today's releases, as bare totals from older ones and from the guide.

use std::sync::Arc;

use peegeeq_domain::federation::{FetchFailure, OverviewPart, QueueRow, SetupPart};
use peegeeq_domain::quantity::{Millis, Rate};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::body::{bad, broken, require_object};
use super::lenient::{Lenient, first_count, first_text};
use super::list::{Entries, Faults, excerpt, read_rows};
use super::queues::QueueReader;

/// What the queues of an overview tell beyond counts; for the metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// All rates together.
    pub message_rate: Option<Rate>,
    /// The plain mean of the queues' processing times that are not zero.
    pub processing: Option<Millis>,
}

/// The answer as a whole, or its `systemStats`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Totals<'a> {
    #[serde(borrow)]
    setups: Option<&'a RawValue>,
    #[serde(borrow)]
    system_stats: Option<&'a RawValue>,
    total_queues: Lenient<'a>,
    total_consumer_groups: Lenient<'a>,
    total_event_stores: Lenient<'a>,
    total_messages: Lenient<'a>,
    total_consumers: Lenient<'a>,
    active_connections: Lenient<'a>,
    uptime: Lenient<'a>,
    queues: Lenient<'a>,
    consumer_groups: Lenient<'a>,
    event_stores: Lenient<'a>,
    messages: Lenient<'a>,
    consumers: Lenient<'a>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Setup<'a> {
    #[serde(borrow)]
    setup_id: Lenient<'a>,
    setup: Lenient<'a>,
    status: Lenient<'a>,
    total_queues: Lenient<'a>,
    total_consumer_groups: Lenient<'a>,
    total_event_stores: Lenient<'a>,
    total_messages: Lenient<'a>,
    total_consumers: Lenient<'a>,
    #[serde(borrow)]
    queues: Option<&'a RawValue>,
}

/// Reads an overview. Fails only if the answer as a whole makes no sense.
pub(in crate::federation) fn read_overview(body: &[u8]) -> Result<(OverviewPart, Figures, Faults), FetchFailure> {
    let text = require_object(body)?;
    let top: Totals<'_> = serde_json::from_str(text).map_err(|error| broken(&error))?;
    // Totals of another type than an object say nothing: the rest of the answer still counts.
    let stats: Totals<'_> = top.system_stats.and_then(|text| serde_json::from_str(text.get()).ok()).unwrap_or_default();
    let mut reading = Reading::default();
    let totals = totals(&stats, &top);
    match top.setups.filter(|setups| setups.get().starts_with(['[', '{'])) {
        Some(setups) => reading.setups(setups),
        None if totals == SetupPart::default() => return Err(bad("it has neither setups nor totals")),
        None => reading.setups.push(totals.clone()),
    }
    // Totals of something that no setup explains are still there.
    if reading.setups.is_empty() && reading.faults.is_empty() && has_some(&totals) {
        reading.setups.push(totals);
    }
    let part = OverviewPart {
        setups: reading.setups,
        active_connections: first_count(&[&stats.active_connections, &top.active_connections]),
        uptime: [&stats.uptime, &top.uptime].iter().find_map(|uptime| uptime.millis()),
    };
    Ok((part, figures(&reading.queues), reading.faults))
}

/// What is told of all setups together.
fn totals(stats: &Totals<'_>, top: &Totals<'_>) -> SetupPart {
    SetupPart {
        setup: None,
        queues: first_count(&[&stats.total_queues, &top.total_queues, &top.queues]),
        groups: first_count(&[&stats.total_consumer_groups, &top.total_consumer_groups, &top.consumer_groups]),
        stores: first_count(&[&stats.total_event_stores, &top.total_event_stores, &top.event_stores]),
        messages: first_count(&[&stats.total_messages, &top.total_messages, &top.messages]),
        consumers: first_count(&[&stats.total_consumers, &top.total_consumers, &top.consumers]),
        queue_names: None,
    }
}

/// Whether there is more than none of anything.
fn has_some(part: &SetupPart) -> bool {
    [part.queues, part.groups, part.stores, part.messages, part.consumers].iter().any(|count| count.unwrap_or_default() > 0)
}

#[derive(Default)]
struct Reading {
    setups: Vec<SetupPart>,
    queues: Vec<QueueRow>,
    faults: Faults,
}

impl Reading {
    fn setups(&mut self, list: &RawValue) {
        let text = list.get();
        let read = if text.starts_with('[') {
            serde_json::from_str::<Vec<&RawValue>>(text).map(|setups| setups.into_iter().for_each(|setup| self.setup(setup.get(), None)))
        } else {
            serde_json::from_str::<Entries<'_>>(text)
                .map(|Entries(setups)| setups.iter().for_each(|(name, setup)| self.setup(setup.get(), Some(name))))
        };
        if let Err(error) = read {
            self.faults.add(|| format!("the setups cannot be read: {error}"));
        }
    }

    fn setup(&mut self, text: &str, fallback: Option<&str>) {
        let raw: Setup<'_> = match serde_json::from_str(text) {
            Ok(raw) if text.starts_with('{') => raw,
            _ => return self.faults.add(|| format!("a setup is {} instead of an object", excerpt(text))),
        };
        let name: Option<Arc<str>> = first_text(&[&raw.setup_id, &raw.setup]).or(fallback.map(Into::into)).map(Arc::from);
        let shown = name.as_deref().unwrap_or("without a name");
        if raw.status.text().is_some_and(|status| status.eq_ignore_ascii_case("error")) {
            self.faults.add(|| format!("the instance reports status ERROR for its setup {shown:?}: its numbers are unknown"));
            return self.setups.push(SetupPart { setup: name, ..SetupPart::default() });
        }
        let listed = raw.queues.filter(|queues| queues.get() != "null").map(read_rows::<QueueReader>);
        if let Some(listed) = &listed
            && !listed.faults.is_empty()
        {
            self.faults.count += listed.faults.count - 1;
            self.faults.add(|| listed.faults.first.clone().unwrap_or_default());
        }
        let rows = listed.map(|listed| listed.rows);
        self.setups.push(part(name, &raw, rows.as_deref()));
        self.queues.extend(rows.unwrap_or_default());
    }
}

fn part(setup: Option<Arc<str>>, raw: &Setup<'_>, queues: Option<&[QueueRow]>) -> SetupPart {
    let length = queues.map(|queues| queues.len() as u64);
    let sum = |of: fn(&QueueRow) -> Option<u64>| queues.and_then(|queues| total(queues, of));
    SetupPart {
        setup,
        queues: raw.total_queues.count().or(length),
        groups: raw.total_consumer_groups.count(),
        stores: raw.total_event_stores.count(),
        messages: raw.total_messages.count().or_else(|| sum(|queue| queue.messages)),
        consumers: raw.total_consumers.count().or_else(|| sum(|queue| queue.consumers)),
        queue_names: queues.map(|queues| queues.iter().map(|queue| queue.name.clone()).collect()),
    }
}

/// The sum over all queues; `None` if a queue did not say.
fn total(queues: &[QueueRow], of: fn(&QueueRow) -> Option<u64>) -> Option<u64> {
    queues.iter().try_fold(0u64, |sum, queue| Some(sum.saturating_add(of(queue)?)))
}

fn figures(queues: &[QueueRow]) -> Figures {
    let rates = queues.iter().filter_map(|queue| queue.rate);
    let times: Vec<u64> = queues.iter().filter_map(|queue| queue.average_processing).map(Millis::micros).filter(|time| *time > 0).collect();
    let sum: u128 = times.iter().map(|time| u128::from(*time)).sum();
    let mean = (!times.is_empty()).then(|| sum / times.len() as u128);
    Figures {
        message_rate: rates.reduce(Rate::saturating_add),
        processing: mean.and_then(|mean| u64::try_from(mean).ok()).map(Millis::from_micros),
    }
}
