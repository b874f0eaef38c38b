//! The configuration seen from outside: sources, names, faults, and that every setting arrives somewhere.

use super::setting::{Default, Kind};
use super::settings::SETTINGS;
use super::*;
use peegeeq_domain::routing::pick::Strategy;
use serde_json::json;
use std::collections::HashMap;
use std::time::Duration;

/// A command line, an environment and a working directory with an optional `config.json`.
#[derive(Default)]
struct Scene {
    args: RawArgs,
    environment: HashMap<String, String>,
    file: Option<String>,
}

fn scene() -> Scene {
    Scene::default()
}

impl Scene {
    fn define(mut self, key: &str, value: &str) -> Self {
        self.args.defines.push((key.to_owned(), value.to_owned()));
        self
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    fn file(mut self, json: serde_json::Value) -> Self {
        self.file = Some(json.to_string());
        self
    }

    fn port(mut self, port: &str) -> Self {
        self.args.port = Some(port.to_owned());
        self
    }

    fn load(&self) -> Result<Loaded, Vec<String>> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("readable"), "").expect("a written file");
        if let Some(text) = &self.file {
            std::fs::write(folder.path().join("config.json"), text).expect("a written file");
        }
        load(&self.args, &|name| self.environment.get(name).cloned(), folder.path())
            .map_err(|faults| faults.iter().map(ToString::to_string).collect())
    }

    fn loaded(&self) -> Loaded {
        self.load().expect("a configuration without faults")
    }

    fn config(&self) -> Config {
        self.loaded().config
    }

    fn faults(&self) -> Vec<String> {
        self.load().err().unwrap_or_default()
    }
}

#[test]
fn nothing_said_gives_the_guides_defaults() {
    let loaded = scene().loaded();
    let config = &loaded.config;
    assert_eq!((config.server.bind.to_string().as_str(), config.server.port), ("127.0.0.1", 9090));
    assert_eq!(config.identity.environment, "development");
    assert_eq!(config.identity.region, "default");
    assert_eq!(config.federation.request_timeout, Duration::from_secs(10));
    assert_eq!(config.federation.source_timeout, Duration::from_secs(3));
    assert_eq!(config.health.check_interval, Duration::from_secs(10));
    assert_eq!(config.health.check_timeout, Duration::from_secs(5));
    assert_eq!(config.health.max_failures, 3);
    assert_eq!(config.health.retry_interval, Duration::from_secs(30));
    assert_eq!(config.security.anonymous_role, AnonymousRole::Admin);
    assert!(config.registry.data_dir.ends_with("peegeeq-service-manager-data"));
    assert_eq!(loaded.warnings, Vec::<String>::new());
}

#[test]
fn the_port_of_the_guide_under_all_its_names() {
    let scenes = [
        scene().port("9191"),
        scene().define("service.port", "9191"),
        scene().define("port", "9191"),
        scene().variable("SERVICE_MANAGER_PORT", "9191"),
        scene().variable("SERVICE_PORT", "9191"),
        scene().file(json!({"service": {"port": 9191}})),
        scene().file(json!({"service.port": "9191"})),
    ];
    for (number, scene) in scenes.iter().enumerate() {
        assert_eq!(scene.config().server.port, 9191, "scene {number}");
    }
}

#[test]
fn the_command_line_beats_the_environment_beats_the_file() {
    let file = || scene().file(json!({"region": "file"}));
    assert_eq!(file().config().identity.region, "file");
    assert_eq!(file().variable("REGION", "variable").config().identity.region, "variable");
    let all = file().variable("REGION", "variable").define("region", "line");
    assert_eq!(all.config().identity.region, "line");
    assert_eq!(all.define("region", "last").config().identity.region, "last");
    let rescued = scene().variable("HEALTH_MAX_FAILURES", "many").define("health.max.failures", "4");
    assert_eq!(rescued.config().health.max_failures, 4);
}

#[test]
fn the_guides_file_is_read() {
    let loaded = scene()
        .file(json!({
            "service": {"port": 9090, "name": "peegeeq-service-manager"},
            "health": {"checkInterval": 11000, "checkTimeout": 6000, "maxFailures": 5},
            "loadBalancing": {"strategy": "random", "maxRetries": 2}
        }))
        .loaded();
    let health = &loaded.config.health;
    assert_eq!((health.check_interval.as_millis(), health.check_timeout.as_millis(), health.max_failures), (11_000, 6_000, 5));
    assert_eq!((loaded.config.routing.strategies.usual, loaded.config.routing.retries_max), (Strategy::Random, 2));
    assert_eq!(loaded.warnings, [""; 0]);
}

#[test]
fn what_the_guide_knows_and_does_nothing_is_said() {
    let mut scene = scene()
        .define("metrics.jvm.enabled", "true")
        .define("metrics.reporting.interval", "60")
        .define("logging.pattern.console", "%d")
        .define("logging.level.io.vertx.ext.web", "DEBUG");
    scene.args.java_options = vec!["-Xmx2g".to_owned(), "-XX:+UseG1GC".to_owned()];
    let warnings = scene.loaded().warnings;
    assert_eq!(warnings.len(), 5, "{warnings:#?}");
    assert!(warnings.iter().any(|warning| warning.starts_with("-Xmx2g -XX:+UseG1GC: options of a Java machine")));
    assert!(warnings.iter().any(|warning| warning.starts_with("logging.level.io.vertx.ext.web is not in effect")));
}

#[test]
fn all_faults_are_told_at_once_with_origin_and_advice() {
    let faults = scene()
        .file(json!({"helth.check.interval": 5, "health": {"maxFailures": 0}, "region": "a"}))
        .variable("REQUEST_TIMEOUT", "soon")
        .define("servise.port", "1")
        .define("logging.level.hyper", "LOUD")
        .define("region", "b\nc")
        .port("70000")
        .faults();
    let expected = [
        "unknown setting helth.check.interval in config.json; did you mean health.check.interval?",
        "unknown setting servise.port on the command line (-Dservise.port); did you mean service.port?",
        "logging.level.hyper is 'LOUD' on the command line (-Dlogging.level.hyper); allowed: TRACE, DEBUG, INFO, WARN, ERROR, OFF",
        "service.port is '70000' on the command line (port argument); allowed: a whole number from 0 to 65535",
        "region is 'b\\nc' on the command line (-Dregion); allowed: 1 to 128 characters without control characters",
        "health.max.failures is '0' in config.json; allowed: a whole number from 1 to 100",
        "request.timeout is 'soon' in the environment variable REQUEST_TIMEOUT; \
         allowed: a whole number of milliseconds from 100 to 600000",
    ];
    assert_eq!(faults, expected, "{faults:#?}");
}

#[test]
fn one_source_must_not_say_two_things() {
    let faults = scene().file(json!({"health": {"checkInterval": 1000, "check": {"interval": 2000}}})).faults();
    assert_eq!(faults, ["health.check.interval is '2000' in config.json and '1000' in config.json; say it once"],);
    assert_eq!(scene().define("service.port", "9191").port("9192").faults().len(), 1);
    assert_eq!(scene().variable("SERVICE_PORT", "1").variable("SERVICE_MANAGER_PORT", "2").faults().len(), 1);
    assert_eq!(scene().define("service.port", "9191").port("9191").config().server.port, 9191);
}

#[test]
fn the_network_needs_a_guard() {
    let open = || scene().define("service.bind", "0.0.0.0");
    let [fault] = &open().faults()[..] else { panic!("one fault") };
    for word in ["security.tokens.file", "-Dsecurity.anonymous.role=admin", "-Dservice.bind=127.0.0.1"] {
        assert!(fault.contains(word), "{fault}");
    }
    assert_eq!(open().define("security.anonymous.role", "none").faults().len(), 1);
    assert_eq!(open().define("security.anonymous.role", "admin").config().security.anonymous_role, AnonymousRole::Admin);
    assert_eq!(open().define("security.tokens.file", "readable").config().security.anonymous_role, AnonymousRole::None);
    for loopback in ["127.0.0.2", "::1", "::ffff:127.0.0.1", "localhost"] {
        assert!(scene().define("service.bind", loopback).faults().is_empty(), "{loopback}");
    }
}

#[test]
fn values_that_contradict_each_other_are_refused() {
    let tokens = || scene().define("security.tokens.file", "readable");
    assert!(tokens().define("cors.allowed.origins", "*").faults()[0].starts_with("cors.allowed.origins has *"));
    assert!(scene().define("cors.allowed.origins", "*").faults().is_empty());
    assert!(scene().define("security.anonymous.role", "none").faults()[0].contains("nobody could use the manager"));
    assert!(scene().define("security.tokens.file", "absent").faults()[0].contains("cannot be opened"));
    assert!(scene().define("instance.tls.ca.file", ".").faults()[0].contains("is a folder"));
    let listed = scene().file(json!({"instances": [{}, {}], "registry.instances.max": 1}));
    assert_eq!(listed.faults(), ["2 instances are listed and registry.instances.max is 1; list fewer or raise registry.instances.max"]);
}

#[test]
fn consul_is_asked_for_by_its_host_or_by_name() {
    let choice = |scene: Scene| scene.config().registry.choice;
    assert_eq!(choice(scene()), BackendChoice::Auto);
    assert_eq!(choice(scene().define("registry.backend", "Consul")), BackendChoice::Consul);
    assert_eq!(choice(scene().variable("CONSUL_HOST", "consul")), BackendChoice::Consul);
    let embedded = scene().variable("CONSUL_HOST", "consul").define("registry.backend", "embedded").loaded();
    assert_eq!(embedded.config.registry.choice, BackendChoice::Embedded);
    assert_eq!(embedded.warnings, ["consul.host has no effect because registry.backend is embedded"]);
}

#[test]
fn agents_of_consul_may_be_several_with_ports_of_their_own() {
    let addresses = |text: &str| {
        let consul = scene().define("consul.host", text).define("consul.port", "8501").config().registry.consul;
        consul.addresses.iter().map(|(host, port)| format!("{} {port}", host.as_str())).collect::<Vec<_>>()
    };
    assert_eq!(addresses("a.example, b.example:9000,::1,[::2]:9001"), ["a.example 8501", "b.example 9000", "::1 8501", "::2 9001"]);
    for wrong in ["http://a", "a:", "a:x", "a,,b", "a b"] {
        let faults = scene().define("consul.host", wrong).faults();
        assert!(faults.len() == 1 && faults[0].starts_with("consul.host cannot be read"), "{wrong}: {faults:?}");
    }
}

#[test]
fn the_token_of_consul_is_never_shown() {
    let loaded = scene().define("consul.token.value", "s3cret").loaded();
    assert!(!table(&loaded.effective).contains("s3cret") && !json(&loaded.effective).contains("s3cret"));
    assert_eq!(loaded.config.registry.consul.token.as_deref(), Some("s3cret"));
}

#[test]
fn links_of_kubernetes_are_no_ports() {
    let loaded = scene().variable("SERVICE_MANAGER_PORT", "tcp://10.0.0.7:9090").loaded();
    assert_eq!(loaded.config.server.port, 9090);
    assert!(loaded.warnings[0].starts_with("SERVICE_MANAGER_PORT is 'tcp://10.0.0.7:9090', a link that Kubernetes sets"));
}

#[test]
fn a_source_never_gets_more_than_its_share_of_the_answer() {
    let quick = scene().define("request.timeout", "1000");
    assert_eq!(quick.config().federation.source_timeout, Duration::from_millis(800));
    assert!(quick.loaded().warnings.is_empty());
    let asked = quick.define("federation.source.timeout", "900");
    assert_eq!(asked.loaded().warnings, ["federation.source.timeout is cut to 800 ms, 0.8 times request.timeout"]);
}

#[test]
fn levels_of_java_loggers_become_ours() {
    let config = scene()
        .file(json!({"logging": {"level": {"root": "warn", "dev": {"mars": {"peegeeq": {"servicemanager": "debug"}}}}}}))
        .define("logging.level.dev.mars.peegeeq.servicemanager.health.HealthMonitor", "TRACE")
        .config();
    let levels: Vec<String> = config.logging.levels.iter().map(|(target, level)| format!("{target}={level}")).collect();
    assert_eq!(config.logging.root.to_string(), "warn");
    assert_eq!(levels, ["peegeeq_service_manager=debug", "peegeeq_service_manager::health=trace"]);
}

#[test]
fn the_file_is_a_fault_when_it_cannot_be_used() {
    let mut broken = scene();
    broken.file = Some("{\"service\": {\"port\": }}".to_owned());
    let [fault] = &broken.faults()[..] else { panic!("one fault") };
    assert!(fault.starts_with("no valid JSON: expected value at line 1 column 22, in config.json"), "{fault}");
    let mut missing = scene();
    missing.args.config_file = Some("elsewhere.json".into());
    assert!(missing.faults()[0].starts_with("cannot open the configuration"), "{:?}", missing.faults());
}

#[test]
fn contradictions_are_told_together_with_wrong_values_as_far_as_they_are_known() {
    let open = scene().define("service.bind", "0.0.0.0").define("request.timeout", "soon").define("regoin", "eu");
    let open = open.define("consul.registration", "agent");
    let faults = open.faults();
    let expected = ["request.timeout is", "regoin", "service.bind is 0.0.0.0", "consul.registration is agent"];
    assert!(expected.iter().all(|start| faults.iter().any(|fault| fault.contains(start))) && faults.len() == 4, "{faults:#?}");

    let guarded = scene().define("service.bind", "0.0.0.0").define("security.anonymous.role", "amdin");
    assert_eq!(guarded.faults().len(), 1, "who may come in is not known: {:#?}", guarded.faults());
    let mut broken = scene().define("service.bind", "0.0.0.0").define("consul.registration", "agent").define("consul.host", "c");
    broken.file = Some("{".to_owned());
    let faults = broken.faults();
    assert!(faults.len() == 2 && faults[1].starts_with("consul.registration is agent"), "{faults:#?}");
}

#[test]
fn any_wrong_value_leaves_the_other_rules_standing() {
    for row in SETTINGS {
        let listed = scene().file(json!({row.key: {"no": ["such", "value"]}}));
        let faults = listed.define("cors.allowed.origins", "*").define("security.tokens.file", "nowhere").faults();
        let cors = row.key != "cors.allowed.origins" && row.key != "security.tokens.file";
        assert!(!cors || faults.iter().any(|fault| fault.starts_with("cors.allowed.origins has *")), "{}: {faults:#?}", row.key);
    }
}

#[test]
fn what_is_printed_names_value_and_origin() {
    let said = scene().port("9191").variable("REGION", "eu").define("logging.level.hyper", "debug");
    let loaded = said.file(json!({"service": {"names": ["a.example", "b.example"]}})).loaded();
    let printed = table(&loaded.effective);
    let line = |key: &str| {
        let found = printed.lines().find(|line| line.starts_with(&format!("{key} "))).unwrap_or_default();
        found.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line("service.port"), "service.port 9191 port argument");
    assert_eq!(line("region"), "region eu environment REGION");
    assert_eq!(line("service.names"), "service.names a.example,b.example config.json");
    assert_eq!(line("environment"), "environment development default");
    assert_eq!(line("logging.level.hyper"), "logging.level.hyper DEBUG -Dlogging.level.hyper");
    let parsed: serde_json::Value = serde_json::from_str(&json(&loaded.effective)).expect("JSON");
    assert_eq!(parsed.as_array().map(Vec::len), Some(SETTINGS.len() + 1));
}

/// Another value than the default, which the setting takes.
fn another(key: &str, kind: Kind, default: Default) -> Option<serde_json::Value> {
    let is_default = |text: &str| matches!(default, Default::Is(written) if written == text);
    let text = match kind {
        Kind::Number { min, max, .. } => if is_default(&min.to_string()) { max } else { min }.to_string(),
        Kind::Bytes { min, .. } => min.to_string(),
        Kind::Switch => if is_default("true") { "false" } else { "true" }.to_owned(),
        Kind::Choice(words) => (*words.iter().rev().find(|word| !is_default(word) && **word != "agent" && **word != "none")?).to_owned(),
        Kind::Text | Kind::Path => "readable".to_owned(),
        Kind::Address => "127.0.0.9".to_owned(),
        Kind::Items(setting::ItemRule::Origin) => "https://ops.example".to_owned(),
        Kind::Items(_) => "10.0.0.1".to_owned(),
        Kind::Registrations => return Some(json!([{"instanceId": key}])),
    };
    Some(json!(text))
}

/// Settings of which each is a fault without the other.
const PAIRS: [[&str; 2]; 2] = [["server.tls.cert.file", "server.tls.key.file"], ["instance.tls.cert.file", "instance.tls.key.file"]];

#[test]
fn a_certificate_and_its_key_go_together() {
    for [cert, key] in PAIRS {
        for (set, missing) in [(cert, key), (key, cert)] {
            let faults = scene().define(set, "readable").faults();
            assert!(faults.iter().any(|fault| fault.starts_with(&format!("{set} is set and {missing} is not"))), "{faults:?}");
        }
        let both = format!("{:?}", scene().define(cert, "readable").define(key, "readable").config());
        assert_ne!(both, format!("{:?}", scene().config()));
        assert!(both.contains("PairFiles"), "{both}");
        assert_eq!(scene().define(cert, "absent").define(key, "readable").faults().len(), 1);
    }
}

#[test]
fn every_setting_changes_what_a_room_is_given() {
    // Settings that only matter beside another one.
    let beside = |scene: Scene, key: &str| match key {
        "security.anonymous.role" => scene.define("security.tokens.file", "readable"),
        "server.tls.client.ca.file" => scene.define("server.tls.cert.file", "readable").define("server.tls.key.file", "readable"),
        "logging.file.max-size" | "logging.file.max-history" => scene.define("logging.file.name", "a.log"),
        _ => scene,
    };
    let blank = |scene: Scene, folder: &Path| {
        let environment = |name: &str| scene.environment.get(name).cloned();
        if let Some(text) = &scene.file {
            std::fs::write(folder.join("config.json"), text).expect("a written file");
        }
        let loaded = load(&scene.args, &environment, folder);
        let _ = std::fs::remove_file(folder.join("config.json"));
        format!("{:?}", loaded.expect("a configuration without faults").config)
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("readable"), "").expect("a written file");
    // Those two have one word that is taken, which is their default.
    let one_word = ["metrics.export.format", "consul.registration"];
    for row in SETTINGS.iter().filter(|row| !one_word.contains(&row.key) && !PAIRS.iter().flatten().any(|key| *key == row.key)) {
        let value = another(row.key, row.kind, row.default).expect("another value");
        let before = blank(beside(scene(), row.key), folder.path());
        let by_file = blank(beside(scene(), row.key).file(json!({row.key: value})), folder.path());
        assert_ne!(before, by_file, "{} changes nothing", row.key);
        let Some(text) = value.as_str() else { continue };
        assert_eq!(blank(beside(scene(), row.key).define(row.key, text), folder.path()), by_file, "-D{}", row.key);
        for variable in row.environment_names() {
            assert_eq!(blank(beside(scene(), row.key).variable(&variable, text), folder.path()), by_file, "{variable}");
        }
    }
}

#[test]
fn extremes_of_every_number_are_taken_or_refused_with_the_limits() {
    for row in SETTINGS {
        let (Kind::Number { min, max, .. } | Kind::Bytes { min, max }) = row.kind else { continue };
        for inside in [min, max] {
            assert!(scene().define(row.key, &inside.to_string()).faults().is_empty(), "{}={inside}", row.key);
        }
        for outside in ["-1".to_owned(), (max + 1).to_string(), u64::MAX.to_string(), "99999999999999999999".to_owned(), String::new()] {
            let faults = scene().define(row.key, &outside).faults();
            assert_eq!(faults.len(), 1, "{}={outside}", row.key);
            assert!(faults[0].starts_with(row.key) && faults[0].ends_with(&row.kind.allowed()), "{}", faults[0]);
        }
    }
}
