//! The edge: what happens to every request before it has a meaning, and to every answer after.
//!
//! Owns, in this order: the request's name, the shape of its target and framing, the `Host` and `Origin` it claims, CORS,
//! who is asking, then (after the router) the error envelope, the common headers and the request metrics. The order is
//! the point: permission is decided on the same parsed target that is routed. Does not own any route. What the front
//! claims never reaches the router, and passes the same checks.

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
use axum::response::IntoResponse;
use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
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
use crate::observe::metrics::HttpMetrics;
use crate::security::{Tokens, UnknownBearer};
use crate::server::{Front, InRequest, Mark, Marks, Peer, Place, Service};
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

/// The edge in front of a router and of what may claim requests before it. Every worker has a clone.
#[derive(Clone, Debug)]
pub struct Edge<F> {
    router: Router,
    front: F,
    settings: Arc<EdgeSettings>,
    metrics: HttpMetrics,
}

/// Whose answer it is.
enum Answered<B> {
    /// The manager's own.
    Own(Response<Body>),
    /// The front's.
    Fronts(Response<B>),
}

impl<B> Answered<B> {
    fn status(&self) -> StatusCode {
        match self {
            Self::Own(answer) => answer.status(),
            Self::Fronts(answer) => answer.status(),
        }
    }

    /// What it is called in metrics.
    fn route(&self) -> Option<&str> {
        match self {
            Self::Own(answer) => answer.extensions().get::<guard::MatchedRoute>().map(|route| route.0.as_str()),
            Self::Fronts(_) => Some(FRONTS_ROUTE),
        }
    }
}

/// The name in metrics of everything that the front answers, and refuses.
const FRONTS_ROUTE: &str = "routed";

impl<F: Front> Edge<F> {
    /// The edge in front of `router`, and of `front`, which is asked first.
    pub fn new(router: Router, front: F, settings: EdgeSettings) -> Self {
        Self { router, front, settings: Arc::new(settings), metrics: HttpMetrics }
    }

    async fn handle(&self, mut request: Request<Incoming>, marks: Marks, peer: Peer) -> Answered<F::Body> {
        if request.version() == http::Version::HTTP_2
            && let Err(error) = target::settle(&mut request)
        {
            return Answered::Own(error.into_response());
        }
        let claimed = self.front.claims(&request);
        let principal = match self.admit(&request, marks) {
            Ok(principal) => principal,
            Err(answer) if claimed || management::is_own_path(request.uri().path()) => return Answered::Own(timed_like_instances(*answer)),
            Err(answer) => return Answered::Own(*answer),
        };
        if request.method() == Method::OPTIONS && request.uri().path() == "*" {
            return Answered::Own(offers());
        }
        if claimed {
            return self.claimed(request, marks, peer, principal).await;
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
        let as_an_instance = management::is_own_path(request.uri().path());
        let answer = self.route(request.map(body)).await;
        Answered::Own(if as_an_instance { timed_like_instances(answer) } else { answer })
    }

    /// What is asked of every request, whoever answers it. The error is an answer, also to a preflight.
    fn admit(&self, request: &Request<Incoming>, marks: Marks) -> Result<Result<Principal, UnknownBearer>, Box<Response<Body>>> {
        let settings = &*self.settings;
        let unlooped = || if marks.has(Mark::Hop) { settings.name.check(request.headers()) } else { Ok(()) };
        target::check(request, marks, settings.head_bytes_max)
            .and_then(|()| unlooped())
            .map_err(|error| Box::new(error.into_response()))?;
        let principal = settings.tokens.principal(request.headers());
        if !matches!(principal, Ok(Principal::Token { .. })) && !settings.hosts.allow(request) {
            return Err(Box::new(host::misdirected().into_response()));
        }
        match cors::gate(&settings.origins, request, marks) {
            Some(answer) => Err(Box::new(answer)),
            None => Ok(principal),
        }
    }

    /// The front's part: the same permission as on a guarded route.
    async fn claimed(
        &self,
        mut request: Request<Incoming>,
        marks: Marks,
        peer: Peer,
        principal: Result<Principal, UnknownBearer>,
    ) -> Answered<F::Body> {
        if let Some(error) = guard::refusal(Rule::ByMethod, request.method(), principal.as_ref(), self.settings.tokens.anonymous()) {
            return Answered::Own(error.numeric_time().into_response());
        }
        if matches!(principal, Ok(Principal::Token { .. })) {
            // It was meant for this manager, and is nobody else's business.
            request.headers_mut().remove(http::header::AUTHORIZATION);
        }
        match AssertUnwindSafe(self.front.answer(request, marks, peer)).catch_unwind().await {
            Ok(Ok(answer)) => Answered::Fronts(answer),
            Ok(Err(refusal)) => Answered::Own(ApiError::from(*refusal).numeric_time().into_response()),
            Err(_) => Answered::Own(our_fault().numeric_time().into_response()),
        }
    }

    async fn route(&self, request: Request<Body>) -> Response<Body> {
        let answer = AssertUnwindSafe(self.router.clone().call(request)).catch_unwind().await;
        match answer {
            Ok(Ok(response)) => response,
            Ok(Err(never)) => match never {},
            Err(_) => our_fault().into_response(),
        }
    }
}

/// What is offered at all: the answer to `OPTIONS *`.
fn offers() -> Response<Body> {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
    answer
}

/// After a panic, which is counted.
fn our_fault() -> ApiError {
    metrics::counter!("peegeeq_http_panics_total").increment(1);
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal error: a request failed in a way that is our fault; the log has more")
}

/// The same answer; if it is an error, with the time as instances write theirs.
fn timed_like_instances(mut answer: Response<Body>) -> Response<Body> {
    if let Some(error) = answer.extensions_mut().get_mut::<ApiError>() {
        error.tell_numeric_time();
    }
    answer
}

/// The body of a request as handlers take it. Most requests have none, and need no room for one.
fn body(incoming: Incoming) -> Body {
    if incoming.is_end_stream() { Body::empty() } else { Body::new(incoming) }
}

impl<F: Front<Body: Unpin>> Service for Edge<F> {
    type Body = AnswerBody<F::Body>;

    fn for_worker(&self, place: &Place) -> Self {
        Self { front: self.front.for_worker(place), ..self.clone() }
    }

    async fn answer(&self, request: Request<Incoming>, peer: Peer, in_request: InRequest) -> Response<AnswerBody<F::Body>> {
        let began = clock::instant();
        let marks = Marks::of(request.headers());
        let id = if marks.has(Mark::RequestId) { RequestId::of(request.headers()) } else { RequestId::new() };
        let origin = marks.has(Mark::Origin).then(|| request.headers().get(http::header::ORIGIN).cloned()).flatten();
        let method = request.method().clone();
        let noted = log::Noted::of(&request, &self.settings.tokens, peer);
        let running = self.metrics.begin();
        let answered = self.handle(request, marks, peer).await;
        let took = began.elapsed();
        let status = answered.status();
        running.end(answered.route(), &method, status, took);
        if let Some(noted) = noted {
            noted.write(&id, &method, status, took);
        }
        let mut response = match answered {
            Answered::Own(response) => respond::finish(response, &id, in_request),
            Answered::Fronts(response) => respond::pass(response, &id, in_request),
        };
        if marks.has(Mark::Hop) {
            self.settings.name.tell(response.headers_mut());
        }
        cors::label(&self.settings.origins, origin.as_ref(), response.headers_mut());
        response
    }

    fn refuse(&self, status: StatusCode, sentence: String) -> Response<Vec<u8>> {
        respond::refusal(ApiError::new(status, sentence), &RequestId::of(&HeaderMap::new()))
    }
}
