//! The manager as its users meet it: whole, over real sockets, with simulated instances. One test binary for all of it.
//!
//! Owns nothing itself; folders mirror the rooms of the product. Snapshots lie beside the tests: `INSTA_UPDATE=always
//! cargo test -p peegeeq-service-manager --test it` accepts changed ones after they were read; one that no test names is refused
//! by `snapshots::every_snapshot_belongs_to_a_test`.
#![expect(clippy::disallowed_methods, reason = "tests play the part of clients: they open connections and start processes")]

mod commands;
mod consul;
mod contract;
mod edge;
mod events;
mod federation;
mod gateway;
mod guide;
mod health;
mod incidents;
mod instances;
mod management;
mod original;
mod process;
mod registry;
mod rolling;
mod routing;
mod settings;
mod snapshots;
mod status;
mod support;
mod tls;
mod updates;
mod verbs;
mod webhook;
