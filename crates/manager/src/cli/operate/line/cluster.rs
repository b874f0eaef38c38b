//! Commands about the cluster as a whole.

use clap::{Args, Subcommand};

use super::{Manager, Output, Span};

/// Options of federated questions.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// Only instances of this environment
    #[arg(long, value_name = "NAME")]
    pub environment: Option<String>,
    /// Only instances of this region
    #[arg(long, value_name = "NAME")]
    pub region: Option<String>,
    /// Only what this instance says
    #[arg(long, value_name = "ID", conflicts_with_all = ["environment", "region", "fresh", "strict"])]
    pub instance: Option<String>,
    /// Ask the instances now instead of taking an answer that is a moment old
    #[arg(long)]
    pub fresh: bool,
    /// Give no answer when anything is missing
    #[arg(long)]
    pub strict: bool,
    /// Show it again and again, every 2 s or as said
    #[arg(long, value_name = "SPAN", num_args = 0..=1, require_equals = true, default_missing_value = "2s")]
    pub watch: Option<Span>,
}

/// `queues`, `groups`, `stores`, `overview`.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct Federated {
    #[command(flatten)]
    pub question: Question,
    /// A line for each instance, too
    #[arg(long, short)]
    pub parts: bool,
    #[command(flatten)]
    pub manager: Manager,
    #[command(flatten)]
    pub output: Output,
}

pub(super) const QUEUES: &str = "\
Exits with 4 when the answer does not speak for the whole cluster.

Examples:
  peegeeq-service-manager queues --watch
  peegeeq-service-manager queues --parts --environment production
  peegeeq-service-manager queues --instance peegeeq-web-01";

pub(super) const GROUPS: &str = "\
Exits with 4 when the answer does not speak for the whole cluster.

Examples:
  peegeeq-service-manager groups
  peegeeq-service-manager groups --output name";

pub(super) const STORES: &str = "\
Exits with 4 when the answer does not speak for the whole cluster.

Examples:
  peegeeq-service-manager stores --fresh
  peegeeq-service-manager stores --output yaml";

pub(super) const OVERVIEW: &str = "\
Exits with 4 when the answer does not speak for the whole cluster.

Examples:
  peegeeq-service-manager overview
  peegeeq-service-manager overview --region us-east-1 --watch=5s
  peegeeq-service-manager overview --strict --output json";

/// `metrics`.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    #[command(flatten)]
    pub question: Question,
    /// The manager's own metrics, as Prometheus reads them
    #[arg(long, conflicts_with_all = ["environment", "region", "instance", "fresh", "strict", "watch"])]
    pub own: bool,
    #[command(flatten)]
    pub manager: Manager,
    #[command(flatten)]
    pub output: Output,
}

pub(super) const METRICS: &str = "\
Exits with 4 when the answer does not speak for the whole cluster.

Examples:
  peegeeq-service-manager metrics
  peegeeq-service-manager metrics --instance peegeeq-web-01
  peegeeq-service-manager metrics --own | grep peegeeq_instances";

/// `events`.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct Events {
    /// Only those of this instance
    #[arg(long, value_name = "ID")]
    pub instance: Option<String>,
    /// Only those of this kind, such as instance.verdict; operator. for all that begin so
    #[arg(long, value_name = "KIND")]
    pub kind: Option<String>,
    /// Only those behind this event, such as 1:42, or from this time on; without it the newest are shown
    #[arg(long, value_name = "MARK")]
    pub since: Option<String>,
    /// At most so many
    #[arg(long, short = 'n', value_name = "N", default_value_t = 50)]
    pub limit: u32,
    /// Go on with what happens, until Ctrl-C
    #[arg(long, short)]
    pub follow: bool,
    #[command(flatten)]
    pub manager: Manager,
    #[command(flatten)]
    pub output: Output,
}

pub(super) const EVENTS: &str = "\
Examples:
  peegeeq-service-manager events --limit 20
  peegeeq-service-manager events --instance peegeeq-web-01 --follow";

/// `incidents`.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct Incidents {
    #[command(subcommand)]
    pub command: Option<IncidentCommand>,
    #[command(flatten)]
    pub manager: Manager,
    #[command(flatten)]
    pub output: Output,
}

/// What can be asked about incidents.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum IncidentCommand {
    /// The newest first; also without this word
    List {
        /// Only those that are open, or closed
        #[arg(long, value_name = "open|closed")]
        status: Option<String>,
        /// Only those that affect this environment
        #[arg(long, short, value_name = "NAME")]
        environment: Option<String>,
        /// Only those that affect this instance
        #[arg(long, value_name = "ID")]
        instance: Option<String>,
        /// Only those that were open at this time or later
        #[arg(long, value_name = "TIME")]
        since: Option<String>,
        /// Only those that began before this time
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
        /// At most so many
        #[arg(long, short = 'n', value_name = "N", default_value_t = 50)]
        limit: u32,
    },
    /// One incident: what changed before, who is affected, what happened
    Get {
        /// Which
        #[arg(value_name = "ID")]
        id: String,
        /// As a page of Markdown, to paste into a report
        #[arg(long)]
        markdown: bool,
    },
}

pub(super) const INCIDENTS: &str = "\
Examples:
  peegeeq-service-manager incidents
  peegeeq-service-manager incidents list --status open
  peegeeq-service-manager incidents get 1742 --markdown > incident.md";

/// `routing`.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct Routing {
    /// Show it again and again, every 2 s or as said
    #[arg(long, value_name = "SPAN", num_args = 0..=1, require_equals = true, default_missing_value = "2s")]
    pub watch: Option<Span>,
    #[command(flatten)]
    pub manager: Manager,
    #[command(flatten)]
    pub output: Output,
}

pub(super) const ROUTING: &str = "\
Examples:
  peegeeq-service-manager routing
  peegeeq-service-manager routing --watch";

/// `route …`.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Route {
    /// Who would get a request, who not, and why; sends nothing to an instance
    #[command(after_help = EXPLAIN)]
    Explain(Explain),
}

/// `route explain`.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct Explain {
    /// Path of the request, as an instance knows it
    #[arg(value_name = "PATH")]
    pub path: String,
    /// Method of the request
    #[arg(long, short, value_name = "WORD", default_value = "GET")]
    pub method: String,
    /// Header of the request; may be said several times
    #[arg(long, short = 'H', value_name = "NAME: VALUE", value_parser = header)]
    pub header: Vec<(String, String)>,
    /// As with X-PeeGeeQ-Instance
    #[arg(long, value_name = "ID")]
    pub instance: Option<String>,
    /// As with X-PeeGeeQ-Environment
    #[arg(long, value_name = "NAME")]
    pub environment: Option<String>,
    /// As with X-PeeGeeQ-Region
    #[arg(long, value_name = "NAME")]
    pub region: Option<String>,
    #[command(flatten)]
    pub manager: Manager,
    #[command(flatten)]
    pub output: Output,
}

fn header(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once(':').filter(|(name, _)| !name.trim().is_empty());
    pair.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).ok_or_else(|| "write 'Name: value'".to_owned())
}

const EXPLAIN: &str = "\
Examples:
  peegeeq-service-manager route explain /api/v1/queues/orders-setup/orders
  peegeeq-service-manager route explain --method POST /api/v1/queues/orders-setup/orders/messages --region us-east-1";

/// `top`.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct Top {
    /// How often it is refreshed
    #[arg(long, short, value_name = "SPAN", default_value = "2s")]
    pub interval: Span,
    /// Draw once and end; for a pipe or a picture
    #[arg(long)]
    pub once: bool,
    #[command(flatten)]
    pub manager: Manager,
    /// Colours: never with NO_COLOR or on a dumb terminal, unless always
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = super::ColorChoice::Auto)]
    pub color: super::ColorChoice,
}

pub(super) const TOP: &str = "\
Examples:
  peegeeq-service-manager top
  peegeeq-service-manager top --interval 5s --context production";
