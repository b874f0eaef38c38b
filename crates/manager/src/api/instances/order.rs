//! Orders of operators: draining, resuming, taking out. Each is durable before it is acknowledged, and stands until it is lifted
//! or over, whatever the instance says of itself meanwhile.

use std::sync::Arc;

use axum::extract::{Path, Request};
use axum::response::{IntoResponse, Response};
use peegeeq_domain::access::Principal;
use peegeeq_domain::instance::{Patch, Verb};

use super::change::in_time;
use crate::api::answer;
use crate::api::error::{ApiError, ErrorBody};
use crate::api::extract::json_body;
use crate::api::state::Shared;
use crate::api::wire::instance::OrderView;
use crate::api::wire::order::{DrainRequest, MaintenanceRequest, Ordered, ReadOrder, ResumeRequest, changes, read_order};
use crate::api::wire::registration::read_id;
use crate::api::wire::words::InstancePath;
use crate::clock;

/// Drains an instance: it finishes what it has and gets nothing new.
///
/// The body may be empty. The same order again changes nothing; what is said again replaces what was said.
#[utoipa::path(
    post, path = "/api/v1/instances/{instanceId}/drain", tag = "instances", operation_id = "drainInstance",
    params(InstancePath),
    request_body = DrainRequest,
    responses(
        (status = 200, description = "ordered; says what changed", body = Ordered<'static>),
        (status = 400, description = "one or more fields are wrong; all are named", body = ErrorBody),
        (status = 401, description = "needs a token", body = ErrorBody),
        (status = 403, description = "the token may not, or the web page may not", body = ErrorBody),
        (status = 404, description = "not registered", body = ErrorBody),
        (status = 408, description = "the body took too long", body = ErrorBody),
        (status = 409, description = "it has another revision by now", body = ErrorBody),
        (status = 413, description = "the body is too large", body = ErrorBody),
        (status = 415, description = "the body is not JSON", body = ErrorBody),
        (status = 503, description = "busy or stopping", body = ErrorBody),
        (status = 507, description = "the disk does not take it", body = ErrorBody),
    )
)]
pub async fn drain_instance(state: Shared, Path(id): Path<String>, request: Request) -> Response {
    order(&state, &id, Verb::Drain, request).await
}

/// Takes an instance out: it is not routed to, and its state says that nobody expects anything of it.
///
/// The body may be empty. The same order again changes nothing; what is said again replaces what was said.
#[utoipa::path(
    post, path = "/api/v1/instances/{instanceId}/maintenance", tag = "instances", operation_id = "maintainInstance",
    params(InstancePath),
    request_body = MaintenanceRequest,
    responses(
        (status = 200, description = "ordered; says what changed", body = Ordered<'static>),
        (status = 400, description = "one or more fields are wrong; all are named", body = ErrorBody),
        (status = 401, description = "needs a token", body = ErrorBody),
        (status = 403, description = "the token may not, or the web page may not", body = ErrorBody),
        (status = 404, description = "not registered", body = ErrorBody),
        (status = 408, description = "the body took too long", body = ErrorBody),
        (status = 409, description = "it has another revision by now", body = ErrorBody),
        (status = 413, description = "the body is too large", body = ErrorBody),
        (status = 415, description = "the body is not JSON", body = ErrorBody),
        (status = 503, description = "busy or stopping", body = ErrorBody),
        (status = 507, description = "the disk does not take it", body = ErrorBody),
    )
)]
pub async fn maintain_instance(state: Shared, Path(id): Path<String>, request: Request) -> Response {
    order(&state, &id, Verb::Maintenance, request).await
}

/// Lets an instance take part again: lifts whatever was ordered.
#[utoipa::path(
    post, path = "/api/v1/instances/{instanceId}/resume", tag = "instances", operation_id = "resumeInstance",
    params(InstancePath),
    request_body = ResumeRequest,
    responses(
        (status = 200, description = "ordered; says what changed", body = Ordered<'static>),
        (status = 400, description = "one or more fields are wrong; all are named", body = ErrorBody),
        (status = 401, description = "needs a token", body = ErrorBody),
        (status = 403, description = "the token may not, or the web page may not", body = ErrorBody),
        (status = 404, description = "not registered", body = ErrorBody),
        (status = 408, description = "the body took too long", body = ErrorBody),
        (status = 409, description = "it has another revision by now", body = ErrorBody),
        (status = 413, description = "the body is too large", body = ErrorBody),
        (status = 415, description = "the body is not JSON", body = ErrorBody),
        (status = 503, description = "busy or stopping", body = ErrorBody),
        (status = 507, description = "the disk does not take it", body = ErrorBody),
    )
)]
pub async fn resume_instance(state: Shared, Path(id): Path<String>, request: Request) -> Response {
    order(&state, &id, Verb::Resume, request).await
}

async fn order(state: &Shared, id: &str, verb: Verb, request: Request) -> Response {
    let by = caller(request.extensions().get::<Principal>());
    let ordered = async {
        let instance_id = read_id(id)?;
        let body = json_body(request, &state.body).await?;
        let ReadOrder { said, revision, ignored } = read_order(&body, verb, by.clone(), clock::wall())?;
        let patch = Patch { order: Some(said), ..Patch::default() };
        let updated = in_time(state, id, state.registry.change(instance_id, patch, revision, Some(by))).await?;
        Ok::<_, ApiError>((updated, ignored))
    };
    let (updated, ignored_fields) = match ordered.await {
        Ok(ordered) => ordered,
        Err(error) => return error.into_response(),
    };
    let (before, instance) = (&*updated.before, &*updated.instance);
    let status = state.catalog.current().get(id).map_or("unknown", |entry| entry.state().as_str());
    let changes = changes(before, instance);
    answer::ok(&Ordered {
        message: match verb {
            Verb::Drain => "Instance is draining",
            Verb::Maintenance => "Instance is in maintenance",
            Verb::Resume | Verb::Expire => "Instance takes part",
        },
        instance_id: instance.id().as_str(),
        changed: !changes.is_empty(),
        changes,
        presence: instance.presence.as_str(),
        status,
        order: instance.order.as_ref().map(OrderView::of),
        revision: instance.revision.0,
        ignored_fields,
        timestamp: clock::iso(clock::wall()),
    })
}

/// The name under which an order is noted.
pub(in crate::api) fn caller(principal: Option<&Principal>) -> Arc<str> {
    match principal {
        Some(Principal::Token { name, .. }) => name.clone(),
        Some(Principal::Anonymous) | None => "anonymous".into(),
    }
}
