//! Options that many commands share: which manager, how long, in which form.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, ValueEnum};

/// Which manager is asked, and as whom.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "Manager")]
pub struct Manager {
    /// Address of the manager [env: PEEGEEQ_SERVER; then the context; default: http://127.0.0.1:9090]
    #[arg(long, global = true, value_name = "URL")]
    pub server: Option<String>,
    /// Context to use instead of the current one [env: PEEGEEQ_CONTEXT]
    #[arg(long, global = true, value_name = "NAME")]
    pub context: Option<String>,
    /// Bearer token; others can see it in the list of processes, prefer --token-file [env: PEEGEEQ_TOKEN]
    #[arg(long, global = true, value_name = "TOKEN", conflicts_with = "token_file")]
    pub token: Option<String>,
    /// File whose first line is the bearer token [env: PEEGEEQ_TOKEN_FILE]
    #[arg(long, global = true, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// PEM file with authorities to trust beside those of the system [env: PEEGEEQ_CA_FILE]
    #[arg(long, global = true, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// The longest a call may take, such as 500ms, 10s, 1m
    #[arg(long, global = true, value_name = "SPAN", default_value = "10s")]
    pub timeout: Span,
}

/// In which form answers are printed.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "Output")]
pub struct Output {
    /// Tables for people; JSON and YAML for programs, as the manager sent it; or only the names, one a line
    #[arg(short, long, global = true, value_enum, value_name = "FORM", default_value_t = Format::Table)]
    pub output: Format,
    /// Colours: never in a pipe, with NO_COLOR, or on a dumb terminal, unless always
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = ColorChoice::Auto)]
    pub color: ColorChoice,
}

/// The form of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Aligned columns.
    #[default]
    Table,
    /// Indented JSON.
    Json,
    /// YAML.
    Yaml,
    /// One name a line.
    Name,
}

/// When colours are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal that can.
    #[default]
    Auto,
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
}

/// A span of time: `500ms`, `2s`, `30m`, `1h`, or a bare number of seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Duration);

impl Default for Span {
    fn default() -> Self {
        Self(Duration::from_secs(10))
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{text}' is no span of time between 100ms and 24h: write 500ms, 2s, 30m or 1h");
        let split = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(split);
        let number: u64 = number.parse().map_err(|_| wrong())?;
        let factor = match unit {
            "ms" => 1,
            "" | "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return Err(wrong()),
        };
        let millis = number.checked_mul(factor).filter(|millis| (100..=86_400_000).contains(millis)).ok_or_else(wrong)?;
        Ok(Self(Duration::from_millis(millis)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_written_with_a_unit() {
        let millis = |text: &str| text.parse::<Span>().map(|span| span.0.as_millis()).ok();
        assert_eq!(["500ms", "2s", "2", "30m", "1h"].map(millis), [Some(500), Some(2_000), Some(2_000), Some(1_800_000), Some(3_600_000)]);
        assert_eq!(["", "s", "0s", "1ms", "2d", "25h", "-1s", "99999999999999999999h"].map(millis), [None; 8]);
    }
}
