//! From arguments to an exit code.
//!
//! Owns the process: its allocator, its signals, what it prints. Everything else is in the library.

use std::process::ExitCode;

use peegeeq_service_manager::cli::{self, Command, Invocation, Report};
use peegeeq_service_manager::{api, config};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let report = match cli::parse(std::env::args_os()) {
        Ok(invocation) => act(invocation),
        Err(report) => report,
    };
    report.print();
    ExitCode::from(report.code)
}

fn act(invocation: Invocation) -> Report {
    if let Command::Operate(operation) = invocation.command {
        return cli::operate(*operation, &invocation.settings);
    }
    let working_directory = std::env::current_dir().unwrap_or_default();
    let mut invocation = invocation;
    if matches!(invocation.command, Command::Demo { .. }) {
        // A demo keeps its registrations to itself, whatever the surroundings say.
        invocation.settings.defines.push(("registry.backend".to_owned(), "embedded".to_owned()));
    }
    let loaded = config::load(&invocation.settings, &config::process_environment, &working_directory);
    match invocation.command {
        Command::ConfigPrint { json } => cli::config_print(&loaded, json),
        Command::ConfigCheck { json } if loaded.is_err() => cli::config_check(&loaded, json),
        Command::ConfigCheck { json } => {
            cli::with_files_checked(loaded).map_or_else(|report| report, |loaded| cli::config_check(&Ok(loaded), json))
        }
        Command::Openapi => Report::output(api::openapi_json()),
        Command::TokenHash { name, role } => cli::token_hash(&name, role),
        Command::Health { url } => loaded.map_or_else(|faults| cli::faults(&faults), |loaded| cli::ask_health(url, &loaded.config)),
        Command::Serve => cli::with_files_checked(loaded).map_or_else(|report| report, cli::serve),
        // Done above: it must not stumble over settings that are not its own.
        Command::Operate(operation) => cli::operate(*operation, &invocation.settings),
        Command::Demo { instances, seed } => loaded.map_or_else(|faults| cli::faults(&faults), |loaded| cli::demo(loaded, instances, seed)),
    }
}
