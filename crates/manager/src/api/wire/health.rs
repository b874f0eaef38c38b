//! The answer to a health check of one instance: the guide's fields and the original's together.

use std::time::Duration;

use peegeeq_domain::catalog::Entry;
use peegeeq_domain::health::HealthState;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::instance::{SetupView, setup_views};
use crate::certificates::Facts;
use crate::clock;
use crate::observations::{Checkup, Phases, SetupsSeen};

/// How long the parts of a check took, in milliseconds; a part that did not happen is null.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PhasesView {
    /// Resolving the name.
    pub dns_ms: Option<f64>,
    /// Opening the connection.
    pub connect_ms: Option<f64>,
    /// The TLS handshake.
    pub tls_ms: Option<f64>,
    /// From the request to the head of the answer.
    pub first_byte_ms: Option<f64>,
    /// All together.
    pub total_ms: f64,
}

impl From<Phases> for PhasesView {
    fn from(phases: Phases) -> Self {
        let millis = |span: Duration| (span.as_secs_f64() * 1e6).trunc() / 1e3;
        Self {
            dns_ms: phases.dns.map(millis),
            connect_ms: phases.connect.map(millis),
            tls_ms: phases.tls.map(millis),
            first_byte_ms: phases.first_byte.map(millis),
            total_ms: millis(phases.total),
        }
    }
}

/// The certificate of an instance.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CertificateView {
    /// The last moment at which it is valid.
    pub expires_at: String,
    /// Whole days until then.
    pub expires_in_days: i64,
    /// The names and addresses that it is for.
    pub names: Vec<String>,
}

impl From<&Facts> for CertificateView {
    fn from(facts: &Facts) -> Self {
        Self {
            expires_at: clock::iso(facts.not_after),
            expires_in_days: facts.left_millis(clock::wall()).div_euclid(24 * 60 * 60 * 1000),
            names: facts.names.clone(),
        }
    }
}

/// A health check of one instance.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HealthCheckView<'a> {
    /// `Health check completed`
    pub message: &'static str,
    /// Its name.
    pub instance_id: &'a str,
    /// The state after this check: `healthy`, `unhealthy`, `unknown`, `starting` or `stopping`.
    pub health: &'static str,
    /// The same word, as the original named it.
    pub status: &'static str,
    /// Whether the state is `healthy` and this check passed.
    pub healthy: bool,
    /// When the check ended.
    pub check_time: String,
    /// Whether this check passed.
    pub successful: bool,
    /// Why it did not pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_message: Option<&'a str>,
    /// The kind of failure, as one word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_kind: Option<&'static str>,
    /// Where it listens.
    pub host: &'a str,
    /// Where it listens.
    pub port: u16,
    /// Its environment.
    pub environment: &'a str,
    /// Its region.
    pub region: &'a str,
    /// Status of the answer.
    pub http_status: Option<u16>,
    /// Timings.
    pub phases: PhasesView,
    /// The certificate that it showed, over TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<CertificateView>,
    /// Failed checks in a row that count.
    pub consecutive_failures: u32,
    /// What the instance said, if it was JSON and small.
    #[schema(value_type = Option<Object>)]
    pub health_data: Option<&'a RawValue>,
    /// Its setups, as last seen; null before the first look.
    pub setups: Option<Vec<SetupView>>,
    /// When this answer was made.
    pub timestamp: String,
}

impl<'a> HealthCheckView<'a> {
    /// What `checkup` found of `entry`.
    pub fn of(entry: &'a Entry, checkup: &'a Checkup, setups: Option<&SetupsSeen>) -> Self {
        let registration = &entry.instance.registration;
        let state = entry.state().as_str();
        let failure = checkup.failure.as_ref();
        Self {
            message: "Health check completed",
            instance_id: registration.id.as_str(),
            health: state,
            status: state,
            healthy: entry.state() == HealthState::Healthy && failure.is_none(),
            check_time: clock::iso(checkup.at),
            successful: failure.is_none(),
            error_message: failure.map(|failure| &*failure.sentence),
            error_kind: failure.map(|failure| failure.kind.as_str()),
            host: registration.endpoint.host.as_str(),
            port: registration.endpoint.port.get(),
            environment: &registration.labels.environment,
            region: &registration.labels.region,
            http_status: checkup.status,
            phases: checkup.phases.into(),
            certificate: checkup.certificate.as_deref().map(CertificateView::from),
            consecutive_failures: checkup.consecutive_failures,
            health_data: checkup.health_data.as_deref().and_then(|text| serde_json::from_str(text).ok()),
            setups: setups.map(setup_views),
            timestamp: clock::iso(clock::wall()),
        }
    }
}
