//! Every number of health checking is a setting, and its effect is seen at the instance or in the list.

use peegeeq_testkit::{Canned, FakeInstance, Mode, Options, World, millis, secs, wait_until};
use serde_json::json;

use crate::support::{Plan, TestApp, registration};

/// Longer than any test: what happens at such an interval does not happen.
const NEVER: &str = "86400000";

async fn healthy(plan: Plan) -> (TestApp, FakeInstance) {
    let app = plan.start().await;
    let instance = app.instance("one", World::sample("s1")).await;
    app.wait_for_status("one", "healthy").await;
    (app, instance)
}

async fn wait_for_hits(instance: &FakeInstance, prefix: &str, wanted: u64) {
    wait_until(&format!("{wanted} requests for {prefix}"), secs(30), || {
        let hits = instance.hits(prefix);
        std::future::ready(if hits >= wanted { Ok(()) } else { Err(hits) })
    })
    .await;
}

#[tokio::test]
async fn the_interval_is_a_setting() {
    let (_app, instance) = healthy(Plan::new().with("-Dhealth.check.interval=100")).await;
    // At the default of 10 s this would take longer than the wait.
    wait_for_hits(&instance, "/health", 8).await;
}

#[tokio::test]
async fn the_timeout_is_a_setting() {
    let (app, instance) = healthy(Plan::new().with("-Dhealth.check.timeout=123")).await;
    instance.set_path_mode("/health", Mode::Slow(secs(60)));
    let found = app.get("/api/v1/instances/one/health").await.json();
    assert_eq!((&found["successful"], &found["errorKind"]), (&json!(false), &json!("timeout")));
    assert!(found["errorMessage"].as_str().is_some_and(|message| message.contains("123ms")), "{found}");
}

#[tokio::test]
async fn how_many_failures_count_is_a_setting() {
    let (app, mut instance) = healthy(Plan::new().with("-Dhealth.max.failures=1")).await;
    instance.stop().await;
    assert_eq!(app.wait_for_status("one", "unhealthy").await["consecutiveFailures"], 1);
}

#[tokio::test]
async fn the_quick_recheck_is_a_setting() {
    let plan = Plan::new().with(&format!("-Dhealth.check.interval={NEVER}")).with("-Dhealth.recheck.interval=10");
    let (app, instance) = healthy(plan.with("-Dhealth.max.failures=100").with("-Dhealth.tripwire.enabled=false")).await;
    instance.set_path_mode("/health", Mode::error(500, "{}"));
    app.post("/api/v1/instances/one/health/check", &json!({})).await;
    // At the default of 500 ms a hundred failures would take longer than the wait.
    app.wait_for_status("one", "unhealthy").await;
    assert!(app.row("one").await["consecutiveFailures"].as_u64() >= Some(100));
}

#[tokio::test]
async fn how_many_successes_end_it_is_a_setting() {
    let (app, mut instance) = healthy(Plan::new().with("-Dhealth.recovery.successes=4")).await;
    instance.stop().await;
    app.wait_for_status("one", "unhealthy").await;
    instance.clear_hits();
    instance.restart_on_same_port().await.expect("the port is free");
    app.wait_for_status("one", "healthy").await;
    assert!(instance.hits("/health") >= 4, "{} probes", instance.hits("/health"));
}

#[tokio::test]
async fn the_interval_while_down_is_a_setting() {
    let plan = Plan::new().with("-Dhealth.retry.interval=50").with(&format!("-Dhealth.check.interval={NEVER}"));
    let (app, instance) = healthy(plan).await;
    instance.set_path_mode("/health", Mode::error(500, "{}"));
    app.post("/api/v1/instances/one/health/check", &json!({})).await;
    app.wait_for_status("one", "unhealthy").await;
    instance.clear_hits();
    // Five probes come 1, 2, 4, 8 and 16 s after it was found down, whatever the setting; at 30 s these would be all.
    wait_until("probes at the retry interval", secs(40), || {
        let hits = instance.hits("/health");
        std::future::ready(if hits >= 12 { Ok(()) } else { Err(hits) })
    })
    .await;
}

#[tokio::test]
async fn how_many_probes_run_at_once_is_a_setting() {
    let plan = Plan::new().with("-Dhealth.check.concurrency=1").with("-Dhealth.check.timeout=60000");
    let app = plan.start().await;
    let first = FakeInstance::start(Options::named("first", World::empty())).await.expect("an instance");
    let second = FakeInstance::start(Options::named("second", World::empty())).await.expect("an instance");
    first.set_path_mode("/health", Mode::Hang);
    app.register(&registration(&first)).await;
    wait_for_hits(&first, "/health", 1).await;
    app.register(&registration(&second)).await;
    for _ in 0..50 {
        app.get("/api/v1/instances").await;
    }
    assert_eq!((first.hits("/health"), second.hits("/health")), (1, 0), "the one place is taken");
    first.heal();
    app.wait_for_status("second", "healthy").await;
}

#[tokio::test]
async fn the_tripwire_finds_a_killed_instance_between_probes() {
    let (app, mut instance) = healthy(Plan::new().with(&format!("-Dhealth.check.interval={NEVER}"))).await;
    wait_until("the tripwire to be set", secs(20), || {
        std::future::ready(if instance.connections() > 0 { Ok(()) } else { Err("no connection") })
    })
    .await;
    instance.stop().await;
    app.wait_for_status("one", "unhealthy").await;
}

#[tokio::test]
async fn the_tripwire_is_a_setting() {
    let plan = Plan::new().with("-Dhealth.tripwire.enabled=false").with("-Dhealth.check.interval=100");
    let (_app, instance) = healthy(plan).await;
    wait_for_hits(&instance, "/health", 5).await;
    wait_until("no connection to be held", secs(20), || {
        std::future::ready(if instance.connections() == 0 { Ok(()) } else { Err(instance.connections()) })
    })
    .await;
}

#[tokio::test]
async fn the_look_at_setups_is_a_setting() {
    let (_app, instance) = healthy(Plan::new().with("-Dhealth.setups.interval=100")).await;
    // At the default of 10 s this would take longer than the wait.
    wait_for_hits(&instance, "/api/v1/setups", 20).await;
}

#[tokio::test]
async fn the_size_of_answers_is_a_setting() {
    let (app, instance) = healthy(Plan::new().with("-Dhealth.response.max.bytes=1KB")).await;
    let data = |length: usize| Canned::json(format!(r#"{{"status":"UP","x":"{}"}}"#, "y".repeat(length)));
    instance.set_path_mode("/health", data(900));
    assert!(app.get("/api/v1/instances/one/health").await.json()["healthData"].is_object());
    instance.set_path_mode("/health", data(2000));
    let found = app.get("/api/v1/instances/one/health").await.json();
    assert_eq!((&found["successful"], &found["healthData"]), (&json!(true), &json!(null)));
}

#[tokio::test]
async fn opening_a_connection_has_its_own_time() {
    let app = Plan::new().with("-Dconnection.timeout=150").with("-Dhealth.check.timeout=20000").start().await;
    // Nobody accepts, and two connections fill the queue: the next is neither accepted nor refused.
    let listener = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
    listener.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).and_then(|()| listener.listen(0)).expect("it listens");
    let address = listener.local_addr().ok().and_then(|address| address.as_socket()).expect("an address");
    let mut queue = Vec::new();
    while let Ok(Ok(stream)) = tokio::time::timeout(millis(300), tokio::net::TcpStream::connect(address)).await {
        queue.push(stream);
    }
    app.register(&json!({"instanceId": "one", "host": "127.0.0.1", "port": address.port(), "presence": "maintenance"})).await;
    let found = app.get("/api/v1/instances/one/health").await.json();
    assert!(found["errorMessage"].as_str().is_some_and(|message| message.contains("150ms")), "{found}");
    drop(queue);
}

#[tokio::test]
async fn networks_that_are_never_dialled_can_be_allowed() {
    let app = Plan::new().with("-Dsecurity.instance.networks=169.254.7.0/24").start().await;
    let body = |host: &str| json!({"instanceId": "one", "host": host, "port": 1, "presence": "maintenance"});
    assert_eq!(app.post("/api/v1/instances/register", &body("169.254.8.1")).await.status, 400);
    assert_eq!(app.post("/api/v1/instances/register", &body("169.254.7.1")).await.status, 201);
}
