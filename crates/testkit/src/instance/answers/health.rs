//! Owns the health answers of an instance and of its setups. Does not own the guide's richer `/health`.

use bytes::Bytes;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::errors::{bare, refused};
use super::{Answer, JSON, SetupView, View};

/// `/health`: always UP, whatever happened to the databases.
pub(crate) fn process() -> Answer {
    let body = Bytes::from_static(br#"{"status":"UP","service":"peegeeq-rest-api"}"#);
    Answer::bytes(200, JSON, body)
}

/// `/health` of an instance that says it is down.
pub(crate) fn process_down() -> Answer {
    Answer::bytes(500, JSON, Bytes::from_static(br#"{"status":"DOWN"}"#))
}

#[derive(Serialize)]
struct ApiHealth {
    status: &'static str,
    timestamp: u64,
    uptime: u64,
    version: &'static str,
    build: &'static str,
}

/// `/api/v1/health`.
pub(crate) fn api(view: &View<'_>) -> Answer {
    let (timestamp, uptime) = (view.now.millis(), view.uptime_ms());
    let build = "Phase-5-Management-UI";
    Answer::json(200, &ApiHealth { status: "UP", timestamp, uptime, version: "1.0.0", build })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SetupHealth {
    healthy: bool,
    status: &'static str,
    timestamp: String,
    component_count: usize,
    healthy_count: usize,
    degraded_count: usize,
    unhealthy_count: usize,
    components: ByName,
}

/// Components under their names, in the order they were checked.
struct ByName(Vec<Component>);

impl Serialize for ByName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for component in &self.0 {
            map.serialize_entry(component.component, component)?;
        }
        map.end()
    }
}

#[derive(Serialize)]
struct Component {
    component: &'static str,
    state: &'static str,
    timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Details::is_empty")]
    details: Details,
}

/// Named texts of a component; numbers are texts here too.
struct Details(Vec<(&'static str, String)>);

impl Details {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Details {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// `/api/v1/setups/{s}/health`: 503 when a component is unhealthy.
pub(crate) fn setup(view: &View<'_>, setup: SetupView<'_>) -> Answer {
    let components = components(view, setup);
    let count = |state: &str| components.iter().filter(|component| component.state == state).count();
    let (unhealthy_count, healthy) = (count("UNHEALTHY"), count("UNHEALTHY") == 0);
    let body = SetupHealth {
        healthy,
        status: if healthy { "UP" } else { "DOWN" },
        timestamp: view.now.iso_nanos(),
        component_count: components.len(),
        healthy_count: count("HEALTHY"),
        degraded_count: count("DEGRADED"),
        unhealthy_count,
        components: ByName(components),
    };
    Answer::json(if healthy { 200 } else { 503 }, &body)
}

/// `/api/v1/setups/{s}/health/components`: a list, always 200.
pub(crate) fn setup_components(view: &View<'_>, setup: SetupView<'_>) -> Answer {
    Answer::json(200, &components(view, setup))
}

/// `/api/v1/setups/{s}/health/components/{name}`.
pub(crate) fn setup_component(view: &View<'_>, setup: SetupView<'_>, name: &str) -> Answer {
    match components(view, setup).iter().find(|component| component.component == name) {
        Some(component) => Answer::json(if component.state == "UNHEALTHY" { 503 } else { 200 }, component),
        None => bare(404, &format!("Component not found: {name}")),
    }
}

fn components(view: &View<'_>, setup: SetupView<'_>) -> Vec<Component> {
    let at = view.now.iso_nanos();
    let fine =
        |component, details| Component { component, state: "HEALTHY", timestamp: at.clone(), message: None, details: Details(details) };
    let checked = |component, failure: &str, details| {
        if setup.database_up {
            return fine(component, details);
        }
        let message = Some(format!("{failure}: {}", refused(setup)));
        Component { state: "UNHEALTHY", message, ..fine(component, vec![]) }
    };
    vec![
        depth_cache(setup, fine("background-depth-cache", no_failures())),
        fine("background-dead-consumer-detection", no_failures()),
        fine("memory", memory_details()),
        checked("native-queue", "Failed to check native queue", waiting(setup, "available_messages")),
        checked("outbox-queue", "Failed to check outbox queue", pair("pending_messages", "0")),
        fine("background-consumer-group-retry", no_failures()),
        checked("dead-letter-queue", "Failed to check dead letter queue", pair("recent_failures", "0")),
        checked("database", "Database connection failed", vec![]),
        fine("disk-space", disk_details()),
    ]
}

fn depth_cache(setup: SetupView<'_>, fine: Component) -> Component {
    if setup.database_up {
        return fine;
    }
    let refused = refused(setup);
    let details = Details(vec![
        ("consecutiveFailures", "1".to_owned()),
        ("lastFailureMessage", refused.clone()),
        ("totalFailures", "1".to_owned()),
        ("lastFailureType", "io.netty.channel.AbstractChannel$AnnotatedConnectException".to_owned()),
    ]);
    let message = Some(format!("Queue depth cache refresh has failed 1 consecutive time(s): {refused}"));
    Component { state: "DEGRADED", message, details, ..fine }
}

fn pair(name: &'static str, value: &str) -> Vec<(&'static str, String)> {
    vec![(name, value.to_owned())]
}

fn no_failures() -> Vec<(&'static str, String)> {
    vec![("totalFailures", "0".to_owned()), ("consecutiveFailures", "0".to_owned())]
}

fn waiting(setup: SetupView<'_>, name: &'static str) -> Vec<(&'static str, String)> {
    vec![(name, setup.setup.total_messages().to_string())]
}

fn memory_details() -> Vec<(&'static str, String)> {
    let texts = [("used_memory_mb", "22"), ("memory_usage_percent", "4.37"), ("max_memory_mb", "512")];
    texts.into_iter().map(|(name, value)| (name, value.to_owned())).collect()
}

fn disk_details() -> Vec<(&'static str, String)> {
    let texts = [("free_space_gb", "235"), ("disk_usage_percent", "6.49"), ("total_space_gb", "251")];
    texts.into_iter().map(|(name, value)| (name, value.to_owned())).collect()
}
