//! The edge: what happens to every request before it has a meaning, and to every answer after.
//!
//! Owns, in this order: the request's name, the shape of its target and framing, the `Host` and `Origin` it claims, CORS,
//! who is asking, then (after the router) the error envelope, the common headers and the request metrics. The order is
//! the point: permission is decided on the same parsed target that is routed. Does not own any route.

mod cors;
mod guard;
mod hop;
mod host;
mod log;
mod request_id;
mod respond;
mod target;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use http::{Request, StatusCode};
use hyper::body::{Body as _, Incoming};
use peegeeq_domain::access::Principal;
use tower::Service as _;

pub use cors::Origins;
pub(super) use guard::{Guard, Rule};
pub use hop::ManagerName;
pub use host::HostNames;
pub use respond::AnswerBody;

use super::error::ApiError;
use super::management;
use crate::clock;
use crate::net::HOP_HEADER;
use crate::observe::metrics::HttpMetrics;
use crate::security::Tokens;
use crate::server::{InRequest, Peer, Service};
use request_id::RequestId;

/// What the edge decides with.
#[derive(Debug)]
pub struct EdgeSettings {
    /// Names by which the manager may be called.
    pub hosts: HostNames,
    /// Origins of web pages that may use it.
    pub origins: Origins,
    /// Who bears which token.
    pub tokens: Tokens,
    /// Who this manager is among managers.
    pub name: ManagerName,
    /// Most bytes of a request head.
    pub head_bytes_max: usize,
}

/// The edge in front of a router. Every worker has a clone.
#[derive(Clone, Debug)]
pub struct Edge {
    router: Router,
    settings: Arc<EdgeSettings>,
    metrics: HttpMetrics,
}

impl Edge {
    /// The edge in front of `router`.
    pub fn new(router: Router, settings: EdgeSettings) -> Self {
        Self { router, settings: Arc::new(settings), metrics: HttpMetrics::default() }
    }

    async fn handle(&self, mut request: Request<Incoming>) -> Response {
        let settings = &*self.settings;
        if let Err(error) = target::check(&request, settings.head_bytes_max).and_then(|()| settings.name.check(request.headers())) {
            return error.into_response();
        }
        let principal = settings.tokens.principal(request.headers());
        if !matches!(principal, Ok(Principal::Token { .. })) && !settings.hosts.allow(&request) {
            return host::misdirected().into_response();
        }
        if let Some(answer) = cors::gate(&settings.origins, &request) {
            return answer;
        }
        // Nobody in particular is what a request without a principal comes from.
        match principal {
            Ok(Principal::Anonymous) => {}
            Ok(principal) => {
                request.extensions_mut().insert(principal);
            }
            Err(unknown) => {
                request.extensions_mut().insert(unknown);
            }
        }
        target::forgive_trailing_slash(&mut request);
        self.route(request.map(body)).await
    }

    async fn route(&self, request: Request<Body>) -> Response {
        let answer = AssertUnwindSafe(self.router.clone().call(request)).catch_unwind().await;
        match answer {
            Ok(Ok(response)) => response,
            Ok(Err(never)) => match never {},
            Err(_) => {
                metrics::counter!("peegeeq_http_panics_total").increment(1);
                ApiError::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "internal error: a request failed in a way that is our fault; the log has more",
                )
                .into_response()
            }
        }
    }
}

/// The body of a request as handlers take it. Most requests have none, and need no room for one.
fn body(incoming: Incoming) -> Body {
    if incoming.is_end_stream() { Body::empty() } else { Body::new(incoming) }
}

impl Service for Edge {
    type Body = AnswerBody;

    async fn answer(&self, request: Request<Incoming>, peer: Peer, in_request: InRequest) -> Response<AnswerBody> {
        let began = clock::instant();
        let id = RequestId::of(request.headers());
        let (method, origin) = (request.method().clone(), request.headers().get(http::header::ORIGIN).cloned());
        let as_an_instance = management::is_own_path(request.uri().path());
        let from_a_manager = request.headers().contains_key(HOP_HEADER);
        let noted = log::Noted::of(&request, &self.settings.tokens, peer);
        let running = self.metrics.begin();
        let mut response = self.handle(request).await;
        if let (true, Some(error)) = (as_an_instance, response.extensions_mut().get_mut::<ApiError>()) {
            error.tell_numeric_time();
        }
        let took = began.elapsed();
        running.end(response.extensions().get::<guard::MatchedRoute>().map(|route| route.0.as_str()), &method, response.status(), took);
        if let Some(noted) = noted {
            noted.write(&id, &method, response.status(), took);
        }
        let mut response = respond::finish(response, &id, in_request);
        if from_a_manager {
            self.settings.name.tell(response.headers_mut());
        }
        cors::label(&self.settings.origins, origin.as_ref(), response.headers_mut());
        response
    }
}
