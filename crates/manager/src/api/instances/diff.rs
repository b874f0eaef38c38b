//! `GET /api/v1/events/diff`: what differs between two times.

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use peegeeq_domain::catalog::{Change, Entry};
use peegeeq_domain::time::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::past::{self, PastView};
use crate::api::answer;
use crate::api::error::{ApiError, ErrorBody};
use crate::api::extract::{query, said_twice};
use crate::api::state::{ApiState, Shared};
use crate::api::wire::instance::InstanceView;
use crate::clock;

/// What a caller may say in the query.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query; the reader takes parameters one by one to name all faults at once")]
pub(in crate::api) struct DiffParameters {
    /// The earlier time, ISO 8601.
    #[param(format = DateTime)]
    from: String,
    /// The later time, ISO 8601; now, if it is not said.
    #[param(format = DateTime)]
    to: Option<String>,
}

/// What differs.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct DiffAnswer {
    /// `Differences retrieved successfully`
    message: &'static str,
    /// The earlier time.
    from: PastView,
    /// The later time.
    to: PastView,
    /// Instances that came, as they are at the later time.
    #[schema(value_type = Vec<InstanceView<'static>>)]
    added: Vec<Value>,
    /// Instances that left, as they were at the earlier time.
    #[schema(value_type = Vec<InstanceView<'static>>)]
    removed: Vec<Value>,
    /// Instances that are there at both times and differ.
    changed: Vec<ChangedView>,
    /// When.
    timestamp: String,
}

/// An instance that differs.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ChangedView {
    /// Which.
    instance_id: String,
    /// What differs, by the names that the fields have in an instance; `status` is the verdict with what was ordered.
    fields: Vec<FieldView>,
}

/// A field that differs.
#[derive(Serialize, ToSchema)]
struct FieldView {
    /// Its name.
    field: String,
    /// At the earlier time.
    from: Value,
    /// At the later time.
    to: Value,
}

/// What differs between two times: who came, who left, and what is different of who stayed.
#[utoipa::path(
    get, path = "/api/v1/events/diff", tag = "events", operation_id = "diffInstances",
    params(DiffParameters),
    responses(
        (status = 200, description = "what differs", body = DiffAnswer),
        (status = 400, description = "a parameter is wrong", body = ErrorBody),
        (status = 401, description = "needs a token", body = ErrorBody),
        (status = 410, description = "the journal does not reach back so far: see `reaches`", body = ErrorBody),
        (status = 503, description = "too many read the journal", body = ErrorBody),
    )
)]
pub(in crate::api) async fn diff_instances(state: Shared, request: Request) -> Response {
    let read = query(request.uri()).and_then(read);
    drop(request);
    let answered = match read {
        Ok((from, to)) => differences(&state, from, to).await,
        Err(error) => Err(error),
    };
    answered.map_or_else(IntoResponse::into_response, |answer| answer::ok(&answer))
}

fn read(parameters: Vec<(String, String)>) -> Result<(Timestamp, Timestamp), ApiError> {
    let mut faults = said_twice(&parameters, |name| matches!(name, "from" | "to"));
    let (mut from, mut to) = (None, Some(clock::wall()));
    for (name, value) in parameters {
        match &*name {
            "from" => from = past::time(&mut faults, "from", &value),
            "to" => to = past::time(&mut faults, "to", &value),
            _ => {}
        }
    }
    match (from, to) {
        (Some(from), Some(to)) if faults.is_empty() => Ok((from, to)),
        _ if faults.is_empty() => Err(ApiError::bad_request("from is required: a time such as 2026-01-31T12:00:00Z")),
        _ => Err(ApiError::faults(faults)),
    }
}

async fn differences(state: &ApiState, from: Timestamp, to: Timestamp) -> Result<DiffAnswer, ApiError> {
    let (earlier, later) = (past::picture(state, from).await?, past::picture(state, to).await?);
    let mut answer = DiffAnswer {
        message: "Differences retrieved successfully",
        from: PastView::of(from, &earlier),
        to: PastView::of(to, &later),
        added: Vec::new(),
        removed: Vec::new(),
        changed: Vec::new(),
        timestamp: clock::iso(clock::wall()),
    };
    let unsure = |id: &str| earlier.incomplete.iter().chain(&later.incomplete).any(|incomplete| incomplete == id);
    for change in later.catalog.changes_since(&earlier.catalog) {
        match change {
            // Of who is named as incomplete nobody knows whether it came or left.
            Change::Added(entry) if !unsure(entry.id().as_str()) => answer.added.push(row(&entry)),
            Change::Removed(entry) if !unsure(entry.id().as_str()) => answer.removed.push(row(&entry)),
            Change::Updated { from, to } => answer.changed.push(changed(&from, &to)),
            Change::Added(_) | Change::Removed(_) => {}
        }
    }
    Ok(answer)
}

fn row(entry: &Entry) -> Value {
    serde_json::to_value(InstanceView::of(entry, None, None)).unwrap_or_default()
}

fn changed(from: &Entry, to: &Entry) -> ChangedView {
    let (before, after) = (row(from), row(to));
    let names = after.as_object().map(|fields| fields.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
    let differ = names.into_iter().filter(|name| before[name] != after[name]);
    let fields = differ.map(|field| FieldView { from: before[&field].clone(), to: after[&field].clone(), field }).collect();
    ChangedView { instance_id: to.id().to_string(), fields }
}
