//! Picking one candidate of a group.
//!
//! Owns the strategies. Does not own what is counted: a cursor, random numbers and loads are handed in.

mod affinity;
mod choose;
mod load;
mod schedule;
mod strategies;
mod strategy;
mod tried;

pub use affinity::Affinity;
pub use choose::{Draw, NoCandidate};
pub use load::{EwmaPolicy, Loads, PeakEwma};
pub use schedule::Schedule;
pub use strategies::{Strategies, StrategyFrom};
pub use strategy::Strategy;
pub use tried::{TRIED_MAX, Tried};

#[cfg(test)]
mod tests;
