//! The manager pointed at by clients of an instance: the whole cluster in the shape of one.
//!
//! Owns what the management UI and the Java client insist on. Does not own requests that name an instance.

mod answers;
mod health;
mod queues;
mod sockets;
mod streams;
mod strict;
