//! Which web pages may use the manager, and the headers that tell their browser.
//!
//! Owns CORS and the guard against requests that a stranger's page makes a browser send: a change with a foreign `Origin`,
//! or from another site, is refused whatever else it carries. Written by hand because both follow from one decision.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};

use super::super::error::ApiError;
use crate::server::{Mark, Marks};

const METHODS: HeaderValue = HeaderValue::from_static("GET,POST,PUT,DELETE,OPTIONS");
const HEADERS: HeaderValue = HeaderValue::from_static(
    "Content-Type,Authorization,traceparent,X-Request-Id,X-Request-Timeout-Ms,If-None-Match,Idempotency-Key,Last-Event-ID,X-PeeGeeQ-Instance,X-PeeGeeQ-Environment,X-PeeGeeQ-Region",
);
const EXPOSED: HeaderValue = HeaderValue::from_static("ETag,Age,X-Request-Id,Retry-After,Location,X-PeeGeeQ-Instance,X-PeeGeeQ-Attempts");
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

/// The origins of web pages that may use the manager, beside its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    /// Any. Never together with credentials.
    Any,
    /// These: `scheme://host[:port]`, where the port may be `*`.
    Listed(Vec<String>),
}

impl Origins {
    /// Reads what `cors.allowed.origins` says.
    pub fn new(listed: Vec<String>) -> Self {
        if listed.iter().any(|origin| origin == "*") { Self::Any } else { Self::Listed(listed) }
    }

    fn allow(&self, origin: &HeaderValue, host: Option<&HeaderValue>) -> bool {
        let Ok(origin) = origin.to_str() else { return false };
        let own = host.and_then(|host| host.to_str().ok()).is_some_and(|host| is_own(origin, host));
        own || match self {
            Self::Any => true,
            Self::Listed(listed) => listed.iter().any(|pattern| is_like(origin, pattern)),
        }
    }
}

fn is_own(origin: &str, host: &str) -> bool {
    let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
}

/// Whether the origin is the one listed; `:*` at the end stands for any port, and for none.
fn is_like(origin: &str, pattern: &str) -> bool {
    let Some(base) = pattern.strip_suffix(":*") else { return origin.eq_ignore_ascii_case(pattern) };
    let rest = origin.get(..base.len()).filter(|start| start.eq_ignore_ascii_case(base)).map(|_| &origin[base.len()..]);
    rest.is_some_and(|rest| rest.is_empty() || rest.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok()))
}

/// The answer to a preflight, or the refusal of a foreign request; `None` lets the request on.
pub(super) fn gate<B>(origins: &Origins, request: &Request<B>, marks: Marks) -> Option<Response> {
    if !marks.has(Mark::Origin) && !marks.has(Mark::FetchSite) {
        // No browser: nothing to hold against the request.
        return None;
    }
    let headers = request.headers();
    let origin = headers.get(header::ORIGIN);
    let allowed = origin.is_none_or(|origin| origins.allow(origin, headers.get(header::HOST)));
    let preflight = request.method() == Method::OPTIONS && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) && origin.is_some();
    if preflight {
        return Some(if allowed { preflight_answer() } else { foreign().into_response() });
    }
    let changes = !request.method().is_safe() || headers.contains_key(header::UPGRADE);
    let cross_site = headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site")
        && *origins != Origins::Any
        && !(origin.is_some() && allowed);
    (changes && (!allowed || cross_site)).then(|| foreign().into_response())
}

fn foreign() -> ApiError {
    let message = "this web page may not use the manager: add its origin to cors.allowed.origins";
    ApiError::new(StatusCode::FORBIDDEN, message)
}

fn preflight_answer() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    response
}

/// Adds the headers that let the page of an allowed origin read the answer.
pub(super) fn label(origins: &Origins, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
    let Some(origin) = origin else { return };
    if *origins == Origins::Any {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    } else {
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        if !origins.allow(origin, None) {
            return;
        }
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    }
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local() -> Origins {
        Origins::new(vec!["http://localhost:*".to_owned(), "http://127.0.0.1:*".to_owned()])
    }

    fn status(origins: &Origins, method: &str, headers: &[(&str, &str)]) -> Option<StatusCode> {
        let mut request = Request::builder().method(method).uri("/").header("host", "manager:9090");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(()).expect("request");
        gate(origins, &request, Marks::of(request.headers())).map(|answer| answer.status())
    }

    #[test]
    fn local_pages_and_its_own_may_change_things_strangers_may_not() {
        for origin in ["http://localhost:3000", "http://127.0.0.1:5173", "http://manager:9090", "https://manager:9090"] {
            assert_eq!(status(&local(), "POST", &[("origin", origin)]), None, "{origin}");
        }
        for origin in ["http://evil.example", "null", "http://localhost.evil.example", "https://localhost", "http://localhost:x"] {
            assert_eq!(status(&local(), "POST", &[("origin", origin)]), Some(StatusCode::FORBIDDEN), "{origin}");
            assert_eq!(status(&local(), "GET", &[("origin", origin)]), None, "the browser keeps the answer from it");
        }
        assert_eq!(status(&local(), "POST", &[("sec-fetch-site", "cross-site")]), Some(StatusCode::FORBIDDEN));
        assert_eq!(status(&local(), "GET", &[("upgrade", "websocket"), ("origin", "http://evil.example")]), Some(StatusCode::FORBIDDEN));
        assert_eq!(status(&Origins::Any, "POST", &[("origin", "http://evil.example"), ("sec-fetch-site", "cross-site")]), None);
    }

    #[test]
    fn preflights_are_answered() {
        let asking = |origin| status(&local(), "OPTIONS", &[("origin", origin), ("access-control-request-method", "POST")]);
        assert_eq!(asking("http://localhost:3000"), Some(StatusCode::NO_CONTENT));
        assert_eq!(asking("http://evil.example"), Some(StatusCode::FORBIDDEN));
        assert_eq!(status(&local(), "OPTIONS", &[]), None);
    }
}
