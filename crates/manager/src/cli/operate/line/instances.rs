//! `instances …`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::rolling::{ROLLING, RollingRestart};
use super::{Manager, Output, Span};

/// `instances`.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
#[command(subcommand_required = true, arg_required_else_help = true, after_help = INSTANCES)]
pub struct Instances {
    #[command(subcommand)]
    pub command: InstanceCommand,
    #[command(flatten)]
    pub manager: Manager,
    #[command(flatten)]
    pub output: Output,
}

const INSTANCES: &str = "\
Examples:
  peegeeq-service-manager instances list --environment production
  peegeeq-service-manager instances register peegeeq-web-01 --host 10.0.1.100 --port 8080
  peegeeq-service-manager instances drain peegeeq-web-01 --reason upgrade --for 30m";

/// What can be done with instances.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum InstanceCommand {
    /// All instances, or those that a filter lets through
    #[command(visible_alias = "ls", after_help = LIST)]
    List(List),
    /// Everything that is known of an instance
    #[command(after_help = GET)]
    Get(Get),
    /// Add an instance, or change the one of the same id
    #[command(after_help = REGISTER)]
    Register(Box<Register>),
    /// Take instances out of the registry
    #[command(after_help = DEREGISTER)]
    Deregister(Deregister),
    /// Ask instances for their health now: exit 0 when all are well, 4 otherwise
    #[command(after_help = CHECK)]
    Check(Check),
    /// Change weight, metadata or presence of an instance
    #[command(after_help = UPDATE)]
    Update(UpdateOptions),
    /// Change an instance's share of requests
    #[command(after_help = WEIGHT)]
    Weight(Weight),
    /// Send an instance no new work and let it finish what it has
    #[command(after_help = DRAIN)]
    Drain(Drain),
    /// End drain or maintenance
    #[command(after_help = RESUME)]
    Resume(Resume),
    /// Take an instance out of service while somebody works on it
    #[command(after_help = MAINTENANCE)]
    Maintenance(Maintenance),
    /// What the manager remembers of an instance, also of one that left
    #[command(after_help = HISTORY)]
    History(History),
    /// How much of the time an instance was available, and when it was not
    #[command(after_help = AVAILABILITY)]
    Availability(Availability),
    /// Restart instances one after the other, with nobody noticing
    #[command(subcommand, after_help = ROLLING)]
    RollingRestart(RollingRestart),
    /// Print a line whenever an instance comes, goes or changes
    #[command(after_help = WATCH)]
    Watch(Watch),
}

/// Which instances are meant.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct Which {
    /// Only of this environment
    #[arg(long, value_name = "NAME")]
    pub environment: Option<String>,
    /// Only of this region
    #[arg(long, value_name = "NAME")]
    pub region: Option<String>,
    /// Only in this state: healthy, unhealthy, unknown, starting, stopping
    #[arg(long, value_name = "STATE")]
    pub status: Option<String>,
}

/// `instances list`.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    #[command(flatten)]
    pub which: Which,
    /// Field to sort by, such as instanceId or status; with - before it the other way round
    #[arg(long, value_name = "FIELD", allow_hyphen_values = true)]
    pub sort: Option<String>,
    /// Number of the page, from 1
    #[arg(long, value_name = "N")]
    pub page: Option<u32>,
    /// Instances on a page
    #[arg(long, value_name = "N")]
    pub page_size: Option<u32>,
    /// As they were at this time, such as 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME", conflicts_with = "watch")]
    pub at: Option<String>,
    /// Show it again and again, every 2 s or as said
    #[arg(long, value_name = "SPAN", num_args = 0..=1, require_equals = true, default_missing_value = "2s")]
    pub watch: Option<Span>,
}

const LIST: &str = "\
Examples:
  peegeeq-service-manager instances list
  peegeeq-service-manager instances list --status unhealthy --output name
  peegeeq-service-manager instances list --region us-east-1 --watch=5s
  peegeeq-service-manager instances list --at 2026-01-31T12:00:00Z";

/// `instances get`.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct Get {
    /// Its id
    #[arg(value_name = "ID")]
    pub id: String,
    /// As it was at this time, such as 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
}

const GET: &str = "\
Examples:
  peegeeq-service-manager instances get peegeeq-web-01
  peegeeq-service-manager instances get peegeeq-web-01 --output json";

/// `instances history`.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Its id
    #[arg(value_name = "ID")]
    pub id: String,
    /// Only of this kind, such as instance.verdict; operator. for all that begin so
    #[arg(long, value_name = "KIND")]
    pub kind: Option<String>,
    /// At most so many, the newest
    #[arg(long, short = 'n', value_name = "N", default_value_t = 50)]
    pub limit: u32,
}

const HISTORY: &str = "\
Examples:
  peegeeq-service-manager instances history peegeeq-web-01
  peegeeq-service-manager instances history peegeeq-web-01 --kind instance.verdict -n 10";

/// `instances availability`.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct Availability {
    /// Its id
    #[arg(value_name = "ID")]
    pub id: String,
    /// How far back, such as 24h or 7d; 24h if nothing is said
    #[arg(long, value_name = "SPAN")]
    pub window: Option<String>,
}

const AVAILABILITY: &str = "\
Examples:
  peegeeq-service-manager instances availability peegeeq-web-01
  peegeeq-service-manager instances availability peegeeq-web-01 --window 7d";

/// `instances register`.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct Register {
    /// Its id, 1 to 128 characters
    #[arg(value_name = "ID", required_unless_present = "file")]
    pub id: Option<String>,
    /// Name or address under which the manager reaches it
    #[arg(long, value_name = "HOST", required_unless_present = "file")]
    pub host: Option<String>,
    /// Port of its API
    #[arg(long, value_name = "PORT", required_unless_present = "file")]
    pub port: Option<u16>,
    /// http or https
    #[arg(long, value_name = "WORD")]
    pub scheme: Option<String>,
    /// Its version
    #[arg(long = "instance-version", value_name = "TEXT")]
    pub version: Option<String>,
    /// Its environment
    #[arg(long, value_name = "NAME")]
    pub environment: Option<String>,
    /// Its region
    #[arg(long, value_name = "NAME")]
    pub region: Option<String>,
    /// Its share of requests, relative to others
    #[arg(long, value_name = "N")]
    pub weight: Option<u32>,
    /// Something more about it; may be said several times
    #[arg(long = "metadata", value_name = "KEY=VALUE", value_parser = pair)]
    pub metadata: Vec<(String, String)>,
    /// starting, serving, draining, stopping or maintenance
    #[arg(long, value_name = "WORD")]
    pub presence: Option<String>,
    /// Where its health is asked for
    #[arg(long, value_name = "PATH")]
    pub health_path: Option<String>,
    /// Status code that counts as healthy
    #[arg(long, value_name = "CODE")]
    pub health_status: Option<u16>,
    /// Take registrations from a JSON file, an object or a list of them; - is standard input
    #[arg(long, short, value_name = "FILE", conflicts_with_all = ["id", "host", "port", "scheme", "version", "environment", "region", "weight", "metadata", "presence", "health_path", "health_status"])]
    pub file: Option<PathBuf>,
}

const REGISTER: &str = "\
Examples:
  peegeeq-service-manager instances register peegeeq-web-01 --host 10.0.1.100 --port 8080 \\
      --environment production --region us-east-1 --metadata datacenter=dc1
  peegeeq-service-manager instances register --file instances.json";

fn pair(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(key, _)| !key.is_empty());
    pair.map(|(key, value)| (key.to_owned(), value.to_owned())).ok_or_else(|| "write KEY=VALUE".to_owned())
}

/// `instances deregister`.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct Deregister {
    /// Their ids
    #[arg(value_name = "ID", required = true)]
    pub ids: Vec<String>,
    /// Do not ask on a terminal whether this is meant
    #[arg(long, short)]
    pub yes: bool,
}

const DEREGISTER: &str = "\
Examples:
  peegeeq-service-manager instances deregister peegeeq-web-01
  peegeeq-service-manager instances deregister --yes peegeeq-web-01 peegeeq-web-02";

/// `instances check`.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Their ids
    #[arg(value_name = "ID", required = true)]
    pub ids: Vec<String>,
    /// Let the outcome count for the state of the instance, like one of the regular checks
    #[arg(long)]
    pub record: bool,
}

const CHECK: &str = "\
Examples:
  peegeeq-service-manager instances check peegeeq-web-01
  peegeeq-service-manager instances check --record peegeeq-web-01 && echo well";

/// `instances update`.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
#[group(id = "change", required = true, multiple = true, args = ["metadata", "remove_metadata", "weight", "presence"])]
pub struct UpdateOptions {
    /// Its id
    #[arg(value_name = "ID")]
    pub id: String,
    /// Set this, and leave the rest of the metadata as it is; may be said several times
    #[arg(long = "metadata", value_name = "KEY=VALUE", value_parser = pair)]
    pub metadata: Vec<(String, String)>,
    /// Remove this from the metadata; may be said several times
    #[arg(long, value_name = "KEY")]
    pub remove_metadata: Vec<String>,
    /// Its share of requests, relative to others
    #[arg(long, value_name = "N")]
    pub weight: Option<u32>,
    /// starting, serving, draining, stopping or maintenance
    #[arg(long, value_name = "WORD")]
    pub presence: Option<String>,
    /// Only if the registration still has this revision
    #[arg(long, value_name = "N")]
    pub revision: Option<u64>,
}

const UPDATE: &str = "\
Examples:
  peegeeq-service-manager instances update peegeeq-web-01 --metadata zone=us-east-1b
  peegeeq-service-manager instances update peegeeq-web-01 --weight 2 --revision 7";

/// `instances weight`.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct Weight {
    /// Its id
    #[arg(value_name = "ID")]
    pub id: String,
    /// The share, relative to others
    #[arg(value_name = "N")]
    pub weight: u32,
}

const WEIGHT: &str = "\
Examples:
  peegeeq-service-manager instances weight peegeeq-web-01 5";

/// Why, and until when.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderOptions {
    /// Why, for others who look
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// When it ends by itself, such as 2026-12-01T06:00:00Z
    #[arg(long, value_name = "TIME", conflicts_with = "lasting")]
    pub until: Option<String>,
    /// After how long it ends by itself, such as 30m
    #[arg(long = "for", value_name = "SPAN")]
    pub lasting: Option<String>,
}

/// `instances drain`.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct Drain {
    /// Their ids
    #[arg(value_name = "ID", required = true)]
    pub ids: Vec<String>,
    #[command(flatten)]
    pub order: OrderOptions,
    /// Until when what is running may go on: a time or a span such as 5m
    #[arg(long, value_name = "WHEN")]
    pub deadline: Option<String>,
}

const DRAIN: &str = "\
Examples:
  peegeeq-service-manager instances drain peegeeq-web-01 --reason 'upgrade to 1.3'
  peegeeq-service-manager instances drain peegeeq-web-01 --for 30m --deadline 5m";

/// `instances resume`.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct Resume {
    /// Their ids
    #[arg(value_name = "ID", required = true)]
    pub ids: Vec<String>,
    /// Why, for the journal
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

const RESUME: &str = "\
Examples:
  peegeeq-service-manager instances resume peegeeq-web-01";

/// `instances maintenance`.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct Maintenance {
    /// Their ids
    #[arg(value_name = "ID", required = true)]
    pub ids: Vec<String>,
    #[command(flatten)]
    pub order: OrderOptions,
}

const MAINTENANCE: &str = "\
Examples:
  peegeeq-service-manager instances maintenance peegeeq-web-01 --reason 'new disk' --for 2h";

/// `instances watch`.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct Watch {
    /// Only these; all when none is named
    #[arg(value_name = "ID")]
    pub ids: Vec<String>,
    /// Only of this environment
    #[arg(long, value_name = "NAME")]
    pub environment: Option<String>,
    /// Only of this region
    #[arg(long, value_name = "NAME")]
    pub region: Option<String>,
    /// How often the manager is asked
    #[arg(long, value_name = "SPAN", default_value = "2s")]
    pub interval: Span,
    /// Leave out how things stand at the beginning
    #[arg(long)]
    pub changes_only: bool,
}

const WATCH: &str = "\
Examples:
  peegeeq-service-manager instances watch
  peegeeq-service-manager instances watch peegeeq-web-01 --changes-only --output json";
