//! Reads about another time than now: what they have in common.
//!
//! Owns the parameter and what is told of the journal's reach. Does not own the replay (the registry and the domain do).

use http::StatusCode;
use peegeeq_domain::instance::Fault;
use peegeeq_domain::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::extract::said_twice;
use crate::api::state::ApiState;
use crate::clock;
use crate::registry::store::Picture;

/// What is known of a time in the past.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PastView {
    /// The time asked about, ISO 8601.
    pub at: String,
    /// How far back the journal reaches.
    pub reaches: String,
    /// Instances that were or may have been registered, of which the journal does not say any more as what. They are not listed.
    pub incomplete: Vec<String>,
    /// Listed instances of whose health nobody knows, because no manager ran or entries were lost. They are `unknown`.
    pub unjudged: Vec<String>,
}

impl PastView {
    /// What a picture says of itself.
    pub fn of(at: Timestamp, picture: &Picture) -> Self {
        Self {
            at: clock::iso(at),
            reaches: clock::iso(picture.reaches),
            incomplete: picture.incomplete.clone(),
            unjudged: picture.unjudged.iter().cloned().collect(),
        }
    }
}

/// Reads a time, or notes the fault.
pub(super) fn time(faults: &mut Vec<Fault>, field: &str, text: &str) -> Option<Timestamp> {
    let time = clock::parse_iso(text);
    if time.is_none() {
        faults.push(Fault::new(field, format!("{field} must be a time such as 2026-01-31T12:00:00Z")));
    }
    time
}

/// The parameter `at`, if it is there.
pub(super) fn at(parameters: Vec<(String, String)>) -> Result<Option<Timestamp>, ApiError> {
    let (mut faults, mut at) = (said_twice(&parameters, |name| name == "at"), None);
    for (_, value) in parameters.into_iter().filter(|(name, _)| name == "at") {
        at = time(&mut faults, "at", &value);
    }
    if faults.is_empty() { Ok(at) } else { Err(ApiError::faults(faults)) }
}

/// All instances as they were at a time.
pub(super) async fn picture(state: &ApiState, at: Timestamp) -> Result<Picture, ApiError> {
    let found = state.registry.journal().picture(at, state.catalog.current()).await;
    let found = found.map_err(|error| ApiError::busy(error.to_string()))?;
    found.map_err(|error| {
        let reaches = error.reaches.map(clock::iso);
        let back = reaches.as_deref().unwrap_or("nowhere");
        let message = format!("the journal does not reach back to {}: it reaches {back}", clock::iso(at));
        ApiError::new(StatusCode::GONE, message).with("reaches", reaches)
    })
}
