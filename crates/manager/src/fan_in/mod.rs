//! Fan-in: the monitoring streams of all instances as one, shared by everybody who listens.
//!
//! Owns one connection per instance and kind of stream, however many clients there are; reconnecting; how far a client may
//! fall behind. Does not own what clients are told beside it (`api`). An instance allows ten such streams per address, and
//! to it the manager is one address.

mod driver;
mod events;
mod frame;
mod hub;
mod socket;
mod topic;
mod upstream;

use std::fmt;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

pub use frame::{Figures, Frame, FrameKind, Pool};
pub use hub::{Full, Heard, Subscription};
pub use topic::Topic;

use crate::net::{Caller, Dialer};
use crate::observations::Observations;
use crate::registry::CatalogReader;
use crate::tasks::{TaskName, Tasks};
use driver::Driver;
use hub::Hubs;
use upstream::Way;

/// How the room is set.
#[derive(Clone, Copy, Debug)]
pub struct FanInSettings {
    /// Clients at once, all streams together.
    pub clients_max: usize,
    /// Frames of one stream that are kept for clients that are behind.
    pub frames_max: usize,
}

/// Streams of all instances. Cheap to clone.
#[derive(Clone)]
pub struct FanInHandle {
    hubs: Arc<Hubs>,
    observations: Arc<Observations>,
    catalog: CatalogReader,
    ending: CancellationToken,
}

impl fmt::Debug for FanInHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FanInHandle").finish_non_exhaustive()
    }
}

/// Starts the room. Nobody is connected to until somebody listens.
pub fn start(
    settings: FanInSettings,
    catalog: CatalogReader,
    observations: Arc<Observations>,
    dialer: Arc<Dialer>,
    caller: Caller,
    tasks: &Tasks,
) -> FanInHandle {
    metrics::describe_gauge!("peegeeq_fan_in_upstreams", "Open streams from instances, by kind.");
    metrics::describe_gauge!("peegeeq_fan_in_clients", "Clients of streams that all instances feed.");
    metrics::describe_counter!("peegeeq_fan_in_frames_lost_total", "Frames that clients missed because they were too slow.");
    let hubs = Arc::new(Hubs::new(settings));
    let (stop, ending) = (tasks.stop_signal(), CancellationToken::new());
    let driver = Driver::new(hubs.clone(), catalog.clone(), observations.clone(), Way { dialer, caller });
    tasks.vital(TaskName::FanIn, async move {
        // Dropping it ends every connection.
        stop.run_until_cancelled(driver.run()).await;
    });
    FanInHandle { hubs, observations, catalog, ending }
}

impl FanInHandle {
    /// Listens to a stream of all instances.
    pub fn listen(&self, topic: Topic) -> Result<Subscription, Full> {
        self.hubs.listen(topic)
    }

    /// Whether some instance may have this setup: it was seen there, or nobody could look yet.
    pub fn may_have(&self, setup: &str) -> bool {
        let (catalog, slots) = (self.catalog.current(), self.observations.slots());
        let has = |entry: &peegeeq_domain::catalog::Entry| {
            let seen = slots.get(entry.id().as_str()).and_then(|slot| slot.setups());
            seen.is_none_or(|seen| seen.stale || seen.setups.iter().any(|known| &*known.id == setup))
        };
        catalog.entries().iter().any(|entry| has(entry))
    }

    /// The signal at which clients are told good-bye.
    pub fn ending(&self) -> CancellationToken {
        self.ending.clone()
    }

    /// Tells all clients good-bye: a server that stops waits for its answers to end.
    pub fn end_streams(&self) {
        self.ending.cancel();
    }
}
