//! Verdicts on their way into the catalog, and those who wait to see them there.
//!
//! Owns the order: one batch at a time, so that a slow writer delays neither probes nor the order of verdicts.

use tokio::task::JoinHandle;

use super::handle::Reply;
use super::{Judge, Judgement};
use crate::tasks::Tasks;

/// Judgements that wait, those under way, and the replies that follow each.
pub(super) struct Judging {
    judge: Judge,
    tasks: Tasks,
    waiting: Vec<Judgement>,
    replies_waiting: Vec<Reply>,
    under_way: Option<JoinHandle<()>>,
    replies_under_way: Vec<Reply>,
}

impl Judging {
    pub(super) fn new(judge: Judge, tasks: Tasks) -> Self {
        Self { judge, tasks, waiting: Vec::new(), replies_waiting: Vec::new(), under_way: None, replies_under_way: Vec::new() }
    }

    /// Adds a judgement to the next batch.
    pub(super) fn push(&mut self, judgement: Judgement) {
        self.waiting.push(judgement);
    }

    /// Sends a reply once everything judged so far is visible.
    pub(super) fn reply_after(&mut self, reply: Reply) {
        self.replies_waiting.push(reply);
    }

    /// Whether nothing waits nor is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.under_way.is_none() && self.waiting.is_empty()
    }

    /// Begins the next batch, unless one is under way.
    pub(super) fn advance(&mut self) {
        if self.under_way.is_some() {
            return;
        }
        if self.waiting.is_empty() {
            self.replies_waiting.drain(..).for_each(Reply::send);
            return;
        }
        let batch = std::mem::take(&mut self.waiting);
        self.replies_under_way = std::mem::take(&mut self.replies_waiting);
        self.under_way = Some(self.tasks.short((self.judge)(batch)));
    }

    /// Waits until the batch under way is visible; for ever if there is none. Dropping the future loses nothing.
    pub(super) async fn visible(&mut self) {
        match &mut self.under_way {
            Some(batch) => {
                if let Err(error) = batch.await {
                    tracing::error!(%error, "verdicts did not reach the catalog");
                }
            }
            None => std::future::pending().await,
        }
        self.under_way = None;
        self.replies_under_way.drain(..).for_each(Reply::send);
    }
}
