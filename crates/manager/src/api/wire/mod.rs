//! The JSON shapes: what goes over the wire, in the guide's and the original's spelling.
//!
//! Owns names and types of fields. Does not own values: each shape is built from domain types, which never leak out.

pub mod health;
pub mod instance;
pub mod registration;
pub mod status;
pub mod words;
