//! HTTP and JSON in the exact shapes of the guide and of the original.
//!
//! Owns routes, shapes and the edge. Does not own rules: those are in `peegeeq_domain` and in the other rooms.

pub mod edge;
pub mod error;
