//! `docs/CLI.md`, made from the definitions of the commands.

use std::fmt::Write;

use clap::{Arg, Command, CommandFactory};

use super::failure::EXIT_CODES;
use crate::cli::commands::Line;

const HEAD: &str = "\
# Command line

<!-- Made from the definitions in crates/manager/src/cli. Do not edit. -->

One program: `peegeeq-service-manager` runs the manager, and talks to one that runs. Every command has `--help` with examples.

Commands that talk to a manager find it, in this order, by `--server`, `--context`, the variable `PEEGEEQ_SERVER`, the current context, and
else at `http://127.0.0.1:9090`. A token comes from `--token-file`, `--token`, `PEEGEEQ_TOKEN`, `PEEGEEQ_TOKEN_FILE`, or the context; a context's token is
never shown to an address that was typed beside it. Calls that change nothing are sent again twice when no answer came; others never.
Redirections are not followed and proxy variables are not used.

Tables fit the terminal; in a pipe lines are as long as they must be and have no colours. `--output json` and `yaml` print what the manager
sent, in its order. Sentences about what went wrong go to standard error.
";

/// The page.
pub fn markdown() -> String {
    let mut out = HEAD.to_owned();
    out.push_str("\n## Exit codes\n\n| code | meaning |\n|---|---|\n");
    for (code, meaning) in EXIT_CODES {
        let _ = writeln!(out, "| {code} | {meaning} |");
    }
    let mut root = Line::command();
    root.build();
    out.push_str("\n## Commands\n");
    for command in root.get_subcommands().filter(|command| !command.is_hide_set()) {
        one(&mut out, command, "", 3);
    }
    out
}

fn one(out: &mut String, command: &Command, above: &str, depth: usize) {
    let name = format!("{above}{}", command.get_name());
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let _ = write!(out, "\n{} `{name}`\n\n{about}.\n", "#".repeat(depth.min(5)));
    let subcommands: Vec<&Command> = command.get_subcommands().filter(|sub| sub.get_name() != "help").collect();
    if subcommands.is_empty() {
        let usage = command.clone().render_usage().to_string();
        let _ = write!(out, "\n```text\n{}\n```\n", usage.trim_start_matches("Usage: "));
    }
    arguments(out, command);
    if let Some(after) = command.get_after_help() {
        after_help(out, &after.to_string());
    }
    for sub in subcommands {
        one(out, sub, &format!("{name} "), depth + 1);
    }
}

/// A table of what is the command's own; shared options are explained once, at the command that brings them.
fn arguments(out: &mut String, command: &Command) {
    let is_own = |argument: &&Arg| !argument.is_hide_set() && !matches!(argument.get_id().as_str(), "help" | "version" | "config");
    let is_shared = |argument: &Arg| {
        argument.is_global_set()
            && command.get_name() != "instances"
            && command.get_bin_name().is_some_and(|name| name.contains(" instances "))
    };
    let own: Vec<&Arg> = command.get_arguments().filter(is_own).filter(|argument| !is_shared(argument)).collect();
    if own.is_empty() {
        return;
    }
    out.push_str("\n| argument | meaning |\n|---|---|\n");
    for argument in own {
        let _ = writeln!(out, "| {} | {} |", written(argument), meaning(argument));
    }
}

fn written(argument: &Arg) -> String {
    let value = argument.get_value_names().filter(|_| argument.get_action().takes_values()).and_then(|names| names.first());
    let value = value.map(ToString::to_string).unwrap_or_default();
    if argument.is_positional() {
        return format!("`{value}`");
    }
    let short = argument.get_short().map(|short| format!("`-{short}`, ")).unwrap_or_default();
    let long = argument.get_long().unwrap_or_default();
    let value = match (value.is_empty(), argument.is_require_equals_set()) {
        (true, _) => String::new(),
        (false, true) => format!("[={value}]"),
        (false, false) => format!(" {value}"),
    };
    format!("{short}`--{long}{value}`")
}

fn meaning(argument: &Arg) -> String {
    let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
    let words: Vec<String> = argument
        .get_possible_values()
        .iter()
        .filter(|_| argument.get_action().takes_values())
        .map(|value| format!("`{}`", value.get_name()))
        .collect();
    let words = if words.is_empty() { String::new() } else { format!("; {}", words.join(", ")) };
    let usual: Vec<String> = argument.get_default_values().iter().map(|value| format!("`{}`", value.to_string_lossy())).collect();
    let usual =
        if usual.is_empty() || !argument.get_action().takes_values() { String::new() } else { format!("; default {}", usual.join(" ")) };
    format!("{help}{words}{usual}").replace('|', "\\|")
}

fn after_help(out: &mut String, text: &str) {
    let (before, examples) = text.split_once("Examples:\n").unwrap_or((text, ""));
    if !before.trim().is_empty() {
        let _ = write!(out, "\n{}\n", before.trim());
    }
    if !examples.is_empty() {
        let lines: String = examples.lines().map(|line| format!("{}\n", line.strip_prefix("  ").unwrap_or(line))).collect();
        let _ = write!(out, "\n```sh\n{lines}```\n");
    }
}
