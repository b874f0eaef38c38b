//! `instances rolling-restart …`.

use clap::{Args, Subcommand};

use super::Span;

/// `instances rolling-restart`.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum RollingRestart {
    /// Take instances out one after the other, for you to restart, and follow it until it is over
    #[command(after_help = START)]
    Start(StartRolling),
    /// How far one is; without an id, all that are remembered
    #[command(after_help = SHOW)]
    Show(ShowRolling),
    /// Say that an instance was restarted, when that was too quick to be seen
    #[command(after_help = RESTARTED)]
    Restarted {
        /// Id of the rolling restart
        #[arg(value_name = "RESTART")]
        restart: String,
        /// The instance
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Hold it: nobody more is taken out, nobody let in again
    #[command(after_help = PAUSE)]
    Pause {
        /// Id of the rolling restart
        #[arg(value_name = "RESTART")]
        restart: String,
        /// Why, for others who look
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Let it go on after a pause
    #[command(after_help = CONTINUE)]
    Continue {
        /// Id of the rolling restart
        #[arg(value_name = "RESTART")]
        restart: String,
        /// Whatever is missing at the instance it was paused for
        #[arg(long)]
        force: bool,
    },
    /// Call it off, and let in again who was taken out
    #[command(after_help = CANCEL)]
    Cancel {
        /// Id of the rolling restart
        #[arg(value_name = "RESTART")]
        restart: String,
    },
}

/// `instances rolling-restart start`.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[group(id = "which", required = true, multiple = true, args = ["ids", "environment", "region", "all"])]
pub struct StartRolling {
    /// These, in this order
    #[arg(value_name = "ID")]
    pub ids: Vec<String>,
    /// Those of this environment
    #[arg(long, value_name = "NAME", conflicts_with = "ids")]
    pub environment: Option<String>,
    /// Those of this region
    #[arg(long, value_name = "NAME", conflicts_with = "ids")]
    pub region: Option<String>,
    /// All of them
    #[arg(long, conflicts_with = "ids")]
    pub all: bool,
    /// Why, for others who look
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// After how long streams of a draining instance are ended
    #[arg(long, value_name = "SPAN", default_value = "60s")]
    pub deadline: String,
    /// How long a restart may take, until the instance is well again
    #[arg(long, value_name = "SPAN", default_value = "15m")]
    pub restart_within: String,
    /// How long its former setups may take to come back
    #[arg(long, value_name = "SPAN", default_value = "2m")]
    pub setups_within: String,
    /// The most instances that are out at the same time
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub max_unavailable: u32,
    /// Do not follow it
    #[arg(long)]
    pub detach: bool,
}

/// `instances rolling-restart show`.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct ShowRolling {
    /// Id of the rolling restart
    #[arg(value_name = "RESTART")]
    pub restart: Option<String>,
    /// Show it again and again, every 2 s or as said
    #[arg(long, value_name = "SPAN", num_args = 0..=1, require_equals = true, default_missing_value = "2s")]
    pub watch: Option<Span>,
}

pub(super) const ROLLING: &str = "\
The manager restarts nothing: it drains an instance, says when to restart it, sees that it was restarted, waits until it is
well and lists its former setups again, lets it in, and goes on with the next. It goes on after a restart of the manager.

Examples:
  peegeeq-service-manager instances rolling-restart start --environment production --reason 'upgrade to 1.3'
  peegeeq-service-manager instances rolling-restart show";

const START: &str = "\
Exits with 4 when it is paused or called off before it is over. Ctrl-C ends the following, not the rolling restart.

Examples:
  peegeeq-service-manager instances rolling-restart start --all --deadline 2m
  peegeeq-service-manager instances rolling-restart start peegeeq-web-01 peegeeq-web-02 --detach";

const SHOW: &str = "\
Examples:
  peegeeq-service-manager instances rolling-restart show
  peegeeq-service-manager instances rolling-restart show r6b05e017-1273 --watch";

const RESTARTED: &str = "\
Examples:
  peegeeq-service-manager instances rolling-restart restarted r6b05e017-1273 peegeeq-web-01";

const PAUSE: &str = "\
Examples:
  peegeeq-service-manager instances rolling-restart pause r6b05e017-1273 --reason 'load is high'";

const CONTINUE: &str = "\
Examples:
  peegeeq-service-manager instances rolling-restart continue r6b05e017-1273
  peegeeq-service-manager instances rolling-restart continue r6b05e017-1273 --force";

const CANCEL: &str = "\
Examples:
  peegeeq-service-manager instances rolling-restart cancel r6b05e017-1273";
