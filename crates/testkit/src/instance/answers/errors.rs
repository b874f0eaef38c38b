//! Owns the several error shapes of a real instance. Does not own when they are used.

use bytes::Bytes;
use serde::Serialize;

use super::{Answer, HTML, SetupView};
use crate::stamp::Moment;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    error: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<u64>,
}

/// The usual shape: text and time.
pub(crate) fn timed(status: u16, error: &str, now: Moment) -> Answer {
    shaped(status, ErrorBody { code: None, error, status_code: None, timestamp: Some(now.millis()) })
}

/// The shape of everything about setups: the status once more in the body.
pub(crate) fn with_status(status: u16, error: &str, now: Moment) -> Answer {
    let timestamp = Some(now.millis());
    shaped(status, ErrorBody { code: None, error, status_code: Some(status), timestamp })
}

/// The shape of telemetry: an error code in front.
pub(crate) fn coded(status: u16, code: &str, error: &str, now: Moment) -> Answer {
    let timestamp = Some(now.millis());
    shaped(status, ErrorBody { code: Some(code), error, status_code: None, timestamp })
}

/// The shape of health: text only.
pub(crate) fn bare(status: u16, error: &str) -> Answer {
    shaped(status, ErrorBody { code: None, error, status_code: None, timestamp: None })
}

fn shaped(status: u16, body: ErrorBody<'_>) -> Answer {
    Answer::json(status, &body)
}

/// What the web framework says about a path that nobody serves.
pub(crate) fn unknown_path() -> Answer {
    let page = Bytes::from_static(b"<html><body><h1>Resource not found</h1></body></html>");
    Answer::bytes(404, HTML, page)
}

/// What a driver says when the database of a setup does not answer.
pub(crate) fn refused(view: SetupView<'_>) -> String {
    let database = &view.setup.database;
    format!("Connection refused: /{}:{}", database.host, database.port)
}
