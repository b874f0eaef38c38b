//! What PeeGeeQ Service Manager decides.
//!
//! No I/O, no clock, no threads, no randomness: callers hand in the time and the random numbers, so the same inputs
//! always give the same answer. The compiler holds this: the crate is `no_std`.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod access;
pub mod catalog;
pub mod federation;
pub mod health;
pub mod history;
pub mod incident;
pub mod instance;
pub mod journal;
pub mod network;
pub mod quantity;
pub mod routing;
pub mod time;
