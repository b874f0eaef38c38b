//! What callers hold: they say what is to be done with rolling restarts, and read how far these are.

use std::sync::Arc;

use arc_swap::ArcSwap;
use peegeeq_domain::rolling::{Refusal, Rolling, Verb};
use tokio::sync::{mpsc, oneshot};

use crate::registry::RegistryError;

/// Orders that wait.
const ORDERS_MAX: usize = 16;

/// Why it was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RollingError {
    /// There is none of that id.
    #[error("there is no rolling restart of that id")]
    Unknown,
    /// Another one is under way.
    #[error("the rolling restart {0} is not over yet: wait for it, or cancel it")]
    Another(Arc<str>),
    /// It cannot be said at this time.
    #[error("{}", .0.as_str())]
    Refused(Refusal),
    /// It could not be made durable.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

pub(super) type Reply = oneshot::Sender<Result<Arc<Rolling>, RollingError>>;

/// What is to be done.
pub(super) enum Order {
    Begin { rolling: Box<Rolling>, reply: Reply },
    Tell { id: Arc<str>, verb: Verb, by: Arc<str>, reply: Reply },
}

/// All that are remembered, the oldest first.
pub(super) type All = Arc<ArcSwap<Vec<Arc<Rolling>>>>;

/// The ends of the task.
pub(super) struct Doors {
    pub(super) orders: mpsc::Receiver<Order>,
    pub(super) all: All,
}

/// Says what is to be done, and reads how far it is. Cheap to clone.
#[derive(Clone, Debug)]
pub struct RollingHandle {
    orders: mpsc::Sender<Order>,
    all: All,
}

pub(super) fn doors(known: Vec<Arc<Rolling>>) -> (RollingHandle, Doors) {
    let (sender, orders) = mpsc::channel(ORDERS_MAX);
    let all: All = Arc::new(ArcSwap::from_pointee(known));
    (RollingHandle { orders: sender, all: all.clone() }, Doors { orders, all })
}

impl RollingHandle {
    /// All that are remembered, the newest first.
    pub fn all(&self) -> Vec<Arc<Rolling>> {
        self.all.load().iter().rev().cloned().collect()
    }

    /// One of them.
    pub fn one(&self, id: &str) -> Option<Arc<Rolling>> {
        self.all.load().iter().find(|rolling| &*rolling.id == id).cloned()
    }

    /// Begins one, unless another is under way. Answers when that is durable.
    pub async fn begin(&self, rolling: Rolling) -> Result<Arc<Rolling>, RollingError> {
        self.order(|reply| Order::Begin { rolling: Box::new(rolling), reply }).await
    }

    /// Tells one something. Answers when that is durable.
    pub async fn tell(&self, id: &str, verb: Verb, by: Arc<str>) -> Result<Arc<Rolling>, RollingError> {
        self.order(|reply| Order::Tell { id: id.into(), verb, by, reply }).await
    }

    async fn order(&self, order: impl FnOnce(Reply) -> Order) -> Result<Arc<Rolling>, RollingError> {
        let (reply, answer) = oneshot::channel();
        self.orders.try_send(order(reply)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => RegistryError::Busy,
            mpsc::error::TrySendError::Closed(_) => RegistryError::Stopping,
        })?;
        answer.await.unwrap_or(Err(RegistryError::Stopping.into()))
    }
}
