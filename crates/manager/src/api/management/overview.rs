//! The overview of the cluster as one instance gives its own: setups with all their rows, totals, what happened lately.

use std::collections::BTreeSet;

use chrono::DateTime;
use peegeeq_domain::federation::{Part, SetupHealth, Standing};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::envelope::{LeftOut, prepare};
use super::lists::written_row;
use super::needs::Needing;
use super::row::{Sent, is_number, is_text, text_of, write};
use crate::api::federation::flat::source;
use crate::api::federation::text::JsonText;
use crate::federation::{Answer, Attached, Overview, Prepared, ReadList, check_row, read_group_rows, read_queue_rows, read_store_rows};

/// An instance tells at most this many recent events.
const RECENT_MAX: usize = 20;

/// What of an instance's overview is handed on.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Told<'a> {
    #[serde(borrow)]
    setups: Option<&'a RawValue>,
    #[serde(borrow)]
    recent_activity: Option<&'a RawValue>,
}

/// Writes it.
pub(super) fn whole(answer: &Answer<Overview>) -> Prepared {
    let content = &answer.content;
    prepare(content, |text| {
        let mut writing = Writing { content, sources: content.parts.iter().map(source).collect(), left_out: LeftOut::default() };
        let setups = writing.setups();
        let stats = stats(content, setups.len());
        text.key("setups").array(&setups, |text, setup| {
            text.raw(setup);
        });
        text.key("systemStats").raw(stats.as_bytes());
        let recent = writing.recent();
        text.key("recentActivity").array(&recent, |text, event| {
            text.raw(event);
        });
        writing.left_out
    })
}

fn stats(content: &Overview, setups: usize) -> String {
    let totals = &content.totals;
    let uptime = content.parts.iter().filter_map(|part| part.outcome.as_ref().ok()?.uptime).max();
    serde_json::json!({
        "totalSetups": setups,
        "totalQueues": totals.queues.total().unwrap_or(0),
        "totalConsumerGroups": totals.groups.total().unwrap_or(0),
        "totalEventStores": totals.stores.total().unwrap_or(0),
        "totalMessages": totals.messages.total().unwrap_or(0),
        "activeConnections": totals.connections.total().unwrap_or(0),
        "uptime": uptime_text(uptime.map_or(0, |uptime| uptime.micros() / 1000)),
    })
    .to_string()
}

/// An uptime in an instance's words.
pub(super) fn uptime_text(millis: u64) -> String {
    let minutes = millis / 60_000;
    format!("{}d {}h {}m", minutes / 1_440, minutes / 60 % 24, minutes % 60)
}

struct Writing<'a> {
    content: &'a Overview,
    sources: Vec<Vec<u8>>,
    left_out: LeftOut,
}

impl<'a> Writing<'a> {
    fn told(&self, number: usize) -> Option<Told<'a>> {
        let part = self.content.parts.get(number).filter(|part| part.outcome.is_ok())?;
        serde_json::from_slice(&part.attached.body).ok()
    }

    fn setups(&mut self) -> Vec<Vec<u8>> {
        let mut written = Vec::new();
        for number in 0..self.content.parts.len() {
            let Some(told) = self.told(number) else { continue };
            let listed: Option<Vec<&RawValue>> = told.setups.and_then(|setups| serde_json::from_str(setups.get()).ok());
            match listed {
                Some(setups) => setups.into_iter().for_each(|setup| written.extend(self.setup(number, setup))),
                // Releases that told totals only: the setups are known from elsewhere.
                None => self.unlisted(number, &mut written),
            }
        }
        written
    }

    fn setup(&mut self, number: usize, setup: &'a RawValue) -> Option<Vec<u8>> {
        let sent = Sent::read(setup.get().as_bytes()).map_err(|reason| self.left_out.add(reason)).ok()?;
        let Some(id) = sent.text("setupId").or_else(|| sent.text("setup")) else {
            self.left_out.add("a setup has no usable setupId".to_owned());
            return None;
        };
        if matches!(standing(self.content, number, &id), Standing::SameAs(_)) {
            return None;
        }
        let mut text = JsonText::with_capacity(setup.get().len() + 1024);
        text.raw(b"{\"setupId\":").value(&id).field("status", &sent.text("status").unwrap_or("ACTIVE".into()));
        for key in ["totalQueues", "totalConsumerGroups", "totalEventStores", "totalMessages"] {
            text.key(key).raw(sent.get(key).filter(|value| is_number(value)).unwrap_or("0").as_bytes());
        }
        self.rows(text.key("queues"), number, &id, sent.get("queues"), read_queue_rows);
        self.rows(text.key("consumerGroups"), number, &id, sent.get("consumerGroups"), read_group_rows);
        self.rows(text.key("eventStores"), number, &id, sent.get("eventStores"), read_store_rows);
        text.raw(self.sources.get(number)?);
        Some(text.into_bytes())
    }

    fn rows<R: Needing>(&mut self, text: &mut JsonText, number: usize, id: &str, list: Option<&str>, read: fn(&RawValue) -> ReadList<R>) {
        let list: Option<&RawValue> = list.and_then(|list| serde_json::from_str(list).ok());
        let read = list.map(|list| (list.get(), read(list)));
        let (source, left_out) = (self.sources.get(number).map_or(&b"}"[..], Vec::as_slice), &mut self.left_out);
        let rows = read.iter().flat_map(|(list, read)| {
            read.rows.iter().zip(&read.raw).map(move |(row, raw)| (row, list.get(raw.place.clone()).unwrap_or("{}")))
        });
        let written = rows.filter_map(|(row, raw)| written_row(row, raw.as_bytes(), Some(id)).map_err(|reason| left_out.add(reason)).ok());
        text.array(written, |text, row| {
            text.raw(&row).raw(source);
        });
    }

    /// The setups of an instance that does not list them; which rows they have is told elsewhere.
    fn unlisted(&self, number: usize, written: &mut Vec<Vec<u8>>) {
        let Some(part) = self.content.parts.get(number) else { return };
        let there = part.setups.iter().filter(|binding| !binding.missing);
        let shown = there.filter(|binding| !matches!(standing(self.content, number, &binding.setup), Standing::SameAs(_)));
        for binding in shown {
            let down = matches!(binding.health, SetupHealth::Down { .. });
            let queues = binding.queues.as_ref().map_or(0, |queues| queues.len());
            let mut text = JsonText::default();
            text.raw(b"{\"setupId\":").value(&binding.setup).field("status", &if down { "ERROR" } else { "ACTIVE" });
            text.field("totalQueues", &queues);
            for key in ["totalConsumerGroups", "totalEventStores", "totalMessages"] {
                text.field(key, &0);
            }
            text.raw(br#","queues":[],"consumerGroups":[],"eventStores":[]"#);
            text.field("assumed", &["totalConsumerGroups", "totalEventStores", "totalMessages", "queues", "consumerGroups", "eventStores"]);
            text.raw(self.sources.get(number).map_or(b"}", Vec::as_slice));
            written.push(text.into_bytes());
        }
    }

    /// The newest events of all instances, newest first.
    fn recent(&mut self) -> Vec<Vec<u8>> {
        let mut found: Vec<(i64, usize, &RawValue)> = Vec::new();
        for number in 0..self.content.parts.len() {
            let list = self.told(number).and_then(|told| told.recent_activity);
            let events: Vec<&RawValue> = list.and_then(|list| serde_json::from_str(list.get()).ok()).unwrap_or_default();
            found.extend(events.into_iter().filter_map(|event| Some((self.event_time(number, event)?, number, event))));
        }
        // Events of the same moment stay in their instance's order.
        found.sort_by_key(|(at, ..)| std::cmp::Reverse(*at));
        let newest = found.into_iter().take(RECENT_MAX);
        newest.filter_map(|(_, number, event)| self.event(number, event)).collect()
    }

    /// When it happened; `None` if it is not to be shown, because it cannot be or because another instance tells it.
    fn event_time(&mut self, number: usize, event: &RawValue) -> Option<i64> {
        if let Err(reason) = check_row(event.get()) {
            self.left_out.add(format!("an event cannot be handed on because {reason}"));
            return None;
        }
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Event<'a> {
            #[serde(borrow)]
            setup: Option<&'a RawValue>,
            #[serde(borrow)]
            timestamp: Option<&'a RawValue>,
        }
        let read: Event<'_> = serde_json::from_str(event.get()).ok()?;
        let setup = read.setup.map(RawValue::get).filter(|setup| is_text(setup)).and_then(text_of);
        if setup.is_some_and(|setup| matches!(standing(self.content, number, &setup), Standing::SameAs(_))) {
            return None;
        }
        Some(read.timestamp.and_then(|time| micros(time.get())).unwrap_or(i64::MIN))
    }

    fn event(&self, number: usize, event: &RawValue) -> Option<Vec<u8>> {
        let sent = Sent::read(event.get().as_bytes()).ok()?;
        let mut text = JsonText::with_capacity(event.get().len() + 256);
        write(&mut text, &sent, &[]).ok()?;
        text.raw(self.sources.get(number)?);
        Some(text.into_bytes())
    }
}

/// Microseconds since 1970 of a time as instances write it.
fn micros(json: &str) -> Option<i64> {
    if is_number(json) {
        return json.parse::<i64>().ok()?.checked_mul(1000);
    }
    DateTime::parse_from_rfc3339(&text_of(json)?).ok().map(|time| time.timestamp_micros())
}

/// Whether a setup of a part counts.
fn standing(content: &Overview, number: usize, setup: &str) -> Standing {
    let named = || {
        let setups = &content.parts.get(number)?.outcome.as_ref().ok()?.setups;
        let place = setups.iter().position(|part| part.setup.as_deref() == Some(setup))?;
        content.standings.get(number)?.get(place).copied()
    };
    let shared = || {
        let members = content.shared.iter().flat_map(|shared| &shared.members);
        members.into_iter().find(|member| member.source == number && &*member.setup == setup).map(|member| member.standing)
    };
    named().or_else(shared).unwrap_or(Standing::Counted)
}

/// The ids of the setups that an instance has, as its overview tells, or as they were last seen.
pub(super) fn setup_ids(part: &Part<peegeeq_domain::federation::OverviewPart, Attached>) -> BTreeSet<&str> {
    let Ok(told) = &part.outcome else { return BTreeSet::new() };
    let named: BTreeSet<&str> = told.setups.iter().filter_map(|setup| setup.setup.as_deref()).collect();
    if !named.is_empty() {
        return named;
    }
    part.setups.iter().filter(|binding| !binding.missing).map(|binding| &*binding.setup).collect()
}

/// How many setups there are, those that several instances show counted once.
pub(super) fn shown_setups(content: &Overview) -> usize {
    let of = |(number, part)| {
        let shown = |setup: &&str| !matches!(standing(content, number, setup), Standing::SameAs(_));
        setup_ids(part).into_iter().filter(shown).count()
    };
    content.parts.iter().enumerate().map(of).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uptimes_are_worded_as_instances_do() {
        assert_eq!((uptime_text(0), uptime_text(93_784_000)), ("0d 0h 0m".to_owned(), "1d 2h 3m".to_owned()));
    }

    #[test]
    fn times_are_read_in_both_spellings() {
        assert_eq!(micros(r#""2026-11-23T08:36:25.830417Z""#), Some(1_795_422_985_830_417));
        assert_eq!(micros("1795422985830"), Some(1_795_422_985_830_000));
        for json in ["true", r#""yesterday""#, "9223372036854775807", "1.5"] {
            assert_eq!(micros(json), None, "{json}");
        }
    }
}
