//! What probes say about an instance, and what follows from it.
//!
//! Owns verdicts, the derivation of the guide's five states, when the next probe is due, and when the manager should
//! doubt itself rather than the instances. Does not own timers, sockets or the catalog.

mod doubt;
mod outcome;
mod state;
mod tracker;

pub use doubt::{Doubt, SelfDoubt};
pub use outcome::{FailureKind, ProbeOutcome};
pub use state::{HealthState, Verdict, is_federated, is_routable, state_of};
pub use tracker::{Check, HealthPolicy, HealthTracker, Transition};
