//! How answers look: tables for people, JSON and YAML for programs.

pub(super) mod anything;
mod ordered;
mod table;
mod terminal;

pub(super) use ordered::Ordered;
pub(super) use table::{Cell, Column, Table, Tone, cell, number, rate, text, truncated};
pub(super) use terminal::{Screen, size as terminal_size};

use super::failure::Failure;
use super::line::Format;

/// What a command has to say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    /// For standard output.
    pub(super) output: String,
    /// For standard error, a sentence each.
    pub(super) notes: Vec<String>,
    /// Exit code.
    pub(super) code: u8,
}

impl Page {
    /// Text and nothing more.
    pub(super) fn of(output: impl Into<String>) -> Self {
        Self { output: output.into(), ..Self::default() }
    }

    /// The answer in the form that was asked for. `body` is what the manager sent; `names` and `table` are made only if needed.
    pub(super) fn shaped(
        format: Format,
        body: &[u8],
        names: impl FnOnce() -> Vec<String>,
        table: impl FnOnce() -> String,
    ) -> Result<Self, Failure> {
        Ok(Self::of(match format {
            Format::Table => table(),
            Format::Name => names().into_iter().map(|name| table::harmless(&name) + "\n").collect(),
            Format::Json => Ordered::read(body)?.json(),
            Format::Yaml => Ordered::read(body)?.yaml()?,
        }))
    }

    pub(super) fn with_code(mut self, code: u8) -> Self {
        self.code = code;
        self
    }

    pub(super) fn noting(mut self, sentence: impl Into<String>) -> Self {
        self.notes.push(sentence.into());
        self
    }
}

/// Several lines made harmless one by one.
pub(super) fn lines(text: &str) -> String {
    text.lines().map(table::harmless).collect::<Vec<_>>().join("\n")
}
