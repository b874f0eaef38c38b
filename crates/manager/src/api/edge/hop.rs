//! Requests that come from a manager, perhaps from this one.
//!
//! Every request a manager sends names the managers it passed. Seeing ourselves there means that we are registered as an
//! instance somewhere on the way, and would go round for ever. Seeing another, we say who we are, so that it refuses us as
//! an instance whatever its probes ask for.

use http::{HeaderMap, HeaderValue, StatusCode};

use super::super::error::ApiError;
use crate::net::HOP_HEADER;

/// The name of this manager among managers.
#[derive(Clone, Debug)]
pub struct ManagerName(HeaderValue);

impl ManagerName {
    /// The name as it is sent.
    pub fn new(name: &str) -> Self {
        Self(HeaderValue::try_from(name).unwrap_or(HeaderValue::from_static("manager")))
    }

    /// Refuses a request that passed this manager before.
    pub(super) fn check(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        let passed = headers.get_all(&HOP_HEADER).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
        if passed.map(<[u8]>::trim_ascii).any(|name| name == self.0.as_bytes()) {
            let message = "this request passed this manager before: it is registered as an instance somewhere; deregister that one";
            return Err(ApiError::new(StatusCode::LOOP_DETECTED, message));
        }
        Ok(())
    }

    /// Tells a manager who answered.
    pub(super) fn tell(&self, headers: &mut HeaderMap) {
        headers.insert(HOP_HEADER, self.0.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_comes_back_is_refused() {
        let name = ManagerName::new("m-1");
        let headers = |value: &'static str| HeaderMap::from_iter([(HOP_HEADER, HeaderValue::from_static(value))]);
        assert!(name.check(&HeaderMap::new()).is_ok());
        assert!(name.check(&headers("m-2, m-11")).is_ok());
        assert_eq!(name.check(&headers("m-2, m-1")).expect_err("loop").status(), StatusCode::LOOP_DETECTED);
    }
}
