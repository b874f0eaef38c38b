//! Registering, changing and deregistering instances. Each is durable before it is acknowledged.

use std::future::Future;

use axum::extract::{Path, Request};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use peegeeq_domain::access::Principal;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::order::caller;
use crate::api::answer;
use crate::api::error::{ApiError, ErrorBody};
use crate::api::extract::json_body;
use crate::api::state::{ApiState, Shared};
use crate::api::wire::registration::{
    Deregistered, RegisterRequest, Registered, UpdateRequest, Updated, changed_elsewhere, read_id, read_registration, read_update,
};
use crate::api::wire::words::InstancePath;
use crate::clock;
use crate::registry::RegistryError;

/// What may stand in a path segment as it is.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Registers an instance, or registers it again.
///
/// The same id again updates it in place and keeps its history. Answered only when it is durable.
#[utoipa::path(
    post, path = "/api/v1/instances/register", tag = "instances", operation_id = "registerInstance",
    request_body = RegisterRequest,
    responses(
        (status = 201, description = "registered", body = Registered),
        (status = 400, description = "one or more fields are wrong; all are named", body = ErrorBody),
        (status = 401, description = "needs a token", body = ErrorBody),
        (status = 403, description = "the token may not, or the web page may not", body = ErrorBody),
        (status = 408, description = "the body took too long", body = ErrorBody),
        (status = 409, description = "it belongs to an agent of Consul, or another manager was quicker", body = ErrorBody),
        (status = 413, description = "the body is too large", body = ErrorBody),
        (status = 415, description = "the body is not JSON", body = ErrorBody),
        (status = 503, description = "busy, full or stopping", body = ErrorBody),
        (status = 507, description = "the disk does not take it", body = ErrorBody),
    )
)]
pub async fn register_instance(state: Shared, request: Request) -> Response {
    let by = caller(request.extensions().get::<Principal>());
    let registered = async {
        let body = json_body(request, &state.body).await?;
        let read = read_registration(&body, &state.networks)?;
        let registered = in_time(&state, "", state.registry.register_by(read.registration, Some(by))).await?;
        Ok::<_, ApiError>((registered, read.ignored))
    };
    let (registered, ignored_fields) = match registered.await {
        Ok(registered) => registered,
        Err(error) => return error.into_response(),
    };
    let instance = &registered.instance;
    let mut response = answer::with_status(
        StatusCode::CREATED,
        &Registered {
            message: "Instance registered successfully",
            instance_id: instance.id().to_string(),
            status: "registered",
            revision: instance.revision.0,
            ignored_fields,
            timestamp: clock::iso(instance.updated_at),
        },
    );
    let location = format!("/api/v1/instances/{}", utf8_percent_encode(instance.id().as_str(), SEGMENT));
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// Changes labels, weight or presence of an instance that stays where it is.
#[utoipa::path(
    put, path = "/api/v1/instances/{instanceId}", tag = "instances", operation_id = "updateInstance",
    params(InstancePath),
    request_body = UpdateRequest,
    responses(
        (status = 200, description = "changed, or just as it was: see `changed`", body = Updated),
        (status = 400, description = "one or more fields are wrong; all are named", body = ErrorBody),
        (status = 401, description = "needs a token", body = ErrorBody),
        (status = 403, description = "the token may not, or the web page may not", body = ErrorBody),
        (status = 404, description = "not registered", body = ErrorBody),
        (status = 408, description = "the body took too long", body = ErrorBody),
        (status = 409, description = "it has another revision by now, or belongs to an agent of Consul", body = ErrorBody),
        (status = 413, description = "the body is too large", body = ErrorBody),
        (status = 415, description = "the body is not JSON", body = ErrorBody),
        (status = 503, description = "busy or stopping", body = ErrorBody),
        (status = 507, description = "the disk does not take it", body = ErrorBody),
    )
)]
pub async fn update_instance(state: Shared, Path(id): Path<String>, request: Request) -> Response {
    let updated = async {
        let instance_id = read_id(&id)?;
        let by = caller(request.extensions().get::<Principal>());
        let body = json_body(request, &state.body).await?;
        let read = read_update(&body)?;
        let updated = in_time(&state, &id, state.registry.change(instance_id, read.patch, read.revision, Some(by))).await?;
        Ok::<_, ApiError>((updated, read.ignored))
    };
    match updated.await {
        Err(error) => error.into_response(),
        Ok((updated, ignored_fields)) => answer::ok(&Updated {
            message: update_message(updated.changed(), changed_elsewhere(&ignored_fields)),
            instance_id: updated.instance.id().to_string(),
            status: "registered",
            changed: updated.changed(),
            revision: updated.instance.revision.0,
            ignored_fields,
            timestamp: clock::iso(clock::wall()),
        }),
    }
}

/// What became of a change; `elsewhere` says how to change what it could not.
fn update_message(changed: bool, elsewhere: Option<String>) -> String {
    match (changed, elsewhere) {
        (true, None) => "Instance updated successfully".to_owned(),
        (true, Some(elsewhere)) => format!("Instance updated successfully, but {elsewhere}"),
        (false, None) => "Instance is already as requested, nothing was changed".to_owned(),
        (false, Some(elsewhere)) => format!("Nothing was changed: {elsewhere}"),
    }
}

/// Deregisters an instance.
#[utoipa::path(
    delete, path = "/api/v1/instances/{instanceId}/deregister", tag = "instances", operation_id = "deregisterInstance",
    params(InstancePath),
    responses(
        (status = 200, description = "gone", body = Deregistered),
        (status = 400, description = "the id is not one", body = ErrorBody),
        (status = 401, description = "needs a token", body = ErrorBody),
        (status = 403, description = "the token may not, or the web page may not", body = ErrorBody),
        (status = 404, description = "not registered", body = ErrorBody),
        (status = 409, description = "it belongs to an agent of Consul", body = ErrorBody),
        (status = 503, description = "busy or stopping", body = ErrorBody),
        (status = 507, description = "the disk does not take it", body = ErrorBody),
    )
)]
pub async fn deregister_instance(state: Shared, Path(id): Path<String>, request: Request) -> Response {
    let by = caller(request.extensions().get::<Principal>());
    // The body of a request cannot be held across a wait, and nobody reads it.
    drop(request);
    let gone = async {
        let instance_id = read_id(&id)?;
        in_time(&state, &id, state.registry.deregister_by(instance_id, Some(by))).await
    };
    match gone.await {
        Err(error) => error.into_response(),
        Ok(()) => answer::ok(&Deregistered {
            message: "Instance unregistered successfully",
            instance_id: id,
            status: "deregistered",
            timestamp: clock::iso(clock::wall()),
        }),
    }
}

/// Deregisters an instance: the shorter path.
#[utoipa::path(
    delete, path = "/api/v1/instances/{instanceId}", tag = "instances", operation_id = "deleteInstance",
    params(InstancePath),
    responses(
        (status = 200, description = "gone", body = Deregistered),
        (status = 400, description = "the id is not one", body = ErrorBody),
        (status = 401, description = "needs a token", body = ErrorBody),
        (status = 403, description = "the token may not, or the web page may not", body = ErrorBody),
        (status = 404, description = "not registered", body = ErrorBody),
        (status = 409, description = "it belongs to an agent of Consul", body = ErrorBody),
        (status = 503, description = "busy or stopping", body = ErrorBody),
        (status = 507, description = "the disk does not take it", body = ErrorBody),
    )
)]
pub async fn delete_instance(state: Shared, path: Path<String>, request: Request) -> Response {
    deregister_instance(state, path, request).await
}

/// Waits for a change, but not for ever. The registry carries on: whether the change was made is not known then.
pub(super) async fn in_time<T>(state: &ApiState, id: &str, change: impl Future<Output = Result<T, RegistryError>>) -> Result<T, ApiError> {
    match tokio::time::timeout(state.answer_timeout, change).await {
        Ok(outcome) => outcome.map_err(|error| explain(error, id)),
        Err(_) => {
            let message = "the disk did not take the change in time (request.timeout): whether it was made is not known, read it again";
            Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, message).with("outcome", "unknown"))
        }
    }
}

/// The registry's refusals, in words for the caller.
pub(in crate::api) fn explain(error: RegistryError, id: &str) -> ApiError {
    match error {
        RegistryError::NotFound => ApiError::unknown_instance(id),
        RegistryError::RevisionMismatch { current } => {
            let message = format!("instance '{id}' is at revision {} by now: read it again and repeat the change", current.0);
            ApiError::new(StatusCode::CONFLICT, message).with("revision", current.0)
        }
        RegistryError::Busy => ApiError::busy("the registry has too many changes waiting (registry.queue.max): try again in a moment"),
        RegistryError::InstancesFull { limit } => ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            format!("the registry is full with {limit} instances: deregister some, or raise registry.instances.max"),
        ),
        RegistryError::Storage { sentence, .. } => {
            let message = format!("the registry could not confirm that the change is on disk, so it is not in force: {sentence}");
            ApiError::new(StatusCode::INSUFFICIENT_STORAGE, message).with("code", "storage_failed").with("outcome", "unknown")
        }
        RegistryError::Away { sentence } => {
            unavailable(format!("the change was not made, because the registry in Consul cannot take it: {sentence}"), "consul_away")
        }
        RegistryError::Denied { sentence } => unavailable(format!("the change was not made: {sentence}"), "consul_denied"),
        RegistryError::Unsure { sentence } => {
            let message = format!("whether the change was made is not known, read it again: {sentence}");
            unavailable(message, "consul_unsure").with("outcome", "unknown")
        }
        RegistryError::Owned { id, node, address } => {
            let at = if address.is_empty() { String::new() } else { format!(" ({address})") };
            let message = format!(
                "instance '{id}' was registered on the Consul node '{node}'{at}, not by a manager: change or deregister it there, \
                 because that node would put back what is taken from it here"
            );
            ApiError::new(StatusCode::CONFLICT, message).with("code", "owned_by_node").with("owner", &*node)
        }
        RegistryError::Conflict { id } => {
            let message = format!("another manager changed instance '{id}' at the same moment: read it and decide again");
            ApiError::new(StatusCode::CONFLICT, message).with("code", "concurrent_change")
        }
        RegistryError::Stopping => ApiError::busy("the manager is stopping: send the request to another, or again when it is back"),
    }
}

fn unavailable(message: String, code: &'static str) -> ApiError {
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, message).with("code", code)
}
