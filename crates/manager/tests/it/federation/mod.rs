//! The whole cluster in one answer, and single instances through the manager.

mod answers;
mod empty;
mod failing;
mod numbers;
mod single;
mod variants;
