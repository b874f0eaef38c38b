//! One look at the setups of an instance: which there are, whether each reaches its database, and which are gone.
//!
//! Owns what is remembered of setups from one look to the next. A real instance answers that it is well even when its
//! databases are gone, and forgets its setups at a restart: both show here only. Does not own when a look is due.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join;
use peegeeq_domain::health::FailureKind;
use peegeeq_domain::instance::{Endpoint, Instance};
use peegeeq_domain::time::Moment;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::setups_wire::{self, Details, SetupList};
use crate::clock;
use crate::net::{Answer, Caller, Deadline, Dialer, Failure, Get, Link};
use crate::observations::{Database, Phases, SetupHealth, SetupSeen, SetupsSeen};
use crate::registry::{KnownSetup, KnownSetups};

/// The most setups of one instance that are looked at.
const SETUPS_MAX: usize = 100;

/// The most missing setups that are remembered.
const MISSING_MAX: usize = 100;

/// The most bytes of each answer.
const BODY_MAX: usize = 256 * 1024;

/// The longest time for a whole look. What was not asked by then is unknown.
const LOOK_MAX: Duration = Duration::from_secs(20);

/// Where a setup's data lives is asked again after this time.
const DETAILS_AGE_MAX: Duration = Duration::from_secs(5 * 60);

/// A look is due as often as set for so many setups; for more, the time is stretched in proportion, at most six times.
const SETUPS_UNSTRETCHED: u32 = 10;
const STRETCH_MAX: u32 = 6;

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What is remembered of the setups of one instance, also when it moves.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Boxed, because a map keeps room for many values beside each.
    known: BTreeMap<Arc<str>, Box<Known>>,
    offered: bool,
    /// Which there are, or where, differs from what was written.
    unwritten: bool,
}

#[derive(Debug)]
struct Known {
    health: SetupHealth,
    database: Option<Database>,
    queues: Vec<Arc<str>>,
    detailed_at: Option<Moment>,
    missing: bool,
}

impl Known {
    fn new(database: Option<Database>, queues: Vec<Arc<str>>) -> Self {
        Self { health: SetupHealth::NotAsked, database, queues, detailed_at: None, missing: false }
    }
}

/// What an earlier life of the manager knew: which setups there were, and nothing of how they were.
impl From<KnownSetups> for Memory {
    fn from(known: KnownSetups) -> Self {
        let setup = |setup: KnownSetup| (setup.id, Box::new(Known::new(setup.database, setup.queues)));
        let known: BTreeMap<_, _> = known.setups.into_iter().map(setup).collect();
        Self { offered: !known.is_empty(), known, unwritten: false }
    }
}

impl Memory {
    /// What can be told again from what was last seen: where the setups live is asked anew, that they were there is not
    /// forgotten.
    pub(super) fn of(seen: &SetupsSeen) -> Self {
        let known = seen.setups.iter().map(|setup| {
            let SetupSeen { id, health, database, queues, missing } = setup.clone();
            (id, Box::new(Known { health, database, queues, detailed_at: None, missing }))
        });
        let known: BTreeMap<_, _> = known.collect();
        Self { offered: !known.is_empty(), known, unwritten: true }
    }

    /// Forgets a setup that is not there and was ordered to go; one that is there stays. Says whether it is forgotten now.
    pub(super) fn forget_missing(&mut self, id: &str) -> bool {
        let missing = self.known.get(id).is_some_and(|known| known.missing);
        if missing {
            self.known.remove(id);
            self.unwritten = true;
        }
        missing
    }

    /// What is to be written, if it differs from what was; without the setups that were ordered to go.
    pub(super) fn take_unwritten(&mut self, instance: &Instance, ordered: impl Fn(&str) -> bool) -> Option<KnownSetups> {
        if !std::mem::take(&mut self.unwritten) {
            return None;
        }
        let staying = self.known.iter().filter(|(id, _)| !ordered(id)).map(|(id, known)| (id, &**known));
        let setup = |(id, known): (&Arc<str>, &Known)| KnownSetup {
            id: id.clone(),
            database: known.database.clone(),
            queues: known.queues.clone(),
        };
        Some(KnownSetups { instance: instance.id().clone(), registered_at: instance.registered_at, setups: staying.map(setup).collect() })
    }

    /// What is written is no longer right.
    pub(super) fn mark_unwritten(&mut self) {
        self.unwritten = true;
    }

    /// The time between two looks, when `base` is that for few setups.
    pub(super) fn interval(&self, base: Duration) -> Duration {
        let setups = u32::try_from(self.known.len()).unwrap_or(u32::MAX);
        let setups = if self.offered { setups } else { u32::MAX };
        base * setups.clamp(SETUPS_UNSTRETCHED, SETUPS_UNSTRETCHED * STRETCH_MAX) / SETUPS_UNSTRETCHED
    }

    /// Takes note of which setups there are: new ones, missing ones, and those that came back.
    fn follow(&mut self, present: &[Arc<str>], looked_at: &[Arc<str>]) {
        let (mut missing, before) = (0, self.known.len());
        self.known.retain(|id, known| {
            known.missing = present.binary_search(id).is_err();
            if known.missing {
                known.health = SetupHealth::Unknown { reason: "the instance no longer lists it".into() };
                known.detailed_at = None;
                missing += 1;
            }
            if known.missing { missing <= MISSING_MAX } else { looked_at.binary_search(id).is_ok() }
        });
        self.unwritten |= self.known.len() < before;
        for id in looked_at {
            self.known.entry(id.clone()).or_insert_with(|| {
                self.unwritten = true;
                Box::new(Known::new(None, Vec::new()))
            });
        }
    }

    fn wants_details(&self, id: &str, now: Moment) -> bool {
        let asked = self.known.get(id).and_then(|known| known.detailed_at);
        asked.is_none_or(|asked| now.since(asked) >= DETAILS_AGE_MAX)
    }

    fn note(&mut self, id: &str, found: Found, now: Moment) {
        let Some(known) = self.known.get_mut(id) else { return };
        let recovered = found.health == SetupHealth::Up && known.health != SetupHealth::Up;
        if let Some(details) = found.details {
            self.unwritten |= known.database != details.database || known.queues != details.queues;
            known.database = details.database;
            known.queues = details.queues;
            known.detailed_at = Some(now);
        } else if recovered {
            // It may have been attached anew, to another database: ask at the next look.
            known.detailed_at = None;
        }
        known.health = found.health;
    }

    fn seen(&self, failure: Option<String>) -> SetupsSeen {
        let setup = |id: &Arc<str>, known: &Known| SetupSeen {
            id: id.clone(),
            health: known.health.clone(),
            database: known.database.clone(),
            queues: known.queues.clone(),
            missing: known.missing,
        };
        SetupsSeen { at: clock::wall(), setups: self.known.iter().map(|(id, known)| setup(id, known)).collect(), failure, stale: false }
    }

    /// What is known from earlier looks, where this one brought nothing.
    fn stale(&self, failure: String) -> SetupsSeen {
        SetupsSeen { stale: true, ..self.seen(Some(failure)) }
    }
}

/// What was found of one setup.
struct Found {
    health: SetupHealth,
    details: Option<Details>,
}

/// Looks at setups.
#[derive(Clone, Debug)]
pub(super) struct Lookout {
    pub(super) dialer: Arc<Dialer>,
    pub(super) caller: Caller,
    pub(super) timeout: Duration,
}

impl Lookout {
    /// Looks once. What was known stays known if the look fails.
    pub(super) async fn look(&self, endpoint: &Endpoint, memory: &mut Memory) -> SetupsSeen {
        let authority = endpoint.authority();
        let look = Look { lookout: self, endpoint, authority: &authority, deadline: Deadline::within(LOOK_MAX) };
        let mut lane = Lane { look: &look, link: None };
        let list = match lane.get("/api/v1/setups").await {
            Ok(answer) => setups_wire::list(&answer),
            Err(failure) => SetupList::Failed(failure.sentence),
        };
        match list {
            SetupList::Ids(ids) => look.each(lane, &ids, memory).await,
            SetupList::NotOffered if memory.known.is_empty() => memory.seen(None),
            SetupList::NotOffered => memory.stale("the instance no longer offers a list of its setups".into()),
            SetupList::Failed(sentence) => memory.stale(sentence),
        }
    }
}

/// One look under way.
struct Look<'a> {
    lookout: &'a Lookout,
    endpoint: &'a Endpoint,
    authority: &'a str,
    deadline: Deadline,
}

impl<'a> Look<'a> {
    /// Asks about every setup, two at a time: over the connection there is, and over a second if there are several.
    async fn each(&'a self, lane: Lane<'a>, ids: &[Arc<str>], memory: &mut Memory) -> SetupsSeen {
        memory.offered = true;
        let looked_at = &ids[..ids.len().min(SETUPS_MAX)];
        memory.follow(ids, looked_at);
        let now = clock::now();
        let asked: Vec<_> = looked_at.iter().map(|id| (&**id, memory.wants_details(id, now))).collect();
        let next = AtomicUsize::new(0);
        let second = Lane { look: self, link: None };
        let (found, more) = join(lane.work(&asked, &next), second.work(&asked, &next)).await;
        for (id, found) in found.into_iter().chain(more) {
            memory.note(id, found, now);
        }
        let left_out = ids.len() - looked_at.len();
        memory.seen((left_out > 0).then(|| format!("only {SETUPS_MAX} of {} setups are looked at", ids.len())))
    }
}

/// One of the two askers, with its connection.
struct Lane<'a> {
    look: &'a Look<'a>,
    link: Option<Link>,
}

impl Lane<'_> {
    /// Asks about the next setup until none is left.
    async fn work<'i>(mut self, asked: &[(&'i str, bool)], next: &AtomicUsize) -> Vec<(&'i str, Found)> {
        let mut found = Vec::new();
        while let Some((id, wants_details)) = asked.get(next.fetch_add(1, Ordering::Relaxed)) {
            found.push((*id, self.ask(id, *wants_details).await));
        }
        found
    }

    async fn ask(&mut self, id: &str, wants_details: bool) -> Found {
        let id = utf8_percent_encode(id, UNRESERVED);
        let health = match self.get(&format!("/api/v1/setups/{id}/health")).await {
            Ok(answer) => setups_wire::health(&answer),
            Err(failure) => return Found { health: SetupHealth::Unknown { reason: failure.sentence }, details: None },
        };
        let details = match wants_details {
            true => self.get(&format!("/api/v1/setups/{id}")).await.ok().and_then(|answer| setups_wire::details(&answer)),
            false => None,
        };
        Found { health, details }
    }

    /// Asks over the connection there is. If that was closed meanwhile, asks once more over a new one.
    async fn get(&mut self, path: &str) -> Result<Answer, Failure> {
        if self.look.deadline.left().is_zero() {
            return Err(Failure::new(FailureKind::Timeout, format!("not asked: the look took longer than {}s", LOOK_MAX.as_secs())));
        }
        if let Some(mut link) = self.link.take().and_then(|mut link| link.is_open().then_some(link)) {
            let mut phases = Phases::default();
            let answer = self.exchange(&mut link, path, &mut phases).await;
            let closed = phases.first_byte.is_none() && answer.as_ref().is_err_and(|failure| failure.kind != FailureKind::Timeout);
            if !closed {
                self.link = answer.as_ref().is_ok_and(|answer| !answer.cut).then_some(link);
                return answer;
            }
        }
        let deadline = self.look.deadline.but_at_most(self.look.lookout.timeout);
        let stream = self.look.lookout.dialer.dial(self.look.endpoint, deadline, &mut Phases::default()).await?;
        let mut link = Link::open(stream).await?;
        let answer = self.exchange(&mut link, path, &mut Phases::default()).await?;
        self.link = (!answer.cut).then_some(link);
        Ok(answer)
    }

    async fn exchange(&self, link: &mut Link, path: &str, phases: &mut Phases) -> Result<Answer, Failure> {
        let get = Get { authority: self.look.authority, path, body_max: BODY_MAX, last: false };
        let deadline = self.look.deadline.but_at_most(self.look.lookout.timeout);
        link.get(&self.look.lookout.caller, get, deadline, phases).await
    }
}
