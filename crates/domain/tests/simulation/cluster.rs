//! The simulated cluster: one queue of events in simulated milliseconds, the world, the manager, and the account of both.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};
use std::fmt;
use std::time::Duration;

use peegeeq_domain::catalog::{Catalog, CatalogEvent};
use peegeeq_domain::health::{Check, FailureKind, HealthPolicy, ProbeOutcome, Verdict};
use peegeeq_domain::instance::{Instance, Revision};

use crate::account::{Life, Story};
use crate::bugs::Bug;
use crate::manager::{Judgement, Manager};
use crate::random::Random;
use crate::routed::Ledger;
use crate::router::Router;
use crate::rules::{Breach, Checked, Promise, differences, hold, successive};
use crate::world::{Meets, World};

const TRACE_LINES: usize = 60;

/// Something that will happen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Event {
    /// The manager was frozen until now.
    StallEnds { by: u64 },
    /// Something goes wrong somewhere, or is repaired.
    Chaos,
    /// A tracker may want a probe.
    Due(String),
    /// An answer to a probe arrives, if the instance is still able to give it.
    Answer(u64),
    /// The connection of a probe breaks or is refused.
    Breaks(u64, FailureKind),
    /// The time of a probe is up.
    TimeIsUp(u64),
    /// The writer takes the next judgement from the queue.
    Deliver,
    /// A judgement arrives once more, long after.
    Stray(usize),
    /// A process takes up again, unless something else happened to it since.
    Returns { port: u16, episode: u64 },
    /// The network of some hosts is back.
    SilenceEnds,
    /// Clients send requests.
    Requests,
}

/// A probe under way.
#[derive(Clone, Debug)]
struct Probe {
    id: String,
    life: Life,
    port: u16,
    started: u64,
    /// Its packets vanished: nothing that the instance does will answer it.
    is_lost: bool,
}

pub(crate) struct Cluster {
    pub(crate) now: u64,
    pub(crate) random: Random,
    pub(crate) world: World,
    pub(crate) manager: Manager,
    /// The registry's truth: what is registered.
    pub(crate) members: BTreeMap<String, Instance>,
    /// The last revision of those that left.
    pub(crate) departed: BTreeMap<String, Revision>,
    pub(crate) lives: BTreeMap<String, Life>,
    pub(crate) wall_offset: i64,
    pub(crate) timeout: u64,
    pub(crate) outcome: Outcome,
    pub(crate) stalled_until: u64,
    pub(crate) stories: BTreeMap<String, Story>,
    pub(crate) router: Router,
    pub(crate) ledger: Ledger,
    /// Who was well when the manager was cut off from everybody.
    innocent: BTreeMap<String, Life>,
    queue: BinaryHeap<Reverse<(u64, u64, Event)>>,
    order: u64,
    /// When each tracker will be asked next whether it wants a probe.
    planned: BTreeMap<String, u64>,
    probes: BTreeMap<u64, Probe>,
    next_probe: u64,
    next_life: Life,
    judged: Vec<Judgement>,
    expected: BTreeMap<String, Verdict>,
    last_stall: Option<u64>,
    last_trouble: u64,
    remembered: Catalog,
}

impl Cluster {
    pub(crate) fn new(seed: u64, bug: Option<Bug>) -> Self {
        let mut random = Random::new(seed);
        let policy = policy(&mut random);
        let timeout = if bug == Some(Bug::Impatient) { 30 } else { 5_000 };
        let mut cluster = Self {
            now: 1_000,
            random,
            world: World::default(),
            manager: Manager::new(policy, bug),
            members: BTreeMap::new(),
            departed: BTreeMap::new(),
            lives: BTreeMap::new(),
            wall_offset: 1_750_000_000_000,
            timeout,
            outcome: Outcome::default(),
            stalled_until: 0,
            stories: BTreeMap::new(),
            router: Router::new(bug),
            ledger: Ledger::default(),
            innocent: BTreeMap::new(),
            queue: BinaryHeap::new(),
            order: 0,
            planned: BTreeMap::new(),
            probes: BTreeMap::new(),
            next_probe: 0,
            next_life: 0,
            judged: Vec::new(),
            expected: BTreeMap::new(),
            last_stall: None,
            last_trouble: 0,
            remembered: Catalog::default(),
        };
        cluster.schedule(1, Event::Chaos);
        cluster.schedule(5_000, Event::Requests);
        cluster
    }

    /// Runs until `end`, or until a promise is broken.
    pub(crate) fn run(mut self, end: u64) -> Outcome {
        while let Some(Reverse((at, _, event))) = self.queue.pop().filter(|Reverse((at, ..))| *at < end) {
            if at < self.stalled_until && is_of_the_manager(&event) {
                self.at(self.stalled_until, event);
                continue;
            }
            self.now = at;
            self.outcome.events += 1;
            let result = self.happen(event).and_then(|()| self.check_health());
            if let Err(breach) = result {
                self.outcome.breach = Some(breach);
                break;
            }
        }
        self.outcome
    }

    pub(crate) fn schedule(&mut self, after: u64, event: Event) {
        self.at(self.now + after, event);
    }

    fn at(&mut self, at: u64, event: Event) {
        self.order += 1;
        self.queue.push(Reverse((at, self.order, event)));
    }

    pub(crate) fn note(&mut self, line: impl FnOnce() -> String) {
        if self.outcome.trace.len() == TRACE_LINES {
            self.outcome.trace.pop_front();
        }
        let line = format!("{:>9} {}", self.now, line());
        self.outcome.trace.push_back(line);
    }

    fn happen(&mut self, event: Event) -> Checked {
        match event {
            Event::Chaos => return self.chaos(),
            Event::Due(id) => self.probe_if_due(&id),
            Event::Answer(probe) => return self.answer(probe),
            Event::Breaks(probe, kind) => return self.end(probe, ProbeOutcome::Failed(kind)),
            Event::TimeIsUp(probe) => return self.end(probe, ProbeOutcome::Failed(FailureKind::Timeout)),
            Event::Deliver => return self.deliver(),
            Event::Stray(index) => {
                let judgement = self.judged[index].clone();
                return self.judge(judgement);
            }
            Event::Returns { port, episode } => self.returns(port, episode),
            Event::SilenceEnds => self.resume(),
            Event::Requests => return self.requests(),
            Event::StallEnds { by } => self.stall_ended(by),
        }
        Ok(())
    }

    fn stall_ended(&mut self, by: u64) {
        self.last_stall = Some(self.now);
        if by >= 1_000 {
            self.manager.was_late(by, self.now);
        }
    }

    fn returns(&mut self, port: u16, episode: u64) {
        if self.world.processes.get(&port).is_some_and(|process| process.episode == episode) {
            self.world.set(port, crate::world::Condition::Up, self.now);
            self.note(|| format!("port {port} answers again"));
            self.resume();
        }
    }

    /// Whoever can answer again answers the probes that still wait.
    pub(crate) fn resume(&mut self) {
        self.world.settle(self.now);
        let able = |probe: &Probe| !probe.is_lost && matches!(self.world.meets(probe.port, self.now), Meets::Answer | Meets::Error);
        let waiting: Vec<u64> = self.probes.iter().filter(|(_, probe)| able(probe)).map(|(number, _)| *number).collect();
        for number in waiting {
            let latency = self.random.between(1, 60);
            self.schedule(latency, Event::Answer(number));
        }
    }

    /// The process is gone, and with it the connections of the probes it had.
    pub(crate) fn break_connections(&mut self, port: u16) {
        if self.world.meets(port, self.now) == Meets::Silence {
            return;
        }
        let broken: Vec<u64> =
            self.probes.iter().filter(|(_, probe)| probe.port == port && !probe.is_lost).map(|(number, _)| *number).collect();
        for number in broken {
            self.schedule(1, Event::Breaks(number, FailureKind::Network));
        }
    }

    fn probe_if_due(&mut self, id: &str) {
        if self.planned.get(id).is_none_or(|at| *at > self.now) {
            return;
        }
        self.planned.remove(id);
        if self.manager.begin_due(id, self.now) {
            self.others_may_be_due(id);
            let watched = &self.manager.watched[id];
            let probe = Probe { id: id.into(), life: watched.life, port: watched.port, started: self.now, is_lost: false };
            self.next_probe += 1;
            self.outcome.probes += 1;
            let alone = self.probes.values().all(|other| other.life != probe.life);
            // One that is down is probed too seldom to promise anything when probes are lost as well.
            let is_lost = alone && !watched.tracker.verdict().is_down() && self.random.percent(2);
            let meets = if is_lost { Meets::Silence } else { self.world.meets(probe.port, self.now) };
            let (number, probe) = (self.next_probe, Probe { is_lost, ..probe });
            self.probes.insert(number, probe);
            let latency = self.random.between(1, 60);
            match meets {
                Meets::Answer | Meets::Error => self.schedule(latency, Event::Answer(number)),
                Meets::Refusal => self.schedule(latency.min(3), Event::Breaks(number, FailureKind::Refused)),
                Meets::Silence => {}
            }
            self.schedule(self.timeout, Event::TimeIsUp(number));
        }
        self.schedule_due(id);
    }

    /// A probe without an answer makes the manager ask others at once.
    fn others_may_be_due(&mut self, id: &str) {
        let others: Vec<String> = self.manager.watched.keys().filter(|other| *other != id).cloned().collect();
        others.iter().for_each(|other| self.schedule_due(other));
    }

    /// The manager is cut off from everybody. Whoever was well until then is innocent of it.
    pub(crate) fn cut_off(&mut self, until: u64) {
        if self.world.cut_off_since(self.now).is_none() {
            let is_well = |id: &str, port: u16| {
                let well_long = self.world.processes.get(&port).is_some_and(|process| process.since + 15_000 <= self.now);
                let passes = self.stories.get(id).is_some_and(|story| story.verdict == Verdict::Passing);
                well_long && passes && self.world.meets(port, self.now) == Meets::Answer
            };
            let well = self.manager.watched.iter().filter(|(id, watched)| is_well(id, watched.port));
            self.innocent = well.map(|(id, watched)| (id.clone(), watched.life)).collect();
        }
        self.world.cut_off(until, self.now);
    }

    /// Why timeouts prove nothing about `id`, as the world knows: the manager was cut off from it and at least three more
    /// hosts, all well until then.
    fn excuse(&self, id: &str) -> Option<&'static str> {
        self.world.cut_off_since(self.now)?;
        let same = |id: &str| self.manager.watched.get(id).filter(|watched| self.innocent.get(id) == Some(&watched.life));
        let hosts: BTreeSet<&str> = self.innocent.keys().filter_map(|id| Some(&*same(id)?.host)).collect();
        (same(id).is_some() && hosts.len() >= 4).then_some("the manager was cut off from everybody")
    }

    pub(crate) fn schedule_due(&mut self, id: &str) {
        if let Some(due) = self.manager.watched.get(id).and_then(|watched| watched.tracker.due()) {
            let at = due.as_millis().max(self.now + 1);
            if self.planned.insert(id.into(), at) != Some(at) {
                self.at(at, Event::Due(id.into()));
            }
        }
    }

    fn answer(&mut self, number: u64) -> Checked {
        let Some(probe) = self.probes.get(&number) else { return Ok(()) };
        match self.world.meets(probe.port, self.now) {
            Meets::Answer => self.end(number, ProbeOutcome::Passed),
            Meets::Error => self.end(number, ProbeOutcome::Failed(FailureKind::Status)),
            Meets::Refusal => self.end(number, ProbeOutcome::Failed(FailureKind::Network)),
            Meets::Silence => Ok(()),
        }
    }

    fn end(&mut self, number: u64, outcome: ProbeOutcome) -> Checked {
        let Some(probe) = self.probes.remove(&number) else { return Ok(()) };
        // What was asked of a former address tells nothing: the manager dropped that observation.
        if self.manager.watched.get(&probe.id).is_none_or(|watched| watched.life != probe.life) {
            return Ok(());
        }
        self.observed(&probe.id, outcome, Check::Counting, probe.started)
    }

    /// Hands an observation to the tracker and to the account, and judges the transition.
    pub(crate) fn observed(&mut self, id: &str, outcome: ProbeOutcome, check: Check, started: u64) -> Checked {
        let random = self.random.next() as u32;
        let transition = self.manager.observe(id, outcome, check, started, self.now, random);
        let excuse = self.excuse(id);
        if let Some(story) = self.stories.get_mut(id) {
            match (outcome, check) {
                (ProbeOutcome::Passed, _) => story.passed(started),
                (ProbeOutcome::Failed(kind), Check::Counting) => story.failed(kind, started, self.now),
                (ProbeOutcome::Failed(_), Check::Looking) => {}
            }
            if let Some(change) = transition {
                story.verdict = change.to;
                let lack = if change.to.is_down() { story.lacks_evidence(&self.manager.policy, excuse) } else { None };
                hold(Promise::DownNeedsEvidence, lack.is_none(), || format!("{id}: {}", lack.unwrap_or_default()))?;
            }
        }
        if let Some(change) = transition {
            self.outcome.transitions += 1;
            self.outcome.downs += u64::from(change.to.is_down());
            self.note(|| format!("{id} {outcome:?} {check:?}: {:?} -> {:?}, excuse {excuse:?}", change.from, change.to));
            let delay = self.random.between(0, 200);
            self.schedule(delay, Event::Deliver);
        }
        self.schedule_due(id);
        Ok(())
    }

    fn deliver(&mut self) -> Checked {
        let Some(judgement) = self.manager.judgements.pop_front() else { return Ok(()) };
        if self.random.percent(30) {
            self.judge(judgement.clone())?;
        }
        if self.random.percent(20) {
            self.judged.push(judgement.clone());
        }
        self.judge(judgement)
    }

    /// Lets a judgement reach the writer and looks what it did.
    fn judge(&mut self, judgement: Judgement) -> Checked {
        let Judgement { id, life, incarnation, verdict } = judgement;
        let name = id.as_str().to_owned();
        let is_old = self.lives.get(&name) != Some(&life);
        if !is_old {
            self.expected.insert(name.clone(), verdict);
        }
        self.outcome.old_judgements += u64::from(is_old);
        let before = self.manager.catalog.get(&name).map(|entry| entry.verdict);
        self.write(vec![CatalogEvent::Judged { id, incarnation, verdict }], |after| {
            let same = before == after.get(&name).map(|entry| entry.verdict);
            hold(Promise::OldJudgementsAreDropped, same || !is_old, || format!("{name}: {verdict:?} of life {life} was applied"))
        })
    }

    /// A new life of an id begins: nothing is known about it.
    pub(crate) fn begin_life(&mut self, id: &str) {
        self.next_life += 1;
        self.lives.insert(id.into(), self.next_life);
        self.expected.insert(id.into(), Verdict::Unprobed);
        self.stories.insert(id.into(), Story::new(self.now));
        let strays: Vec<usize> = (0..self.judged.len()).filter(|index| self.judged[*index].id.as_str() == id).collect();
        for stray in strays {
            let delay = self.random.between(0, 5_000);
            self.schedule(delay, Event::Stray(stray));
        }
    }

    /// Lets events reach the catalog, checks the picture, and lets the manager's health room follow.
    pub(crate) fn write(&mut self, events: Vec<CatalogEvent>, first: impl FnOnce(&Catalog) -> Checked) -> Checked {
        let before = self.manager.catalog.clone();
        let changes = self.manager.apply(events);
        let after = self.manager.catalog.clone();
        first(&after)?;
        successive(&before, &after, &changes)?;
        self.check_members(&after)?;
        if self.random.percent(5) {
            differences(&self.remembered, &after, &after.changes_since(&self.remembered))?;
            self.remembered = after;
        }
        self.router.catalog_changed();
        for id in self.manager.follow(&changes, &self.lives, self.now) {
            self.schedule_due(&id);
        }
        Ok(())
    }

    fn check_members(&self, catalog: &Catalog) -> Checked {
        let shape = |instance: &Instance| {
            (instance.id().as_str().to_owned(), instance.revision, instance.presence, instance.registration.endpoint.port)
        };
        let shown: Vec<_> = catalog.entries().iter().map(|entry| shape(&entry.instance)).collect();
        let wanted: Vec<_> = self.members.values().map(shape).collect();
        hold(Promise::MembersAreThoseRegistered, shown == wanted, || format!("shown {shown:?}, registered {wanted:?}"))?;
        for entry in catalog.entries() {
            let expected = self.expected.get(entry.id().as_str()).copied().unwrap_or_default();
            hold(Promise::VerdictIsTheLastJudged, entry.verdict == expected, || format!("{entry:?}, judged {expected:?}"))?;
        }
        Ok(())
    }

    /// Three or more hosts silent, or the manager frozen: then silence may be held against nobody, and for as long after as
    /// the silence of those found down is remembered.
    fn notice_trouble(&mut self) {
        let mut hosts = BTreeSet::new();
        for (id, watched) in &self.manager.watched {
            if self.world.meets(watched.port, self.now) == Meets::Silence {
                hosts.insert(watched.host.clone());
                self.stories.entry(id.clone()).and_modify(|story| story.last_silence = self.now);
            }
        }
        if hosts.len() >= 3 || self.now < self.stalled_until {
            self.last_trouble = self.now + 30_000;
            self.outcome.troubles += 1;
        }
        self.outcome.cut_off += u64::from(self.world.cut_off_since(self.now).is_some() && self.innocent.len() >= 4);
    }

    /// What must hold of every member at every moment.
    fn check_health(&mut self) -> Checked {
        self.notice_trouble();
        let stall = self.last_stall.unwrap_or(0);
        for (id, story) in self.stories.iter().filter(|(id, _)| self.members.contains_key(*id)) {
            let Some(watched) = self.manager.watched.get(id) else { continue };
            let Some(process) = self.world.processes.get(&watched.port) else { continue };
            let verdict = self.expected.get(id).copied().unwrap_or_default();
            let tell = || format!("{id} is {verdict:?} (tracker {:?}), its process {process:?}, {story:?}", watched.tracker.verdict());
            let answers = self.world.meets(watched.port, self.now) == Meets::Answer;
            // A refused connection is proof whatever happens elsewhere; other failures may have to wait for trouble to end.
            let meets = self.world.meets(watched.port, self.now);
            let quiet_since = if meets == Meets::Refusal { stall.max(story.last_silence) } else { stall.max(self.last_trouble) };
            let lasted = self.now.saturating_sub(process.since.max(story.observed_since).max(quiet_since));
            if answers && process.since <= story.observed_since && story.ever_passed {
                let excused = self.last_stall.is_some_and(|end| self.now < end + 10_000) || self.now < self.stalled_until;
                let stays = story.verdict == Verdict::Passing || (excused && !story.verdict.is_down());
                hold(Promise::HealthyStaysPassing, stays, tell)?;
            }
            hold(Promise::RecoveryIsSeen, !answers || lasted <= recovery_bound(&self.manager.policy) || verdict == Verdict::Passing, tell)?;
            hold(Promise::DeathIsSeen, answers || lasted <= death_bound(&self.manager.policy) || verdict.is_down(), tell)?;
        }
        Ok(())
    }
}

/// Judgements, probes and their ends wait while the manager is frozen; the world does not.
fn is_of_the_manager(event: &Event) -> bool {
    matches!(
        event,
        Event::Due(_) | Event::Answer(_) | Event::Breaks(..) | Event::TimeIsUp(_) | Event::Deliver | Event::Stray(_) | Event::Requests
    )
}

/// The guide's numbers in two of three runs, others in the rest.
fn policy(random: &mut Random) -> HealthPolicy {
    let guide = HealthPolicy {
        interval: Duration::from_secs(10),
        jitter_percent: 10,
        max_failures: 3,
        recheck: Duration::from_millis(500),
        overlap_after: Duration::from_secs(1),
        least_span: Duration::from_millis(1_500),
        retry_interval: Duration::from_secs(30),
        recovery_successes: 1,
    };
    if random.percent(66) {
        return guide;
    }
    HealthPolicy {
        interval: Duration::from_millis(random.between(1_000, 30_000)),
        jitter_percent: random.between(0, 40) as u32,
        max_failures: random.between(2, 6) as u32,
        retry_interval: Duration::from_millis(random.between(1_000, 60_000)),
        recovery_successes: random.between(1, 4) as u32,
        ..guide
    }
}

/// The longest an instance may fail to answer before it is down: with the guide's numbers 20 s.
fn death_bound(policy: &HealthPolicy) -> u64 {
    let millis = |span: Duration| span.as_millis() as u64;
    let interval = millis(policy.interval);
    let first = interval + interval * u64::from(policy.jitter_percent) / 100;
    first + 5_000 + u64::from(policy.max_failures.max(3)) * 1_000 + 1_000
}

/// The longest an instance may answer well before it is passing.
fn recovery_bound(policy: &HealthPolicy) -> u64 {
    policy.retry_interval.as_millis() as u64 + 5_000 + u64::from(policy.recovery_successes) * 600 + 500
}

/// How a run ended, and how much happened in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) breach: Option<Breach>,
    pub(crate) trace: VecDeque<String>,
    events: u64,
    probes: u64,
    transitions: u64,
    downs: u64,
    troubles: u64,
    cut_off: u64,
    old_judgements: u64,
    pub(crate) requests: u64,
    pub(crate) retries: u64,
    pub(crate) ejections: u64,
    pub(crate) panics: u64,
}

impl Outcome {
    pub(crate) fn add(&mut self, other: &Self) {
        self.events += other.events;
        self.probes += other.probes;
        self.transitions += other.transitions;
        self.downs += other.downs;
        self.troubles += other.troubles;
        self.cut_off += other.cut_off;
        self.old_judgements += other.old_judgements;
        self.requests += other.requests;
        self.retries += other.retries;
        self.ejections += other.ejections;
        self.panics += other.panics;
    }

    pub(crate) fn is_eventful(&self) -> bool {
        let routed = self.requests > 10_000 && self.retries > 1_000 && self.ejections > 100 && self.panics > 100;
        routed && self.downs > 100 && self.troubles > 100 && self.cut_off > 100 && self.old_judgements > 100 && self.transitions > 10 * 100
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { events, probes, transitions, downs, troubles, cut_off, old_judgements, requests, retries, ejections, panics, .. } = self;
        write!(
            f,
            "{events} events, {probes} probes, {transitions} transitions, {downs} found down, {troubles} in trouble, {cut_off} cut off, {old_judgements} judgements of old lives, {requests} requests, {retries} retries, {ejections} ejections, {panics} panics"
        )
    }
}
