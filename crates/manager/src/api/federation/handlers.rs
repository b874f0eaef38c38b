//! The ten federated operations: five kinds, in the guide's and in the original's manner.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, Uri, header};
use peegeeq_domain::federation::{GroupRow, QueueRow, StoreRow};
use utoipa::{IntoParams, ToSchema};

use super::envelope::{Extent, NOBODY, prepare};
use super::query::{Query, View};
use super::shown::Shown;
use super::{EmptyStatus, FederationApi};
use crate::api::answer::pieces;
use crate::api::error::{ApiError, ErrorBody};
use crate::api::wire::federation::{
    FederatedMetrics, FederatedOverview, FlatGroups, FlatQueues, FlatStores, GroupedGroups, GroupedQueues, GroupedStores,
};
use crate::federation::{Answer, List, Metrics, Overview, Prepared, Unanswered};

/// Parameters of every federated answer.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the request; the reader takes parameters one by one to name all faults at once")]
pub(super) struct FederationParams {
    /// Which form stands under the main key: `grouped` by name or `flat` as sent. The other one rides along.
    #[param(inline)]
    view: Option<ViewWord>,
    /// `allow` (default) answers with what there is, `strict` answers 503 when anything is missing.
    #[param(inline)]
    partial: Option<PartialWord>,
    /// `true` asks the instances now instead of giving an answer that is up to `federation.max.age` old.
    fresh: Option<bool>,
    /// Number of the page of the main array, from 1.
    #[param(minimum = 1)]
    page: Option<usize>,
    /// Elements on a page.
    #[param(minimum = 1, maximum = 10000)]
    page_size: Option<usize>,
    /// Only instances of exactly this environment.
    environment: Option<String>,
    /// Only instances of exactly this region.
    region: Option<String>,
}

/// The values of `view`.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the request")]
enum ViewWord {
    Grouped,
    Flat,
}

/// The values of `partial`.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the request")]
enum PartialWord {
    Allow,
    Strict,
}

/// Whose manner an answer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// By name; 503 when nobody gave anything.
    Guide,
    /// As sent; always 200.
    Original,
}

impl Manner {
    const fn view(self) -> View {
        match self {
            Self::Guide => View::Grouped,
            Self::Original => View::Flat,
        }
    }

    const fn refuses_empty(self, setting: EmptyStatus) -> bool {
        match (setting, self) {
            (EmptyStatus::Unavailable, _) | (EmptyStatus::ByPath, Self::Guide) => true,
            (EmptyStatus::Ok, _) | (EmptyStatus::ByPath, Self::Original) => false,
        }
    }
}

macro_rules! operations {
    ($($(#[doc = $doc:literal])+ $name:ident($manner:ident, $content:ty, $path:literal, $id:literal) -> $body:ty;)+) => {
        $(
            $(#[doc = $doc])+
            #[utoipa::path(
                get, path = $path, tag = "federation", operation_id = $id,
                params(FederationParams),
                responses(
                    (status = 200, description = "what the instances say as one; `Age` tells how old it is", body = $body),
                    (status = 400, description = "a parameter is wrong", body = ErrorBody),
                    (status = 401, description = "needs a token", body = ErrorBody),
                    (status = 403, description = "the caller may not read", body = ErrorBody),
                    (status = 503, description = "no instance gave anything, or the answer is incomplete and `partial=strict`", body = ErrorBody),
                    (status = 504, description = "earlier requests take all the time", body = ErrorBody),
                )
            )]
            pub(super) async fn $name(State(api): State<Arc<FederationApi>>, uri: Uri) -> Response {
                answer::<$content>(&api, &uri, Manner::$manner).await.unwrap_or_else(IntoResponse::into_response)
            }
        )+
    };
}

operations! {
    /// How many of everything there are.
    federation_overview(Guide, Overview, "/api/v1/federation/overview", "getFederationOverview") -> FederatedOverview;
    /// Queues by name.
    federation_queues(Guide, List<QueueRow>, "/api/v1/federation/queues", "getFederationQueues") -> GroupedQueues;
    /// Consumer groups by name.
    federation_consumer_groups(Guide, List<GroupRow>, "/api/v1/federation/consumer-groups", "getFederationConsumerGroups") -> GroupedGroups;
    /// Event stores by name.
    federation_event_stores(Guide, List<StoreRow>, "/api/v1/federation/event-stores", "getFederationEventStores") -> GroupedStores;
    /// What instances measure about themselves.
    federation_metrics(Guide, Metrics, "/api/v1/federation/metrics", "getFederationMetrics") -> FederatedMetrics;
    /// How many of everything there are; 200 also when no instance is healthy.
    federated_overview(Original, Overview, "/api/v1/federated/overview", "getFederatedOverview") -> FederatedOverview;
    /// Queues as sent; 200 also when no instance is healthy.
    federated_queues(Original, List<QueueRow>, "/api/v1/federated/queues", "getFederatedQueues") -> FlatQueues;
    /// Consumer groups as sent; 200 also when no instance is healthy.
    federated_consumer_groups(Original, List<GroupRow>, "/api/v1/federated/consumer-groups", "getFederatedConsumerGroups") -> FlatGroups;
    /// Event stores as sent; 200 also when no instance is healthy.
    federated_event_stores(Original, List<StoreRow>, "/api/v1/federated/event-stores", "getFederatedEventStores") -> FlatStores;
    /// What instances measure about themselves; 200 also when no instance is healthy.
    federated_metrics(Original, Metrics, "/api/v1/federated/metrics", "getFederatedMetrics") -> FederatedMetrics;
}

async fn answer<C: Shown>(api: &FederationApi, uri: &Uri, manner: Manner) -> Result<Response, ApiError> {
    let query = Query::read(uri)?;
    let everything = C::ask(&api.federation, query.want).await.map_err(unanswered)?;
    let answer = api.federation.within(everything, query.scope).await.map_err(unanswered)?;
    let extent = Extent::Whole(query.view.unwrap_or(manner.view()), query.page);
    let coverage = *answer.content.coverage();
    if coverage.answered == 0 && manner.refuses_empty(api.empty_status) {
        let text = written(api, &answer, extent).await?;
        return Err(refusal(&text, empty_sentence(coverage.asked)));
    }
    if query.strict && !coverage.complete() {
        let sentence = "the answer would be incomplete and partial=strict was asked for: see failedInstances, sources and degradedSetups";
        let text = written(api, &answer, Extent::Completeness).await?;
        return Err(refusal(&text, sentence.to_owned()));
    }
    let prepared = written(api, &answer, extent).await?;
    let mut response = pieces(with_ignored(&prepared, &query.ignored));
    response.headers_mut().insert(header::AGE, HeaderValue::from(answer.age().as_secs()));
    Ok(response)
}

pub(in crate::api) fn unanswered(reason: Unanswered) -> ApiError {
    let status = match reason {
        Unanswered::Late(_) => StatusCode::GATEWAY_TIMEOUT,
        Unanswered::Broken => StatusCode::INTERNAL_SERVER_ERROR,
    };
    ApiError::new(status, reason.to_string())
}

fn empty_sentence(asked: usize) -> String {
    match asked {
        0 => NOBODY.to_owned(),
        asked => format!("{NOBODY}: none of the {asked} that were asked gave an answer, see failedInstances"),
    }
}

/// The text of an answer: written once, but for pages.
async fn written<C: Shown>(api: &FederationApi, answer: &Arc<Answer<C>>, extent: Extent) -> Result<Arc<Prepared>, ApiError> {
    let slot = match extent {
        Extent::Whole(view, None) => view.number(),
        Extent::Completeness => COMPLETENESS_NUMBER,
        Extent::Whole(_, Some(_)) => return checked(Arc::new(prepare(answer, extent))),
    };
    checked(api.federation.prepared(answer, slot, move |answer| prepare(answer, extent)).await.map_err(unanswered)?)
}

/// Behind the numbers of the views.
const COMPLETENESS_NUMBER: usize = 2;

fn checked(prepared: Arc<Prepared>) -> Result<Arc<Prepared>, ApiError> {
    if !prepared.is_cut() {
        return Ok(prepared);
    }
    let sentence = "the answer is too large to be given whole: ask for pages with page=1&pageSize=1000, or for one environment or region";
    Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, sentence))
}

/// 503 with all that the answer would have said: a lenient reader finds the same fields.
fn refusal(text: &Prepared, sentence: String) -> ApiError {
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, sentence).before(text.filled())
}

/// The text of an answer, opened by the parameters that meant nothing.
fn with_ignored(prepared: &Prepared, ignored: &[String]) -> Vec<Bytes> {
    let mut text = prepared.filled();
    if let (false, Some(first)) = (ignored.is_empty(), text.first_mut()) {
        let names = serde_json::to_string(ignored).unwrap_or_else(|_| "[]".to_owned());
        let opening = Bytes::from(format!("{{\"ignoredParameters\":{names},"));
        *first = first.slice(1..);
        text.insert(0, opening);
    }
    text
}
