//! The writer's half of a registry that lies in Consul: orders go there first, and what others did there comes in.
//!
//! Owns who may change what, the one order for each id in a batch, and trying again when somebody else was quicker. An order is
//! carried out when Consul has it; the store here keeps the picture for the time without Consul, and the journal.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use peegeeq_domain::catalog::Catalog;
use peegeeq_domain::instance::{InstanceId, Registration};
use peegeeq_domain::time::Timestamp;
use tokio::sync::mpsc;

use super::handle::{Change, Command, RegistryError};
use super::plan::{Outcome, Planned, Refusal};
use crate::registry::consul::{self, Answers, Difference, Holdings, Job, Look, Picture, StatusCell};

/// How often an order is tried again because somebody else changed the same instance at the same time.
const TRIES_MAX: u8 = 4;

/// What is needed to give an order again.
#[derive(Debug)]
pub(super) enum Want {
    Register(Box<Registration>, Option<Arc<str>>),
    Update(InstanceId, Box<Change>),
    Deregister(InstanceId, Option<Arc<str>>),
}

impl Want {
    /// `None`: what only this manager keeps.
    fn of(command: &Command) -> Option<Self> {
        match command {
            Command::Register { registration, by, .. } => Some(Self::Register(registration.clone(), by.clone())),
            Command::Update { id, change, .. } => Some(Self::Update(id.clone(), change.clone())),
            Command::Deregister { id, by, .. } => Some(Self::Deregister(id.clone(), by.clone())),
            Command::Remember { .. } | Command::Keep { .. } => None,
        }
    }

    /// The order, to be answered at `place`.
    fn again(self, place: Refusal) -> Result<Command, Refusal> {
        match (self, place) {
            (Self::Register(registration, by), Refusal::Register(reply)) => Ok(Command::Register { registration, by, reply }),
            (Self::Update(id, change), Refusal::Update(reply)) => Ok(Command::Update { id, change, reply }),
            (Self::Deregister(id, by), Refusal::Deregister(reply)) => Ok(Command::Deregister { id, by, reply }),
            (_, place) => Err(place),
        }
    }
}

/// An order and how often it was tried.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) command: Command,
    pub(super) tries: u8,
}

/// A batch that Consul has not answered yet.
#[derive(Debug)]
struct AtConsul {
    planned: Planned,
    /// For each outcome its job, by position among the jobs.
    jobs: Vec<Option<Job>>,
    wants: Vec<(Want, u8)>,
}

/// What is known of Consul, and what is on its way there.
#[derive(Debug)]
pub(super) struct Shared {
    picture: Picture,
    holdings: Holdings,
    status: StatusCell,
    jobs: mpsc::Sender<Vec<Job>>,
    at_consul: Option<AtConsul>,
    /// Orders that wait for another one about the same instance, or are tried again.
    later: VecDeque<Attempt>,
    /// Whether Consul was asked for the first time, whatever it said.
    asked: bool,
    /// Whether it answered.
    read: bool,
}

impl Shared {
    pub(super) fn new(own_node: Arc<str>, holdings: Holdings, status: StatusCell, jobs: mpsc::Sender<Vec<Job>>) -> Self {
        let picture = Picture::new(own_node);
        Self { picture, holdings, status, jobs, at_consul: None, later: VecDeque::new(), asked: false, read: false }
    }

    /// Whether a batch is on its way.
    pub(super) fn is_waiting(&self) -> bool {
        self.at_consul.is_some()
    }

    /// Whether Consul was asked at least once: orders wait for that.
    pub(super) fn was_asked(&self) -> bool {
        self.asked
    }

    /// Whether nothing is left to do.
    pub(super) fn is_idle(&self) -> bool {
        self.at_consul.is_none() && self.later.is_empty()
    }

    /// Orders that go before those that wait in the queue.
    pub(super) fn take_later(&mut self) -> Vec<Attempt> {
        self.later.drain(..).collect()
    }

    pub(super) fn has_later(&self) -> bool {
        !self.later.is_empty()
    }

    /// Consul did not answer the first question: from now on orders are refused instead of waiting.
    pub(super) fn heard_nothing(&mut self) {
        self.asked = true;
    }

    /// Lets orders wait for their turn.
    pub(super) fn wait(&mut self, attempts: impl Iterator<Item = Attempt>) {
        self.later.extend(attempts);
    }

    /// Of some orders those that may be decided now, one for each instance. The others are refused, or wait.
    pub(super) fn admit(&mut self, attempts: impl Iterator<Item = Attempt>) -> (Vec<Command>, Vec<(Want, u8)>) {
        let (mut commands, mut wants, mut ids) = (Vec::new(), Vec::new(), BTreeSet::new());
        for Attempt { command, tries } in attempts {
            let Some((id, want)) = command.id().cloned().zip(Want::of(&command)) else { continue };
            if let Some(error) = self.objection(&id) {
                command.refusal().send(error);
            } else if !ids.insert(id) {
                self.later.push_back(Attempt { command, tries });
            } else {
                wants.push((want, tries));
                commands.push(command);
            }
        }
        (commands, wants)
    }

    fn objection(&self, id: &InstanceId) -> Option<RegistryError> {
        if !self.read {
            let status = self.status.get();
            let why = status.failure.as_ref().map_or("Consul has not answered yet", |(_, sentence)| sentence);
            return Some(RegistryError::Away { sentence: why.to_owned() });
        }
        let held = self.picture.held(id).filter(|held| !held.ours)?;
        Some(RegistryError::Owned { id: id.clone(), node: held.node.clone(), address: held.address.clone() })
    }

    /// Sends what follows from orders to Consul. `Err`: nothing has to go there.
    pub(super) fn send(&mut self, planned: Planned, wants: Vec<(Want, u8)>) -> Result<(), Planned> {
        let jobs: Vec<Option<Job>> = planned.outcomes.iter().map(|outcome| self.job(outcome)).collect();
        for outcome in &planned.outcomes {
            if let Outcome::Deregistered { last, .. } = outcome
                && self.picture.is_missing(last.id())
            {
                // Consul lost it, so there is nothing to remove there.
                self.picture.removed(last.id());
            }
        }
        let batch: Vec<Job> = jobs.iter().flatten().cloned().collect();
        if batch.is_empty() {
            return Err(planned);
        }
        self.at_consul = Some(AtConsul { planned, jobs, wants });
        // There is room, because nothing else is on its way. If the task is gone, the process is stopping.
        let _ = self.jobs.try_send(batch);
        Ok(())
    }

    fn job(&self, outcome: &Outcome) -> Option<Job> {
        let index = |id: &InstanceId| self.picture.held(id).map_or(0, |held| held.index);
        match outcome {
            Outcome::Registered { registered, .. } => {
                Some(Job::Put { instance: registered.instance.clone(), index: index(registered.instance.id()) })
            }
            Outcome::Updated { updated, .. } if updated.changed() => {
                Some(Job::Put { instance: updated.instance.clone(), index: index(updated.instance.id()) })
            }
            Outcome::Deregistered { last, .. } if !self.picture.is_missing(last.id()) => {
                Some(Job::Remove { id: last.id().clone(), index: index(last.id()) })
            }
            _ => None,
        }
    }

    /// Takes in what Consul holds, and says what that changes.
    pub(super) fn take(&mut self, look: Look, catalog: &Catalog, now: Timestamp) -> Difference {
        (self.asked, self.read) = (true, true);
        let difference = self.picture.take(look, catalog, now);
        self.publish();
        difference
    }

    fn publish(&self) {
        self.holdings.set(self.picture.all().clone());
        let (missing, set_aside) = (self.picture.missing(), self.picture.set_aside());
        let before = self.status.get();
        if (before.missing, before.set_aside) != (missing, set_aside) {
            self.status.change(|status| (status.missing, status.set_aside) = (missing, set_aside));
        }
    }

    /// What is left of a batch when Consul answered: what was not done is refused, or waits to be tried again. `catalog` shows
    /// already what Consul holds.
    pub(super) fn answered(&mut self, answers: Answers, catalog: &Catalog) -> Planned {
        let Some(AtConsul { planned, jobs, wants }) = self.at_consul.take() else { return Planned::default() };
        let mut results = answers.results.into_iter();
        let results: Vec<_> = jobs.into_iter().map(|job| job.and_then(|job| Some((job, results.next()?)))).collect();
        let mut wants = wants.into_iter();
        let kept = planned.filter(|outcome, place| {
            let want = wants.next();
            match results.get(place) {
                Some(Some((job, result))) => self.outcome(outcome, job, result, want, catalog),
                _ => Some(outcome),
            }
        });
        self.publish();
        kept
    }

    /// The outcome if it came to pass.
    fn outcome(
        &mut self,
        outcome: Outcome,
        job: &Job,
        result: &Result<u64, consul::Refusal>,
        want: Option<(Want, u8)>,
        catalog: &Catalog,
    ) -> Option<Outcome> {
        match (result, job) {
            (Ok(index), Job::Put { instance, .. }) => self.picture.wrote(instance.id().clone(), *index),
            (Ok(_), Job::Remove { id, .. }) => self.picture.removed(id),
            (Err(consul::Refusal::Conflict(_)), job) => match self.conflict(job, outcome, want, catalog) {
                Some(outcome) => return Some(outcome),
                None => return None,
            },
            (Err(refusal), _) => {
                outcome.refuse(&error_of(refusal));
                return None;
            }
        }
        Some(outcome)
    }

    /// Somebody else changed the same entry first, or this very write came through before.
    fn conflict(&mut self, job: &Job, outcome: Outcome, want: Option<(Want, u8)>, catalog: &Catalog) -> Option<Outcome> {
        let there = catalog.get(job.id().as_str()).map(|entry| &entry.instance);
        if let (Job::Put { instance, .. }, Some(there)) = (job, there)
            && there == instance
        {
            return Some(outcome);
        }
        let created = matches!(&outcome, Outcome::Registered { registered, .. } if registered.created);
        let place = outcome.into_refusal();
        let error = RegistryError::Conflict { id: job.id().clone() };
        match want {
            Some((want, tries)) if tries < TRIES_MAX && !(created && there.is_some()) => match want.again(place) {
                Ok(command) => self.later.push_back(Attempt { command, tries: tries + 1 }),
                Err(place) => place.send(error),
            },
            _ => place.send(error),
        }
        None
    }
}

fn error_of(refusal: &consul::Refusal) -> RegistryError {
    let sentence = refusal.sentence().to_owned();
    match refusal {
        consul::Refusal::Unsure(_) => RegistryError::Unsure { sentence },
        consul::Refusal::Denied(_) => RegistryError::Denied { sentence },
        consul::Refusal::Away(_) | consul::Refusal::Conflict(_) => RegistryError::Away { sentence },
    }
}
