//! Changing: `register`, `deregister`, `update`, `weight`.

use std::io::{BufRead, IsTerminal, Read, Write};
use std::path::Path;

use peegeeq_service_manager_client::models::instances::Registered;
use peegeeq_service_manager_client::{Registration, Request, Update, requests};

use super::Outcomes;
use crate::cli::operate::Call;
use crate::cli::operate::failure::{FAILED, Failure};
use crate::cli::operate::line::{Deregister, Format, Register, UpdateOptions, Weight};
use crate::cli::operate::output::{Page, lines};

/// The largest file of registrations that is read.
const FILE_MAX: u64 = 64 << 20;

pub(super) async fn register(call: &Call, register: Register) -> Result<Page, Failure> {
    let registrations = match &register.file {
        Some(file) => in_file(file)?,
        None => vec![typed(register)],
    };
    let mut outcomes = Outcomes::default();
    for registration in &registrations {
        let outcome = changed(call, requests::register(registration)).await;
        outcomes.add(&registration.instance_id, outcome);
    }
    Ok(outcomes.page)
}

fn typed(register: Register) -> Registration {
    Registration {
        instance_id: register.id.unwrap_or_default(),
        host: register.host.unwrap_or_default(),
        port: register.port.unwrap_or_default(),
        scheme: register.scheme.map(Into::into),
        version: register.version,
        environment: register.environment,
        region: register.region,
        metadata: register.metadata.into_iter().collect(),
        weight: register.weight,
        presence: register.presence.map(Into::into),
        health_path: register.health_path,
        health_status: register.health_status,
    }
}

fn in_file(file: &Path) -> Result<Vec<Registration>, Failure> {
    let wrong = |why: String| Failure::usage(format!("no registration in {}: {why}", file.display()));
    let mut text = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin().lock().take(FILE_MAX).read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|input| input.take(FILE_MAX).read_to_string(&mut text))
    };
    read.map_err(|error| wrong(error.to_string()))?;
    let is_list = text.trim_start().starts_with('[');
    let found = if is_list { serde_json::from_str(&text) } else { serde_json::from_str(&text).map(|one| vec![one]) };
    found.map_err(|error| wrong(error.to_string()))
}

/// Sends a change and says what came of it.
async fn changed(call: &Call, request: Request<Registered>) -> Result<String, Failure> {
    let path = request.path().to_owned();
    let answer = call.client.ask(request).await?;
    let registered: Registered = call.client.read(&path, &answer.body)?;
    let page = Page::shaped(
        call.format,
        &answer.body,
        || vec![registered.instance_id.clone()],
        || {
            let revision = registered.revision.map(|revision| format!(" (revision {revision})")).unwrap_or_default();
            format!("{}: {}{revision}", lines(&registered.instance_id), lines(&registered.message))
        },
    )?;
    Ok(page.output.trim_end().to_owned())
}

pub(super) async fn deregister(call: &Call, asked: Deregister) -> Result<Page, Failure> {
    if !asked.yes && std::io::stdin().is_terminal() && !is_meant(&asked.ids)? {
        return Err(Failure::new(FAILED, "nothing was changed"));
    }
    let mut outcomes = Outcomes::default();
    for id in &asked.ids {
        let outcome = gone(call, id).await;
        outcomes.add(id, outcome);
    }
    Ok(outcomes.page)
}

async fn gone(call: &Call, id: &str) -> Result<String, Failure> {
    let answer = call.client.ask(requests::deregister(id)).await?;
    let sentence = || format!("{}: taken out of the registry; the instance itself goes on", lines(id));
    let page = Page::shaped(call.format, &answer.body, || vec![id.to_owned()], sentence)?;
    Ok(page.output.trim_end().to_owned())
}

/// Asks on the terminal.
fn is_meant(ids: &[String]) -> Result<bool, Failure> {
    let failed = |error: std::io::Error| Failure::failed(format!("cannot ask on the terminal: {error}"));
    let what = if ids.len() == 1 { lines(&ids[0]) } else { format!("{} instances ({})", ids.len(), lines(&ids.join(", "))) };
    let mut terminal = std::io::stderr().lock();
    write!(terminal, "Take {what} out of the registry? [y/N] ").and_then(|()| terminal.flush()).map_err(failed)?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).map_err(failed)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

pub(super) async fn update(call: &Call, options: UpdateOptions) -> Result<Page, Failure> {
    let mut update =
        Update { weight: options.weight, presence: options.presence.map(Into::into), revision: options.revision, ..Update::default() };
    if !options.metadata.is_empty() || !options.remove_metadata.is_empty() {
        // The manager takes metadata as a whole: what is there now is read, and the revision keeps a change in between from being lost.
        let now = call.client.get_instance(&options.id).await?.instance;
        let mut metadata = now.metadata;
        metadata.retain(|key, _| !options.remove_metadata.contains(key));
        metadata.extend(options.metadata);
        update.metadata = Some(metadata);
        update.revision = update.revision.or(now.revision);
    }
    one(call, &options.id, &update).await
}

pub(super) async fn weight(call: &Call, asked: Weight) -> Result<Page, Failure> {
    one(call, &asked.id, &Update { weight: Some(asked.weight), ..Update::default() }).await
}

async fn one(call: &Call, id: &str, update: &Update) -> Result<Page, Failure> {
    let line = changed(call, requests::update_instance(id, update)).await?;
    let newline = if call.format == Format::Table || !line.is_empty() { "\n" } else { "" };
    Ok(Page::of(line + newline))
}
