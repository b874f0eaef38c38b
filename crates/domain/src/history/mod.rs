//! What was true of an instance at a time, from what the journal remembers.
//!
//! Owns the replay: what each event does to the past of one instance, what can be known before the first event that is left, and
//! how much of a window it was available. What nobody can know is unknown, never assumed. Does not own how entries are found.

mod availability;
mod past;

pub use availability::{Availability, Span, availability};
pub use past::{Happened, Past, Standing, State, before};
