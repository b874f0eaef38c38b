//! `GET /api/v1/instances`

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::list_query::{ListQuery, PAGE_SIZE_MAX};
use super::past::{self, PastView};
use crate::api::answer;
use crate::api::error::ErrorBody;
use crate::api::extract::{has_tag, not_modified, query};
use crate::api::listing::Rendered;
use crate::api::state::Shared;
use crate::api::wire::instance::InstanceView;
use crate::api::wire::words::ListParameters;
use crate::clock;

/// The list of instances.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the answer: the rows are written from prepared bytes, not from this")]
pub struct InstanceList<'a> {
    #[schema(inline)]
    #[serde(flatten)]
    frame: ListFrame<'a>,
    /// The instances asked for.
    instances: Vec<InstanceView<'a>>,
}

/// What stands around the rows.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ListFrame<'a> {
    /// `Instances retrieved successfully`
    message: &'static str,
    /// Rows in this answer.
    count: usize,
    /// The same, as the original named it.
    instance_count: usize,
    /// Instances that match the filters, on all pages.
    matched_instances: usize,
    /// All registered instances.
    total_instances: usize,
    /// The filters as they were said.
    filters: &'a Map<String, Value>,
    /// The filter on the environment, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    filtered_by_environment: Option<&'a Value>,
    /// The filter on the region, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    filtered_by_region: Option<&'a Value>,
    /// The filter on the status, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    filtered_by_status: Option<&'a Value>,
    /// This page, from 1, if pages were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<usize>,
    /// Rows of a page.
    #[serde(skip_serializing_if = "Option::is_none")]
    page_size: Option<usize>,
    /// Pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    total_pages: Option<usize>,
    /// Parameters of the request that mean nothing: a typo, perhaps.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    ignored_parameters: &'a [String],
    /// What was allowed and yet hardly meant, such as a status that there is not.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    warnings: &'a [String],
    /// What is known of the past, if the question was about that.
    #[serde(skip_serializing_if = "Option::is_none")]
    past: Option<&'a PastView>,
    /// When.
    timestamp: &'a str,
}

/// Lists all registered instances, healthy or not.
///
/// With `at`, as they were at that time: see `past` for what the journal knows of it. Any `metadata.KEY=VALUE` is a filter too. The tag leaves out the times of checks, so an unchanged cluster answers 304.
#[utoipa::path(
    get, path = "/api/v1/instances", tag = "instances", operation_id = "listInstances",
    params(ListParameters),
    responses(
        (status = 200, description = "the instances", body = InstanceList<'static>),
        (status = 304, description = "unchanged since the answer with that ETag"),
        (status = 400, description = "a parameter is wrong", body = ErrorBody),
        (status = 401, description = "needs a token", body = ErrorBody),
        (status = 410, description = "the journal does not reach back to `at`: see `reaches`", body = ErrorBody),
        (status = 503, description = "too many read the journal", body = ErrorBody),
    )
)]
pub async fn list_instances(state: Shared, request: Request) -> Response {
    let query = match query(request.uri()).and_then(ListQuery::read) {
        Ok(query) => query,
        Err(error) => return error.into_response(),
    };
    if let Some(at) = query.at {
        return match past::picture(&state, at).await {
            Err(error) => error.into_response(),
            Ok(picture) => {
                let (past, rendered) = (PastView::of(at, &picture), Rendered::of_past(picture.catalog));
                let (rows, matched, shown) = rows(&query, &rendered);
                answer::pieces(frame(&query, &rendered, rows, matched, shown, Some(&past)))
            }
        };
    }
    let rendered = state.listing.current();
    let tagged = !query.is_about_times();
    if tagged && rendered.tag.to_str().is_ok_and(|tag| has_tag(request.headers(), tag)) {
        return not_modified(&rendered.tag);
    }
    let (rows, matched, shown) = rows(&query, &rendered);
    let mut response = answer::pieces(frame(&query, &rendered, rows, matched, shown, None));
    if tagged {
        response.headers_mut().insert(header::ETAG, rendered.tag.clone());
    }
    response
}

/// The rows of the answer, how many matched, and how many there are in the answer.
fn rows(query: &ListQuery, rendered: &Rendered) -> (Bytes, usize, usize) {
    let selected = query.select(rendered);
    let matched = selected.as_ref().map_or(rendered.catalog.entries().len(), Vec::len);
    let range = query.page.map_or(0..matched, |page| page.range(matched));
    let shown = range.len();
    let text = match selected {
        None => rendered.run(range),
        Some(places) => rendered.pick(places.get(range).unwrap_or_default()),
    };
    (text, matched, shown)
}

/// The rows between the fields around them: only these few bytes are written for each request.
fn frame(query: &ListQuery, rendered: &Rendered, rows: Bytes, matched: usize, shown: usize, past: Option<&PastView>) -> [Bytes; 3] {
    let joint = b"\",\"instances\":[";
    let write = || fields(query, rendered, matched, shown, past);
    let fields = if *query == ListQuery::default() { rendered.frame(write).clone() } else { write() };
    let mut head = Vec::with_capacity(fields.len() + clock::ISO_LENGTH + joint.len());
    head.extend_from_slice(&fields);
    head.extend_from_slice(&clock::iso_now());
    head.extend_from_slice(joint);
    [head.into(), rows, Bytes::from_static(b"]}")]
}

/// The fields up to the time, which is the last of them and not yet there.
fn fields(query: &ListQuery, rendered: &Rendered, matched: usize, shown: usize, past: Option<&PastView>) -> Bytes {
    let page = query.page;
    let fields = ListFrame {
        message: "Instances retrieved successfully",
        count: shown,
        instance_count: shown,
        matched_instances: matched,
        total_instances: rendered.catalog.entries().len(),
        filters: &query.said,
        filtered_by_environment: query.said.get("environment"),
        filtered_by_region: query.said.get("region"),
        filtered_by_status: query.said.get("status"),
        page: page.map(|page| page.number),
        page_size: page.map(|page| page.size.min(PAGE_SIZE_MAX)),
        total_pages: page.map(|page| matched.div_ceil(page.size)),
        ignored_parameters: &query.ignored,
        warnings: &query.warnings,
        past,
        timestamp: "",
    };
    let mut text = Vec::with_capacity(512);
    // Writing to memory cannot fail, and these shapes are always JSON.
    let _ = serde_json::to_writer(&mut text, &fields);
    text.truncate(text.len().saturating_sub("\"}".len()));
    text.into()
}
