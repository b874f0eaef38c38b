//! Settings from everywhere a user can write them, and what is said when they are wrong.

use serde_json::Value;

use crate::support::Launch;

/// The value and origin of a setting as `config print` shows it.
async fn effective(launch: &Launch, key: &str) -> (String, String) {
    let finished = launch.run().await;
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let rows: Value = serde_json::from_str(&finished.out).expect("JSON");
    let row = rows.as_array().into_iter().flatten().find(|row| row["key"] == key).expect("the setting");
    let text = |field: &str| row[field].as_str().unwrap_or_default().to_owned();
    (text("value"), text("origin"))
}

fn print() -> Launch {
    Launch::command(&["config", "print", "--json"])
}

#[tokio::test]
async fn the_port_has_every_name_of_the_guide() {
    let nested = r#"{"service": {"port": 9191}}"#;
    let flat = r#"{"service.port": 9191}"#;
    let launches = [
        ("bare", print().arg("9191")),
        ("define after the command", print().arg("-Dservice.port=9191")),
        ("define before the command", Launch::command(&["-Dservice.port=9191", "config", "print", "--json"])),
        ("the guide's variable", print().variable("SERVICE_MANAGER_PORT", "9191")),
        ("the variable of the key", print().variable("SERVICE_PORT", "9191")),
        ("nested file", print().file("config.json", nested)),
        ("flat file", print().file("config.json", flat)),
        ("named file", print().file("other.json", nested).arg("--config").arg("other.json")),
    ];
    for (name, launch) in launches {
        let (value, origin) = effective(&launch, "service.port").await;
        assert_eq!(value, "9191", "{name}");
        assert_ne!(origin, "default", "{name}");
    }
    assert_eq!(effective(&print(), "service.port").await.0, "9090");
}

#[tokio::test]
async fn the_command_line_stands_over_the_environment_over_the_file() {
    let file = print().file("config.json", r#"{"region": "file", "environment": "file", "service": {"name": "file"}}"#);
    let all = file.variable("REGION", "variable").variable("SERVICE_NAME", "variable").arg("-Dregion=line");
    assert_eq!(effective(&all, "region").await.0, "line");
    assert_eq!(effective(&all, "service.name").await.0, "variable");
    assert_eq!(effective(&all, "environment").await.0, "file");
}

#[tokio::test]
async fn a_started_manager_uses_its_file() {
    let file = r#"{"service": {"port": 0, "name": "from-file"}, "registry.backend": "embedded", "environment": "test",
        "instances": [{"instanceId": "listed", "host": "127.0.0.1", "port": 1, "presence": "maintenance"}]}"#;
    let manager = Launch::command(&[]).file("config.json", file).start().await;
    let detail = manager.get("/health/detail").await.json();
    assert_eq!((&detail["name"], &detail["environment"]), (&Value::from("from-file"), &Value::from("test")));
    assert_eq!(manager.ids().await, ["listed"]);
}

#[tokio::test]
async fn all_faults_are_told_at_once_and_nothing_starts() {
    let launch = Launch::command(&["serve", "-Dservice.port=0", "-Dhealth.chek.interval=5", "-Dhealth.max.failures=0"])
        .file("config.json", r#"{"federation": {"concurrency": "many"}, "registry": {"backend": "consul"}}"#)
        .variable("LOGGING_LEVEL_ROOT", "LOUD");
    let finished = launch.run().await;
    assert_eq!((finished.code, finished.out.as_str()), (Some(78), ""));
    for part in [
        "health.chek.interval",
        "did you mean health.check.interval",
        "health.max.failures",
        "federation.concurrency",
        "LOGGING_LEVEL_ROOT",
    ] {
        assert!(finished.err.contains(part), "{part}: {}", finished.err);
    }
    assert!(!launch.data().exists(), "nothing was started");
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_told() {
    let cases: [(&str, &[u8]); 5] = [
        ("broken", b"{\"a\": "),
        ("an array", b"[]"),
        ("not UTF-8", b"{\"region\": \"\xff\"}"),
        ("empty", b""),
        ("unknown", b"{\"nonsense\": 1}"),
    ];
    for (name, content) in cases {
        let finished = Launch::serve().file("config.json", content).run().await;
        assert_eq!(finished.code, Some(78), "{name}: {finished:?}");
        assert!(finished.err.contains("config.json"), "{name}: {}", finished.err);
    }
    let missing = Launch::serve().arg("--config").arg("nowhere.json").run().await;
    assert_eq!(missing.code, Some(78), "{missing:?}");
    assert!(missing.err.contains("nowhere.json"), "{}", missing.err);
    let folder = Launch::serve();
    std::fs::create_dir(folder.folder().join("config.json")).expect("a folder");
    assert_eq!(folder.run().await.code, Some(78));
}

#[tokio::test]
async fn contradictions_are_told_with_what_to_set() {
    let cases = [
        (&["-Dservice.bind=0.0.0.0"][..], "security.tokens.file"),
        (&["-Dconsul.registration=agent"], "leave it at catalog"),
        (&["-Dconsul.host=http://consul:8500"], "consul.host cannot be read"),
        (&["-Dconsul.token.value=a", "-Dconsul.token.file=nowhere"], "set one of them"),
        (&["-Dconsul.token.file=nowhere"], "consul.token.file is "),
        (&["-Dconsul.tls.ca.file=nowhere"], "consul.tls.ca.file is "),
        (&["-Dsecurity.anonymous.role=none"], "security.tokens.file"),
        (&["-Dsecurity.tokens.file=nowhere"], "security.tokens.file is "),
        (&["-Dinstance.tls.ca.file=nowhere"], "instance.tls.ca.file is "),
    ];
    for (arguments, advice) in cases {
        let launch = arguments.iter().fold(Launch::serve(), |launch, argument| launch.arg(argument));
        let finished = launch.run().await;
        assert_eq!(finished.code, Some(78), "{arguments:?}: {finished:?}");
        assert!(finished.err.contains(advice), "{arguments:?}: {}", finished.err);
    }
}

#[tokio::test]
async fn an_open_manager_listens_where_it_is_told() {
    let manager = Launch::serve().arg("-Dservice.bind=127.0.0.2").start().await;
    assert!(manager.base().starts_with("http://127.0.0.2:"), "{}", manager.base());
    assert_eq!(manager.get("/health").await.status, 200);
    let open = Launch::serve().arg("-Dservice.bind=0.0.0.0").arg("-Dsecurity.anonymous.role=admin").start().await;
    assert_eq!(open.get("/api/v1/instances").await.status, 200);
}

#[tokio::test]
async fn options_for_java_are_accepted_with_a_warning() {
    let launch = Launch::serve().arg("-Xmx2g").arg("-XX:+UseG1GC").arg("-Dlogging.level.dev.mars.peegeeq.servicemanager=DEBUG");
    let manager = launch.start().await;
    manager.wait_for_output("-Xmx2g").await;
    assert!(manager.output().contains("-XX:+UseG1GC") && manager.output().contains(" WARN "), "{}", manager.output());
}

#[tokio::test]
async fn who_starts_without_consul_is_told() {
    let without = Launch::command(&["serve", "-Dservice.port=0", "-Dconsul.port=1"]).start().await;
    without.wait_for_output("running without Consul").await;
    let agent = peegeeq_testkit::FakeInstance::start(peegeeq_testkit::Options::default()).await.expect("an agent");
    agent.set_path_mode("/v1/status/leader", peegeeq_testkit::Canned::json("\"127.0.0.1:8300\""));
    let launch = Launch::command(&["serve", "-Dservice.port=0", "-Dconsul.port=1"]);
    drop(launch.start().await);
    let later = launch.arg(&format!("-Dconsul.port={}", agent.port())).start().await;
    later.wait_for_output("a Consul agent answers at").await;
    assert_eq!(agent.hits(""), 1, "nothing else is asked of it");
}
