//! What every test stands on: a manager inside the test, a manager as a process, raw bytes, snapshots.

pub(crate) mod app;
pub(crate) mod cluster;
pub(crate) mod consul;
pub(crate) mod node;
pub(crate) mod process;
pub(crate) mod raw;
pub(crate) mod shape;
pub(crate) mod snapshot;
pub(crate) mod source;
pub(crate) mod tls;
pub(crate) mod upstream;

pub(crate) use app::{Plan, TestApp, registration};
pub(crate) use cluster::Cluster;
pub(crate) use process::{Launch, ManagerProcess};
pub(crate) use upstream::{Coming, Upstream};
