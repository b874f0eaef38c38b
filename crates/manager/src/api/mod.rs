//! HTTP and JSON in the exact shapes of the guide and of the original.
//!
//! Owns routes, shapes and the edge. Does not own rules: those are in `peegeeq_domain` and in the other rooms, whose
//! handles it uses. No other room knows this one.

pub mod answer;
mod console;
mod docs;
pub mod edge;
pub mod error;
mod events;
pub mod extract;
pub mod federation;
mod incidents;
pub mod instances;
mod json_words;
pub mod listing;
pub mod management;
mod managers;
pub mod router;
pub mod routing;
pub mod state;
pub mod status;
pub mod updates;
pub mod wire;

pub use docs::openapi_json;
