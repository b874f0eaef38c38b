//! What logging is given: where lines go, in which form, and which are wanted.
//!
//! Owns the struct. Does not own how it is filled from the settings: `config` does that.

use std::path::PathBuf;

use tracing::level_filters::LevelFilter;

/// What is logged where.
#[derive(Clone, Debug)]
pub struct LoggingConfig {
    /// Level of everything not named in `levels`.
    pub root: LevelFilter,
    /// Level by target (`peegeeq_service_manager::health`); the longest matching target counts.
    pub levels: Vec<(String, LevelFilter)>,
    /// Form of a line.
    pub format: LogFormat,
    /// File that receives every line too.
    pub file: Option<LogFile>,
    /// Lines waiting to be written, for each output.
    pub queue_max: usize,
}

/// Form of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// A log file that is put aside at a size.
#[derive(Clone, Debug)]
pub struct LogFile {
    /// Path of the current file.
    pub path: PathBuf,
    /// Size in bytes at which it is put aside.
    pub max_bytes: u64,
    /// How many files put aside are kept.
    pub max_history: u64,
}
