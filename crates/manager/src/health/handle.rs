//! Asking for a probe now, and telling what was ordered to go.
//!
//! Owns the questions and their replies. Does not own the probe: the monitor sends it.

use std::sync::Arc;

use peegeeq_domain::health::Check;
use peegeeq_domain::instance::InstanceId;
use tokio::sync::{mpsc, oneshot};

use crate::observations::Checkup;
use crate::registry::RegistryError;

/// Questions that may wait for the monitor at once.
const QUESTIONS_MAX: usize = 256;

/// Why there is no checkup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// No instance of that id is watched.
    #[error("no such instance")]
    Unknown,
    /// Too many forced checks at once.
    #[error("too many health checks are under way; try again in a second")]
    Busy,
    /// The manager is stopping, or the instance was removed meanwhile.
    #[error("the health check was abandoned because the manager stops or the instance was removed")]
    Stopping,
}

/// Why it is not written that a setup was ordered to go. In memory it is noted nevertheless.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unwritten {
    /// Too many questions at once: not even in memory.
    #[error("too many health checks are under way")]
    Busy,
    /// The manager is stopping, or the instance was removed meanwhile.
    #[error("the manager stops or the instance was removed")]
    Stopping,
    /// The store refused it. It is tried again.
    #[error("{0}")]
    Refused(RegistryError),
}

/// Somebody who waits until that is written.
pub(super) type Noted = oneshot::Sender<Result<(), Unwritten>>;

/// What a question brings.
pub(super) type CheckResult = Result<Arc<Checkup>, CheckError>;

/// Somebody who waits for it.
pub(super) type Asker = oneshot::Sender<CheckResult>;

/// One question to the monitor.
pub(super) enum Question {
    /// How is it now?
    Check { id: InstanceId, check: Check, reply: Asker },
    /// This setup was ordered to go; an answer when that is written.
    ExpectGone { id: InstanceId, setup: Arc<str>, noted: Noted },
    /// All that is known of setups is to be written now; dropped when that is over.
    Flush { done: oneshot::Sender<()> },
}

/// A reply that is ready to be sent.
pub(super) struct Reply {
    pub(super) to: Vec<Asker>,
    pub(super) checkup: Arc<Checkup>,
}

impl Reply {
    /// Sends it to all who asked. Whoever stopped waiting misses nothing.
    pub(super) fn send(self) {
        for asker in self.to {
            let _ = asker.send(Ok(self.checkup.clone()));
        }
    }
}

/// Asks for probes. Cheap to clone.
#[derive(Clone, Debug)]
pub struct HealthHandle {
    questions: mpsc::Sender<Question>,
}

impl HealthHandle {
    pub(super) fn new() -> (Self, mpsc::Receiver<Question>) {
        let (questions, receiver) = mpsc::channel(QUESTIONS_MAX);
        (Self { questions }, receiver)
    }

    /// Probes the instance now and answers with what was found, after a changed verdict is visible in the catalog.
    ///
    /// Who asks while such a probe runs gets the result of that one. [`Check::Counting`] lets a failure count, at most once
    /// a second for each instance; [`Check::Looking`] never does.
    pub async fn check(&self, id: &InstanceId, check: Check) -> Result<Arc<Checkup>, CheckError> {
        let (reply, answer) = oneshot::channel();
        self.ask(Question::Check { id: id.clone(), check, reply })?;
        answer.await.unwrap_or(Err(CheckError::Stopping))
    }

    /// Says that a setup was ordered to go from an instance, by a detach or a delete: if it is gone within the next five
    /// minutes it is forgotten, not missing. Returns when that is durable, or cannot be made so. Best called once the
    /// instance carried it out, or may have. An instance or setup that nobody knows needs no forgetting.
    pub async fn expect_gone(&self, id: &InstanceId, setup: &str) -> Result<(), Unwritten> {
        let (noted, answer) = oneshot::channel();
        let question = Question::ExpectGone { id: id.clone(), setup: setup.into(), noted };
        self.ask(question).map_err(|error| if error == CheckError::Busy { Unwritten::Busy } else { Unwritten::Stopping })?;
        answer.await.unwrap_or(Err(Unwritten::Stopping))
    }

    /// Returns when all that is known of setups is written, or the store refused some of it.
    pub async fn flush(&self) {
        let (done, over) = oneshot::channel();
        if self.ask(Question::Flush { done }).is_ok() {
            // An error means that the monitor dropped its end, which is the sign.
            let _ = over.await;
        }
    }

    fn ask(&self, question: Question) -> Result<(), CheckError> {
        self.questions.try_send(question).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => CheckError::Busy,
            mpsc::error::TrySendError::Closed(_) => CheckError::Stopping,
        })
    }
}
