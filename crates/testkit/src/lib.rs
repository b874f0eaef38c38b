//! Pretends to be the world: simulated PeeGeeQ instances, a network that breaks, small clients, and waiting
//! for a state.
//!
//! This crate knows neither the deciding nor the acting half of the product. Everything here speaks over real TCP,
//! so what a test proves with it holds for real servers too.
#![expect(clippy::disallowed_methods, reason = "the simulated world runs beside the product: it has its own tasks, clocks and connections")]

mod chaos;
mod client;
mod instance;
mod net;
mod stamp;
mod wait;

pub use chaos::{ChaosMode, ChaosProxy};
pub use client::{
    ClientError, Connection, Event, EventClient, Head, HttpClient, LoadClient, LoadPlan, LoadReport, Reply, Said, SocketClient, raw,
};
pub use instance::canned::{Canned, CannedBody};
pub use instance::fleet::{FakeFleet, FleetOptions};
pub use instance::mode::Mode;
pub use instance::script::{Script, Step};
pub use instance::world::{ConsumerGroup, Database, EventStore, GroupStatus, Queue, QueueKind, Setup, World};
pub use instance::{Accepted, Departure, Dialect, FakeInstance, FakeInstanceHandle, Options, SeenRequest};
pub use wait::{millis, secs, wait_until};
