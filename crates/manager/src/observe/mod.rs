//! Logs and metrics. Used by any room, uses none.

pub mod logging;
pub mod metrics;
