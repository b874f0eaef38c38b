//! Broken set-ups, one thing at a time.

use peegeeq_service_manager_client::models::Status;
use peegeeq_service_manager_client::models::instances::Instance;
use peegeeq_service_manager_client::models::manager::{Detail, InstanceCertificate, ManagerHealth, ServerCertificate};

use super::look::Look;
use super::*;
use crate::cli::operate::connect::Target;

fn instance(id: &str, status: Status) -> Instance {
    Instance {
        instance_id: id.into(),
        healthy: status == Status::Healthy,
        status,
        environment: "production".into(),
        scheme: "https".to_owned().into(),
        last_health_check: Some("2026-11-24T12:00:00.000Z".into()),
        ..Instance::default()
    }
}

/// A set-up at which nothing is wrong.
fn sound() -> Look {
    let health = ManagerHealth { consul: "connected".into(), timestamp: 1, ..ManagerHealth::default() };
    Look {
        target: Target { server: "https://manager.example.com".into(), ..Target::default() },
        detail: Ok(Detail { health, ready: true, environment: "production".into(), ..Detail::default() }),
        instances: Ok(vec![instance("a", Status::Healthy), instance("b", Status::Healthy)]),
        overview: Ok(Default::default()),
        metrics: Ok("# TYPE peegeeq_instances gauge\n# TYPE peegeeq_http_request_duration_seconds histogram\nprocess_open_fds 9\nprocess_max_fds 100\nprocess_resident_memory_bytes 1048576\n".into()),
        is_away: false,
        is_open: Some(false),
        routing: Some(serde_json::json!({"strategy": "round_robin"})),
        managers: Some(2),
        settings: crate::config::load(&RawArgs::default(), &|_| None, std::path::Path::new("/nonexistent")),
        clock_off: Some(0),
    }
}

fn levels(look: &Look, level: Level) -> Vec<&'static str> {
    examined(look).iter().filter(|item| item.level == level).map(|item| item.item).collect()
}

#[test]
fn a_sound_set_up_has_neither_warnings_nor_failures() {
    assert_eq!((levels(&sound(), Level::Warn), levels(&sound(), Level::Fail)), (vec![], vec![]));
}

/// Every item of the guide's three lists stands in the doctor's list.
#[test]
fn every_item_of_the_guide_is_there() {
    let items = examined(&sound());
    let guide = [
        "Consul cluster configured and running",
        "Service Manager deployed with production configuration",
        "Health checks configured and working",
        "Monitoring and alerting set up",
        "Load balancing strategy selected",
        "Network security configured",
        "Backup and recovery procedures documented",
        "Application metrics collection enabled",
        "Log aggregation configured",
        "Health check alerts configured",
        "Performance monitoring in place",
        "Capacity planning completed",
        "Multiple Service Manager instances deployed",
        "Consul cluster with multiple nodes",
        "Load balancer in front of Service Managers",
        "Database backup and recovery tested",
        "Disaster recovery procedures documented",
    ];
    for name in guide {
        assert!(items.iter().any(|item| item.item.starts_with(name)), "{name}");
    }
    assert!(items.iter().all(|item| item.level == Level::Ok || !item.advice.is_empty()), "{items:?}");
}

type Break = fn(&mut Look);

#[test]
fn each_thing_that_is_broken_is_found() {
    let cases: [(&str, Level, Break); 14] = [
        ("Consul cluster configured", Level::Fail, |look| look.detail.as_mut().expect("detail").health.consul = "disconnected".into()),
        ("Service Manager deployed", Level::Fail, |look| look.detail.as_mut().expect("detail").ready = false),
        ("Service Manager deployed", Level::Fail, |look| look.detail.as_mut().expect("detail").health.degraded.push("store".into())),
        ("Health checks", Level::Fail, |look| look.instances = Ok(Vec::new())),
        ("Health checks", Level::Warn, |look| look.instances.as_mut().expect("list").push(instance("c", Status::Unhealthy))),
        ("Monitoring and alerting", Level::Fail, |look| look.metrics = Err("404".into())),
        ("Load balancing", Level::Warn, |look| look.routing = None),
        ("Network security configured: in transit", Level::Fail, |look| look.target.server = "http://10.0.0.1:9090".into()),
        ("Network security configured: certificates", Level::Warn, |look| {
            look.detail.as_mut().expect("detail").instance_certificates.push(InstanceCertificate::default());
        }),
        ("Network security configured: certificates", Level::Fail, |look| {
            let own = ServerCertificate { expires_in_days: -1, complaints: vec!["expired".into()], ..ServerCertificate::default() };
            look.detail.as_mut().expect("detail").certificate = Some(own);
        }),
        ("Network security configured: who", Level::Fail, |look| look.is_open = Some(true)),
        ("Capacity", Level::Fail, |look| look.metrics = Ok("process_open_fds 95\nprocess_max_fds 100\n".into())),
        ("Multiple Service", Level::Warn, |look| look.managers = Some(1)),
        ("More than one healthy", Level::Warn, |look| drop(look.instances.as_mut().expect("list").pop())),
    ];
    for (item, level, broken) in cases {
        let mut look = sound();
        broken(&mut look);
        assert!(levels(&look, level).iter().any(|found| found.starts_with(item)), "{item}: {:?}", examined(&look));
    }
}
