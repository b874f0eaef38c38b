//! `/api/v1/managers`: who manages this cluster, and with which settings.
//!
//! Owns the two answers. Knows of this manager alone as long as several share no registry. Does not own the settings: `app` hands
//! them in as they were said.

use axum::response::Response;

use super::answer;
use super::error::ErrorBody;
use super::state::{ApiState, Shared};
use super::status::{manager_health, registry_detail};
use super::wire::managers::{ManagerSettings, ManagerView, ManagersAnswer, SettingView};
use crate::clock;

/// Who manages this cluster.
#[utoipa::path(
    get, path = "/api/v1/managers", tag = "manager", operation_id = "listManagers",
    responses(
        (status = 200, description = "the managers", body = ManagersAnswer),
        (status = 401, description = "needs a token", body = ErrorBody),
    )
)]
pub(super) async fn list_managers(state: Shared) -> Response {
    let managers = vec![this_one(&state)];
    answer::ok(&ManagersAnswer {
        message: "Managers retrieved successfully",
        count: managers.len(),
        managers,
        timestamp: clock::iso(clock::wall()),
    })
}

/// The settings of the manager that answers, each with its origin. Needs the role `admin`; secrets are not told.
#[utoipa::path(
    get, path = "/api/v1/managers/self/settings", tag = "manager", operation_id = "getManagerSettings",
    responses(
        (status = 200, description = "the settings", body = ManagerSettings),
        (status = 401, description = "needs a token", body = ErrorBody),
        (status = 403, description = "this token may only read", body = ErrorBody),
    )
)]
pub(super) async fn own_settings(state: Shared) -> Response {
    let settings: Vec<SettingView> = state.settings.iter().map(SettingView::of).collect();
    answer::ok(&ManagerSettings {
        message: "Settings retrieved successfully",
        id: state.identity.id.clone(),
        count: settings.len(),
        settings,
        timestamp: clock::iso(clock::wall()),
    })
}

fn this_one(state: &ApiState) -> ManagerView {
    let (identity, health) = (&state.identity, manager_health(state));
    ManagerView {
        id: identity.id.clone(),
        is_self: true,
        // Alone it decides everything; who does among several on one Consul is not agreed on yet.
        leader: state.registry.consul().is_none().then_some(true),
        name: identity.service.clone(),
        version: health.version,
        started_at: clock::iso(identity.started),
        address: identity.address.to_string(),
        environment: identity.environment.clone(),
        region: identity.region.clone(),
        ready: state.readiness.get(),
        degraded: health.degraded,
        registry: registry_detail(state),
    }
}
