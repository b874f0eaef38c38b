//! The registry: who the members are, durably, and the one place where the catalog changes.
//!
//! Owns the writer (all changes), the reader (for everybody), the embedded store, and the form of the registry
//! in Consul. Does not own health: verdicts pass
//! through the writer into the catalog and are never stored as state.

pub mod consul;
pub mod expiry;
mod journal;
mod reader;
pub mod store;
mod writer;

pub use consul::{AgentSettings, Consistency, ConsulSettings, ConsulStatus};
pub use journal::{Journal, JournalError};
pub use reader::CatalogReader;
#[cfg(test)]
pub(crate) use reader::{CatalogPublisher, catalog_cell};
pub use store::{KnownSetup, KnownSetups};
pub use writer::{Judgement, Kept, Registered, RegistryError, RegistryHandle, RegistrySettings, StoreStatus, Updated, start, start_in};
