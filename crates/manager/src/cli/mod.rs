//! The command line: from arguments to what is wanted, and the words that commands print.
//!
//! Owns arguments, help and reports. Does not build the rooms: that is `app`.

mod arguments;
mod ask_health;
mod banner;
mod commands;
mod demo;
mod operate;
mod own_certificate;
mod report;
mod serve;
mod token;

#[cfg(test)]
mod tests;

pub use ask_health::ask_health;
pub use commands::Role;
pub use demo::demo;
pub use operate::line::Operation;
pub use operate::{markdown, operate};
pub use report::{Report, config_check, config_print, faults, with_files_checked};
pub use serve::serve;
pub use token::{hash_line, token_hash};

use crate::config::RawArgs;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser};
use commands::{CommandLine, Line, PortArgument};
use std::ffi::OsString;

/// Exit code for a line that cannot be understood.
const EXIT_USAGE: u8 = 2;

/// What is wanted, with the settings that the line gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// What to do.
    pub command: Command,
    /// For [`crate::config::load`].
    pub settings: RawArgs,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Run the manager.
    Serve,
    /// Run the manager with simulated instances and a temporary registry.
    Demo {
        /// 1 to 500.
        instances: u16,
        /// Makes a run repeatable.
        seed: Option<u64>,
    },
    /// Show the settings in effect: [`config_print`].
    ConfigPrint {
        /// As JSON.
        json: bool,
    },
    /// Only check the settings: [`config_check`].
    ConfigCheck {
        /// As JSON.
        json: bool,
    },
    /// Print the OpenAPI document.
    Openapi,
    /// Read a token from standard input and print its line: [`hash_line`].
    TokenHash {
        /// Who holds it.
        name: String,
        /// What it allows.
        role: Role,
    },
    /// Ask a running manager for its health.
    Health {
        /// Its address; none means this machine at the port of the settings.
        url: Option<String>,
    },
    /// Ask a running manager, or help at the terminal: [`operate()`].
    Operate(Box<Operation>),
}

/// Reads a command line that begins with the program's name.
///
/// # Errors
/// A report to print and exit with: help and version (code 0), or what cannot be understood (code 2).
pub fn parse(line: impl IntoIterator<Item = OsString>) -> Result<Invocation, Report> {
    let sorted = arguments::sort(line);
    if !sorted.faults.is_empty() {
        return Err(usage(&sorted.faults.join("\n")));
    }
    let parsed = Line::try_parse_from(sorted.rest).map_err(|error| explained(&error))?;
    let before = port(parsed.port)?;
    let (command, after) = command(parsed.command)?;
    if before.is_some() && after.is_some() && before != after {
        return Err(usage("the port is given twice, before and after the command"));
    }
    let settings =
        RawArgs { defines: sorted.defines, port: before.or(after), config_file: parsed.config, java_options: sorted.java_options };
    Ok(Invocation { command, settings })
}

fn command(line: Option<CommandLine>) -> Result<(Command, Option<String>), Report> {
    Ok(match line {
        None => (Command::Serve, None),
        Some(CommandLine::Serve(argument)) => (Command::Serve, port(argument)?),
        Some(CommandLine::Demo(demo)) => (Command::Demo { instances: demo.instances, seed: demo.seed }, port(demo.port)?),
        Some(CommandLine::Config(commands::Config::Print(options))) => (Command::ConfigPrint { json: options.json }, port(options.port)?),
        Some(CommandLine::Config(commands::Config::Check(options))) => (Command::ConfigCheck { json: options.json }, port(options.port)?),
        Some(CommandLine::Openapi) => (Command::Openapi, None),
        Some(CommandLine::Token(commands::Token::Hash { name, role })) => (Command::TokenHash { name, role }, None),
        Some(CommandLine::Health(health)) => (Command::Health { url: health.url }, None),
        Some(CommandLine::Operation(operation)) => (Command::Operate(operation), None),
    })
}

/// A bare argument is a port only when it begins like a number; its range is checked with the other settings.
fn port(argument: PortArgument) -> Result<Option<String>, Report> {
    match argument.port {
        Some(word) if !word.starts_with(|first: char| first.is_ascii_digit()) => Err(no_command(&word)),
        port => Ok(port),
    }
}

fn no_command(word: &str) -> Report {
    let line = Line::command();
    let commands: Vec<&str> = line.get_subcommands().map(clap::Command::get_name).collect();
    // The shorter a word, the less of it may be wrong: mvn is not meant as man.
    let most = (word.chars().count().saturating_sub(1) / 3).min(2);
    let near = commands.iter().min_by_key(|command| strsim::osa_distance(command, word));
    let near = near.filter(|command| strsim::osa_distance(command, word) <= most);
    let advice = near.map_or_else(
        || format!("the commands are {}; settings are written -Dkey=value", commands.join(", ")),
        |command| format!("did you mean {command}?"),
    );
    let word: String = word.chars().take(80).flat_map(char::escape_debug).collect();
    usage(&format!("'{word}' is neither a command nor a port; {advice}"))
}

fn usage(problem: &str) -> Report {
    Report { code: EXIT_USAGE, output: String::new(), errors: format!("{problem}\n--help shows how the program is called\n") }
}

fn explained(error: &clap::Error) -> Report {
    let text = error.render().to_string();
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return Report { code: 0, output: text, errors: String::new() };
    }
    // `--health.check.interval=5000` is how other programs spell settings.
    if let Some(ContextValue::String(option)) = error.get(ContextKind::InvalidArg)
        && error.kind() == ErrorKind::UnknownArgument
        && let Some(key) = option.split('=').next().and_then(|option| option.strip_prefix("--"))
        && key.contains('.')
    {
        return usage(&format!("{option} is no option; settings are written -D{key}=value"));
    }
    Report { code: EXIT_USAGE, output: String::new(), errors: text }
}
