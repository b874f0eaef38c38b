//! By which names the manager may be called.
//!
//! A web page of a stranger can point its own name at this machine (DNS rebinding) and then talk to us as "same origin".
//! So a request without a token must call us by a name of ours. Addresses and `localhost` cannot be rebound.

use std::collections::HashSet;
use std::net::IpAddr;

use http::{HeaderValue, Request, StatusCode, header};

use super::super::error::ApiError;

/// The names of this manager.
#[derive(Clone, Debug, Default)]
pub struct HostNames(HashSet<String>);

impl HostNames {
    /// `names`, in any case, beside `localhost` and every literal address.
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        Self(names.into_iter().map(|name| name.to_ascii_lowercase()).collect())
    }

    pub(super) fn allow<B>(&self, request: &Request<B>) -> bool {
        match request.headers().get(header::HOST).map(HeaderValue::to_str) {
            None => true,
            Some(Err(_)) => false,
            Some(Ok(host)) => self.knows(host),
        }
    }

    /// Whether a `Host` value, with or without port, names this manager.
    pub(super) fn knows(&self, host: &str) -> bool {
        let name = without_port(host);
        let literal = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok();
        let name = name.strip_suffix('.').unwrap_or(name);
        literal || name.eq_ignore_ascii_case("localhost") || self.0.contains(&name.to_ascii_lowercase())
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && (!name.contains(':') || name.ends_with(']')) => name,
        _ => host,
    }
}

pub(super) fn misdirected() -> ApiError {
    let message = "this manager is not known by that Host name: add it to service.names, or send a bearer token";
    ApiError::new(StatusCode::MISDIRECTED_REQUEST, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_localhost_and_own_names_are_known() {
        let names = HostNames::new(["Manager.Example".to_owned()]);
        for host in ["localhost", "localhost:9090", "127.0.0.1:9090", "[::1]:9090", "[::1]", "manager.example:1", "10.1.2.3", "LOCALHOST."]
        {
            assert!(names.knows(host), "{host}");
        }
        for host in ["evil.example", "evil.example:9090", "localhost.evil.example", "", "127.0.0.1.evil.example"] {
            assert!(!names.knows(host), "{host}");
        }
    }
}
