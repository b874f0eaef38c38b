//! `/api/v1/instances…`: registering, listing, reading, changing, deregistering and checking instances.

pub mod change;
pub mod check;
pub mod list;
pub mod list_query;
pub mod read;
