//! PeeGeeQ Service Manager: the part that acts.
//!
//! `peegeeq_domain` decides; this crate owns sockets, files, clocks and tasks. Read `ARCHITECTURE.md` first.

pub mod api;
pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod fan_in;
pub mod federation;
pub mod gateway;
pub mod health;
pub mod incidents;
pub mod net;
pub mod observations;
pub mod observe;
pub mod registry;
pub mod security;
pub mod server;
pub mod tasks;
pub mod ui;
pub mod updates;
pub mod webhook;
