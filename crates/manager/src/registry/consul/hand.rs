//! Carrying out what the writer decided, several at a time, and looking again where Consul knew something else.
//!
//! Owns how many writes run at once. Ends when the writer drops its end.

use futures_util::StreamExt;
use futures_util::stream;
use tokio::sync::mpsc;

use super::agent::Refusal;
use super::eyes::Eyes;
use super::picture::Look;
use super::write::{Job, carry_out};

/// How a batch went.
#[derive(Debug)]
pub(in crate::registry) struct Answers {
    /// For each job, in order: the index of the entry now, or why it was not done.
    pub(in crate::registry) results: Vec<Result<u64, Refusal>>,
    /// What is there, if something else was there than a job expected.
    pub(in crate::registry) look: Option<Look>,
}

/// Writes for the writer.
pub(super) struct Hand {
    pub(super) eyes: Eyes,
    pub(super) concurrency: usize,
}

impl Hand {
    /// Carries out batch after batch.
    pub(super) async fn run(self, mut jobs: mpsc::Receiver<Vec<Job>>, answers: mpsc::Sender<Answers>) {
        while let Some(batch) = jobs.recv().await {
            let answer = self.carry_out(batch).await;
            if answers.send(answer).await.is_err() {
                return;
            }
        }
    }

    async fn carry_out(&self, batch: Vec<Job>) -> Answers {
        let work = batch.into_iter().map(|job| one(self.eyes.clone(), job));
        // Each names its own entry, so the order among them makes no difference.
        let results: Vec<_> = stream::iter(work).buffered(self.concurrency.max(1)).collect().await;
        let conflict = results.iter().any(|result| matches!(result, Err(Refusal::Conflict(_))));
        let look = if conflict { self.eyes.ask("&consistent", std::time::Duration::ZERO).await.ok() } else { None };
        Answers { results, look: look.map(|(look, _)| look) }
    }
}

async fn one(eyes: Eyes, job: Job) -> Result<u64, Refusal> {
    let result = carry_out(&eyes.agent, &eyes.place, &job).await;
    let outcome = if result.is_ok() { "ok" } else { "refused" };
    metrics::counter!("peegeeq_consul_writes_total", "outcome" => outcome).increment(1);
    result
}
