//! `GET /api/v1/instances/{instanceId}`

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, Uri, header};
use peegeeq_domain::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::past::{self, PastView};
use crate::api::answer;
use crate::api::error::{ApiError, ErrorBody};
use crate::api::extract::{has_tag, not_modified, query};
use crate::api::listing::Rendered;
use crate::api::state::{ApiState, Shared};
use crate::api::wire::instance::{InstanceView, SetupView, setup_views};
use crate::api::wire::routing::DrainView;
use crate::api::wire::words::{AtParameter, InstancePath};
use crate::clock;

/// One instance.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the answer: the instance is written from prepared bytes, not from this")]
pub struct InstanceRead<'a> {
    #[schema(inline)]
    #[serde(flatten)]
    frame: ReadFrame,
    /// The instance.
    instance: InstanceView<'a>,
}

/// What stands around the instance.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ReadFrame {
    /// `Instance retrieved successfully`
    message: &'static str,
    /// Its setups, as last seen; null before the first look.
    setups: Option<Vec<SetupView>>,
    /// Why the setups may be out of date.
    #[serde(skip_serializing_if = "Option::is_none")]
    setups_failure: Option<String>,
    /// How far its drain is, if it drains.
    #[serde(skip_serializing_if = "Option::is_none")]
    drain: Option<DrainView>,
    /// What is known of the past, if the question was about that.
    #[serde(skip_serializing_if = "Option::is_none")]
    past: Option<PastView>,
    /// When.
    timestamp: String,
}

/// Reads one instance.
#[utoipa::path(
    get, path = "/api/v1/instances/{instanceId}", tag = "instances", operation_id = "getInstance",
    params(InstancePath, AtParameter),
    responses(
        (status = 200, description = "the instance", body = InstanceRead<'static>),
        (status = 304, description = "unchanged since the answer with that ETag"),
        (status = 400, description = "the path is wrong", body = ErrorBody),
        (status = 401, description = "needs a token", body = ErrorBody),
        (status = 404, description = "not registered", body = ErrorBody),
        (status = 410, description = "the journal does not reach back to `at`: see `reaches`", body = ErrorBody),
        (status = 503, description = "too many read the journal", body = ErrorBody),
    )
)]
pub async fn get_instance(state: Shared, Path(id): Path<String>, uri: Uri, headers: HeaderMap) -> Response {
    match query(&uri).and_then(past::at) {
        Ok(None) => {}
        Ok(Some(at)) => return at_time(&state, &id, at).await.unwrap_or_else(IntoResponse::into_response),
        Err(error) => return error.into_response(),
    }
    state.registry.look_for(&id).await;
    let Some((instance, tag)) = state.listing.one(&id) else { return ApiError::unknown_instance(&id).into_response() };
    let entry = state.catalog.current().get(&id).cloned();
    let drain = entry.and_then(|entry| DrainView::of(&entry, |order| state.gateway.traffic(&id, order)));
    // How far a drain is changes without the instance's tag.
    if drain.is_none() && tag.to_str().is_ok_and(|tag| has_tag(&headers, tag)) {
        return not_modified(&tag);
    }
    let seen = state.observations.slot(&id).and_then(|slot| slot.setups());
    let fields = ReadFrame {
        message: "Instance retrieved successfully",
        setups: seen.as_deref().map(setup_views),
        setups_failure: seen.as_ref().and_then(|seen| seen.failure.clone()),
        past: None,
        drain,
        timestamp: clock::iso(clock::wall()),
    };
    let mut response = framed(&fields, instance);
    if fields.drain.is_none() {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// The instance as it was. Its setups are not journalled.
async fn at_time(state: &ApiState, id: &str, at: Timestamp) -> Result<Response, ApiError> {
    let picture = past::picture(state, at).await?;
    let past = PastView::of(at, &picture);
    if picture.incomplete.iter().any(|incomplete| incomplete == id) {
        let message = format!("instance '{id}' was registered, but the journal does not say any more as what");
        return Err(ApiError::new(StatusCode::GONE, message).with("reaches", past.reaches));
    }
    let rendered = Rendered::of_past(picture.catalog);
    let place = rendered.catalog.entries().iter().position(|entry| entry.id().as_str() == id);
    let Some(place) = place else {
        return Err(ApiError::new(StatusCode::NOT_FOUND, format!("instance '{id}' was not registered at {}", clock::iso(at))));
    };
    let fields = ReadFrame {
        message: "Instance retrieved successfully",
        setups: None,
        setups_failure: None,
        past: Some(past),
        drain: None,
        timestamp: clock::iso(clock::wall()),
    };
    Ok(framed(&fields, rendered.run(place..place + 1)))
}

fn framed(fields: &ReadFrame, instance: Bytes) -> Response {
    let fields = Bytes::from(serde_json::to_vec(fields).unwrap_or_else(|_| b"{}".to_vec()));
    let joint = Bytes::from_static(b",\"instance\":");
    answer::pieces([fields.slice(..fields.len() - 1), joint, instance, Bytes::from_static(b"}")])
}
