//! Shapes of answers, as a client sees them.
//!
//! Every field may be missing: managers older and newer than this crate, and the original, say less or more. What the manager
//! cannot know is `None`.

pub mod federation;
pub mod incidents;
pub mod instances;
pub mod manager;
mod words;

pub use words::{Presence, Scheme, Status};
