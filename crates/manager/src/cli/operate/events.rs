//! `events`: what the manager remembers.

use peegeeq_service_manager_client::{EventQuery, requests};

use super::failure::{Failure, unless_too_old};
use super::line::{Events, Format};
use super::output::{Cell, Ordered, Page, Table, cell, lines, text};
use super::{Call, repeat};

/// How often the manager is asked for more.
const INTERVAL: std::time::Duration = std::time::Duration::from_secs(2);

pub(super) async fn run(call: &Call, asked: Events) -> Result<Page, Failure> {
    let query = question(&asked);
    if !asked.follow {
        let (body, _) = fetch(call, &query).await?;
        return page(call, &body, &query);
    }
    if call.format == Format::Yaml {
        return Err(Failure::usage("following has no end, so YAML does not fit; use --output json for one object a line"));
    }
    follow(call, query).await
}

/// A page of events, the oldest first.
pub(super) fn page(call: &Call, body: &[u8], query: &EventQuery) -> Result<Page, Failure> {
    let raw = Ordered::read(body)?;
    let shown = in_time(&raw, query);
    let names = || shown.iter().filter_map(|event| field(event, SEQUENCE)).collect();
    let page = Page::shaped(call.format, body, names, || table(call, &shown))?;
    Ok(if has_gap(&raw) { page.noting(GAP) } else { page })
}

/// What is asked first. Without a beginning that means the newest.
fn question(asked: &Events) -> EventQuery {
    let is_place = |mark: &String| mark.bytes().all(|byte| byte.is_ascii_digit() || byte == b':');
    EventQuery {
        instance: asked.instance.clone(),
        kind: asked.kind.clone(),
        since: asked.since.clone().filter(is_place),
        from: asked.since.clone().filter(|mark| !is_place(mark)),
        newest_first: asked.since.is_none(),
        limit: Some(asked.limit),
    }
}

async fn follow(call: &Call, mut query: EventQuery) -> Result<Page, Failure> {
    repeat::every(INTERVAL, async || {
        let (_, raw) = fetch(call, &query).await?;
        let shown = in_time(&raw, &query);
        if has_gap(&raw) {
            eprintln!("{GAP}");
        }
        // From here on: what comes behind the last that was shown, or behind all there is.
        let last = shown.last().and_then(|event| field(event, SEQUENCE)).or_else(|| field(&raw, &["newest"]));
        query.since = last.or_else(|| query.since.take());
        query.newest_first = query.newest_first && query.since.is_none();
        query.limit = None;
        Ok(shown.iter().map(|event| line(call, event) + "\n").collect())
    })
    .await
}

const GAP: &str = "warning: the journal no longer reaches back that far; some events are missing";

fn has_gap(raw: &Ordered) -> bool {
    raw.get("compacted") == Some(&Ordered::Bool(true))
}

/// The oldest first, whichever way it was asked.
fn in_time(raw: &Ordered, query: &EventQuery) -> Vec<Ordered> {
    let mut events = events(raw).to_vec();
    if query.newest_first {
        events.reverse();
    }
    events
}

const SEQUENCE: &[&str] = &["sequence", "seq", "id"];
const TIME: &[&str] = &["time", "timestamp", "at"];
const KIND: &[&str] = &["type", "kind", "event"];
const WHO: &[&str] = &["instanceId", "instance", "subject"];
const WHAT: &[&str] = &["message", "text", "summary", "reason", "detail"];

async fn fetch(call: &Call, query: &EventQuery) -> Result<(bytes::Bytes, Ordered), Failure> {
    let answer =
        call.client.ask(requests::events(query)).await.map_err(|error| unless_too_old(error, "journal to read (/api/v1/events)"))?;
    let raw = Ordered::read(&answer.body)?;
    Ok((answer.body, raw))
}

fn events(raw: &Ordered) -> &[Ordered] {
    ["events", "items", "entries"].iter().find_map(|key| raw.get(key)).map(Ordered::list).unwrap_or_default()
}

/// The first of these fields that is there: the names differ between versions of the journal.
fn field(event: &Ordered, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| event.get(name)).filter(|value| **value != Ordered::Null).map(Ordered::plain)
}

fn table(call: &Call, events: &[Ordered]) -> String {
    if events.is_empty() {
        return "no events\n".to_owned();
    }
    let mut table = Table::new(&[text("TIME", 0), text("SEQUENCE", 3), text("TYPE", 1), text("INSTANCE", 0), text("WHAT", 0)]);
    for event in events {
        table.row([TIME, SEQUENCE, KIND, WHO, WHAT].map(|names| field(event, names).map_or_else(Cell::default, cell)));
    }
    table.render(&call.screen)
}

fn line(call: &Call, event: &Ordered) -> String {
    match call.format {
        Format::Json => serde_json::to_string(event).unwrap_or_default(),
        Format::Name => lines(&field(event, SEQUENCE).unwrap_or_default()),
        Format::Table | Format::Yaml => {
            let parts: Vec<String> = [TIME, KIND, WHO, WHAT].iter().filter_map(|names| field(event, names)).collect();
            lines(&parts.join("  "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_is_an_event_or_a_time_and_without_one_the_newest_are_meant() {
        let asked = |since: Option<&str>| question(&Events { since: since.map(str::to_owned), ..Events::default() });
        assert_eq!(asked(Some("1:42")).since.as_deref(), Some("1:42"));
        assert_eq!(asked(Some("2026-11-24T12:00:00Z")).from.as_deref(), Some("2026-11-24T12:00:00Z"));
        assert!(asked(None).newest_first && !asked(Some("1:42")).newest_first);
    }

    #[test]
    fn events_are_found_by_any_of_their_names() {
        let raw = Ordered::read(br#"{"events": [{"seq": "1:2", "at": "t", "kind": "registered", "instanceId": "a", "text": "came"}]}"#);
        let raw = raw.expect("JSON");
        let event = &events(&raw)[0];
        let found = [SEQUENCE, TIME, KIND, WHO, WHAT].map(|names| field(event, names).unwrap_or_default());
        assert_eq!(found, ["1:2", "t", "registered", "a", "came"]);
        assert_eq!(field(event, &["nothing"]), None);
    }
}
