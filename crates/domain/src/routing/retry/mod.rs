//! Whether a request is sent again: only what cannot have been acted on twice, within the deadline and the budget.
//!
//! Owns the decision and the budget. Does not own sleeping, nor where the next attempt goes.

mod budget;
mod decide;

pub use budget::{Budget, BudgetPolicy};
pub use decide::{Attempt, Cause, Decision, Failure, Limits, Phase, Request, decide};
