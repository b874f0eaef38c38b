//! Asking for a probe now.
//!
//! Owns the question and its reply. Does not own the probe: the monitor sends it.

use std::sync::Arc;

use peegeeq_domain::health::Check;
use peegeeq_domain::instance::InstanceId;
use tokio::sync::{mpsc, oneshot};

use crate::observations::Checkup;

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

/// What a question brings.
pub(super) type CheckResult = Result<Arc<Checkup>, CheckError>;

/// Somebody who waits for it.
pub(super) type Asker = oneshot::Sender<CheckResult>;

/// One question to the monitor.
pub(super) struct Question {
    pub(super) id: InstanceId,
    pub(super) check: Check,
    pub(super) reply: Asker,
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
        let question = Question { id: id.clone(), check, reply };
        self.questions.try_send(question).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => CheckError::Busy,
            mpsc::error::TrySendError::Closed(_) => CheckError::Stopping,
        })?;
        answer.await.unwrap_or(Err(CheckError::Stopping))
    }
}
