//! Clients and their requests: many at once, round by round, each held against the naive account.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use peegeeq_domain::instance::Presence;
use peegeeq_domain::routing::accrual::{AccrualEvent, FailureKind};
use peegeeq_domain::routing::ask::{Class, Effect, Place, place};
use peegeeq_domain::routing::pick::{Draw, Strategy, Tried};
use peegeeq_domain::routing::retry::{Attempt, Decision, Limits, Phase, Request, decide};
use peegeeq_domain::routing::table::{Choice, Found, Group, Table, Wanted};
use peegeeq_domain::time::Moment;

use crate::bugs::Bug;
use crate::cluster::{Cluster, Event};
use crate::router::{SETUPS, has_setup};
use crate::rules::{Checked, Promise, hold};
use crate::world::Meets;

/// A request on its way.
struct Flight {
    setup: &'static str,
    effect: Effect,
    table: Arc<Table>,
    tried: Tried,
    attempts: u32,
    /// Attempts that may have been acted on.
    acted: u32,
    /// Being acted on twice does no harm: it only looks, or bears a key.
    is_harmless: bool,
    at: Moment,
    request: Request,
    went: BTreeSet<String>,
    /// Sent again to the same: only what was given back unsent.
    same: Option<usize>,
    is_same: bool,
}

/// Where a flight goes in this round.
struct Sent {
    index: usize,
    id: String,
    port: u16,
    is_probe: bool,
    others: usize,
}

/// The naive account of the gateway.
#[derive(Default)]
pub(crate) struct Ledger {
    /// Failed requests in a row by instance, as they ended.
    failures: BTreeMap<String, u32>,
    /// The seconds of requests and of retries.
    requests: Vec<u64>,
    retries: Vec<u64>,
}

impl Cluster {
    /// A burst of requests, and the time of the next.
    pub(crate) fn requests(&mut self) -> Checked {
        let pause = if self.random.percent(50) { self.random.between(10, 2_000) } else { self.random.between(10_000, 120_000) };
        self.schedule(pause, Event::Requests);
        let count = self.random.between(1, 30);
        let mut flights: Vec<Flight> = (0..count).map(|_| self.begin()).collect();
        while !flights.is_empty() {
            let mut sent = Vec::new();
            for mut flight in flights {
                if let Some(to) = self.send(&mut flight)? {
                    sent.push((flight, to));
                }
            }
            self.one_probe_each(&sent)?;
            flights = Vec::new();
            for (mut flight, to) in sent {
                if self.ended(&mut flight, &to)? {
                    flights.push(flight);
                }
            }
        }
        Ok(())
    }

    fn begin(&mut self) -> Flight {
        let now = Moment::from_millis(self.now);
        let setup = *self.random.pick(&SETUPS);
        let (method, keyed) = *self.random.pick(&[("GET", false), ("GET", false), ("POST", false), ("POST", true)]);
        let path = format!("/api/v1/queues/{setup}/q/messages");
        let Ok(Place::Routed(routed)) = place(method, &path, None) else { panic!("{method} {path} is routed") };
        let may_repeat = routed.ask.class.may_repeat(keyed) || self.router.has(Bug::RepeatsWrites);
        let request = Request { may_repeat, deadline: now + Duration::from_millis(self.random.between(20, 5_000)) };
        self.router.cursor += 1;
        self.outcome.requests += 1;
        self.router.budget.request(now);
        self.ledger.requests.push(self.now / 1000);
        let stories = &self.stories;
        let passed = |id: &str| stories.get(id)?.last_pass_started;
        let table = self.router.table(&self.manager.catalog, passed, now);
        let effect = routed.ask.class.effect;
        Flight {
            setup,
            effect,
            table,
            tried: Tried::default(),
            attempts: 0,
            acted: 0,
            is_harmless: effect == Effect::Read || keyed,
            at: now,
            request,
            went: BTreeSet::new(),
            same: None,
            is_same: false,
        }
    }

    /// Sends a flight on its way; `None` if nobody takes it.
    fn send(&mut self, flight: &mut Flight) -> Result<Option<Sent>, crate::rules::Breach> {
        hold(Promise::DeadlinesAreKept, flight.at < flight.request.deadline, || format!("{:?} of {:?}", flight.at, flight.request))?;
        let table = flight.table.clone();
        let Found::Group(group) = table.find(&Wanted::Setup { id: flight.setup, queue: None }, &Choice::default()) else { return Ok(None) };
        let tried = if self.router.has(Bug::ForgetsTheTried) { Tried::default() } else { flight.tried };
        let strategy = *self.random.pick(&Strategy::ALL);
        let draw = Draw {
            strategy,
            cursor: self.router.cursor,
            random: self.random.next(),
            now: flight.at,
            affinity: None,
            may_probe: flight.effect == Effect::Read,
        };
        flight.is_same = flight.same.is_some();
        let picked = match flight.same.take() {
            Some(index) => Ok(index),
            None => group.pick(&draw, &self.router.permits(&table, flight.at), &tried),
        };
        let index = match picked {
            // A last resort that gave the request back gets it again.
            Ok(index) if flight.is_same => index,
            Ok(index) => {
                self.is_well(flight, &table, index)?;
                index
            }
            Err(_) => {
                self.nobody_was_overlooked(flight, &table)?;
                let class = Class {
                    effect: flight.effect,
                    heeds_key: false,
                    stream: false,
                    asks_health: false,
                    about_setup: false,
                    directory: None,
                };
                let Some(resort) = table.last_resort(group, &class, &self.router.panic_policies(), &tried) else { return Ok(None) };
                self.may_panic(flight, &table, resort.index)?;
                resort.index
            }
        };
        flight.tried.add(index);
        Ok(self.attempt(flight, group, &table, index))
    }

    fn attempt(&mut self, flight: &mut Flight, group: &Group, table: &Table, index: usize) -> Option<Sent> {
        let id = table.candidate(index)?.id.as_str().to_owned();
        flight.attempts += 1;
        let port = self.manager.catalog.get(&id)?.instance.registration.endpoint.port.get();
        Some(Sent { index, id, port, is_probe: group.is_probe(index), others: group.untried(&flight.tried) })
    }

    /// The entry of the picture in force, for somebody that the table knows.
    fn is_well(&self, flight: &Flight, table: &Table, index: usize) -> Checked {
        let id = table.candidate(index).map(|candidate| candidate.id.as_str().to_owned()).unwrap_or_default();
        let entry = self.manager.catalog.get(&id);
        let well = entry.is_some_and(|entry| {
            let port = entry.instance.registration.endpoint.port.get();
            let serves = matches!(entry.instance.presence, Presence::Serving | Presence::Starting);
            serves && entry.is_routable() && has_setup(port, flight.setup)
        });
        hold(Promise::RequestsGoToTheWell, well, || format!("{} went to {id}: {entry:?}", flight.setup))
    }

    fn may_panic(&mut self, flight: &Flight, table: &Table, index: usize) -> Checked {
        self.outcome.panics += 1;
        let id = table.candidate(index).map(|candidate| candidate.id.as_str().to_owned()).unwrap_or_default();
        let serves =
            self.manager.catalog.get(&id).is_some_and(|entry| matches!(entry.instance.presence, Presence::Serving | Presence::Starting));
        let fine = flight.effect == Effect::Read && serves;
        hold(Promise::OnlyReadsPanic, fine, || format!("{:?} went to {id} as a last resort", flight.effect))
    }

    /// Nobody was picked: then nobody in the picture is well who was not tried. One who is out is passed over, but not all.
    fn nobody_was_overlooked(&self, flight: &Flight, table: &Table) -> Checked {
        let entries = self.manager.catalog.entries().iter();
        let well = entries.filter(|entry| entry.is_routable() && has_setup(entry.instance.registration.endpoint.port.get(), flight.setup));
        let well: Vec<_> = well.map(|entry| entry.id().as_str()).collect();
        let overlooked = !well.is_empty() && flight.tried.is_empty() && table.position(well[0]).is_some();
        hold(Promise::TheWellAreReached, !overlooked, || format!("{well:?} were there for {}", flight.setup))
    }

    fn one_probe_each(&self, sent: &[(Flight, Sent)]) -> Checked {
        let mut probes = BTreeSet::new();
        for (_, to) in sent.iter().filter(|(_, to)| to.is_probe) {
            hold(Promise::OneRequestFindsOut, probes.insert(&to.id), || format!("{} got several at once", to.id))?;
        }
        Ok(())
    }

    /// An attempt ended; true if the flight goes on.
    fn ended(&mut self, flight: &mut Flight, to: &Sent) -> Result<bool, crate::rules::Breach> {
        let (phase, failure) = match self.world.meets(to.port, self.now) {
            Meets::Answer if self.random.percent(2) => (Phase::GaveBack, None),
            Meets::Answer => (Phase::Answered, None),
            Meets::Error => (Phase::Answered, Some(FailureKind::Server)),
            Meets::Refusal => (Phase::NotSent, Some(FailureKind::Connect)),
            Meets::Silence => (Phase::TimedOut, Some(FailureKind::Timeout)),
        };
        let acts = matches!(phase, Phase::Answered | Phase::TimedOut);
        flight.acted += u32::from(acts);
        let once = flight.is_harmless || flight.acted <= 1;
        hold(Promise::NothingIsDoneTwice, once, || format!("a write reached {} instances, the last {}", flight.acted, to.id))?;
        let fresh = flight.went.insert(to.id.clone()) || flight.is_same;
        hold(Promise::EachIsTriedOnce, fresh, || format!("{} again after {:?}", to.id, flight.went))?;
        if phase != Phase::GaveBack {
            self.tell(to, failure)?;
        }
        if phase == Phase::Answered && failure.is_none() {
            return Ok(false);
        }
        let goes_on = self.again(flight, to, phase)?;
        // Given back unsent it told nothing, and if it goes there again it is still the one that finds out.
        if phase == Phase::GaveBack && to.is_probe && flight.same.is_none() {
            self.router.tell(&to.id, AccrualEvent::ProbeLost, Moment::from_millis(self.now), 0);
        }
        Ok(goes_on)
    }

    fn tell(&mut self, to: &Sent, failure: Option<FailureKind>) -> Checked {
        let in_a_row = self.ledger.failures.entry(to.id.clone()).or_default();
        *in_a_row = if failure.is_some() { *in_a_row + 1 } else { 0 };
        let enough = *in_a_row >= 5 || to.is_probe;
        let random = self.random.next();
        let event = AccrualEvent::Ended { is_probe: to.is_probe, failure };
        let ejected = self.router.tell(&to.id, event, Moment::from_millis(self.now), random);
        self.outcome.ejections += u64::from(ejected);
        hold(Promise::EjectionNeedsFailures, !ejected || enough, || format!("{} was ejected", to.id))
    }

    fn again(&mut self, flight: &mut Flight, to: &Sent, phase: Phase) -> Result<bool, crate::rules::Breach> {
        let status = (phase == Phase::Answered).then_some(503);
        let attempt = Attempt { number: flight.attempts, phase, status, retry_after: None, others: to.others };
        let mut request = flight.request;
        if self.router.has(Bug::IgnoresTheDeadline) {
            request.deadline = request.deadline + Duration::from_secs(60);
        }
        let random = self.random.next();
        match decide(&attempt, &request, &Limits::default(), self.router.budget(), random, flight.at) {
            Decision::Again { after, elsewhere } => {
                flight.at = flight.at + after;
                flight.same = (!elsewhere).then_some(to.index);
                self.outcome.retries += 1;
                self.retries_are_few()?;
                Ok(true)
            }
            Decision::PassOn | Decision::GiveUp(_) => Ok(false),
        }
    }

    fn retries_are_few(&mut self) -> Checked {
        let second = self.now / 1000;
        self.ledger.retries.push(second);
        let count = |list: &mut Vec<u64>| {
            list.retain(|at| at + 12 > second);
            list.len()
        };
        let (requests, retries) = (count(&mut self.ledger.requests), count(&mut self.ledger.retries));
        let allowed = (requests / 5).max(10) + 10;
        hold(Promise::RetriesAreFew, retries <= allowed, || format!("{retries} retries for {requests} requests"))
    }
}
