//! `instances …`.

mod change;
mod order;
mod past;
mod rolling;
mod show;
mod watch;

use peegeeq_service_manager_client::models::instances::Instance;
use peegeeq_service_manager_client::models::{Presence, Status};

use super::Call;
use super::failure::Failure;
use super::line::InstanceCommand;
use super::output::Page;

pub(super) use show::rows;

pub(super) async fn run(call: &Call, command: InstanceCommand) -> Result<Page, Failure> {
    match command {
        InstanceCommand::List(list) => show::list(call, list).await,
        InstanceCommand::Get(get) => show::get(call, &get).await,
        InstanceCommand::Register(register) => change::register(call, *register).await,
        InstanceCommand::Deregister(deregister) => change::deregister(call, deregister).await,
        InstanceCommand::Check(check) => show::check(call, check).await,
        InstanceCommand::Update(update) => change::update(call, update).await,
        InstanceCommand::Weight(weight) => change::weight(call, weight).await,
        InstanceCommand::Drain(drain) => order::drain(call, drain).await,
        InstanceCommand::Resume(resume) => order::resume(call, resume).await,
        InstanceCommand::Maintenance(maintenance) => order::maintenance(call, maintenance).await,
        InstanceCommand::History(asked) => past::history(call, asked).await,
        InstanceCommand::Availability(asked) => past::availability(call, asked).await,
        InstanceCommand::RollingRestart(command) => rolling::run(call, command).await,
        InstanceCommand::Watch(watch) => watch::run(call, watch).await,
    }
}

/// The state as people read it: what was ordered stands beside what follows from it.
fn state(status: &Status, presence: &Presence) -> String {
    match presence {
        Presence::Serving | Presence::Starting => status.to_string(),
        Presence::Other(word) if word.is_empty() => status.to_string(),
        ordered => format!("{status} ({ordered})"),
    }
}

/// State of an instance. The original says only whether it is healthy.
fn state_of(instance: &Instance) -> String {
    match &instance.status {
        Status::Other(word) if word.is_empty() => if instance.healthy { "healthy" } else { "unhealthy" }.to_owned(),
        status => state(status, &instance.presence),
    }
}

/// One line each for several ids: the first failure does not keep the others from being tried, and its code is the command's.
#[derive(Default)]
struct Outcomes {
    page: Page,
}

impl Outcomes {
    fn add(&mut self, id: &str, outcome: Result<String, Failure>) {
        match outcome {
            Ok(line) => self.page.output.push_str(&(line + "\n")),
            Err(failure) => {
                self.page.notes.push(format!("error: {}: {}", super::output::lines(id), failure.text));
                self.page.code = if self.page.code == 0 { failure.code } else { self.page.code };
            }
        }
    }
}
