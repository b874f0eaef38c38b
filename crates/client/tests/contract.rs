//! Every golden answer of `contract/` is read by the type that its endpoint gives.

use std::path::{Path, PathBuf};

use peegeeq_service_manager_client::Registration;
use peegeeq_service_manager_client::models::{Presence, Status, federation as fed, instances as inst, manager};
use serde::de::DeserializeOwned;
use serde_json::Value;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contract").join(name)
}

fn golden(folder_name: &str, name: &str) -> Value {
    let path = folder(folder_name).join(format!("{name}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut value: Value = serde_json::from_str(&text).expect("JSON");
    // The original's answers stand beside their status.
    if folder_name == "original" { value["body"].take() } else { value }
}

fn read<T: DeserializeOwned>(folder: &str, name: &str) -> T {
    serde_json::from_value(golden(folder, name)).unwrap_or_else(|error| panic!("{folder}/{name}: {error}"))
}

fn error(folder: &str, name: &str) -> Value {
    let value = golden(folder, name);
    assert!(value["error"].is_string() && value["status"].is_u64(), "{value}");
    value
}

#[test]
fn the_guide() {
    let list: inst::InstanceList = read("guide", "list");
    assert_eq!((list.count, list.instances[0].healthy, list.instances[0].port), (1, true, 8080));
    assert_eq!(read::<inst::InstanceList>("guide", "list-filtered").instances[0].status, Status::Healthy);
    assert_eq!(read::<inst::InstanceRead>("guide", "read").instance.metadata["zone"], "us-east-1a");
    assert_eq!(read::<inst::Registered>("guide", "register").instance_id, "peegeeq-prod-01");
    assert_eq!(read::<inst::Deregistered>("guide", "deregister").instance_id, "peegeeq-prod-01");
    assert!(read::<inst::HealthCheck>("guide", "check").successful);
    assert!(read::<inst::HealthCheck>("guide", "check-unhealthy").error_message.is_some());
    assert_eq!(read::<manager::ManagerHealth>("guide", "health").consul, "connected");
    error("guide", "error");
    assert_eq!(error("guide", "error-validation")["details"].as_array().map(Vec::len), Some(2));
}

#[test]
fn the_guide_for_the_whole_cluster() {
    assert_eq!(read::<fed::Overview>("guide", "federation-overview").aggregated_data.total_messages, Some(1250));
    let queues: fed::GroupedQueues = read("guide", "federation-queues");
    assert_eq!((queues.queue_count, queues.queues[0].instances[1].message_count), (15, Some(89)));
    assert_eq!((queues.envelope.instance_count, queues.envelope.complete), (3, None));
    assert_eq!(read::<fed::GroupedGroups>("guide", "federation-consumer-groups").consumer_groups[0].total_lag, Some(68));
    assert_eq!(read::<fed::GroupedStores>("guide", "federation-event-stores").event_stores[0].total_events, Some(43500));
    assert_eq!(read::<fed::Metrics>("guide", "federation-metrics").metrics["system"]["totalCpuUsage"], 45.2);
}

#[test]
fn a_registration_is_written_as_the_guide_writes_it() {
    let registration: Registration = read("guide", "register.request");
    assert_eq!(serde_json::to_value(&registration).expect("JSON"), golden("guide", "register.request"));
}

#[test]
fn the_original() {
    assert!(!read::<inst::InstanceList>("original", "list").instances.is_empty());
    read::<inst::InstanceList>("original", "list-filtered");
    assert!(!read::<inst::Registered>("original", "register").instance_id.is_empty());
    assert_eq!(read::<inst::Deregistered>("original", "deregister").status, "deregistered");
    assert_eq!(read::<inst::HealthCheck>("original", "check").status, Status::Healthy);
    read::<manager::ManagerHealth>("original", "health");
    error("original", "error");
    for name in ["overview", "queues", "consumer-groups", "event-stores", "metrics"] {
        read::<Value>("original", &format!("instance-{name}"));
    }
}

#[test]
fn the_original_for_the_whole_cluster() {
    assert_eq!(read::<fed::FlatOverview>("original", "federated-overview").aggregated_data.total_messages, Some(80));
    let stores: fed::FlatStores = read("original", "federated-event-stores");
    assert_eq!((stores.event_store_count, stores.event_stores[0].source_port), (3, 8081));
    assert_eq!(stores.event_stores[0].fields["name"], "audit-events");
    assert!(!read::<fed::FlatGroups>("original", "federated-consumer-groups").consumer_groups.is_empty());
    assert!(!read::<fed::FlatQueues>("original", "federated-queues").queues.is_empty());
    assert!(read::<fed::FlatMetrics>("original", "federated-metrics").metrics.contains_key("aggregated"));
    assert_eq!(read::<fed::FlatOverview>("original", "federated-overview-empty").aggregated_data.total_messages, None);
    assert!(read::<fed::FlatGroups>("original", "federated-consumer-groups-empty").consumer_groups.is_empty());
    assert!(read::<fed::FlatStores>("original", "federated-event-stores-empty").event_stores.is_empty());
    assert!(read::<fed::FlatQueues>("original", "federated-queues-empty").queues.is_empty());
    assert!(read::<fed::FlatMetrics>("original", "federated-metrics-empty").metrics.is_empty());
}

/// A golden file that is added later must be read here too.
#[test]
fn no_golden_answer_is_left_out() {
    let source = include_str!("contract.rs");
    for name in ["guide", "original"] {
        for entry in std::fs::read_dir(folder(name)).expect("the folder") {
            let file = entry.expect("an entry").file_name().to_string_lossy().into_owned();
            let Some(stem) = file.strip_suffix(".json").filter(|stem| *stem != "config") else { continue };
            let is_read = source.contains(&format!("\"{name}\", \"{stem}\"")) || stem.starts_with("instance-");
            assert!(is_read, "contract/{name}/{file} is not read by the client's tests");
        }
    }
}

#[test]
fn what_is_not_known_is_passed_over_or_kept() {
    let read: inst::Instance =
        serde_json::from_str(r#"{"instanceId": "a", "status": "Sleeping", "presence": "resting", "newField": {"x": [1]}}"#).expect("read");
    assert_eq!(read.status, Status::Other("Sleeping".into()));
    assert_eq!(read.presence, Presence::Other("resting".into()));
    assert_eq!(read.weight, None);
}
