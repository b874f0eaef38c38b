//! What the gateway decides about a request: pure, everything handed in.
//!
//! | part | decides |
//! |---|---|
//! | [`ask`] | what a request needs, from method, path and query |
//! | [`table`] | who can serve what, prepared whenever something changes and never per request |
//! | [`pick`] | one of a group, by strategy, loads and those already tried |
//! | [`ladder`] | how much begins near, and how much farther away |
//! | [`accrual`] | who is left alone because requests to it fail, and until when |
//! | [`mod@panic`] | what happens when nobody can be picked |
//! | [`retry`] | again or not, where, after how long |
//! | [`explain`] | the same decision, told with its arithmetic |
//!
//! A request goes like this; nothing in it allocates until something goes wrong:
//!
//! ```
//! # use core::time::Duration;
//! # use peegeeq_domain::routing::ask::{Place, place};
//! use peegeeq_domain::routing::pick::{Draw, Strategy, Tried};
//! use peegeeq_domain::routing::retry::{Attempt, Budget, Decision, Limits, Phase, Request, decide};
//! use peegeeq_domain::routing::table::{Choice, Found, Policy, Table};
//! # use peegeeq_domain::time::Moment;
//! # fn send() -> Result<(), Phase> { Err(Phase::NotSent) }
//! # let (now, cursor, random, loads) = (Moment::from_millis(0), 0, 4, ());
//! # let table = Table::build(&[], &Policy::default(), now);
//! # let mut budget = Budget::default();
//! # let (method, path) = ("GET", "/api/v1/queues/orders/new");
//! let Ok(Place::Routed(routed)) = place(method, path, None) else { return };
//! // A setup in the body or in the id of a store is found first: then `wanted` is `Some`.
//! let Some(wanted) = routed.ask.need.wanted() else { return };
//! let Found::Group(group) = table.find(&wanted, &Choice::default()) else { return };
//! let request = Request { may_repeat: routed.ask.class.may_repeat(false), deadline: now + Duration::from_secs(10) };
//! let (mut tried, limits) = (Tried::default(), Limits::default());
//! budget.request(now);
//! loop {
//!     let draw = Draw { strategy: Strategy::RoundRobin, cursor, random, now, affinity: None, may_probe: true };
//!     let Ok(index) = group.pick(&draw, &loads, &tried) else { break };
//!     tried.add(index);
//!     let Err(phase) = send(/* to table.candidate(index) */) else { break };
//!     let attempt = Attempt { number: tried.len() as u32, phase, status: None, retry_after: None, others: group.untried(&tried) };
//!     match decide(&attempt, &request, &limits, &mut budget, random, now) {
//!         Decision::Again { after, elsewhere } => { /* sleep, pick again or the same */ }
//!         Decision::PassOn => { /* the instance's answer is the answer */ }
//!         Decision::GiveUp(failure) => { /* answer failure.status, tell failure.outcome_unknown */ break }
//!     }
//! }
//! ```

//!
//! Beside that path:
//!
//! - Nobody picked: [`Table::last_resort`](table::Table::last_resort), with the class of the request, for reads and for requests
//!   about a setup itself; else 503 with the sentences of [`Group::excluded`](table::Group).
//! - A new setup: [`Group::pick_for_new_setup`](table::Group::pick_for_new_setup). A store in an id:
//!   [`Table::setup_of_store`](table::Table::setup_of_store). An owner: asked for among the seats of its group, and until it
//!   is found [`Affinity`](pick::Affinity) with its key, unbounded.
//! - A candidate for which [`Group::is_probe`](table::Group::is_probe) holds is on probation, and the caller of `pick` has
//!   taken its one request through [`Loads::take_probe`](pick::Loads): the end must be told with `is_probe: true`, or
//!   [`ProbeLost`](accrual::AccrualEvent). Given back unsent and sent there again it is still the same request.
//! - A request keeps its table (an `Arc`) to its end: numbers and [`Tried`](pick::Tried) mean nothing in another.
//! - A table is built again when the catalog, the setups or a [`Standing`](table::Standing) changes, and at
//!   [`Table::changes_at`](table::Table::changes_at).

pub mod accrual;
pub mod ask;
pub mod explain;
mod hash;
pub mod ladder;
pub mod panic;
pub mod pick;
pub mod retry;
pub mod table;
