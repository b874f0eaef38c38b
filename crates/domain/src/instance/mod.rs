//! What an instance *is*: its id, where it listens, how it is labelled, and what a valid registration looks like.
//!
//! Owns the validation rules, which name every fault at once. Does not own where instances are stored, nor their health.

mod endpoint;
mod id;
mod labels;
mod order;
mod registration;

pub use endpoint::{Endpoint, ExpectedStatus, HealthPath, Host, Scheme, Weight};
pub use id::InstanceId;
pub use labels::{Labels, METADATA_BYTES_MAX, METADATA_KEYS_MAX};
pub use order::{Order, REASON_CHARACTERS_MAX, Said, Verb};
pub use registration::{Draft, Fault, Instance, Patch, Presence, Registration, Revision};
