//! What is written about settings, made from the table: the page in `docs/` and the list in `--help`.
//!
//! Owns the frame around the rows. Does not write files.

use super::recognised::RECOGNISED;
use super::setting::{Default, Setting};
use super::settings::SETTINGS;

const INTRODUCTION: &str = "\
# Configuration

<!-- Made from the table in crates/manager/src/config/settings.rs. Do not edit. -->

Every setting can be said in three places. The first that says something wins:

1. the command line: `-Dhealth.check.interval=5000` anywhere on it, before or after the command; a bare number is the port;
2. the environment: `HEALTH_CHECK_INTERVAL=5000`; an empty variable counts as not set;
3. the file named with `--config FILE`, else `config.json` in the working directory if there is one, nested or flat:
   `{\"health\": {\"checkInterval\": 5000}}`, `{\"health\": {\"check\": {\"interval\": 5000}}}` or `{\"health.check.interval\": 5000}`.

What nobody says has its default. Unknown names in the file or after `-D`, values out of range, and values that
contradict each other are all reported at once, and nothing is started (exit code 78). `config check` only checks,
`config print` shows every value in effect and where it came from.

`logging.level.<logger>` sets the level of one part of the program, on the command line and in the file. Names of the Java
program's loggers are understood: `dev.mars.peegeeq.servicemanager.health` is `peegeeq_service_manager::health`.

`load.balancing.strategy.<environment>` sets the strategy for the instances of one environment, in the same two places.

Relative paths start at the working directory. A KB is 1,024 bytes.
";

/// The whole page `docs/CONFIGURATION.md`.
pub fn markdown() -> String {
    let mut page = INTRODUCTION.to_owned();
    page.push_str("\n## Settings\n");
    for row in SETTINGS {
        page.push_str(&section(row));
    }
    page.push_str("\n## Accepted without effect\n\nThese names are accepted with a warning.\n\n| name | |\n|---|---|\n");
    for row in RECOGNISED {
        let rest = if row.key.ends_with('.') { "*" } else { "" };
        page.push_str(&format!("| `{}{rest}` | {} |\n", row.key, row.because));
    }
    page.push_str("| `-X…`, `-XX:…`, `-Xmx…`, `-Xms…` | options of a Java machine, which this program does not need |\n");
    page
}

fn section(row: &Setting) -> String {
    let mut lines = vec![format!("\n### `{}`\n\n{}\n", row.key, row.doc)];
    lines.push(format!("- default: {}", default_phrase(row)));
    lines.push(format!("- allowed: {}", row.kind.allowed()));
    if !row.limit.is_empty() {
        lines.push(format!("- at the limit: {}", row.limit));
    }
    let quoted = |names: &[String]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let variables = row.environment_names();
    if !variables.is_empty() {
        lines.push(format!("- environment: {}", quoted(&variables)));
    }
    if !row.aliases.is_empty() {
        let aliases: Vec<String> = row.aliases.iter().map(|alias| (*alias).to_owned()).collect();
        lines.push(format!("- also: {}", quoted(&aliases)));
    }
    lines.join("\n") + "\n"
}

fn default_phrase(row: &Setting) -> String {
    match row.default {
        Default::Is("") => "empty".to_owned(),
        Default::Is(text) => format!("`{text}`"),
        Default::Unset(text) => text.to_owned(),
    }
}

/// The list of settings at the end of `--help`.
pub fn help() -> String {
    let mut text = String::from(
        "Settings, each as -Dkey=value anywhere on the line, as KEY_WITH_UNDERSCORES in the environment,\nor in config.json:\n",
    );
    for row in SETTINGS {
        let default = match row.default {
            Default::Is(text) | Default::Unset(text) => text,
        };
        text.push_str(&format!("  {} [{default}]\n      {}\n", row.key, row.doc));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_every_setting_with_its_names_and_limits() {
        let page = markdown();
        for row in SETTINGS {
            assert!(page.contains(&format!("### `{}`", row.key)), "{} is missing", row.key);
            assert!(row.doc.ends_with('.'), "{} needs a sentence", row.key);
            assert!(help().contains(row.key));
        }
        assert!(page.contains("- environment: `SERVICE_PORT`, `SERVICE_MANAGER_PORT`"));
        assert!(page.contains("- allowed: a whole number of milliseconds from 50 to 86400000"));
        assert!(page.contains("| `metrics.jvm.enabled` | not in effect: this program has no JVM; /metrics shows the process instead |"));
    }
}
