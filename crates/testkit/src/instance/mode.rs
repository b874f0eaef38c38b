//! Owns the list of ways in which an instance can behave. Does not own acting on them.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::canned::Canned;
use super::script::Script;

/// How an instance behaves, on everything or on the paths that start with a prefix.
#[derive(Clone, Debug, Default)]
pub enum Mode {
    /// As a real instance in good health.
    #[default]
    Normal,
    /// No database answers: `/health` stays UP, lists are empty, setup health is 503.
    DatabaseDown,
    /// `/health` answers 500 with `{"status":"DOWN"}`, everything else is normal.
    HealthDown,
    /// Answers as normal, but that much later.
    Slow(Duration),
    /// Accepts and reads, but answers only when the mode changes, like a stopped process.
    Hang,
    /// Always the same made-up answer.
    Reply(Arc<Canned>),
    /// These steps on the wire, for each request.
    Script(Arc<Script>),
    /// 200 with the head and body of the request as JSON: `method`, `target`, `headers` as pairs, `body`.
    Echo,
    /// 200 with that many bytes.
    Bytes(usize),
    /// These bytes instead of an HTTP answer, then the end of the connection. For the whole instance only.
    Raw(Bytes),
    /// Every connection ends in a reset as soon as it is accepted. For the whole instance only.
    Reset,
}

impl Mode {
    /// An error with a JSON body.
    #[must_use]
    pub fn error(status: u16, body: impl Into<Bytes>) -> Self {
        Canned::json(body).status(status).into()
    }

    /// Whether connections made under another mode must not live on under this one.
    pub(crate) fn is_below_http(&self) -> bool {
        matches!(self, Self::Raw(_) | Self::Reset)
    }
}

impl From<Canned> for Mode {
    fn from(canned: Canned) -> Self {
        Self::Reply(Arc::new(canned))
    }
}
