//! Commands about this program and its surroundings.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{Manager, Output};

/// `doctor`.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct Doctor {
    /// Count warnings as failures
    #[arg(long)]
    pub strict: bool,
    #[command(flatten)]
    pub manager: Manager,
    #[command(flatten)]
    pub output: Output,
}

pub(super) const DOCTOR: &str = "\
Looks at the running manager and, where this command runs with the manager's settings (config.json, environment, -D),
at those. Exits with 0 when nothing failed and 4 when something did; things it cannot see are for you to answer.

Examples:
  peegeeq-service-manager doctor
  peegeeq-service-manager doctor --server https://manager.example.com:9090 --token-file token
  peegeeq-service-manager doctor --strict --output json";

/// `context …`.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum ContextCommand {
    /// All contexts; the current one is marked
    #[command(visible_alias = "ls")]
    List,
    /// Make a context the current one
    Use {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Make a context, or change one
    Set(SetContext),
    /// Forget a context
    Remove {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
    },
}

/// `context set`.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct SetContext {
    /// Its name
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Address of the manager
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// File whose first line is the bearer token; only its name is kept
    #[arg(long, value_name = "FILE", conflicts_with = "store_token")]
    pub token_file: Option<PathBuf>,
    /// Read a bearer token from standard input and keep it in the file of contexts
    #[arg(long)]
    pub store_token: bool,
    /// Keep no token and no file of one
    #[arg(long, conflicts_with_all = ["token_file", "store_token"])]
    pub no_token: bool,
    /// PEM file with authorities to trust beside those of the system
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
}

pub(super) const CONTEXT: &str = "\
The file can be read by you only. A token gets into it with --store-token and not otherwise.

Examples:
  peegeeq-service-manager context set production --server https://manager.example.com:9090 --token-file ~/.peegeeq-token
  peegeeq-service-manager context use production
  peegeeq-service-manager context list";

/// A shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ShellName {
    /// GNU Bash.
    Bash,
    /// Z shell.
    Zsh,
    /// fish.
    Fish,
}

pub(super) const COMPLETIONS: &str = "\
Examples:
  peegeeq-service-manager completions bash > /etc/bash_completion.d/peegeeq-service-manager
  peegeeq-service-manager completions zsh > \"${fpath[1]}/_peegeeq-service-manager\"
  peegeeq-service-manager completions fish > ~/.config/fish/completions/peegeeq-service-manager.fish";

/// `man`.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct Man {
    /// Write a page for every command into this folder
    #[arg(long, value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
}

pub(super) const MAN: &str = "\
Examples:
  peegeeq-service-manager man | man -l -
  peegeeq-service-manager man --folder /usr/local/share/man/man1";
