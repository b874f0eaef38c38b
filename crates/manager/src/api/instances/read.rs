//! `GET /api/v1/instances/{instanceId}`

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, header};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::answer;
use crate::api::error::{ApiError, ErrorBody};
use crate::api::extract::{has_tag, not_modified};
use crate::api::state::Shared;
use crate::api::wire::instance::{InstanceView, SetupView, setup_views};
use crate::api::wire::words::InstancePath;
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
    /// When.
    timestamp: String,
}

/// Reads one instance.
#[utoipa::path(
    get, path = "/api/v1/instances/{instanceId}", tag = "instances", operation_id = "getInstance",
    params(InstancePath),
    responses(
        (status = 200, description = "the instance", body = InstanceRead<'static>),
        (status = 304, description = "unchanged since the answer with that ETag"),
        (status = 400, description = "the path is wrong", body = ErrorBody),
        (status = 401, description = "needs a token", body = ErrorBody),
        (status = 404, description = "not registered", body = ErrorBody),
    )
)]
pub async fn get_instance(state: Shared, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let Some((instance, tag)) = state.listing.one(&id) else { return ApiError::unknown_instance(&id).into_response() };
    if tag.to_str().is_ok_and(|tag| has_tag(&headers, tag)) {
        return not_modified(&tag);
    }
    let seen = state.observations.slot(&id).and_then(|slot| slot.setups());
    let fields = ReadFrame {
        message: "Instance retrieved successfully",
        setups: seen.as_deref().map(setup_views),
        setups_failure: seen.as_ref().and_then(|seen| seen.failure.clone()),
        timestamp: clock::iso(clock::wall()),
    };
    let fields = Bytes::from(serde_json::to_vec(&fields).unwrap_or_else(|_| b"{}".to_vec()));
    let joint = Bytes::from_static(b",\"instance\":");
    let mut response = answer::pieces([fields.slice(..fields.len() - 1), joint, instance, Bytes::from_static(b"}")]);
    response.headers_mut().insert(header::ETAG, tag);
    response
}
