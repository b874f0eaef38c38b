//! What may be done with a request: whether it changes something, may be sent twice, is a stream.

use alloc::borrow::Cow;

/// Whether a request changes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// It only looks: the method is safe.
    Read,
    /// It may change something.
    Write,
}

/// What may be done with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class<'a> {
    /// Whether it changes something.
    pub effect: Effect,
    /// Instances heed an `Idempotency-Key` here, so that with one it may be sent twice.
    pub heeds_key: bool,
    /// The answer goes on and on: SSE or a WebSocket.
    pub stream: bool,
    /// It asks for health, so that a 503 is an answer and no failure of the instance that gives it.
    pub asks_health: bool,
    /// It is about the attachment of a setup, not about what lies in it: it reaches an instance also when the setup is down
    /// or lost there.
    pub about_setup: bool,
    /// It changes which setups the instance has, if it succeeds.
    pub directory: Option<DirectoryChange<'a>>,
}

/// What a successful request does to the setups of the instance that served it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DirectoryChange<'a> {
    /// Adds one; its id stands in the body.
    Adds,
    /// Removes this one.
    Removes(Cow<'a, str>),
}

impl<'a> Class<'a> {
    /// What follows from the method alone.
    pub(super) fn of(method: &str) -> Self {
        let read = matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE");
        let effect = if read { Effect::Read } else { Effect::Write };
        Self { effect, heeds_key: false, stream: false, asks_health: false, about_setup: false, directory: None }
    }

    /// Whether the method is safe.
    pub fn is_safe(&self) -> bool {
        self.effect == Effect::Read
    }

    /// Whether it may be sent again although it may have been acted on, given whether it bears an `Idempotency-Key`.
    pub fn may_repeat(&self, has_key: bool) -> bool {
        self.is_safe() || (self.heeds_key && has_key)
    }
}
