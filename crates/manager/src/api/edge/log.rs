//! One line for each request, at level DEBUG: who asked what, and what it got.
//!
//! Owns that line. Costs nothing while the level is off. Queries are left out: they may hold what people search for.

use std::time::Duration;

use http::{Method, Request, StatusCode};
use peegeeq_domain::access::Principal;

use super::request_id::RequestId;
use crate::security::Tokens;
use crate::server::Peer;

/// What is noted of a request before it is answered.
pub(super) struct Noted {
    path: String,
    who: String,
    peer: Peer,
}

impl Noted {
    /// Notes a request, if anybody reads the line.
    pub(super) fn of<B>(request: &Request<B>, tokens: &Tokens, peer: Peer) -> Option<Self> {
        if !tracing::enabled!(tracing::Level::DEBUG) {
            return None;
        }
        let who = match tokens.principal(request.headers()) {
            Ok(Principal::Token { name, .. }) => name.to_string(),
            Ok(Principal::Anonymous) => "anonymous".to_owned(),
            Err(_) => "unknown token".to_owned(),
        };
        Some(Self { path: request.uri().path().to_owned(), who, peer })
    }

    /// Writes the line.
    pub(super) fn write(self, id: &RequestId, method: &Method, status: StatusCode, took: Duration) {
        let (status, took_ms) = (status.as_u16(), took.as_secs_f64() * 1e3);
        tracing::debug!(
            requestId = id.as_str(),
            principal = self.who,
            peer = %self.peer.0,
            status,
            tookMs = took_ms,
            "{method} {} answered {status}",
            self.path
        );
    }
}
