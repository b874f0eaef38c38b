//! The way out: every connection that the manager opens towards an instance.
//!
//! Owns name resolution, the refusal of forbidden addresses, TLS, single HTTP/1.1 requests, kept connections and the limit
//! of open files. Does not own what is asked, nor what an answer means.

mod deadline;
mod dialer;
mod exchange;
mod limits;
mod pool;
mod post;
mod stream;
mod tls;

pub use deadline::Deadline;
pub use dialer::{Dialer, DialerSettings, refusal};
pub use exchange::{Answer, Call, Caller, Get, HOP_HEADER, Link};
pub use limits::raise_open_files;
pub use pool::{Client, FetchError, Limits};
pub use post::{Post, post};
pub use stream::Stream;
pub use tls::TlsSettings;

use peegeeq_domain::health::FailureKind;

/// Why a connection or an exchange failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct Failure {
    /// The kind of failure.
    pub kind: FailureKind,
    /// The sentence for people: what happened, where, and what to do if something can be done.
    pub sentence: String,
}

impl Failure {
    pub(crate) fn new(kind: FailureKind, sentence: impl Into<String>) -> Self {
        Self { kind, sentence: sentence.into() }
    }
}

#[cfg(test)]
mod tests;
