//! `routing` and `route explain`: where requests go.

use std::fmt::Write;

use peegeeq_service_manager_client::requests;
use serde_json::{Map, Value, json};

use super::failure::{Failure, unless_too_old};
use super::line::{Explain, Span};
use super::output::{Cell, Ordered, Page, Screen, Table, Tone, cell, lines, number, text};
use super::{Call, repeat};

pub(super) async fn show(call: &Call, watch: Option<Span>) -> Result<Page, Failure> {
    repeat::once_or_watch(watch, async || {
        let answer = call.client.ask(requests::routing()).await;
        let answer = answer.map_err(|error| unless_too_old(error, "routing to show (/api/v1/routing)"))?;
        let raw = Ordered::read(&answer.body)?;
        let names = || raw.get("instances").map(Ordered::list).unwrap_or_default().iter().map(|row| said(row, "instanceId")).collect();
        Page::shaped(call.format, &answer.body, names, || distribution(&raw, &call.screen))
    })
    .await
}

pub(super) async fn explain(call: &Call, asked: Explain) -> Result<Page, Failure> {
    if !asked.path.starts_with('/') {
        return Err(Failure::usage("the path begins with /, as in /api/v1/queues/SETUP/QUEUE"));
    }
    let answer = call.client.ask(requests::explain_route(&question(asked))).await;
    let answer = answer.map_err(|error| unless_too_old(error, "explanation of routes (/api/v1/routing/explain)"))?;
    let raw = Ordered::read(&answer.body)?;
    let names = || raw.get("chosen").and_then(|chosen| chosen.get("instanceId")).map(Ordered::plain).into_iter().collect();
    Page::shaped(call.format, &answer.body, names, || explanation(&raw, &call.screen))
}

/// The request that is asked about. An explicit choice is made by headers, as in a real request.
fn question(asked: Explain) -> Value {
    let mut headers: Map<String, Value> = asked.header.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
    let choices =
        [("X-PeeGeeQ-Instance", asked.instance), ("X-PeeGeeQ-Environment", asked.environment), ("X-PeeGeeQ-Region", asked.region)];
    for (name, value) in choices {
        headers.extend(value.map(|value| (name.to_owned(), Value::String(value))));
    }
    json!({"method": asked.method.to_ascii_uppercase(), "path": asked.path, "headers": headers})
}

/// A field as text, empty if it is not there or null.
fn said(row: &Ordered, name: &str) -> String {
    row.get(name).filter(|value| **value != Ordered::Null).map(Ordered::plain).unwrap_or_default()
}

fn rows<'a>(of: &'a Ordered, name: &str) -> &'a [Ordered] {
    of.get(name).map(Ordered::list).unwrap_or_default()
}

/// How requests are spread, an instance a line.
fn distribution(raw: &Ordered, screen: &Screen) -> String {
    let mut out = format!("strategy {}, affinity {}\n", lines(&said(raw, "strategy")), lines(&said(raw, "affinity")));
    if let Some(retries) = raw.get("retries") {
        let used = |name: &str| lines(&said(retries, name));
        let _ = writeln!(out, "{} retries for {} requests, {} more allowed now", used("retries"), used("requests"), used("allowance"));
    }
    out.push('\n');
    let mut table = Table::new(&[
        text("INSTANCE", 0),
        text("STANDING", 0),
        text("RUNG", 4),
        number("WEIGHT", 5),
        number("SHARE %", 2),
        number("REQUESTS", 0),
        number("FAILURES", 1),
        number("IN FLIGHT", 3),
        number("MS", 6),
        text("WHY", 2),
    ]);
    for row in rows(raw, "instances") {
        let (standing, why) = standing(row);
        let numbers = ["weight", "share", "requests", "failures", "inFlight", "latencyMs"].map(|name| cell(said(row, name)));
        let [weight, share, requests, failures, in_flight, latency] = numbers;
        let (id, rung) = (cell(said(row, "instanceId")), cell(said(row, "rung")));
        table.row([id, Cell::state(standing), rung, weight, share, requests, failures, in_flight, latency, cell(why)]);
    }
    out + &table.render(screen)
}

/// How an instance stands, and why, if it is left out or takes less than its share.
fn standing(row: &Ordered) -> (String, String) {
    if let Some(excluded) = row.get("excluded").filter(|excluded| **excluded != Ordered::Null) {
        return (said(excluded, "reason"), said(excluded, "sentence"));
    }
    let ejection = row.get("ejection").map(|ejection| (said(ejection, "state"), said(ejection, "sentence")));
    match ejection.filter(|(state, _)| state != "closed") {
        Some(ejected) => ejected,
        None if row.get("slowStart").is_some_and(|slow| *slow != Ordered::Null) => ("active".to_owned(), "slow start".to_owned()),
        None => ("active".to_owned(), String::new()),
    }
}

/// What would become of a request, and how each instance that has the setup stands.
fn explanation(raw: &Ordered, screen: &Screen) -> String {
    let request = format!("{} {}", said(raw, "method"), said(raw, "path"));
    let mut out = format!("{}\n{}\n", lines(&request), lines(&said(raw, "sentence")));
    let strategy = said(raw, "strategy");
    if !strategy.is_empty() {
        let _ = writeln!(out, "strategy {} ({})", lines(&strategy), lines(&said(raw, "strategyFrom")));
    }
    for group in rows(raw, "groups") {
        out.push('\n');
        if let Some(database) = group.get("database").filter(|database| **database != Ordered::Null) {
            let place = ["host", "port", "database", "schema"].map(|name| lines(&said(database, name)));
            let _ = writeln!(out, "database {} port {}, {}, schema {}", place[0], place[1], place[2], place[3]);
        }
        let mut table =
            Table::new(&[text("", 0), text("INSTANCE", 0), text("STANDING", 0), text("RUNG", 2), number("WEIGHT", 3), text("WHY", 1)]);
        for member in rows(group, "members") {
            let is_chosen = member.get("chosen") == Some(&Ordered::Bool(true));
            let score = member.get("score").filter(|score| **score != Ordered::Null);
            let scored = |name: &str| score.map(|score| cell(said(score, name))).unwrap_or_default();
            let reason = said(member, "reason");
            let standing = if reason.is_empty() { said(member, "standing") } else { reason };
            let mark = if is_chosen { Cell::toned("->", Tone::Good) } else { Cell::default() };
            table.row([
                mark,
                cell(said(member, "instanceId")),
                Cell::state(standing),
                scored("rung"),
                scored("weight"),
                cell(said(member, "sentence")),
            ]);
        }
        out.push_str(&table.render(screen));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_the_request_itself() {
        let asked = Explain { path: "/api/v1/x".into(), method: "post".into(), region: Some("eu".into()), ..Explain::default() };
        assert_eq!(question(asked), json!({"method": "POST", "path": "/api/v1/x", "headers": {"X-PeeGeeQ-Region": "eu"}}));
    }
}
