//! What is told of routing: how requests are spread just now, by which rules, and who could serve which setup.
//!
//! Owns the door through which others look in, and reading the numbers. Does not own how they are shown, and changes nothing.

use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use peegeeq_domain::routing::explain::{Explanation, Question, explain};
use peegeeq_domain::routing::pick::{Draw, Tried};
use peegeeq_domain::routing::retry::BudgetPolicy;
use peegeeq_domain::routing::table::{Candidate, Choice, Wanted};
use peegeeq_domain::time::{Moment, Timestamp};

use super::choose::Turns;
use super::counts::Counted;
use super::explaining::READ;
use super::hedge::HedgesTold;
use super::picture::Picture;
use super::traffic::Traffic;
use super::{Gateway, GatewaySettings, Shared};
use crate::clock;

/// Looks into the gateway. Cheap to clone.
#[derive(Clone)]
pub struct RoutingHandle {
    pub(super) shared: Arc<Shared>,
    /// Explanations take turns of their own: nobody else's change because somebody asks.
    pub(super) turns: Arc<Turns>,
}

impl fmt::Debug for RoutingHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoutingHandle").finish_non_exhaustive()
    }
}

/// Which picture something is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableTold {
    /// Counts the pictures since the start.
    pub generation: u64,
    /// How long ago it was made.
    pub age: Duration,
    /// In how long it changes by itself, because somebody's time is up.
    pub changes_in: Option<Duration>,
    /// How many setups it knows.
    pub setups: usize,
}

/// The budget of retries, over all workers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetriesTold {
    /// Attempts beside the first.
    pub max: u32,
    /// The rule.
    pub policy: BudgetPolicy,
    /// Requests that count now.
    pub requests: u64,
    /// Retries that count now.
    pub retries: u64,
    /// How many retries those requests allow.
    pub allowance: u64,
    /// Second attempts beside slow ones.
    pub hedges: HedgesTold,
}

/// One instance.
#[derive(Clone, Debug)]
pub struct InstanceTold {
    /// As the table has it.
    pub candidate: Candidate,
    /// Attempts that ended, by how they did.
    pub counted: Counted,
    /// Those that spoke against the instance: not connected, broken, timed out, or answered with an error of the server.
    pub failures: u64,
    /// Requests under way.
    pub in_flight: usize,
    /// Requests waiting for a place.
    pub waiting: usize,
    /// Event streams and WebSockets under way.
    pub streams: usize,
    /// Streams that were ended because the deadline of a drain came, and since when the order stands.
    pub streams_ended: Option<(Timestamp, usize)>,
    /// In milliseconds.
    pub latency: f64,
    /// `closed`, `ejected` or `half-open`.
    pub ejection: &'static str,
    /// The arithmetic behind it.
    pub ejection_sentence: String,
    /// The part of its share that counts while it is new, and how long that goes on.
    pub slow_start: Option<(f64, Duration)>,
}

/// Who could serve a setup.
#[derive(Clone, Debug)]
pub struct SetupTold {
    /// Its id.
    pub id: String,
    /// The groups, as a request that only looks finds them; more than one is a conflict.
    pub explanation: Explanation,
}

/// How requests are spread just now, and by which rules.
#[derive(Clone, Debug)]
pub struct Distribution {
    /// The rules.
    pub settings: GatewaySettings,
    /// The picture.
    pub table: TableTold,
    /// The budget of retries.
    pub retries: RetriesTold,
    /// All members, in the order of ids.
    pub instances: Vec<InstanceTold>,
    /// Some of the setups, in the order of ids.
    pub setups: Vec<SetupTold>,
    /// How many of those that were asked for are left out.
    pub setups_left_out: usize,
}

impl InstanceTold {
    /// What is under way, if an order in force stands since then.
    pub fn traffic(&self, order: Option<Timestamp>) -> Traffic {
        let ended = self.streams_ended.filter(|(since, _)| Some(*since) == order);
        let streams_ended = ended.map(|(_, ended)| ended);
        Traffic { in_flight: self.in_flight, waiting: self.waiting, streams: self.streams, streams_ended }
    }
}

impl Gateway {
    /// Looks into this gateway.
    pub fn handle(&self) -> RoutingHandle {
        RoutingHandle { shared: self.shared.clone(), turns: Arc::new(Turns::new()) }
    }
}

impl RoutingHandle {
    /// How requests are spread just now, with at most so many setups, or only this one.
    pub fn distribution(&self, setup: Option<&str>, setups_max: usize) -> Distribution {
        let (picture, now) = (self.shared.picture.load_full(), clock::now());
        let slow_start = self.shared.settings.policy.slow_start;
        let instances = picture.table.candidates().iter().zip(&picture.upstreams).map(|(candidate, upstream)| {
            let (ejection, ejection_sentence) = upstream.record.told(now);
            InstanceTold {
                counted: upstream.counted(),
                failures: upstream.record.failures(),
                in_flight: upstream.under_way(),
                waiting: upstream.waiting(),
                streams: upstream.streams.open(),
                streams_ended: upstream.streams.last_ended(),
                latency: upstream.record.latency(now),
                ejection,
                ejection_sentence,
                slow_start: slow(candidate.since, slow_start, now),
                candidate: candidate.clone(),
            }
        });
        let asked = |id: &&str| setup.is_none_or(|setup| setup == *id);
        let setups = || picture.table.setups().filter(asked);
        Distribution {
            settings: self.shared.settings.clone(),
            table: table_told(&picture, now),
            retries: self.retries(now),
            instances: instances.collect(),
            setups: setups().take(setups_max).map(|id| self.setup(&picture, id, now)).collect(),
            setups_left_out: setups().count().saturating_sub(setups_max),
        }
    }

    fn setup(&self, picture: &Picture, id: &str, now: Moment) -> SetupTold {
        let wanted = Wanted::Setup { id, queue: None };
        let strategy = self.shared.settings.strategies.usual;
        let question = Question {
            wanted,
            choice: Choice::default(),
            class: &READ,
            new_setup: false,
            draw: Draw { strategy, cursor: 0, random: 0, now, affinity: None, may_probe: false },
            policies: self.shared.settings.panics,
            tried: Tried::default(),
        };
        SetupTold { id: id.to_owned(), explanation: explain(&picture.table, &question, picture) }
    }

    fn retries(&self, now: Moment) -> RetriesTold {
        let settings = &self.shared.settings;
        let hedges = self.shared.hedges.told(settings.hedge);
        let none = RetriesTold { max: settings.retries_max, policy: settings.budget, requests: 0, retries: 0, allowance: 0, hedges };
        self.shared.budgets.iter().fold(none, |sum, budget| {
            let budget = budget.lock().unwrap_or_else(PoisonError::into_inner);
            let (requests, retries) = budget.counts(now);
            let allowance = sum.allowance + budget.allowance(requests);
            RetriesTold { requests: sum.requests + requests, retries: sum.retries + retries, allowance, ..sum }
        })
    }
}

/// The part of a newcomer's share, and how long it still grows.
fn slow(since: Option<Moment>, window: Duration, now: Moment) -> Option<(f64, Duration)> {
    let end = since.map(|since| since + window).filter(|end| *end > now)?;
    let left = end.since(now);
    Some(((1.0 - left.as_secs_f64() / window.as_secs_f64()).max(0.1), left))
}

pub(super) fn table_told(picture: &Picture, now: Moment) -> TableTold {
    TableTold {
        generation: picture.generation,
        age: now.since(picture.made_at),
        changes_in: picture.table.changes_at().map(|at| at.since(now)),
        setups: picture.table.setups().count(),
    }
}
