//! `/api/v1/instances…`: registering, listing, reading, changing, deregistering and checking instances, and operators' orders.

pub mod change;
pub mod check;
pub mod list;
pub mod list_query;
pub mod order;
pub mod read;
