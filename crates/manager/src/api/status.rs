//! The manager's own health and its metrics.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use peegeeq_domain::health::Doubt;
use peegeeq_domain::time::Timestamp;

use super::answer;
use super::error::{ApiError, ErrorBody};
use super::state::{ApiState, Shared};
use super::wire::status::{ConsulDetail, HealthDetail, InstanceCertificate, ManagerHealth, ProbeAnswer, RegistryDetail, ServerCertificate};
use crate::clock;
use crate::registry::{ConsulStatus, StoreStatus};
use crate::server::{CertificateStatus, ServerTls};

/// The most instances whose certificates are told of.
const CERTIFICATES_MAX: usize = 100;

/// How the manager is. Always 200 while it answers; what does not work is named in `degraded`.
#[utoipa::path(
    get, path = "/health", tag = "manager", operation_id = "getServiceHealth",
    responses((status = 200, description = "it answers", body = ManagerHealth))
)]
pub async fn health(state: Shared) -> Response {
    answer::ok(&manager_health(&state))
}

/// Whether the process lives.
#[utoipa::path(
    get, path = "/health/live", tag = "manager", operation_id = "getLiveness",
    responses((status = 200, description = "it lives", body = ProbeAnswer))
)]
pub async fn live() -> Response {
    answer::ok(&ProbeAnswer { status: "UP", reason: None, degraded: Vec::new() })
}

/// Whether the manager takes part: no longer once it was told to stop.
///
/// It takes part also when its store cannot write: it still routes, federates, watches and answers reads, and only refuses changes
/// with 507. Behind a load balancer that is worth more than no manager at all, and every manager would be taken out at once if they
/// share a full disk. `degraded` then has `registry-writes`, for whoever sends changes elsewhere or raises an alarm.
#[utoipa::path(
    get, path = "/health/ready", tag = "manager", operation_id = "getReadiness",
    responses(
        (status = 200, description = "it takes part", body = ProbeAnswer),
        (status = 503, description = "it is starting or stopping", body = ProbeAnswer),
    )
)]
pub async fn ready(state: Shared) -> Response {
    if state.readiness.get() {
        return answer::ok(&ProbeAnswer { status: "UP", reason: None, degraded: degraded(&state) });
    }
    let down = ProbeAnswer { status: "DOWN", reason: Some("starting or stopping"), degraded: Vec::new() };
    answer::with_status(StatusCode::SERVICE_UNAVAILABLE, &down)
}

/// How the manager is, in detail.
#[utoipa::path(
    get, path = "/health/detail", tag = "manager", operation_id = "getHealthDetail",
    responses(
        (status = 200, description = "it answers", body = HealthDetail),
        (status = 401, description = "needs a token", body = ErrorBody),
    )
)]
pub async fn detail(state: Shared) -> Response {
    let identity = &state.identity;
    answer::ok(&HealthDetail {
        health: manager_health(&state),
        uptime_seconds: clock::now().as_millis() / 1000,
        name: identity.service.clone(),
        environment: identity.environment.clone(),
        region: identity.region.clone(),
        ready: state.readiness.get(),
        registry: registry_detail(&state),
        certificate: state.tls.as_deref().map(|tls| server_certificate(tls.status())),
        instance_certificates: instance_certificates(&state),
        self_doubt: state.observations.doubt().map(doubt_sentence),
        time: clock::iso(clock::wall()),
    })
}

/// The registry of this manager.
pub(super) fn registry_detail(state: &ApiState) -> RegistryDetail {
    let catalog = state.catalog.current();
    let mut states = BTreeMap::new();
    for entry in catalog.entries() {
        *states.entry(entry.state().as_str()).or_insert(0) += 1;
    }
    RegistryDetail {
        backend: if state.registry.consul().is_some() { "consul" } else { "embedded" },
        store: store_failure(state).unwrap_or_else(|| "ok".to_owned()),
        epoch: state.identity.epoch,
        generation: catalog.generation().0,
        instances: catalog.entries().len(),
        waiting: state.registry.queue_depth(),
        states,
        consul: state.registry.consul().map(|status| consul_detail(&status)),
    }
}

fn consul_detail(status: &ConsulStatus) -> ConsulDetail {
    ConsulDetail {
        agent: status.agent.clone(),
        connected: status.connected == Some(true),
        leader_known: status.leader,
        age_ms: status.read_at.map(|at| clock::wall().epoch_millis().saturating_sub(at.epoch_millis()).max(0)),
        index: status.index,
        missing: status.missing,
        set_aside: status.set_aside,
        failure: status.failure.as_ref().map(|(since, sentence)| format!("{sentence} (since {})", clock::iso(*since))),
    }
}

/// What is not as it should be with Consul.
fn consul_failures(status: &ConsulStatus) -> Vec<String> {
    let mut failures = Vec::new();
    match (&status.failure, status.read_at) {
        (Some((since, sentence)), Some(read)) => {
            failures.push(format!("consul: {sentence} (since {}); what it held at {} is served", clock::iso(*since), clock::iso(read)))
        }
        (Some((since, sentence)), None) => {
            failures.push(format!("consul: {sentence} (since {}); what was known at the last stop is served", clock::iso(*since)));
        }
        (None, None) => failures.push("consul: it has not been read yet".to_owned()),
        (None, Some(_)) => {}
    }
    if status.leader == Some(false) {
        failures.push("consul: its servers have no leader".to_owned());
    }
    if status.missing > 0 {
        failures.push(format!("consul: it lost {} registrations that are known here; register them again", status.missing));
    }
    failures
}

/// How this manager is.
pub(super) fn manager_health(state: &ApiState) -> ManagerHealth {
    let consul = state.registry.consul();
    let store = store_failure(state).map(|failure| format!("registry: {failure}"));
    let doubt = state.observations.doubt().map(|doubt| format!("health: {}", doubt_sentence(doubt)));
    let certificate = state.tls.as_deref().map(ServerTls::status);
    let certificate = certificate.iter().flat_map(|status| status.briefly()).map(|complaint| format!("tls: {complaint}"));
    ManagerHealth {
        status: "UP",
        service: "peegeeq-service-manager",
        timestamp: clock::wall().epoch_millis(),
        consul: match consul.as_deref() {
            None => "disabled",
            Some(status) if status.connected == Some(true) => "connected",
            Some(_) => "disconnected",
        },
        degraded: store
            .into_iter()
            .chain(doubt)
            .chain(certificate)
            .chain(consul.iter().flat_map(|status| consul_failures(status)))
            .collect(),
        tls: state.tls.is_some(),
        version: env!("CARGO_PKG_VERSION"),
    }
}

/// What does not work, in words for programs.
fn degraded(state: &ApiState) -> Vec<&'static str> {
    let writes = (state.registry.store_status() != StoreStatus::Ok).then_some("registry-writes");
    let verdicts = state.observations.doubt().map(|_| "health-verdicts");
    writes.into_iter().chain(verdicts).collect()
}

fn server_certificate(status: CertificateStatus) -> ServerCertificate {
    let complaints = status.complaints();
    ServerCertificate {
        file: status.file.display().to_string(),
        expires_at: clock::iso(status.facts.not_after),
        expires_in_days: days_left(status.facts.not_after),
        names: status.facts.names,
        loaded_at: clock::iso(status.loaded_at),
        looked_at: clock::iso(status.looked_at),
        asks_clients: status.asks_clients,
        complaints,
    }
}

/// Those that are to be renewed, the most urgent first.
fn instance_certificates(state: &ApiState) -> Vec<InstanceCertificate> {
    let now = clock::wall();
    let catalog = state.catalog.current();
    let mut ending: Vec<_> = catalog
        .entries()
        .iter()
        .filter_map(|entry| {
            let facts = state.observations.slot(entry.id().as_str())?.checkup()?.certificate.clone()?;
            facts.complaint(now, state.expiry_warning)?;
            Some((facts.not_after, entry.id().as_str().to_owned()))
        })
        .collect();
    ending.sort_unstable();
    let view = |(not_after, id): (Timestamp, String)| InstanceCertificate {
        instance_id: id,
        expires_at: clock::iso(not_after),
        expires_in_days: days_left(not_after),
    };
    ending.into_iter().take(CERTIFICATES_MAX).map(view).collect()
}

fn days_left(not_after: Timestamp) -> i64 {
    not_after.epoch_millis().saturating_sub(clock::wall().epoch_millis()).div_euclid(24 * 60 * 60 * 1000)
}

fn store_failure(state: &ApiState) -> Option<String> {
    match state.registry.store_status() {
        StoreStatus::Ok => None,
        StoreStatus::Failing { sentence, since } => Some(format!("{sentence} (since {})", clock::iso(since))),
    }
}

fn doubt_sentence(doubt: Doubt) -> String {
    match doubt {
        Doubt::MostHostsSilent { silent, of } => {
            format!(
                "{silent} of {of} hosts that used to answer are silent at once, so the fault is probably here: nobody is found down until most answer again"
            )
        }
        Doubt::OwnLoopLate { by } => {
            format!("the manager itself was held up for {} ms, so timeouts of that time are not counted", by.as_millis())
        }
    }
}

/// The metrics in Prometheus' text format.
#[utoipa::path(
    get, path = "/metrics", tag = "manager", operation_id = "getMetrics",
    responses(
        (status = 200, description = "the metrics", body = String, content_type = "text/plain"),
        (status = 401, description = "needs a token", body = ErrorBody),
        (status = 404, description = "switched off with metrics.enabled=false", body = ErrorBody),
    )
)]
pub async fn metrics(state: Shared) -> Response {
    let Some(metrics) = &state.metrics else {
        return ApiError::new(StatusCode::NOT_FOUND, "metrics are switched off: set metrics.enabled=true").into_response();
    };
    let mut response = Response::new(Body::from(metrics.render()));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"));
    response
}
