//! `incidents`: what failed together, and one of them with all that belongs to it.

use peegeeq_service_manager_client::models::incidents::{Incident, IncidentList, IncidentReport};
use peegeeq_service_manager_client::{IncidentQuery, requests};

use super::Call;
use super::failure::{Failure, unless_too_old};
use super::line::{Format, IncidentCommand, Incidents};
use super::output::{Ordered, Page, Table, cell, lines, text};

pub(super) async fn run(call: &Call, asked: Incidents) -> Result<Page, Failure> {
    match asked.command {
        Some(IncidentCommand::Get { id, markdown }) => get(call, &id, markdown).await,
        Some(IncidentCommand::List { status, environment, instance, since, until, limit }) => {
            list(call, IncidentQuery { status, environment, instance, since, until, limit: Some(limit), before: None }).await
        }
        None => list(call, IncidentQuery { limit: Some(50), ..IncidentQuery::default() }).await,
    }
}

const TOO_OLD: &str = "incidents to show (/api/v1/incidents)";

async fn list(call: &Call, query: IncidentQuery) -> Result<Page, Failure> {
    let answer = call.client.ask(requests::incidents(&query)).await.map_err(|error| unless_too_old(error, TOO_OLD))?;
    let list: IncidentList = serde_json::from_slice(&answer.body).map_err(|_| unreadable())?;
    let names = || list.incidents.iter().map(|incident| incident.id.clone()).collect();
    let page = Page::shaped(call.format, &answer.body, names, || table(call, &list.incidents))?;
    Ok(match (list.complete, &list.next) {
        (false, _) => page.noting("warning: the manager is still reading its journal; older incidents are missing"),
        (true, Some(_)) => page.noting("there are more; ask with a higher --limit or an earlier --until"),
        (true, None) => page,
    })
}

async fn get(call: &Call, id: &str, markdown: bool) -> Result<Page, Failure> {
    if markdown {
        let answer = call.client.ask(requests::incident_markdown(id)).await.map_err(|error| unless_too_old(error, TOO_OLD))?;
        return Ok(Page::of(lines(&String::from_utf8_lossy(&answer.body)) + "\n"));
    }
    let answer = call.client.ask(requests::incident(id)).await.map_err(|error| unless_too_old(error, TOO_OLD))?;
    if call.format != Format::Table {
        let raw = Ordered::read(&answer.body)?;
        let name = || raw.get("incident").and_then(|incident| incident.get("id")).map(Ordered::plain).into_iter().collect();
        return Page::shaped(call.format, &answer.body, name, String::new);
    }
    let report: IncidentReport = serde_json::from_slice(&answer.body).map_err(|_| unreadable())?;
    Ok(Page::of(shown(call, &report)))
}

fn unreadable() -> Failure {
    Failure::failed("the manager's answer about incidents cannot be read")
}

fn table(call: &Call, incidents: &[Incident]) -> String {
    if incidents.is_empty() {
        return "no incidents\n".to_owned();
    }
    let mut table = Table::new(&[
        text("ID", 0),
        text("STATUS", 0),
        text("BEGAN", 0),
        text("LASTED", 1),
        text("BAD", 0),
        text("AFFECTED", 1),
        text("WHAT", 0),
    ]);
    for incident in incidents {
        table.row([
            cell(&incident.id),
            cell(&incident.status),
            cell(&incident.started_at),
            cell(lasted(incident.duration_ms)),
            cell(incident.affected.bad.to_string()),
            cell(incident.affected.total.to_string()),
            cell(&incident.title),
        ]);
    }
    table.render(&call.screen)
}

fn shown(call: &Call, report: &IncidentReport) -> String {
    let incident = &report.incident;
    let scope = incident.scope.name.as_deref().map(|name| format!(" {name}")).unwrap_or_default();
    let mut shown = lines(&format!("{} {}: {}", incident.id, incident.status, incident.title)) + "\n";
    shown +=
        &(lines(&format!("{}{scope}, began {}, lasted {}", incident.scope.kind, incident.started_at, lasted(incident.duration_ms))) + "\n");
    if !report.before.is_empty() {
        let mut before = Table::new(&[text("BEFORE", 0), text("EVENT", 1), text("RELATION", 1), text("WHAT", 0)]);
        for change in &report.before {
            before.row([&change.at, &change.event, &change.relation, &change.summary].map(cell));
        }
        shown += &format!("\n{}", before.render(&call.screen));
    }
    let mut affected = Table::new(&[
        text("INSTANCE", 0),
        text("SETUP", 0),
        text("FIRST BAD", 1),
        text("WORST", 1),
        text("NOW", 0),
        text("RECOVERED", 1),
        text("REASON", 0),
    ]);
    for one in &report.affected {
        let none = String::new();
        let (setup, recovered) = (one.setup.as_ref().unwrap_or(&none), one.recovered_at.as_ref().unwrap_or(&none));
        affected.row([&one.instance_id, setup, &one.first_bad_at, &one.worst, &one.now, recovered, &one.reason].map(cell));
    }
    let mut steps = Table::new(&[text("TIME", 0), text("STEP", 0), text("EVENT", 1), text("WHAT", 0)]);
    for step in &report.timeline {
        let none = String::new();
        steps.row([&step.at, &step.step, step.event.as_ref().unwrap_or(&none), &step.summary].map(cell));
    }
    shown + &format!("\n{}\n{}", affected.render(&call.screen), steps.render(&call.screen))
}

fn lasted(millis: u64) -> String {
    let seconds = millis / 1000;
    match (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, minutes) => format!("{minutes}m{}s", seconds % 60),
        (0, hours, minutes) => format!("{hours}h{minutes}m"),
        (days, hours, _) => format!("{days}d{hours}h"),
    }
}
