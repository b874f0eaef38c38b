//! What the manager finds out about instances by itself, as its readers see it.

mod doubt;
mod numbers;
mod verdicts;
