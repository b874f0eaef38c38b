//! `GET /api/v1/instances/{instanceId}/availability`

use std::time::Duration;

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::Uri;
use peegeeq_domain::history::{self, Past, Span, Standing};
use peegeeq_domain::instance::Fault;
use peegeeq_domain::time::{Timestamp, millis};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::api::answer;
use crate::api::error::{ApiError, ErrorBody};
use crate::api::extract::{query, said_twice};
use crate::api::state::{ApiState, Shared};
use crate::api::wire::registration::read_id;
use crate::api::wire::words::InstancePath;
use crate::clock;

/// The longest window: nobody keeps a journal for longer.
const WINDOW_DAYS_MAX: u64 = 366;

/// What a caller may say in the query.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query; the reader takes parameters one by one to name all faults at once")]
pub(in crate::api) struct AvailabilityParameters {
    /// How far back from now: a whole number with `s`, `m`, `h` or `d`, up to 366 days; default `24h`.
    #[param(pattern = "^[0-9]+[smhd]$")]
    window: Option<String>,
}

/// How much of the time an instance was available.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct AvailabilityAnswer {
    /// `Availability retrieved successfully`
    message: &'static str,
    /// Which instance.
    instance_id: String,
    /// The window as it was said.
    window: String,
    /// Its beginning, ISO 8601.
    from: String,
    /// Its end: now.
    to: String,
    /// How far back the journal tells of this instance; null if it tells nothing. Before this, everything is unknown.
    reaches: Option<String>,
    /// Part of the time known as healthy or unhealthy in which it was healthy, 0 to 1; null if there is none.
    availability: Option<f64>,
    /// The window in parts, without holes.
    spans: Vec<SpanView>,
    /// Changes from one known state to another.
    transitions: u64,
    /// Times it went from healthy to unhealthy.
    failures: u64,
    /// Mean time to repair of failures that began and ended in the window; null if there were none.
    mttr_seconds: Option<f64>,
    /// Time healthy for each failure; null if there were none.
    mtbf_seconds: Option<f64>,
    /// Time known as healthy or unhealthy.
    known_seconds: f64,
    /// Time of which nobody knows: before the journal reaches, while no manager ran, where entries were lost, before the first check.
    unknown_seconds: f64,
    /// Time that counts for neither: not registered, starting, stopping, in maintenance.
    excluded_seconds: f64,
    /// When.
    timestamp: String,
}

/// A time in which the state was the same.
#[derive(Serialize, ToSchema)]
struct SpanView {
    /// From here, ISO 8601.
    from: String,
    /// Up to here; null: it is so now.
    to: Option<String>,
    /// `healthy`, `unhealthy`, `starting`, `stopping`, `maintenance`, `absent` (not registered) or `unknown`.
    state: &'static str,
}

/// How much of the time an instance was available.
#[utoipa::path(
    get, path = "/api/v1/instances/{instanceId}/availability", tag = "events", operation_id = "getInstanceAvailability",
    params(InstancePath, AvailabilityParameters),
    responses(
        (status = 200, description = "how much of the time it was available", body = AvailabilityAnswer),
        (status = 400, description = "the path or a parameter is wrong", body = ErrorBody),
        (status = 401, description = "needs a token", body = ErrorBody),
        (status = 404, description = "neither registered nor in the journal", body = ErrorBody),
        (status = 503, description = "too many read the journal", body = ErrorBody),
    )
)]
pub(in crate::api) async fn get_availability(state: Shared, Path(id): Path<String>, uri: Uri) -> Response {
    let answered = match query(&uri) {
        Ok(parameters) => answered(&state, id, parameters).await,
        Err(error) => Err(error),
    };
    answered.map_or_else(IntoResponse::into_response, |answer| answer::ok(&answer))
}

async fn answered(state: &ApiState, id: String, parameters: Vec<(String, String)>) -> Result<AvailabilityAnswer, ApiError> {
    read_id(&id)?;
    let twice = said_twice(&parameters, |name| name == "window");
    if !twice.is_empty() {
        return Err(ApiError::faults(twice));
    }
    let said = parameters.into_iter().find(|(name, _)| name == "window").map_or_else(|| "24h".to_owned(), |(_, value)| value);
    let length = window(&said).ok_or_else(|| {
        let message = format!("window must be a whole number with s, m, h or d, such as 24h, up to {WINDOW_DAYS_MAX}d");
        ApiError::faults(vec![Fault::new("window", message)])
    })?;
    let now = clock::wall();
    let from = Timestamp::from_epoch_millis(now.epoch_millis().saturating_sub(i64::try_from(millis(length)).unwrap_or(i64::MAX)));
    let entry = state.catalog.current().get(&id).cloned();
    let present = entry.as_ref().map_or(Past { standing: Standing::Absent, verdict: None }, |entry| Past {
        standing: Standing::Present(Some(entry.instance.clone())),
        verdict: Some(entry.verdict),
    });
    let life = state.registry.journal().life(id.clone(), from, present).await;
    let life = life.map_err(|error| ApiError::busy(error.to_string()))?;
    if entry.is_none() && !life.is_known {
        return Err(ApiError::unknown_instance(&id));
    }
    let found = history::availability(from..now, life.reach.unwrap_or(now), life.past, &life.events);
    Ok(AvailabilityAnswer {
        message: "Availability retrieved successfully",
        instance_id: id,
        window: said,
        from: clock::iso(from),
        to: clock::iso(now),
        reaches: life.reach.map(clock::iso),
        availability: found.ratio(),
        spans: found.spans.iter().map(|span| view(span, now)).collect(),
        transitions: found.transitions,
        failures: found.failures,
        mttr_seconds: found.mttr().map(|span| span.as_secs_f64()),
        mtbf_seconds: found.mtbf().map(|span| span.as_secs_f64()),
        known_seconds: (found.up + found.down).as_secs_f64(),
        unknown_seconds: found.unknown.as_secs_f64(),
        excluded_seconds: found.excluded.as_secs_f64(),
        timestamp: clock::iso(now),
    })
}

fn view(span: &Span, now: Timestamp) -> SpanView {
    SpanView { from: clock::iso(span.from), to: (span.to < now).then(|| clock::iso(span.to)), state: span.state.as_str() }
}

/// Reads `24h`.
fn window(text: &str) -> Option<Duration> {
    let unit = match text.bytes().last()? {
        b's' => 1,
        b'm' => 60,
        b'h' => 3600,
        b'd' => 86_400,
        _ => return None,
    };
    let digits = &text[..text.len() - 1];
    let count: u64 = digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| digits.parse().ok()).flatten()?;
    let seconds = count.checked_mul(unit)?;
    (1..=WINDOW_DAYS_MAX * 86_400).contains(&seconds).then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_read_within_their_bounds() {
        assert_eq!(window("24h"), Some(Duration::from_hours(24)));
        assert_eq!(window("366d"), Some(Duration::from_hours(366 * 24)));
        for text in ["", "h", "0h", "367d", "1w", "-1h", "+1h", "1.5h", "99999999999999999999d", "9é"] {
            assert_eq!(window(text), None, "{text}");
        }
    }
}
