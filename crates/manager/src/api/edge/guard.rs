//! The guard on every route: what it asks of its caller, and its name for the metrics.
//!
//! Owns the check that stands between the router and a handler. A route is only added through a group with a guard, so
//! none can be without one.

use std::task::{Context, Poll};

use axum::extract::MatchedPath;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use futures_util::future::{Either, Join, Map, Ready, join, ready};
use http::{HeaderValue, Method, Request, StatusCode, header};
use peegeeq_domain::access::{Decision, Permission, Principal, Role, decide};
use tower::{Layer, Service};

use super::super::error::ApiError;
use crate::security::UnknownBearer;

/// What a group of routes asks of its callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::api) enum Rule {
    /// Nothing.
    Public,
    /// Reading for safe methods, administration for the others.
    ByMethod,
    /// Administration, whatever the method.
    Admin,
}

impl Rule {
    fn permission(self, method: &Method) -> Permission {
        match self {
            Self::Public => Permission::Public,
            Self::ByMethod if method.is_safe() => Permission::Read,
            Self::ByMethod | Self::Admin => Permission::Admin,
        }
    }
}

/// Puts a [`Guarded`] in front of each route of a group.
#[derive(Clone, Copy, Debug)]
pub(in crate::api) struct Guard {
    pub(in crate::api) rule: Rule,
    pub(in crate::api) anonymous: Option<Role>,
}

impl<S> Layer<S> for Guard {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded { inner, guard: *self }
    }
}

/// The matched route of an answer, for metrics: never the raw path.
#[derive(Clone, Debug)]
pub(super) struct MatchedRoute(pub(super) MatchedPath);

/// A route with its guard.
#[derive(Clone, Debug)]
pub(in crate::api) struct Guarded<S> {
    inner: S,
    guard: Guard,
}

type Answered = Result<Response, std::convert::Infallible>;

/// An answer together with its route, and then the answer that tells it. Named, because a box for each request would cost.
type Labelled<F> = Map<Join<F, Ready<Option<MatchedPath>>>, fn((Answered, Option<MatchedPath>)) -> Answered>;

impl<S, B> Service<Request<B>> for Guarded<S>
where
    S: Service<Request<B>, Response = Response, Error = std::convert::Infallible>,
{
    type Response = Response;
    type Error = std::convert::Infallible;
    type Future = Either<Labelled<S::Future>, Ready<Answered>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let route = request.extensions().get::<MatchedPath>().cloned();
        if let Some(error) = self.refusal(&request) {
            return Either::Right(ready(label((Ok(error.into_response()), route))));
        }
        Either::Left(join(self.inner.call(request), ready(route)).map(label))
    }
}

impl<S> Guarded<S> {
    /// Why this caller may not use the route.
    fn refusal<B>(&self, request: &Request<B>) -> Option<ApiError> {
        let extensions = request.extensions();
        let principal = match extensions.get::<UnknownBearer>() {
            Some(unknown) => Err(unknown),
            None => Ok(extensions.get::<Principal>().unwrap_or(&Principal::Anonymous)),
        };
        refusal(self.guard.rule, request.method(), principal, self.guard.anonymous)
    }
}

/// Why a caller may not do what it asks. Credentials that nobody knows are never taken for none.
pub(super) fn refusal(
    rule: Rule,
    method: &Method,
    principal: Result<&Principal, &UnknownBearer>,
    anonymous: Option<Role>,
) -> Option<ApiError> {
    let permission = rule.permission(method);
    match principal {
        Err(_) if permission != Permission::Public => Some(unknown_bearer()),
        principal => denied(decide(principal.unwrap_or(&Principal::Anonymous), permission, anonymous)),
    }
}

fn label((answer, route): (Answered, Option<MatchedPath>)) -> Answered {
    let mut answer = answer?;
    if let Some(route) = route {
        answer.extensions_mut().insert(MatchedRoute(route));
    }
    Ok(answer)
}

fn denied(decision: Decision) -> Option<ApiError> {
    match decision {
        Decision::Allow => None,
        Decision::Authenticate => Some(unauthenticated("this needs a bearer token: send 'Authorization: Bearer TOKEN'")),
        Decision::Forbid => Some(ApiError::new(StatusCode::FORBIDDEN, "this token may only read: use one with the role admin")),
    }
}

/// 401 for credentials nobody knows.
fn unknown_bearer() -> ApiError {
    unauthenticated("the Authorization header must be one 'Bearer TOKEN' with a token that this manager knows")
}

fn unauthenticated(message: &str) -> ApiError {
    ApiError::new(StatusCode::UNAUTHORIZED, message).header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}
