//! All routes, on one page.
//!
//! A route is in one of three groups: open to everybody, guarded by method (reading needs `read`, changing `admin`), or for `admin` alone.
//! A handler never registers itself.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{Method, StatusCode};
use peegeeq_domain::access::Role;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::console;
use super::docs::{self, Description};
use super::edge::{Guard, Rule};
use super::error::ApiError;
use super::events;
use super::federation::{self, FederationApi};
use super::incidents;
use super::instances::{availability, change, check, diff, list, order, read};
use super::management::{self, ManagementApi};
use super::managers;
use super::routing::{self, RoutingApi};
use super::state::ApiState;
use super::status;
use super::updates::{self, UpdatesApi};

fn public() -> OpenApiRouter<Arc<ApiState>> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(status::health))
        .routes(routes!(status::live))
        .routes(routes!(status::ready))
        .merge(management::open_routes())
        .route("/", get(console::redirect))
        .route("/ui", get(console::redirect))
        .route("/ui/", get(console::file))
        .route("/ui/{*path}", get(console::file))
        .route("/openapi.json", get(docs::openapi))
        .route("/docs", get(docs::page_without_slash))
        .route("/docs/", get(docs::page))
        .route("/docs/{*path}", get(docs::file))
}

fn guarded() -> OpenApiRouter<Arc<ApiState>> {
    OpenApiRouter::new()
        .routes(routes!(status::detail))
        .routes(routes!(status::metrics))
        .routes(routes!(managers::list_managers))
        .routes(routes!(list::list_instances))
        .routes(routes!(change::register_instance))
        .routes(routes!(read::get_instance, change::update_instance, change::delete_instance))
        .routes(routes!(change::deregister_instance))
        .routes(routes!(order::drain_instance))
        .routes(routes!(order::maintain_instance))
        .routes(routes!(order::resume_instance))
        .routes(routes!(events::list_events))
        .routes(routes!(events::get_history))
        .routes(routes!(incidents::list_incidents))
        .routes(routes!(incidents::get_incident))
        .routes(routes!(diff::diff_instances))
        .routes(routes!(availability::get_availability))
        .routes(routes!(check::get_instance_health))
        .routes(routes!(check::force_health_check))
}

/// What only administrators may read.
fn confidential() -> OpenApiRouter<Arc<ApiState>> {
    OpenApiRouter::new().routes(routes!(managers::own_settings))
}

/// The router of everything, with `anonymous` as the role of callers without a token.
pub fn router(
    state: Arc<ApiState>,
    federation: Arc<FederationApi>,
    management: Arc<ManagementApi>,
    live: Arc<UpdatesApi>,
    routing: Arc<RoutingApi>,
    anonymous: Option<Role>,
) -> Router {
    let guard = |rule| Guard { rule, anonymous };
    let open = Router::from(public().with_state(state.clone())).route_layer(guard(Rule::Public));
    let secret = Router::from(confidential().with_state(state.clone())).route_layer(guard(Rule::Admin));
    let own = Router::from(guarded().with_state(state)).route_layer(guard(Rule::ByMethod));
    let federated = Router::from(federation::routes().with_state(federation)).route_layer(guard(Rule::ByMethod));
    let cluster = Router::from(management::routes().with_state(management)).route_layer(guard(Rule::ByMethod));
    let live = Router::from(updates::routes().with_state(live)).route_layer(guard(Rule::ByMethod));
    let routed = Router::from(routing::routes().with_state(routing)).route_layer(guard(Rule::ByMethod));
    let all = open.merge(own).merge(secret).merge(federated).merge(cluster).merge(live).merge(routed);
    all.fallback(not_found).method_not_allowed_fallback(method_not_allowed)
}

/// The description of all routes.
pub(super) fn description() -> utoipa::openapi::OpenApi {
    let mut description = public().into_openapi();
    description.merge(guarded().into_openapi());
    description.merge(confidential().into_openapi());
    description.merge(federation::routes().into_openapi());
    description.merge(management::routes().into_openapi());
    description.merge(updates::routes().into_openapi());
    description.merge(routing::routes().into_openapi());
    description
}

async fn not_found(request: Request) -> Response {
    let message = format!("there is nothing at {}: see /docs/ for what there is", request.uri().path());
    ApiError::new(StatusCode::NOT_FOUND, message).into_response()
}

/// The router adds `Allow`, which is all that `OPTIONS` asks for.
async fn method_not_allowed(request: Request) -> Response {
    if request.method() == Method::OPTIONS {
        return StatusCode::NO_CONTENT.into_response();
    }
    let message = format!("{} is not offered at {}: the header Allow says what is", request.method(), request.uri().path());
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, message).into_response()
}
