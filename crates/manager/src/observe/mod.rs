//! Logs and metrics. Used by any room, uses none.

mod log_line;
mod log_queue;
pub(crate) mod logger_names;
pub mod logging;
pub mod metrics;
pub mod settings;
