//! The writer's loop: takes what waits, commits it in one go, shows it, and answers.
//!
//! Owns the catalog's publisher. While a commit is in flight orders queue up in their channel, and verdicts are shown at
//! once. Orders are decided when the commit before them is over, so that they stand on what is true.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use peegeeq_domain::catalog::CatalogEvent;
use peegeeq_domain::health::Verdict;
use peegeeq_domain::instance::InstanceId;
use peegeeq_domain::journal::JournalEvent;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::RegistrySettings;
use super::announce::Announcer;
use super::backlog::Backlog;
use super::committer::Finished;
use super::departed::Departed;
use super::handle::{Command, Judgement, Judgements, RegistryError, StoreStatus};
use super::plan::{Outcome, Plan, Planned};
use super::shared::{Attempt, Shared};
use crate::clock;
use crate::registry::consul::{Answers, Heard};
use crate::registry::reader::CatalogPublisher;
use crate::registry::store::{CommitError, Seq, Write};

/// The most orders in one commit.
const BATCH_MAX: usize = 1024;
/// How many rounds of the scheduler callers get to come back.
const RETURN_ROUNDS_MAX: usize = 16;
/// How often an idle store is asked to prune its journal, and a failing one to come back.
const TIDY_EVERY: Duration = Duration::from_secs(1);

/// The state of the writer.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) publisher: CatalogPublisher,
    settings: RegistrySettings,
    pub(super) status: Arc<ArcSwap<StoreStatus>>,
    /// To the committer. Dropped at the end, which closes the store.
    jobs: mpsc::Sender<Vec<Write>>,
    /// How far the journal reaches, told after the catalog shows what its entries say.
    position: watch::Sender<Seq>,
    pub(super) backlog: Backlog,
    pub(super) departed: Departed,
    pub(super) announcer: Announcer,
    in_flight: Option<InFlight>,
    /// What lies in Consul, if the registry does.
    pub(super) shared: Option<Shared>,
}

/// A commit that is not over yet.
#[derive(Debug)]
struct InFlight {
    events: Vec<CatalogEvent>,
    outcomes: Vec<Outcome>,
    /// How many of its last writes came from the backlog.
    from_backlog: usize,
}

/// What the writer listens to.
pub(super) struct Inputs {
    pub(super) commands: mpsc::Receiver<Command>,
    pub(super) judgements: mpsc::Receiver<Judgements>,
    pub(super) notes: mpsc::Receiver<Vec<JournalEvent>>,
    pub(super) done: mpsc::Receiver<Finished>,
    pub(super) heard: mpsc::Receiver<Heard>,
    pub(super) answers: mpsc::Receiver<Answers>,
}

impl Inputs {
    fn close(&mut self) {
        self.commands.close();
        self.judgements.close();
        self.notes.close();
    }

    fn is_over(&self) -> bool {
        self.commands.is_closed() && self.commands.is_empty() && self.judgements.is_empty() && self.notes.is_empty()
    }
}

impl Writer {
    pub(super) fn new(
        publisher: CatalogPublisher,
        settings: RegistrySettings,
        status: Arc<ArcSwap<StoreStatus>>,
        jobs: mpsc::Sender<Vec<Write>>,
        position: watch::Sender<Seq>,
        shared: Option<Shared>,
    ) -> Self {
        let backlog = Backlog::new(settings.journal_queue_max);
        let (departed, announcer) = Default::default();
        Self { publisher, settings, status, jobs, position, backlog, departed, announcer, in_flight: None, shared }
    }

    /// Runs until the stop signal, and then until everything that was taken is done.
    pub(super) async fn run(mut self, mut inputs: Inputs, stop: CancellationToken) {
        let mut waiting = Vec::new();
        let mut tidy = tokio::time::interval(TIDY_EVERY);
        tidy.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !(inputs.is_over() && self.in_flight.is_none() && self.shared.as_ref().is_none_or(Shared::is_idle)) {
            let quiet = self.in_flight.is_none() && !self.shared.as_ref().is_some_and(Shared::is_waiting);
            let free = quiet && self.shared.as_ref().is_none_or(Shared::was_asked);
            if free && self.shared.as_ref().is_some_and(Shared::has_later) {
                self.decide_again();
                continue;
            }
            if quiet && inputs.commands.is_empty() && !self.backlog.is_empty() && !self.is_failing() {
                self.begin(Planned::default());
                continue;
            }
            tokio::select! {
                biased;
                finished = inputs.done.recv(), if !free => match finished {
                    Some(finished) => {
                        let answered = self.finish(finished);
                        await_returning_callers(&inputs.commands, answered).await;
                    }
                    None => return tracing::error!("the thread of the registry's store ended, nothing can be registered any more"),
                },
                Some(bundle) = inputs.judgements.recv() => self.judge(bundle),
                Some(answers) = inputs.answers.recv() => self.consul_answered(answers),
                Some(heard) = inputs.heard.recv(), if quiet => self.hear(heard),
                1.. = inputs.commands.recv_many(&mut waiting, BATCH_MAX), if free => {
                    metrics::gauge!("peegeeq_registry_queue_depth").set(inputs.commands.len() as f64);
                    self.decide(waiting.drain(..));
                }
                Some(events) = inputs.notes.recv() => self.note(events),
                _ = tidy.tick(), if quiet => self.begin(Planned::default()),
                () = stop.cancelled(), if !inputs.commands.is_closed() => {
                    inputs.close();
                    // Orders that wait for Consul's first answer are refused now: the watch ends too.
                    self.hear(Heard::Nothing);
                }
            }
        }
        self.flush(&mut inputs.done).await;
    }

    /// Decides orders, and commits what follows from them; first in Consul, if the registry lies there.
    fn decide(&mut self, commands: impl Iterator<Item = Command>) {
        let Some(shared) = &mut self.shared else { return self.decide_here(commands) };
        // What only this manager keeps is none of Consul's business. It goes first, and the others wait for it.
        let (theirs, ours): (Vec<_>, Vec<_>) = commands.partition(|command| command.id().is_some());
        let attempts = theirs.into_iter().map(|command| Attempt { command, tries: 0 });
        if ours.is_empty() {
            self.decide_shared(attempts);
        } else {
            shared.wait(attempts);
            self.decide_here(ours.into_iter());
        }
    }

    fn decide_here(&mut self, commands: impl Iterator<Item = Command>) {
        let planned = self.plan(commands);
        if planned.writes.is_empty() {
            self.answer(planned.outcomes, &Ok(()));
        } else {
            self.begin(planned);
        }
    }

    pub(super) fn plan(&self, commands: impl Iterator<Item = Command>) -> Planned {
        let catalog = self.publisher.current();
        let mut plan = Plan::new(&catalog, &self.departed, self.settings.instances_max, clock::wall());
        commands.for_each(|command| plan.add(command));
        plan.finish()
    }

    /// Hands a batch to the committer, with the entries of the backlog behind it.
    pub(super) fn begin(&mut self, planned: Planned) {
        let Planned { mut writes, events, outcomes, .. } = planned;
        let from_backlog = self.backlog.take(clock::wall(), &mut writes);
        self.in_flight = Some(InFlight { events, outcomes, from_backlog });
        // There is room, because nothing else is in flight. If the thread is gone, so is the end of its channel of answers,
        // and the loop sees that next.
        let _ = self.jobs.try_send(writes);
    }

    /// A commit is over: shows and answers, or refuses. Says how many callers were answered.
    fn finish(&mut self, finished: Finished) -> usize {
        let Some(InFlight { events, outcomes, from_backlog }) = self.in_flight.take() else { return 0 };
        let answered = outcomes.len();
        let Finished { mut writes, result, position } = finished;
        // What Consul has is in force, whatever becomes of the copy here; what only this manager keeps is not.
        let is_elsewhere = |outcome: &Outcome| self.shared.is_some() && !outcome.is_kept_here_only();
        let (elsewhere, here): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(is_elsewhere);
        if self.shared.is_some() || result.is_ok() {
            self.show(events);
        }
        match &result {
            Ok(()) => {}
            Err(_) => self.backlog.put_back(writes.drain(writes.len().saturating_sub(from_backlog)..)),
        }
        self.position.send_if_modified(|before| std::mem::replace(before, position) != position);
        self.note_status(&result);
        self.answer(elsewhere, &Ok(()));
        self.answer(here, &result);
        answered
    }

    pub(super) fn show(&self, events: Vec<CatalogEvent>) {
        let (next, changed) = self.publisher.current().after(events);
        if changed {
            self.publisher.publish(next);
        }
    }

    pub(super) fn answer(&mut self, outcomes: Vec<Outcome>, result: &Result<(), CommitError>) {
        for outcome in outcomes {
            match result {
                Ok(()) => self.answer_one(outcome),
                Err(CommitError { kind, sentence }) => outcome.refuse(&RegistryError::Storage { kind: *kind, sentence: sentence.clone() }),
            }
        }
    }

    fn answer_one(&mut self, outcome: Outcome) {
        // Whether a caller still listens makes no difference to what was done.
        match outcome {
            Outcome::Registered { registered, reply } => {
                self.announcer.registered(&registered.instance, registered.created);
                let _ = reply.send(Ok(registered));
            }
            Outcome::Updated { updated, reply } => {
                if updated.changed() {
                    self.announcer.updated(&updated.instance);
                }
                let _ = reply.send(Ok(updated));
            }
            Outcome::Deregistered { last, reply } => {
                self.announcer.deregistered(&last);
                self.departed.note(last.id().clone(), last.revision);
                let _ = reply.send(Ok(()));
            }
            Outcome::Kept { reply } => _ = reply.send(Ok(())),
            Outcome::Refused { error, reply } => reply.send(error),
        }
    }

    /// Shows verdicts at once, and remembers them for the journal.
    fn judge(&mut self, (judgements, shown): Judgements) {
        let catalog = self.publisher.current();
        let now = clock::wall();
        let mut latest: HashMap<InstanceId, Verdict> = HashMap::new();
        let mut events = Vec::new();
        for judgement in judgements {
            let Some(entry) = catalog.get(judgement.id.as_str()) else { continue };
            let verdict = latest.get(&judgement.id).copied().unwrap_or(entry.verdict);
            if entry.instance.incarnation != judgement.incarnation || verdict == judgement.verdict {
                continue;
            }
            latest.insert(judgement.id.clone(), judgement.verdict);
            self.announcer.judged(&entry.instance, &judgement);
            let Judgement { id, incarnation, verdict, from, evidence } = judgement;
            events.push(CatalogEvent::Judged { id: id.clone(), incarnation, verdict });
            self.backlog.add(now, JournalEvent::VerdictChanged { id, from, to: verdict, evidence });
        }
        self.show(events);
        drop(shown);
    }

    fn note(&mut self, events: Vec<JournalEvent>) {
        let now = clock::wall();
        events.into_iter().for_each(|event| self.backlog.add(now, event));
    }

    fn is_failing(&self) -> bool {
        matches!(**self.status.load(), StoreStatus::Failing { .. })
    }

    fn note_status(&self, result: &Result<(), CommitError>) {
        let before = self.status.load();
        match (result, &**before) {
            (Ok(()), StoreStatus::Ok) => {}
            (Ok(()), StoreStatus::Failing { .. }) => {
                tracing::info!("the registry takes writes again");
                self.status.store(Arc::new(StoreStatus::Ok));
            }
            (Err(error), StoreStatus::Ok) => {
                tracing::error!(kind = error.kind.as_str(), "{}", error.sentence);
                self.status.store(Arc::new(StoreStatus::Failing { sentence: error.sentence.clone(), since: clock::wall() }));
            }
            (Err(error), StoreStatus::Failing { since, .. }) => {
                self.status.store(Arc::new(StoreStatus::Failing { sentence: error.sentence.clone(), since: *since }));
            }
        }
    }

    /// Writes what still waits, until all is written or the disk refuses.
    async fn flush(mut self, done: &mut mpsc::Receiver<Finished>) {
        let mut refused = false;
        self.backlog.add(clock::wall(), JournalEvent::ManagerStopped);
        while !self.backlog.is_empty() && !refused {
            self.begin(Planned::default());
            let Some(finished) = done.recv().await else { break };
            refused = finished.result.is_err();
            self.finish(finished);
        }
        if !self.backlog.is_empty() {
            tracing::error!(entries = self.backlog.len(), "the last journal entries could not be written");
        }
    }
}

/// Lets callers that were just answered come back with their next order before the next commit begins.
///
/// Without this, busy callers fall into two halves that take turns, and every sync serves half of them. Returns at once
/// when the last commit served one caller, and never waits longer than some rounds of the scheduler.
async fn await_returning_callers(commands: &mpsc::Receiver<Command>, answered: usize) {
    if answered < 2 {
        return;
    }
    for _ in 0..RETURN_ROUNDS_MAX {
        if commands.len() >= answered {
            return;
        }
        tokio::task::yield_now().await;
    }
}
