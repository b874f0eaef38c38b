//! The operations: an answer of the federation, written once in the shape of an instance.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, Uri, header};
use utoipa::IntoParams;

use super::ManagementApi;
use super::query::QueueQuery;
use super::{lists, metrics as flat_metrics, overview as whole_overview, setups as setup_list};
use crate::api::answer::pieces;
use crate::api::error::{ApiError, ErrorBody};
use crate::api::extract::query;
use crate::api::federation::handlers::unanswered;
use crate::api::wire::management::{ClusterEventStores, ClusterGroups, ClusterMetrics, ClusterOverview, ClusterQueues, ClusterSetups};
use crate::federation::{Answer, Content, Prepared, Unanswered, Want};

/// The place of what is prepared in an instance's shape, behind the federation's own.
pub(super) const INSTANCE_SHAPE: usize = 3;

/// The place of the list of setups, which is made of the overview too.
const SETUP_LIST: usize = 4;

/// What the management UI says when it asks for queues.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the request; the reader takes parameters one by one")]
pub(super) struct QueueParams {
    /// `native`, `outbox` or `bitemporal`; several with commas.
    #[param(rename = "type")]
    kind: Option<String>,
    /// `active`, `paused`, `idle` or `error`; several with commas.
    status: Option<String>,
    /// Only queues of this setup.
    setup_id: Option<String>,
    /// Part of a queue's or a setup's name, in any case.
    search: Option<String>,
    /// `queueName`, `setupId`, `type`, `status`, `messageCount`, `consumerCount`, `messagesPerSecond` or `errorRate`.
    sort_by: Option<String>,
    /// `asc` (default) or `desc`.
    sort_order: Option<String>,
    /// Number of the page, from 1.
    #[param(minimum = 1)]
    page: Option<usize>,
    /// Rows on a page.
    #[param(minimum = 1, maximum = 10000)]
    page_size: Option<usize>,
    /// `true` asks the instances now.
    fresh: Option<bool>,
}

/// The parameter of the other answers.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the request")]
pub(super) struct FreshParam {
    /// `true` asks the instances now.
    fresh: Option<bool>,
}

macro_rules! operations {
    ($($(#[doc = $doc:literal])+ $name:ident($ask:ident, $place:expr, $write:path, $path:literal, $id:literal) -> $body:ty;)+) => {
        $(
            $(#[doc = $doc])+
            #[utoipa::path(
                get, path = $path, tag = "cluster as an instance", operation_id = $id, params(FreshParam),
                responses(
                    (status = 200, description = "what the instances say as one, in the shape of one; also when none is healthy", body = $body),
                    (status = 401, description = "needs a token", body = ErrorBody),
                    (status = 403, description = "the caller may not read", body = ErrorBody),
                    (status = 504, description = "earlier requests take all the time", body = ErrorBody),
                )
            )]
            pub(super) async fn $name(State(api): State<Arc<ManagementApi>>, uri: Uri) -> Response {
                let want = match want(&uri) {
                    Ok(want) => want,
                    Err(error) => return error.numeric_time().into_response(),
                };
                match api.federation.$ask(want).await {
                    Ok(answer) => written(&answer, api.federation.prepared(&answer, $place, $write).await),
                    Err(reason) => refused(reason),
                }
            }
        )+
    };
}

operations! {
    /// The setups of the cluster with all they have, totals, and what happened lately.
    overview(overview, INSTANCE_SHAPE, whole_overview::whole, "/api/v1/management/overview", "getManagementOverview") -> ClusterOverview;
    /// The consumer groups of the cluster.
    consumer_groups(consumer_groups, INSTANCE_SHAPE, lists::whole, "/api/v1/management/consumer-groups", "getManagementConsumerGroups") -> ClusterGroups;
    /// The event stores of the cluster.
    event_stores(event_stores, INSTANCE_SHAPE, lists::whole, "/api/v1/management/event-stores", "getManagementEventStores") -> ClusterEventStores;
    /// The metrics of the cluster: sums over its instances.
    metrics(metrics, INSTANCE_SHAPE, flat_metrics::whole, "/api/v1/management/metrics", "getManagementMetrics") -> ClusterMetrics;
    /// The ids of the setups of the cluster.
    setups(overview, SETUP_LIST, setup_list::whole, "/api/v1/setups", "listSetups") -> ClusterSetups;
}

/// The queues of the cluster.
#[utoipa::path(
    get, path = "/api/v1/management/queues", tag = "cluster as an instance", operation_id = "getManagementQueues", params(QueueParams),
    responses(
        (status = 200, description = "what the instances say as one, in the shape of one; also when none is healthy", body = ClusterQueues),
        (status = 400, description = "the page is no number", body = ErrorBody),
        (status = 401, description = "needs a token", body = ErrorBody),
        (status = 403, description = "the caller may not read", body = ErrorBody),
        (status = 504, description = "earlier requests take all the time", body = ErrorBody),
    )
)]
pub(super) async fn queues(State(api): State<Arc<ManagementApi>>, uri: Uri) -> Response {
    let query = match QueueQuery::read(&uri) {
        Ok(query) => query,
        Err(error) => return error.into_response(),
    };
    let answer = match api.federation.queues(query.want).await {
        Ok(answer) => answer,
        Err(reason) => return refused(reason),
    };
    let prepared = if query.is_everything() {
        api.federation.prepared(&answer, INSTANCE_SHAPE, lists::whole).await
    } else {
        api.federation.made(&answer, move |answer| lists::chosen(answer, &query)).await
    };
    written(&answer, prepared)
}

fn want(uri: &Uri) -> Result<Want, ApiError> {
    let fresh = uri.query().is_some() && query(uri)?.iter().any(|(name, value)| name == "fresh" && value == "true");
    Ok(if fresh { Want::Now } else { Want::Recent })
}

fn written<C: Content>(answer: &Answer<C>, prepared: Result<Arc<Prepared>, Unanswered>) -> Response {
    let prepared = match prepared {
        Ok(prepared) => prepared,
        Err(reason) => return refused(reason),
    };
    if prepared.is_cut() {
        let sentence = "the answer is too large to be given whole: ask for pages of queues with page=1&pageSize=1000, or name an instance";
        return ApiError::new(StatusCode::SERVICE_UNAVAILABLE, sentence).numeric_time().into_response();
    }
    let mut response = pieces(prepared.filled());
    response.headers_mut().insert(header::AGE, HeaderValue::from(answer.age().as_secs()));
    response
}

fn refused(reason: Unanswered) -> Response {
    unanswered(reason).numeric_time().into_response()
}
