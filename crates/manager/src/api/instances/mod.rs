//! `/api/v1/instances…`: registering, listing, reading, changing, deregistering and checking instances, and operators' orders.

pub mod availability;
pub mod change;
pub mod check;
pub mod diff;
pub mod list;
pub mod list_query;
pub mod order;
pub mod past;
pub mod read;
