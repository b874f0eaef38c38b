//! Keeping up with Consul: one blocking query at a time, and a full read from time to time and on demand.
//!
//! Owns when Consul is asked and what counts as an answer. What an answer changes is decided by the picture, in the writer.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::agent::Refusal;
use super::eyes::Eyes;
use super::holdings::Holdings;
use super::pace::{Moved, Position, back_off, distance};
use super::picture::Look;
use super::sentinel::{self, Mark};
use super::write::{Job, carry_out, may_write};
use crate::clock;
use crate::registry::CatalogReader;

/// The most callers whose wait for a full read is kept at once; one more does not wait.
pub(super) const CALLERS_MAX: usize = 1024;

/// What the watch tells the writer.
#[derive(Debug)]
pub(in crate::registry) enum Heard {
    /// A look, and who waits until it is shown.
    Look(Look, Vec<oneshot::Sender<()>>),
    /// Consul did not answer the first question.
    Nothing,
}

/// Somebody who waits for a full read that begins from now on.
pub(in crate::registry) type Caller = oneshot::Sender<()>;

/// How Consul is watched.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rhythm {
    /// The longest that Consul may wait for something to tell.
    pub(super) wait: Duration,
    /// Between two full reads.
    pub(super) refresh: Duration,
}

/// Watches one service.
pub(super) struct Watch {
    pub(super) eyes: Eyes,
    pub(super) rhythm: Rhythm,
    pub(super) catalog: CatalogReader,
    pub(super) holdings: Holdings,
    pub(super) heard: mpsc::Sender<Heard>,
}

impl Watch {
    /// Runs both loops until the writer is gone.
    pub(super) async fn run(self, wanted: mpsc::Receiver<Caller>) {
        let watch = Arc::new(self);
        let follower = watch.clone();
        tokio::select! {
            () = follower.follow() => {}
            () = watch.refresh(wanted) => {}
        }
    }

    /// The blocking queries.
    async fn follow(&self) {
        let (mut position, mut failures, mut doubtful) = (Position::default(), 0_u32, true);
        loop {
            let began = clock::instant();
            let pause = match self.look(position.wait_for(), doubtful).await {
                Ok((mut look, bytes)) => {
                    (failures, doubtful) = (0, false);
                    let moved = position.take(look.index);
                    look.fell |= moved == Moved::Back;
                    if moved != Moved::Not && self.heard.send(Heard::Look(look, Vec::new())).await.is_err() {
                        return;
                    }
                    distance(began.elapsed(), bytes)
                }
                Err(refusal) => {
                    failures = failures.saturating_add(1);
                    doubtful = true;
                    position.reset();
                    if !self.failed(&refusal).await {
                        return;
                    }
                    back_off(failures, rand::random())
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// The full reads.
    async fn refresh(&self, mut wanted: mpsc::Receiver<Caller>) {
        let mut position = Position::default();
        loop {
            let mut callers = Vec::new();
            tokio::select! {
                () = tokio::time::sleep(self.rhythm.refresh) => {}
                count = wanted.recv_many(&mut callers, CALLERS_MAX) => if count == 0 { return },
            }
            let began = clock::instant();
            let bytes = match self.look(None, false).await {
                Ok((mut look, bytes)) => {
                    look.fell |= position.take(look.index) == Moved::Back;
                    if self.heard.send(Heard::Look(look, callers)).await.is_err() {
                        return;
                    }
                    bytes
                }
                Err(refusal) => {
                    if !self.failed(&refusal).await {
                        return;
                    }
                    0
                }
            };
            tokio::time::sleep(distance(began.elapsed(), bytes)).await;
        }
    }

    /// Asks once. `doubtful`: it did not answer before, so it may have begun anew.
    async fn look(&self, index: Option<u64>, doubtful: bool) -> Result<(Look, usize), Refusal> {
        let (query, wait) = match index {
            Some(index) => {
                (format!("&index={index}&wait={}ms{}", self.rhythm.wait.as_millis(), self.eyes.agent.consistency()), self.rhythm.wait)
            }
            None => (self.eyes.agent.consistency().to_owned(), Duration::ZERO),
        };
        let before = self.eyes.status.get().index;
        let (look, bytes) = self.eyes.ask(&query, wait).await?;
        let knows_some = !self.catalog.current().entries().is_empty();
        let nothing = look.told.is_empty() && knows_some;
        if !(doubtful || nothing || look.index < before) {
            return Ok((look, bytes));
        }
        match sentinel::look(&self.eyes.agent).await {
            Mark::Found if nothing => Ok((self.second_witness(look).await?, bytes)),
            Mark::Found => Ok((look, bytes)),
            Mark::Written if knows_some => {
                self.put_back(&look).await;
                let (look, bytes) = self.eyes.ask("&consistent", Duration::ZERO).await?;
                Ok((Look { lost: true, ..look }, bytes))
            }
            Mark::Written => Ok((look, bytes)),
            Mark::WrittenByOthers if knows_some => Ok((Look { lost: true, ..look }, bytes)),
            Mark::WrittenByOthers | Mark::Unknown => Ok((Look { whole: look.whole && !nothing, ..look }, bytes)),
        }
    }

    /// Nothing at all is there, although something was: asks the leader, and whether the token may see anything.
    async fn second_witness(&self, first: Look) -> Result<Look, Refusal> {
        let (second, _) = self.eyes.ask("&consistent", Duration::ZERO).await?;
        let confirmed = second.told.is_empty() && second.index >= first.index && may_write(&self.eyes.agent, &self.eyes.place).await;
        Ok(Look { confirmed, ..second })
    }

    /// Registers what this manager knows of and Consul lost.
    async fn put_back(&self, look: &Look) {
        let held = self.holdings.get();
        let catalog = self.catalog.current();
        let there = |id: &str| look.told.iter().any(|told| told.service.id == id);
        let lost =
            catalog.entries().iter().filter(|entry| held.get(entry.id()).is_some_and(|held| held.ours) && !there(entry.id().as_str()));
        let (mut back, mut refused) = (0_u32, 0_u32);
        for entry in lost {
            let job = Job::Put { instance: entry.instance.clone(), index: 0 };
            match carry_out(&self.eyes.agent, &self.eyes.place, &job).await {
                Ok(_) => back += 1,
                Err(_) => refused += 1,
            }
        }
        tracing::warn!(back, refused, "Consul lost what it held: {back} registrations were put back, {refused} could not be");
    }

    /// `false`: the writer is gone.
    async fn failed(&self, refusal: &Refusal) -> bool {
        let before = self.eyes.status.get();
        let now = clock::wall();
        if before.connected != Some(false) {
            tracing::warn!("{}; the last known picture is served", refusal.sentence());
        }
        self.eyes.status.change(|status| {
            let since = status.failure.as_ref().map_or(now, |(since, _)| *since);
            (status.connected, status.leader) = (Some(false), None);
            status.failure = Some((since, refusal.sentence().to_owned()));
            status.agent = self.eyes.agent.place();
        });
        before.connected.is_some() || self.heard.send(Heard::Nothing).await.is_ok()
    }
}
