//! What a check found: where, what is wrong, and what to do instead.

use std::fmt;
use std::process::ExitCode;

/// One breach of one rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// Path from the root of the workspace.
    pub(crate) path: String,
    /// Line, from 1; 0 when the whole file is meant.
    pub(crate) line: usize,
    /// What is wrong.
    pub(crate) what: String,
    /// What to do.
    pub(crate) instead: String,
}

impl Finding {
    /// A finding on a line of a file.
    pub(crate) fn at(path: &str, line: usize, what: impl Into<String>, instead: impl Into<String>) -> Self {
        Self { path: path.into(), line, what: what.into(), instead: instead.into() }
    }

    /// A finding on a whole file.
    pub(crate) fn of(path: &str, what: impl Into<String>, instead: impl Into<String>) -> Self {
        Self::at(path, 0, what, instead)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}; {}", self.path, self.what, self.instead),
            line => write!(f, "{}:{line}: {}; {}", self.path, self.what, self.instead),
        }
    }
}

/// What a command tells in the end.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// What was looked at, in one line.
    pub(crate) summary: String,
    /// What is wrong.
    pub(crate) findings: Vec<Finding>,
}

impl Report {
    /// Prints the report; fails if there were findings.
    pub(crate) fn print(mut self) -> ExitCode {
        self.findings.sort();
        self.findings.dedup();
        for finding in &self.findings {
            println!("{finding}");
        }
        println!(
            "{}; {}",
            self.summary,
            if self.findings.is_empty() { "all holds".into() } else { format!("{} findings", self.findings.len()) }
        );
        if self.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
