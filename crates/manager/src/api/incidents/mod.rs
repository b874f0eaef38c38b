//! `/api/v1/incidents`: what failed together, what changed before, and how it ended.
//!
//! Owns the query and the frame. Does not own what an incident is (the domain does), nor its shape (`wire::incident`).

mod markdown;
mod query;

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, Request};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use peegeeq_domain::incident::{Incident, Picture};

use super::answer;
use super::error::{ApiError, ErrorBody};
use super::extract::query as parameters;
use super::state::{ApiState, Shared};
use super::wire::event::EventView;
use super::wire::incident::{AffectedView, BeforeView, IncidentAnswer, IncidentView, IncidentsPage, StepView};
use crate::clock;
use crate::registry::JournalError;
use query::{Format, IncidentParameters, IncidentPath, IncidentsParameters, IncidentsQuery, Order};

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
pub(super) async fn list_incidents(state: Shared, request: Request) -> Response {
    match IncidentsQuery::read(parameters(request.uri())) {
        Ok(query) => answer::ok(&page(&state, query)),
        Err(error) => error.into_response(),
    }
}

fn page(state: &ApiState, query: IncidentsQuery) -> IncidentsPage {
    let (picture, now) = (state.incidents.picture(), clock::wall());
    let shown = |incident: &Arc<Incident>| IncidentView::of(incident, now, state.incidents.stable_after());
    let wanted: Vec<_> = found(&picture, &query).take(query.limit + 1).collect();
    let next = (wanted.len() > query.limit).then(|| wanted[query.limit - 1].id.to_string());
    let incidents: Vec<_> = wanted.into_iter().take(query.limit).map(shown).collect();
    IncidentsPage {
        message: "Incidents retrieved successfully",
        count: incidents.len(),
        incidents,
        next,
        open: picture.open,
        complete: state.incidents.is_complete(),
        ignored_parameters: query.ignored,
        timestamp: clock::iso(now),
    }
}

fn found<'a>(picture: &'a Picture, query: &'a IncidentsQuery) -> Box<dyn Iterator<Item = &'a Arc<Incident>> + 'a> {
    let wanted = picture.incidents.iter().filter(|incident| query.wants(incident));
    match query.order {
        Order::Ascending => Box::new(wanted),
        Order::Descending => Box::new(wanted.rev()),
    }
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
pub(super) async fn get_incident(state: Shared, Path(id): Path<String>, request: Request) -> Response {
    let format = match Format::read(parameters(request.uri()), request.headers()) {
        Ok(format) => format,
        Err(error) => return error.into_response(),
    };
    let number = id.parse::<u64>().ok().filter(|number| number.to_string() == id);
    let Some(incident) = number.and_then(|number| state.incidents.picture().find(number).cloned()) else {
        return ApiError::new(StatusCode::NOT_FOUND, format!("there is no incident '{id}', or it is not kept any more")).into_response();
    };
    match told(&state, &incident).await {
        Ok(told) if format == Format::Markdown => markdown_answer(&told),
        Ok(told) => answer::ok(&told),
        Err(error) => ApiError::busy(error.to_string()).into_response(),
    }
}

/// An incident with the sentences of the entries that it is made of.
async fn told(state: &ApiState, incident: &Incident) -> Result<IncidentAnswer, JournalError> {
    let steps = incident.steps.iter().filter_map(|step| step.place);
    let numbers: Vec<u64> = incident.before.iter().map(|before| before.mark.place).chain(steps).map(|place| place.number).collect();
    let entries = state.registry.journal().entries(numbers).await?;
    let entries: HashMap<u64, EventView> = entries.iter().map(|entry| (entry.seq.number, EventView::of(entry))).collect();
    let sentence = |number: u64| entries.get(&number).map(|entry| &*entry.summary);
    let kind = |number: u64| entries.get(&number).map(|entry| entry.kind);
    let before = incident.before.iter().map(|before| {
        let number = before.mark.place.number;
        BeforeView::of(before, incident.began, kind(number).zip(sentence(number)))
    });
    let timeline = incident.steps.iter().map(|step| StepView::of(step, step.place.and_then(|place| sentence(place.number))));
    let now = clock::wall();
    Ok(IncidentAnswer {
        message: "Incident retrieved successfully",
        incident: IncidentView::of(incident, now, state.incidents.stable_after()),
        before: before.collect(),
        affected: incident.affected.iter().map(AffectedView::of).collect(),
        affected_omitted: incident.omitted.total(),
        timeline: timeline.collect(),
        timeline_omitted: incident.steps_omitted,
        timestamp: clock::iso(now),
    })
}

fn markdown_answer(told: &IncidentAnswer) -> Response {
    let mut response = markdown::page(told).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/markdown; charset=utf-8"));
    response
}
