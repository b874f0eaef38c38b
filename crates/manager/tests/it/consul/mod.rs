//! The registry in Consul: a real one as a process, and a scripted one for what a real one will not do on command.
//!
//! Owns what only this backend promises; what every backend promises is in `suite.rs`, which runs on each of them.

mod acl;
mod away;
mod checks;
mod entries;
mod scripted;
mod settings;
mod sharing;
mod suite;
mod tls;
