//! Words that may not stay, each with what to write instead, and tests that sleep.
//!
//! Owns the lists. This file and its tests are the only ones that may spell them.

use super::Project;
use super::source::Source;
use crate::finding::Finding;

/// Words that may stand nowhere in the project: in code, comments or pages.
const NOWHERE: [(&str, &str); 6] = [
    ("TODO", "do it, or write an issue"),
    ("FIXME", "fix it, or write an issue"),
    ("XXX", "say what is wrong in a sentence"),
    ("sandbox", "say what is meant: a container, a machine for tests, a temporary folder"),
    ("/work/", "a path of one machine means nothing elsewhere"),
    ("whitelist", "write allow-list"),
];

/// Macros that may not stand in code that is shipped.
const MACROS: [(&str, &str); 6] = [
    ("dbg!", "use tracing, or delete it"),
    ("println!", "print in cli or main, log elsewhere"),
    ("eprintln!", "print in cli or main, log elsewhere"),
    ("todo!", "write it"),
    ("unimplemented!", "write it"),
    ("process::exit", "return to main, so that everything is stopped in order"),
];

/// Who may print.
const PRINTERS: [&str; 6] = [
    "crates/manager/src/cli/",
    "crates/manager/src/main.rs",
    "crates/manager/src/demo",
    "xtask/",
    "crates/testkit/",
    // Cargo reads what it prints.
    "crates/manager/build.rs",
];

/// Kinds of files that are read for words.
const READ: [&str; 16] = [
    ".md",
    ".rs",
    ".toml",
    ".sh",
    ".yml",
    ".yaml",
    ".ts",
    ".js",
    ".mjs",
    ".svelte",
    ".java",
    ".kts",
    ".html",
    ".css",
    ".ci/run",
    ".ci/smoke",
];

const SPELLED_HERE: [&str; 2] = ["xtask/src/tidy/words.rs", "xtask/src/tidy/tests.rs"];

/// All findings about words and sleeping tests.
pub(super) fn check(project: &Project) -> Vec<Finding> {
    let mut findings = Vec::new();
    let read = |path: &str| !SPELLED_HERE.contains(&path) && (READ.iter().any(|ending| path.ends_with(ending)) || path == "test");
    for (path, text) in project.texts.iter().filter(|(path, _)| read(path)) {
        for (index, line) in text.lines().enumerate() {
            findings.extend(
                NOWHERE
                    .iter()
                    .filter(|(word, _)| has_word(line, word))
                    .map(|(word, instead)| Finding::at(path, index + 1, format!("the word {word:?}"), *instead)),
            );
        }
    }
    for source in &project.sources {
        findings.extend(macros(source));
        findings.extend(sleeps(source));
    }
    findings
}

/// Whether the word stands in the line, not as a part of a longer one.
fn has_word(line: &str, word: &str) -> bool {
    let joins = |character: Option<char>| character.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '-' || c == '.');
    let is_whole = |(at, _): (usize, &str)| {
        let (before, after) = (line[..at].chars().next_back(), line[at + word.len()..].chars().next());
        !joins(before) && (word.ends_with('/') || !joins(after.filter(|c| *c != '.' && *c != '-')))
    };
    line.match_indices(word).any(is_whole)
}

fn macros(source: &Source) -> Vec<Finding> {
    let may_print = source.is_test_file() || PRINTERS.iter().any(|path| source.path.starts_with(path));
    let of = |line: &str| MACROS.iter().filter(|(word, _)| has_macro(line, word)).copied().collect::<Vec<_>>();
    let mut findings = Vec::new();
    for (index, line) in source.code.iter().enumerate() {
        for (word, instead) in of(line) {
            let is_allowed = may_print && (word.ends_with("println!") || word == "process::exit");
            if !is_allowed {
                findings.push(Finding::at(&source.path, index + 1, word, instead));
            }
        }
    }
    findings
}

fn has_macro(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}

/// A test that sleeps hopes. One that must (it needs time to pass, not something to happen) says why.
fn sleeps(source: &Source) -> Vec<Finding> {
    let sleeping = |line: &str| line.contains("::sleep(") || line.contains(" sleep(");
    let mut findings = Vec::new();
    for (number, _) in source.test_code().filter(|(_, line)| sleeping(line)) {
        let explained = source.lines[number.saturating_sub(4)..number].iter().any(|line| line.contains("// why:"));
        if !explained {
            findings.push(Finding::at(
                &source.path,
                number,
                "a test that sleeps",
                "wait for the state with a bound, or say \"// why:\" above it",
            ));
        }
    }
    findings
}
