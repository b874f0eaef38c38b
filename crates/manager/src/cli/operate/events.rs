//! `events`: what the manager remembers.

use peegeeq_service_manager_client::{EventQuery, requests};

use super::failure::{Failure, unless_too_old};
use super::line::{Events, Format};
use super::output::{Cell, Ordered, Page, Table, anything, cell, lines, text};
use super::{Call, repeat};

/// How often the manager is asked for more.
const INTERVAL: std::time::Duration = std::time::Duration::from_secs(2);

pub(super) async fn run(call: &Call, asked: Events) -> Result<Page, Failure> {
    let mut query =
        EventQuery { instance: asked.instance.clone(), kind: asked.kind.clone(), since: asked.since.clone(), limit: asked.limit };
    if !asked.follow {
        let (body, raw) = fetch(call, &query).await?;
        let names = || events(&raw).iter().filter_map(|event| field(event, SEQUENCE)).collect();
        return Page::shaped(call.format, &body, names, || table(call, &raw));
    }
    if call.format == Format::Yaml {
        return Err(Failure::usage("following has no end, so YAML does not fit; use --output json for one object a line"));
    }
    repeat::every(INTERVAL, async || {
        let (_, raw) = fetch(call, &query).await?;
        let next = field(&raw, &["next", "nextSince", "lastSequence", "cursor"]);
        let last = next.or_else(|| events(&raw).iter().filter_map(|event| field(event, SEQUENCE)).max());
        query.since = last.or_else(|| query.since.take());
        query.limit = None;
        Ok(events(&raw).iter().map(|event| line(call, event) + "\n").collect())
    })
    .await
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

fn table(call: &Call, raw: &Ordered) -> String {
    let events = events(raw);
    if events.is_empty() {
        return if raw.get("events").is_some() { "no events\n".to_owned() } else { anything::show(raw, &call.screen) };
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
    fn events_are_found_by_any_of_their_names() {
        let raw = Ordered::read(br#"{"events": [{"seq": "1:2", "at": "t", "kind": "registered", "instanceId": "a", "text": "came"}]}"#);
        let raw = raw.expect("JSON");
        let event = &events(&raw)[0];
        let found = [SEQUENCE, TIME, KIND, WHO, WHAT].map(|names| field(event, names).unwrap_or_default());
        assert_eq!(found, ["1:2", "t", "registered", "a", "came"]);
        assert_eq!(field(event, &["nothing"]), None);
    }
}
