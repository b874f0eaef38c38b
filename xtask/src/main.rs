//! Checks and generators of the project: `cargo xtask <command>`.
//!
//! Owns the command line only; each command is a module. Exit code 0: all holds, 1: findings were printed, 2: misuse.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use generate::Page;

mod bench;
mod deps;
mod finding;
mod generate;
mod lockfile;
mod tidy;

const USAGE: &str = "usage: cargo xtask <command>

  tidy    how the sources are shaped and which part may name which
  deps    licences, bans, duplicates, sources and number of the locked packages
  docs [--check]
          writes docs/CONFIGURATION.md from the table of settings and docs/CLI.md from the commands; --check only compares
  contract [--check]
          writes contract/openapi.json from the routes; --check only compares
  bench [name…]
          measures the numbers to reach: all, or those named; see docs/BENCHMARKS.md";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let root = workspace_root();
    if let ["bench", names @ ..] = &words[..] {
        return bench::run(&root, names);
    }
    let outcome = match words[..] {
        ["tidy"] => tidy::run(&root),
        ["deps"] => deps::run(&root),
        ["docs"] => generate::run(&root, &[Page::docs(), Page::commands()], false),
        ["docs", "--check"] => generate::run(&root, &[Page::docs(), Page::commands()], true),
        ["contract"] => generate::run(&root, &[Page::contract()], false),
        ["contract", "--check"] => generate::run(&root, &[Page::contract()], true),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(report) => report.print(),
        Err(sentence) => {
            eprintln!("xtask: {sentence}");
            ExitCode::from(2)
        }
    }
}

fn workspace_root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_path_buf()
}
