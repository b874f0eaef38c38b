//! `POST /api/v1/instances/{instanceId}/{drain,resume,maintenance}` and a weight of 0: what operators order.

mod ending;
mod ordering;
