//! Federated answers against simulated instances, asked through the router as a client would.

mod answers;
mod cluster;
mod complete;
mod cost;
mod faults;
mod freshness;
mod instance;
mod shapes;
