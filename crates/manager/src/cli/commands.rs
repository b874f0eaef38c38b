//! The commands and options, as the option parser knows them.
//!
//! Owns names and help texts. Does not own settings: those come from the table of `config`.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

use super::operate::line::Operation;

/// Registry, health monitor, gateway and federated view in front of PeeGeeQ instances.
#[derive(Debug, Parser)]
#[command(name = "peegeeq-service-manager", version, about, after_help = EXAMPLES, after_long_help = long_help())]
#[command(subcommand_precedence_over_arg = true, disable_help_subcommand = true)]
pub(super) struct Line {
    /// File with settings, instead of config.json in the working directory
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    #[command(flatten)]
    pub(super) port: PortArgument,
    #[command(subcommand)]
    pub(super) command: Option<CommandLine>,
}

/// The bare port, which may stand before or after the command.
#[derive(Args, Debug)]
pub(super) struct PortArgument {
    /// Port to listen on, like -Dservice.port
    pub(super) port: Option<String>,
}

/// What can be asked of the program.
#[derive(Debug, Subcommand)]
pub(super) enum CommandLine {
    /// Run the manager (what happens without a command)
    Serve(PortArgument),
    /// Run the manager with simulated instances and a temporary registry
    Demo(Demo),
    /// Show or check the settings, without starting anything
    #[command(subcommand)]
    Config(Config),
    /// Print the OpenAPI document
    Openapi,
    /// Make credentials
    #[command(subcommand)]
    Token(Token),
    /// Ask a running manager for its health: exit 0 when it answers and is well, 1 otherwise
    Health(Health),
    #[command(flatten)]
    Operation(Box<Operation>),
}

#[derive(Args, Debug)]
pub(super) struct Demo {
    #[command(flatten)]
    pub(super) port: PortArgument,
    /// Simulated instances to run
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=500))]
    pub(super) instances: u16,
    /// Makes numbers and failures the same in every run
    #[arg(long, value_name = "NUMBER")]
    pub(super) seed: Option<u64>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Config {
    /// Show every setting in effect and who said so
    Print(ConfigOptions),
    /// Only check: exit 0 without faults, 78 with
    Check(ConfigOptions),
}

#[derive(Args, Debug)]
pub(super) struct ConfigOptions {
    #[command(flatten)]
    pub(super) port: PortArgument,
    /// As JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Token {
    /// Read a token from standard input and print its line for security.tokens.file
    Hash {
        /// Who holds the token, shown in logs
        #[arg(long, default_value = "operator")]
        name: String,
        /// What the token allows
        #[arg(long, value_enum, default_value_t = Role::Admin)]
        role: Role,
    },
}

/// What a token allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Looking.
    Read,
    /// Looking and changing.
    Admin,
}

#[derive(Args, Debug)]
pub(super) struct Health {
    /// Address of the manager [default: this machine, at the port of the settings]
    #[arg(value_name = "URL")]
    pub(super) url: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  peegeeq-service-manager                                    run on 127.0.0.1:9090
  peegeeq-service-manager 9191                               another port
  peegeeq-service-manager demo --instances 5                 with simulated instances
  peegeeq-service-manager -Dhealth.check.interval=5000       with a setting
  peegeeq-service-manager config print -Dregion=us-east-1    what would be in effect
  peegeeq-service-manager instances list                     ask a running one
--help also lists the settings.";

fn long_help() -> String {
    format!("{}\n\n{}", EXAMPLES.trim_end_matches("\n--help also lists the settings."), crate::config::help())
}
