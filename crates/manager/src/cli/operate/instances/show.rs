//! Looking: `list`, `get`, `check`.

use std::fmt::Write;

use peegeeq_service_manager_client::models::instances::{HealthCheck, Instance, InstanceList, InstanceRead};
use peegeeq_service_manager_client::{Filter, requests};

use super::{Outcomes, state, state_of};
use crate::cli::operate::failure::{Failure, NOT_WELL};
use crate::cli::operate::line::{Check, Format, Get, List};
use crate::cli::operate::output::{Cell, Ordered, Page, Screen, Table, Tone, cell, lines, number, text};
use crate::cli::operate::{Call, repeat};

pub(super) async fn list(call: &Call, list: List) -> Result<Page, Failure> {
    let filter = Filter {
        environment: list.which.environment,
        region: list.which.region,
        status: list.which.status,
        sort: list.sort,
        page: list.page,
        page_size: list.page_size,
        at: list.at,
    };
    repeat::once_or_watch(list.watch, async || {
        let request = requests::list_instances(&filter);
        let path = request.path().to_owned();
        let answer = call.client.ask(request).await?;
        if matches!(call.format, Format::Json | Format::Yaml) {
            return Page::shaped(call.format, &answer.body, Vec::new, String::new);
        }
        let list: InstanceList = call.client.read(&path, &answer.body)?;
        let names = || list.instances.iter().map(|instance| instance.instance_id.clone()).collect();
        Page::shaped(call.format, &answer.body, names, || table(&list, filter.at.clone(), &call.screen))
    })
    .await
}

/// `past` is the time of the list, if it is not about now.
fn table(list: &InstanceList, past: Option<String>, screen: &Screen) -> String {
    if list.instances.is_empty() {
        return match list.total_instances {
            Some(all @ 1..) => format!("none of {all} instances is like that\n"),
            _ => "no instances; 'instances register' adds one\n".to_owned(),
        };
    }
    let now = past.as_ref().map_or(&*list.timestamp, |past| &**past);
    let mut out = rows(&list.instances, now, screen);
    if let Some(past) = past {
        let _ = writeln!(out, "as of {}", lines(&past));
    }
    let (matched, all) = (list.matched_instances.unwrap_or(list.count), list.total_instances.unwrap_or(list.count));
    let shown = list.instances.len() as u64;
    if shown < matched {
        let _ = writeln!(out, "{shown} of {matched} instances; --page shows more");
    } else if matched < all {
        let _ = writeln!(out, "{matched} of {all} instances");
    }
    out
}

/// Instances as rows, times relative to `now`.
pub(in crate::cli::operate) fn rows(instances: &[Instance], now: &str, screen: &Screen) -> String {
    let mut table = Table::new(&[
        text("INSTANCE", 0),
        text("STATUS", 0),
        text("ADDRESS", 1),
        text("ENVIRONMENT", 2),
        text("REGION", 2),
        text("VERSION", 5),
        number("WEIGHT", 6),
        number("CHECKED", 4),
        text("REASON", 3),
    ]);
    for instance in instances {
        table.row([
            cell(&instance.instance_id),
            Cell::state(state_of(instance)),
            cell(address(instance)),
            cell(&instance.environment),
            cell(&instance.region),
            cell(&instance.version),
            instance.weight.into(),
            Cell::toned(ago(instance.last_health_check.as_deref(), now), Tone::Dim),
            cell(reason(instance)),
        ]);
    }
    table.render(screen)
}

fn address(instance: &Instance) -> String {
    let is_v6 = instance.host.contains(':') && !instance.host.starts_with('[');
    let host = if is_v6 { format!("[{}]", instance.host) } else { instance.host.clone() };
    let scheme = if instance.scheme.as_str() == "https" { "https://" } else { "" };
    format!("{scheme}{host}:{}", instance.port)
}

fn reason(instance: &Instance) -> String {
    // Managers that take orders say the order's reason in their sentence already.
    let is_said = |reason: &String| instance.status_reason.as_ref().is_some_and(|said| said.contains(reason));
    let ordered = instance.order.as_ref().and_then(|order| order.reason.clone()).filter(|reason| !is_said(reason));
    let troubled = (!instance.troubled_setups.is_empty()).then(|| format!("setups: {}", instance.troubled_setups.join(", ")));
    [instance.status_reason.clone(), ordered, troubled].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// How long ago something was, as seen by the manager that said both.
fn ago(then: Option<&str>, now: &str) -> String {
    let read = |text: &str| chrono::DateTime::parse_from_rfc3339(text).ok();
    let Some((then, now)) = then.and_then(read).zip(read(now)) else { return "-".to_owned() };
    match (now - then).num_seconds().max(0) {
        seconds @ 0..120 => format!("{seconds}s ago"),
        seconds @ 120..7_200 => format!("{}m ago", seconds / 60),
        seconds @ 7_200..172_800 => format!("{}h ago", seconds / 3_600),
        seconds => format!("{}d ago", seconds / 86_400),
    }
}

pub(super) async fn get(call: &Call, get: &Get) -> Result<Page, Failure> {
    let request = match &get.at {
        Some(at) => requests::get_instance_at(&get.id, at),
        None => requests::get_instance(&get.id),
    };
    let path = request.path().to_owned();
    let answer = call.client.ask(request).await?;
    let read: InstanceRead = call.client.read(&path, &answer.body)?;
    let raw = Ordered::read(&answer.body)?;
    Page::shaped(call.format, &answer.body, || vec![read.instance.instance_id.clone()], || described(&read, &raw, &call.screen))
}

/// Every field that was sent, the state first.
fn described(read: &InstanceRead, raw: &Ordered, screen: &Screen) -> String {
    let status = state_of(&read.instance);
    let shown = raw.get("instance").map(|instance| crate::cli::operate::output::anything::show(instance, screen)).unwrap_or_default();
    format!("{} is {}\n\n{shown}", lines(&read.instance.instance_id), Tone::of(&status).paint(&lines(&status), screen.has_color))
}

pub(super) async fn check(call: &Call, check: Check) -> Result<Page, Failure> {
    let mut outcomes = Outcomes::default();
    let mut is_well = true;
    for id in &check.ids {
        let request = if check.record { requests::force_check(id) } else { requests::check_health(id) };
        let outcome = checked(call, request, &mut is_well).await;
        outcomes.add(id, outcome);
    }
    let mut page = outcomes.page;
    if page.code == 0 && !is_well {
        page.code = NOT_WELL;
    }
    Ok(page)
}

async fn checked(
    call: &Call,
    request: peegeeq_service_manager_client::Request<HealthCheck>,
    is_well: &mut bool,
) -> Result<String, Failure> {
    let path = request.path().to_owned();
    let answer = call.client.ask(request).await?;
    let check: HealthCheck = call.client.read(&path, &answer.body)?;
    let troubled = check.setups.iter().flatten().any(|setup| matches!(setup.status.as_str(), "down" | "missing"));
    *is_well &= check.successful && !troubled;
    let page = Page::shaped(call.format, &answer.body, || vec![check.instance_id.clone()], || outcome(&check, &call.screen))?;
    Ok(page.output.trim_end().to_owned())
}

fn outcome(check: &HealthCheck, screen: &Screen) -> String {
    let word = if check.successful { "healthy" } else { "unhealthy" };
    let mut out = format!("{}  {}", lines(&check.instance_id), Tone::of(word).paint(word, screen.has_color));
    if let Some(millis) = check.phases.total_ms {
        let _ = write!(out, " in {millis:.0} ms");
    }
    if let Some(message) = &check.error_message {
        let _ = write!(out, ": {}", lines(message));
    }
    if let Some(status) = check.http_status.filter(|_| !check.successful) {
        let _ = write!(out, " (it answered {status})");
    }
    for setup in check.setups.iter().flatten().filter(|setup| setup.status != "up") {
        let why = setup.reason.as_ref().map(|reason| format!(": {}", lines(reason))).unwrap_or_default();
        let _ = write!(out, "\n  setup {} is {}{why}", lines(&setup.setup_id), lines(&setup.status));
    }
    let state = state(&check.status, &Default::default());
    if state != word {
        let _ = write!(out, "\n  its state is {}, since one check alone changes nothing", lines(&state));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_distances() {
        let now = "2026-11-24T12:00:00.000Z";
        let at = |then: &str| ago(Some(then), now);
        assert_eq!(at("2026-11-24T11:59:57.400Z"), "2s ago");
        assert_eq!(at("2026-11-24T11:30:00.000Z"), "30m ago");
        assert_eq!(at("2026-11-23T11:30:00.000Z"), "24h ago");
        assert_eq!(at("2026-11-20T12:00:00.000Z"), "4d ago");
        assert_eq!((at("2026-11-24T12:00:05.000Z").as_str(), at("soon").as_str()), ("0s ago", "-"));
    }

    #[test]
    fn an_address_can_be_typed_again() {
        let instance = |host: &str| Instance { host: host.into(), port: 1, scheme: "https".to_owned().into(), ..Instance::default() };
        assert_eq!(address(&instance("::1")), "https://[::1]:1");
    }
}
