//! `/api/v1/events` and the history of an instance: pages of the journal.
//!
//! Owns the query and the frame. Does not own the journal (the registry does), nor what an entry looks like (`wire::event`).

mod query;

use axum::extract::{Path, Request};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::answer;
use super::error::{ApiError, ErrorBody};
use super::extract::query as parameters;
use super::state::{ApiState, Shared};
use super::wire::event::EventView;
use super::wire::registration::read_id;
use super::wire::words::InstancePath;
use crate::clock;
use crate::registry::JournalError;
use crate::registry::store::{EventPage, Order};
use query::{EventsParameters, EventsQuery};

/// A page of what happened.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct EventsPage {
    /// `Events retrieved successfully`
    message: &'static str,
    /// Events in this page.
    count: usize,
    /// The events, in the order asked for.
    events: Vec<EventView>,
    /// Where to go on: say it as `since` (oldest first) or `before` (newest first). Null: there is no more. A page may be empty and
    /// still have this, when much had to be looked through.
    next: Option<String>,
    /// The oldest event that is kept.
    oldest: Option<String>,
    /// The newest event.
    newest: Option<String>,
    /// Whether events between `since` (or `from`) and the oldest one are not kept any more.
    compacted: bool,
    /// Parameters of the request that mean nothing: a typo, perhaps.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ignored_parameters: Vec<String>,
    /// When.
    timestamp: String,
}

/// What happened: registrations, verdicts with their evidence, orders of operators.
#[utoipa::path(
    get, path = "/api/v1/events", tag = "events", operation_id = "listEvents",
    params(EventsParameters),
    responses(
        (status = 200, description = "a page of events", body = EventsPage),
        (status = 400, description = "a parameter is wrong", body = ErrorBody),
        (status = 401, description = "needs a token", body = ErrorBody),
        (status = 503, description = "busy or stopping", body = ErrorBody),
    )
)]
pub(super) async fn list_events(state: Shared, request: Request) -> Response {
    match EventsQuery::read(parameters(request.uri()), Order::Ascending) {
        Ok(query) => page(&state, query).await,
        Err(error) => error.into_response(),
    }
}

/// The history of one id, newest first. It outlives the registration.
#[utoipa::path(
    get, path = "/api/v1/instances/{instanceId}/history", tag = "events", operation_id = "getInstanceHistory",
    params(InstancePath, EventsParameters),
    responses(
        (status = 200, description = "a page of events", body = EventsPage),
        (status = 400, description = "the path or a parameter is wrong", body = ErrorBody),
        (status = 401, description = "needs a token", body = ErrorBody),
        (status = 404, description = "neither registered nor in the journal", body = ErrorBody),
        (status = 503, description = "busy or stopping", body = ErrorBody),
    )
)]
pub(super) async fn get_history(state: Shared, Path(id): Path<String>, request: Request) -> Response {
    let read = read_id(&id).and_then(|_| EventsQuery::read(parameters(request.uri()), Order::Descending));
    let mut query = match read {
        Ok(query) => query,
        Err(error) => return error.into_response(),
    };
    query.events.instance = Some(id.clone());
    if state.catalog.current().get(&id).is_some() {
        return page(&state, query).await;
    }
    // Who left has a history as long as the journal reaches back.
    let any = crate::registry::store::EventQuery { instance: Some(id.clone()), limit: 1, ..Default::default() };
    match state.registry.journal().page(any).await {
        Ok(found) if found.entries.is_empty() => ApiError::unknown_instance(&id).into_response(),
        Ok(_) => page(&state, query).await,
        Err(error) => explain(&error).into_response(),
    }
}

async fn page(state: &ApiState, query: EventsQuery) -> Response {
    let EventsQuery { events, since, ignored } = query;
    let mut events = events;
    events.now = events.environment.as_ref().map(|_| state.catalog.current());
    let (order, from) = (events.order, events.from);
    let found: EventPage = match state.registry.journal().page(events).await {
        Ok(found) => found,
        Err(error) => return explain(&error).into_response(),
    };
    let epoch = state.identity.epoch;
    let place = |number: u64| format!("{epoch}:{number}");
    let oldest = found.oldest.map_or(0, |seq| seq.number);
    // The first entry of all has the number 1: nothing was before it.
    let lost = oldest > 1 && order == Order::Ascending;
    let too_old = since.is_some_and(|since| since.number.saturating_add(1) < oldest)
        || (since.is_none() && from.is_some_and(|from| found.oldest_at.is_some_and(|oldest| from < oldest)));
    answer::ok(&EventsPage {
        message: "Events retrieved successfully",
        count: found.entries.len(),
        events: found.entries.iter().map(EventView::of).collect(),
        next: found.next.map(place),
        oldest: found.oldest.map(|seq| seq.to_string()),
        newest: found.newest.map(|seq| seq.to_string()),
        compacted: lost && too_old,
        ignored_parameters: ignored,
        timestamp: clock::iso(clock::wall()),
    })
}

fn explain(error: &JournalError) -> ApiError {
    ApiError::busy(error.to_string())
}
