//! Commands that ask a running manager, or help at the terminal.
//!
//! Owns words, tables, exit codes and contexts. Speaks to the manager through the published client only, as any program does; knows
//! nothing of the rooms of the manager beside it.

mod connect;
mod context;
mod doctor;
mod events;
mod failure;
mod federation;
mod generate;
mod incidents;
mod instances;
pub(super) mod line;
mod markdown;
mod output;
mod repeat;
mod routing;
mod top;

pub use markdown::markdown;

use failure::Failure;
use line::{Operation, Route};
use output::{Page, Screen};

use super::report::Report;
use crate::config::RawArgs;

/// What all commands that speak to a manager are given.
struct Call {
    client: peegeeq_service_manager_client::Client,
    format: line::Format,
    screen: Screen,
}

impl Call {
    fn new(manager: &line::Manager, output: &line::Output) -> Result<Self, Failure> {
        Ok(Self { client: connect::client(manager)?, format: output.output, screen: Screen::of_output(output.color) })
    }
}

/// Does it. `settings` are those of the line, for the command that looks at them.
pub fn operate(operation: Operation, settings: &RawArgs) -> Report {
    match operation {
        Operation::Completions { shell } => Report::output(generate::completions(shell)),
        Operation::Man(man) => generate::man(&man).into(),
        Operation::Context(command) => {
            context::run(command, &crate::config::process_environment, &Screen::of_output(line::ColorChoice::Auto)).into()
        }
        other => match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime.block_on(remote(other, settings)).into(),
            Err(error) => Report::failure(failure::FAILED, format!("error: cannot start: {error}")),
        },
    }
}

async fn remote(operation: Operation, settings: &RawArgs) -> Result<Page, Failure> {
    match operation {
        Operation::Instances(instances) => {
            let call = Call::new(&instances.manager, &instances.output)?;
            instances::run(&call, instances.command).await
        }
        Operation::Queues(asked) => federation::run(federation::Kind::Queues, asked).await,
        Operation::Groups(asked) => federation::run(federation::Kind::Groups, asked).await,
        Operation::Stores(asked) => federation::run(federation::Kind::Stores, asked).await,
        Operation::Overview(asked) => federation::run(federation::Kind::Overview, asked).await,
        Operation::Metrics(asked) => federation::metrics(asked).await,
        Operation::Events(asked) => events::run(&Call::new(&asked.manager, &asked.output)?, asked).await,
        Operation::Incidents(asked) => incidents::run(&Call::new(&asked.manager, &asked.output)?, asked).await,
        Operation::Routing(asked) => routing::show(&Call::new(&asked.manager, &asked.output)?, asked.watch).await,
        Operation::Route(Route::Explain(asked)) => routing::explain(&Call::new(&asked.manager, &asked.output)?, asked).await,
        Operation::Top(asked) => top::run(asked).await,
        Operation::Doctor(asked) => doctor::run(asked, settings).await,
        // These need no manager and were done above.
        Operation::Completions { .. } | Operation::Man(_) | Operation::Context(_) => Ok(Page::default()),
    }
}
