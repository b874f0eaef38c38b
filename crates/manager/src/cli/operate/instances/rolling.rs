//! Rolling restarts: beginning one, following it, and what may be said to it.

use std::time::Duration;

use peegeeq_service_manager_client::requests;
use peegeeq_service_manager_client::{Answer, Request};
use serde_json::{Value, json};

use crate::cli::operate::failure::{Failure, NOT_WELL, unless_too_old};
use crate::cli::operate::line::{RollingRestart, ShowRolling, StartRolling};
use crate::cli::operate::output::{Cell, Ordered, Page, Table, cell, lines, number, text};
use crate::cli::operate::{Call, repeat};

/// How often it is asked for while it is followed.
const FOLLOW_EVERY: Duration = Duration::from_secs(1);

pub(super) async fn run(call: &Call, command: RollingRestart) -> Result<Page, Failure> {
    match command {
        RollingRestart::Start(start) => begin(call, start).await,
        RollingRestart::Show(ShowRolling { restart, watch }) => {
            repeat::once_or_watch(watch, async || match &restart {
                Some(restart) => page(call, &ask(call, requests::rolling_restart(restart)).await?.body),
                None => list(call).await,
            })
            .await
        }
        RollingRestart::Restarted { restart, id } => told(call, requests::rolling_restarted(&restart, &id)).await,
        RollingRestart::Pause { restart, reason } => {
            told(call, requests::pause_rolling_restart(&restart, &json!({ "reason": reason }))).await
        }
        RollingRestart::Continue { restart, force } => {
            told(call, requests::continue_rolling_restart(&restart, &json!({ "force": force }))).await
        }
        RollingRestart::Cancel { restart } => told(call, requests::cancel_rolling_restart(&restart)).await,
    }
}

async fn ask(call: &Call, request: Request<Value>) -> Result<Answer, Failure> {
    call.client.ask(request).await.map_err(|error| unless_too_old(error, "rolling restarts (/api/v1/routing/rolling-restart)"))
}

async fn told(call: &Call, request: Request<Value>) -> Result<Page, Failure> {
    page(call, &ask(call, request).await?.body)
}

async fn begin(call: &Call, start: StartRolling) -> Result<Page, Failure> {
    let detach = start.detach;
    let begun = ask(call, requests::begin_rolling_restart(&order(start))).await?;
    if detach {
        return page(call, &begun.body);
    }
    let id = Ordered::read(&begun.body)?.get("restartId").map(Ordered::plain).unwrap_or_default();
    follow(call, &id).await
}

/// What is ordered, as the manager reads it.
fn order(start: StartRolling) -> Value {
    let mut order = json!({
        "deadline": start.deadline,
        "restartWithin": start.restart_within,
        "setupsWithin": start.setups_within,
        "maxUnavailable": start.max_unavailable,
    });
    let said = [
        ("instanceIds", (!start.ids.is_empty()).then(|| json!(start.ids))),
        ("environment", start.environment.map(Value::from)),
        ("region", start.region.map(Value::from)),
        ("all", start.all.then_some(Value::Bool(true))),
        ("reason", start.reason.map(Value::from)),
    ];
    for (name, value) in said {
        if let Some(value) = value {
            order[name] = value;
        }
    }
    order
}

/// Prints what changed until it is over, paused or called off; then all of it.
async fn follow(call: &Call, id: &str) -> Result<Page, Failure> {
    let mut last = String::new();
    let mut ended = std::pin::pin!(repeat::end_signal());
    loop {
        let answer = ask(call, requests::rolling_restart(id)).await?;
        let raw = Ordered::read(&answer.body)?;
        let news = format!("{id}: {} of {}: {}", plain(&raw, "done"), plain(&raw, "total"), lines(&plain(&raw, "sentence")));
        if plain(&raw, "state") != "running" {
            return page(call, &answer.body);
        }
        if news != last && call.format == crate::cli::operate::line::Format::Table {
            if !repeat::print(&format!("{news}\n"))? {
                return Ok(Page::default());
            }
            last = news;
        }
        tokio::select! {
            () = &mut ended => return Ok(Page::default().noting(format!("it goes on: instances rolling-restart show {id}"))),
            () = tokio::time::sleep(FOLLOW_EVERY) => {}
        }
    }
}

fn plain(value: &Ordered, key: &str) -> String {
    value.get(key).map(Ordered::plain).unwrap_or_default()
}

async fn list(call: &Call) -> Result<Page, Failure> {
    let answer = ask(call, requests::rolling_restarts()).await?;
    let raw = Ordered::read(&answer.body)?;
    let restarts = raw.get("restarts").map(Ordered::list).unwrap_or_default();
    let names = || restarts.iter().map(|restart| plain(restart, "restartId")).collect();
    Page::shaped(call.format, &answer.body, names, || {
        let mut table =
            Table::new(&[text("restart", 0), text("state", 0), number("done", 1), number("of", 1), text("began", 3), text("now", 2)]);
        for restart in restarts {
            let columns = ["restartId", "state", "done", "total", "beganAt", "sentence"];
            table.row(columns.map(|name| cell(plain(restart, name))));
        }
        table.render(&call.screen)
    })
}

/// One of them, instance by instance.
fn page(call: &Call, body: &[u8]) -> Result<Page, Failure> {
    let raw = Ordered::read(body)?;
    let state = plain(&raw, "state");
    let page = Page::shaped(
        call.format,
        body,
        || vec![plain(&raw, "restartId")],
        || {
            let mut table = Table::new(&[
                text("instance", 0),
                text("stage", 0),
                number("requests", 1),
                number("streams", 1),
                text("since", 2),
                text("setups", 3),
            ]);
            for instance in raw.get("instances").map(Ordered::list).unwrap_or_default() {
                let columns = ["inFlight", "streams", "since", "formerSetups"].map(|name| cell(plain(instance, name)));
                table.row([cell(plain(instance, "instanceId")), Cell::state(plain(instance, "stage"))].into_iter().chain(columns));
            }
            let head = format!(
                "{}: {}, {} of {}: {}\n",
                plain(&raw, "restartId"),
                state,
                plain(&raw, "done"),
                plain(&raw, "total"),
                lines(&plain(&raw, "sentence"))
            );
            head + &table.render(&call.screen)
        },
    )?;
    Ok(page.with_code(if matches!(&*state, "paused" | "cancelled") { NOT_WELL } else { 0 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_said_is_ordered() {
        let start = StartRolling { ids: vec!["a".into()], deadline: "5s".into(), max_unavailable: 2, ..StartRolling::default() };
        let order = order(start);
        assert_eq!((&order["instanceIds"], &order["deadline"], &order["maxUnavailable"]), (&json!(["a"]), &json!("5s"), &json!(2)));
        assert!(order.get("all").is_none() && order.get("environment").is_none() && order.get("reason").is_none());
    }
}
