//! What is under way to one instance, and what only it serves: for those who take instances out and let them in again.
//!
//! Owns reading it off the picture and the counts. Changes nothing, but may ask for a look.

use std::sync::Arc;

use peegeeq_domain::instance::InstanceId;
use peegeeq_domain::routing::table::{Choice, Exclusion, Found, Group, Wanted};
use peegeeq_domain::time::Timestamp;

use super::RoutingHandle;
use super::looks::Order;
use super::picture::Picture;

/// What is under way to one instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Requests that were sent to it and are not over, streams among them.
    pub in_flight: usize,
    /// Requests that wait for a place there.
    pub waiting: usize,
    /// Event streams and WebSockets.
    pub streams: usize,
    /// Streams that were ended because the deadline of its drain has come; `None`: it has not.
    pub streams_ended: Option<usize>,
}

impl RoutingHandle {
    /// What is under way to an instance. `order`: since when the order in force stands. `None`: nobody routes there.
    pub fn traffic(&self, id: &str, order: Option<Timestamp>) -> Option<Traffic> {
        let picture = self.shared.picture.load();
        let upstream = picture.upstreams.get(picture.table.position(id)?)?;
        Some(Traffic {
            in_flight: upstream.under_way(),
            waiting: upstream.waiting(),
            streams: upstream.streams.open(),
            streams_ended: order.and_then(|since| upstream.streams.ended_by(since)),
        })
    }

    /// The setups that nobody but this instance serves just now.
    pub fn only_at(&self, id: &str) -> Vec<Arc<str>> {
        let picture = self.shared.picture.load();
        let Some(index) = picture.table.position(id) else { return Vec::new() };
        let alone = |group: &Group| group.seats().count() == 1 && group.seats().all(|seat| seat.index == index);
        picture.table.setups().filter(|setup| groups(&picture, setup).iter().any(alone)).map(Arc::from).collect()
    }

    /// Whether requests for each of these setups can go to this instance, or do not for a reason that a restart does not change.
    pub fn serves(&self, id: &str, setups: &[Arc<str>]) -> bool {
        let picture = self.shared.picture.load();
        let Some(index) = picture.table.position(id) else { return false };
        let served = |group: &Group| {
            let excluded = group.excluded.iter().find(|excluded| excluded.index == index);
            group.seats().any(|seat| seat.index == index) || group.is_probe(index) || excluded.is_some_and(|one| is_lasting(&one.why))
        };
        setups.iter().all(|setup| groups(&picture, setup).iter().any(served))
    }

    /// Has the setups of an instance looked at soon.
    pub fn look_at(&self, id: &InstanceId) {
        self.shared.orders.send(Order::One(id.clone(), None));
    }
}

/// Whether somebody who is excluded for this reason would be without a restart, too.
const fn is_lasting(why: &Exclusion) -> bool {
    matches!(why, Exclusion::NoWeight | Exclusion::Ejected { .. } | Exclusion::DatabaseDown { .. } | Exclusion::OutOfReach)
}

fn groups<'p>(picture: &'p Picture, setup: &str) -> &'p [Group] {
    match picture.table.find(&Wanted::Setup { id: setup, queue: None }, &Choice::default()) {
        Found::Group(group) => std::slice::from_ref(group),
        Found::Conflict(groups) => groups,
        Found::Unknown(_) | Found::NoSuchInstance => &[],
    }
}
