//! The two questions about routing.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::Uri;

use super::RoutingApi;
use super::question::{read_question, read_shown};
use crate::api::answer;
use crate::api::error::{ApiError, ErrorBody};
use crate::api::extract::json_body;
use crate::api::wire::routing::{ExplainRequest, RouteView, RoutingView};

/// How requests are spread just now, and by which rules.
///
/// Counts are since the instance was registered at its address, or since the manager started. With `setup`, only the groups
/// of that one are told; without it those of the first setups by id.
#[utoipa::path(
    get, path = "/api/v1/routing", tag = "routing", operation_id = "getRouting",
    params(
        ("setup" = Option<String>, Query, description = "only this setup"),
        ("limit" = Option<usize>, Query, description = "the most setups, 100 if not said, at most 1000; 0 leaves them out"),
    ),
    responses(
        (status = 200, description = "the distribution and the rules in force", body = RoutingView),
        (status = 400, description = "a parameter is wrong", body = ErrorBody),
        (status = 401, description = "needs a token", body = ErrorBody),
    )
)]
pub(super) async fn routing(state: State<Arc<RoutingApi>>, uri: Uri) -> Response {
    match read_shown(&uri) {
        Ok(shown) => {
            answer::ok(&RoutingView::of(&state.gateway.distribution(shown.setup.as_deref(), shown.limit), &state.catalog.current()))
        }
        Err(error) => error.into_response(),
    }
}

/// Who would get a request, who not and why. Nothing is sent to an instance.
///
/// Decided by the functions that real requests go through, on the same table and the same loads. Strategies that take turns
/// or chances may choose somebody else for the next request: candidates and exclusions are what holds.
#[utoipa::path(
    post, path = "/api/v1/routing/explain", tag = "routing", operation_id = "explainRoute",
    request_body = ExplainRequest,
    responses(
        (status = 200, description = "what would become of it", body = RouteView),
        (status = 400, description = "the question is wrong, or the request asked about is", body = ErrorBody),
        (status = 401, description = "needs a token", body = ErrorBody),
        (status = 403, description = "the token may not, or the web page may not", body = ErrorBody),
        (status = 408, description = "the body took too long", body = ErrorBody),
        (status = 413, description = "the body is too large", body = ErrorBody),
        (status = 415, description = "the body is not JSON", body = ErrorBody),
    )
)]
pub(super) async fn explain(state: State<Arc<RoutingApi>>, request: Request) -> Response {
    let explained = async {
        let body = json_body(request, &state.body).await?;
        let asked = read_question(&body)?;
        let explained = state.gateway.explain(&asked).map_err(|refusal| ApiError::from(*refusal))?;
        Ok::<_, ApiError>(answer::ok(&RouteView::of(&asked, &explained)))
    };
    explained.await.unwrap_or_else(IntoResponse::into_response)
}
