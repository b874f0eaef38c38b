//! Commands for operators, as the option parser knows them: names, options, help, examples.
//!
//! Owns words only. Help, completions, the man page and `docs/CLI.md` are all made from here.

mod cluster;
mod instances;
mod local;
mod target;

pub(crate) use cluster::{Events, Explain, Federated, IncidentCommand, Incidents, Metrics, Question, Route, Routing, Top};
pub(crate) use instances::{
    Check, Deregister, Drain, InstanceCommand, Instances, List, Maintenance, Register, Resume, UpdateOptions, Watch, Weight,
};
pub(crate) use local::{ContextCommand, Doctor, Man, SetContext, ShellName};
pub(crate) use target::{ColorChoice, Format, Manager, Output, Span};

use clap::Subcommand;

/// What an operator can ask a running manager, or this program about itself.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Operation {
    /// Look at instances and change them
    Instances(Instances),
    /// Queues of the whole cluster, by name
    #[command(after_help = cluster::QUEUES)]
    Queues(Federated),
    /// Consumer groups of the whole cluster, by name
    #[command(after_help = cluster::GROUPS)]
    Groups(Federated),
    /// Event stores of the whole cluster, by name
    #[command(after_help = cluster::STORES)]
    Stores(Federated),
    /// The cluster in numbers, instance by instance
    #[command(after_help = cluster::OVERVIEW)]
    Overview(Federated),
    /// Metrics of the instances as one, or those of the manager itself
    #[command(after_help = cluster::METRICS)]
    Metrics(Metrics),
    /// What the manager remembers: registrations, transitions, orders
    #[command(after_help = cluster::EVENTS)]
    Events(Events),
    /// What failed together, what changed before, and how it ended
    #[command(after_help = cluster::INCIDENTS)]
    Incidents(Incidents),
    /// How requests are spread just now
    #[command(after_help = cluster::ROUTING)]
    Routing(Routing),
    /// Ask where a request would go, and why
    #[command(subcommand)]
    Route(Route),
    /// The cluster in a terminal, refreshed in place; q ends it
    #[command(after_help = cluster::TOP)]
    Top(Top),
    /// Go through the guide's production checklist: what stands, what is missing, what to do
    #[command(after_help = local::DOCTOR)]
    Doctor(Doctor),
    /// Names for several managers, kept in ~/.config/peegeeq/contexts.json
    #[command(subcommand, after_help = local::CONTEXT)]
    Context(ContextCommand),
    /// Print a completion script for a shell
    #[command(after_help = local::COMPLETIONS)]
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: ShellName,
    },
    /// Print the manual page, or write one for every command
    #[command(after_help = local::MAN)]
    Man(Man),
}
