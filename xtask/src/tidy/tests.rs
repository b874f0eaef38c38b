//! A sound project passes every rule, and each rule catches a breach planted in it.

use std::collections::BTreeMap;

use super::{Project, check};

const LOCK: &str = "version = 4\n\n[[package]]\nname = \"h2\"\nversion = \"0.4.16\"\n";
const MANIFEST: &str = "[package]\nedition.workspace = true\n\n[dependencies]\n\n[lints]\nworkspace = true\n";

/// The smallest project that breaks no rule.
fn sound() -> BTreeMap<String, String> {
    let files = [
        ("README.md", "See [the map](ARCHITECTURE.md#rooms) and <https://example.com>.\n"),
        ("ARCHITECTURE.md", "# Map\n"),
        ("CHANGELOG.md", "# Changes\n"),
        ("LICENSE", "Apache\n"),
        (".ci/run", "true\n"),
        ("clippy.toml", "\n"),
        ("Cargo.lock", LOCK),
        ("crates/domain/Cargo.toml", MANIFEST),
        ("crates/domain/src/lib.rs", "//! Decides.\n#![no_std]\n#[cfg(test)]\nextern crate std;\n"),
        ("crates/testkit/Cargo.toml", MANIFEST),
        ("crates/testkit/src/lib.rs", "//! Pretends.\n"),
        ("crates/manager/src/lib.rs", "//! Acts.\npub mod api;\npub mod health;\npub mod tasks;\nmod app;\n"),
        ("crates/manager/src/api/mod.rs", "//! HTTP.\nmod wire;\nuse crate::tasks::Tasks;\nuse crate::api::wire::Row;\n"),
        ("crates/manager/src/api/wire.rs", "//! JSON.\n"),
        ("crates/manager/src/app.rs", "//! All.\nuse crate::{api, health};\n"),
        ("crates/manager/src/health/mod.rs", "//! Probes.\nuse crate::tasks;\n"),
        ("crates/manager/src/tasks.rs", "//! Tasks.\nfn start() { tokio::spawn(work()); }\n"),
    ];
    files.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect()
}

fn findings(files: BTreeMap<String, String>) -> Vec<String> {
    check(&Project::of(files)).findings.iter().map(ToString::to_string).collect()
}

/// The findings after `text` was put behind what `path` held.
fn with(path: &str, text: &str) -> Vec<String> {
    let mut files = sound();
    files.entry(path.into()).or_default().push_str(text);
    findings(files)
}

/// The findings after a file was replaced.
fn replaced(path: &str, text: &str) -> Vec<String> {
    let mut files = sound();
    files.insert(path.into(), text.into());
    findings(files)
}

#[track_caller]
fn caught(findings: &[String], beginning: &str) {
    assert!(findings.len() == 1 && findings[0].starts_with(beginning), "expected {beginning:?} alone, found {findings:#?}");
}

#[test]
fn a_sound_project_passes() {
    assert_eq!(findings(sound()), Vec::<String>::new());
}

#[test]
fn shape_is_measured() {
    let health = "crates/manager/src/health/mod.rs";
    caught(&replaced(health, "mod nothing {}\n"), "crates/manager/src/health/mod.rs:1: no //! at the top");
    caught(&with(health, "fn f() { x.unwrap() }\n"), "crates/manager/src/health/mod.rs:3: .unwrap() in product code");
    assert_eq!(with(health, "#[cfg(test)]\nmod tests {\n    fn f() { x.unwrap() }\n}\n"), Vec::<String>::new());
    caught(&with(health, &"\n".repeat(600)), "crates/manager/src/health/mod.rs: 602 lines");
    assert_eq!(with(health, &format!("// a table of data\n{}", "\n".repeat(600))), Vec::<String>::new());
    let long = format!("fn long() {{\n{}}}\n{}", "    x();\n".repeat(69), "fn a() {}\n".repeat(3));
    caught(&with(health, &long), "crates/manager/src/health/mod.rs:3: a function of 71 lines");
    let many = format!("fn many() {{\n{}}}\n", "    x();\n".repeat(10)).repeat(5);
    caught(&with(health, &many), "crates: the median function has 12 lines");
}

#[test]
fn the_spread_of_files_is_measured() {
    let mut files = sound();
    for text in files.iter_mut().filter(|(path, _)| path.ends_with(".rs")).map(|(_, text)| text) {
        text.push_str(&"\n".repeat(351));
    }
    let findings = findings(files);
    assert!(findings.iter().any(|finding| finding.contains("the median file has 35")), "{findings:?}");
    assert!(findings.iter().any(|finding| finding.contains("ninetieth percentile of files has 35")), "{findings:?}");
}

#[test]
fn pages_must_exist_and_links_must_lead_somewhere() {
    for page in ["ARCHITECTURE.md", "CHANGELOG.md", "LICENSE", ".ci/run", "clippy.toml"] {
        let mut files = sound();
        files.remove(page);
        let findings = findings(files);
        assert!(findings.iter().any(|finding| finding.starts_with(&format!("{page}: missing"))), "{findings:?}");
    }
    caught(&with("CHANGELOG.md", "[x](docs/NOWHERE.md)\n"), "CHANGELOG.md:2: the link to docs/NOWHERE.md leads nowhere");
}

#[test]
fn rooms_do_not_know_each_other() {
    let health = "crates/manager/src/health/mod.rs";
    caught(&with(health, "use crate::api::router;\n"), "crates/manager/src/health/mod.rs:3: the room health names the room api");
    caught(
        &with(health, "use crate::{\n    tasks,\n    gateway::forward,\n};\n"),
        "crates/manager/src/health/mod.rs:3: the room health names the room gateway",
    );
    caught(&with(health, "use super::federation;\n"), "crates/manager/src/health/mod.rs:3: the room health names the room federation");
    caught(&with(health, "use crate::config;\n"), "crates/manager/src/health/mod.rs:3: health names config");
    caught(&with(health, "use crate::app;\n"), "crates/manager/src/health/mod.rs:3: health names app");
    caught(&with("crates/manager/src/tasks.rs", "use crate::health;\n"), "crates/manager/src/tasks.rs:3: tasks names the room health");
    caught(&with("crates/manager/src/app.rs", "use crate::api::{wire::Row};\n"), "crates/manager/src/app.rs:3: app names api::wire");
    let api = "crates/manager/src/api/mod.rs";
    caught(
        &with(api, "use crate::health::{HealthHandle, Monitor};\n"),
        "crates/manager/src/api/mod.rs:5: the room api names the room health",
    );
    assert_eq!(with(api, "use crate::health::HealthHandle;\n"), Vec::<String>::new());
    assert_eq!(with(health, "// use crate::api;\nconst X: &str = \"crate::api\";\n"), Vec::<String>::new());
    let mut files = sound();
    files.insert("crates/manager/src/novelty.rs".into(), "//! New.\n".into());
    files.entry("crates/manager/src/lib.rs".into()).or_default().push_str("mod novelty;\n");
    caught(&findings(files), "crates/manager/src/novelty.rs: the module novelty has no place");
}

#[test]
fn tasks_and_queues_are_bounded() {
    let health = "crates/manager/src/health/mod.rs";
    for start in ["tokio::spawn(x)", "std::thread::spawn(x)", "tokio::task::spawn_blocking(x)", "tokio::task::JoinSet::new()"] {
        let found = with(health, &format!("fn f() {{ {start} }}\n"));
        assert!(found.iter().all(|finding| finding.contains("outside tasks.rs")) && !found.is_empty(), "{start}: {found:?}");
    }
    caught(&with(health, "fn f() { mpsc::unbounded_channel() }\n"), "crates/manager/src/health/mod.rs:3: unbounded_channel");
}

#[test]
fn the_core_stays_pure_and_the_pretended_world_independent() {
    let manifest = |entry: &str| MANIFEST.replace("[dependencies]\n", &format!("[dependencies]\n{entry}\n"));
    let domain = "crates/domain/Cargo.toml";
    caught(&replaced(domain, &manifest("serde = \"1\"")), "crates/domain/Cargo.toml:5: domain depends on serde");
    caught(&replaced(domain, &manifest("serde.workspace = true")), "crates/domain/Cargo.toml:5: domain depends on serde");
    assert_eq!(replaced(domain, &manifest("libm = \"0.2\"\nserde = { version = \"1\", optional = true }")), Vec::<String>::new());
    let testkit = manifest("peegeeq-domain = { workspace = true }");
    caught(&replaced("crates/testkit/Cargo.toml", &testkit), "crates/testkit/Cargo.toml:5: testkit depends on peegeeq-domain");
    caught(&replaced("crates/domain/src/lib.rs", "//! Decides.\n"), "crates/domain/src/lib.rs: no #![no_std]");
    caught(&with("crates/domain/src/lib.rs", "extern crate std;\n"), "crates/domain/src/lib.rs:5: extern crate std outside tests");
    caught(&with("crates/manager/clippy.toml", ""), "crates/manager/clippy.toml: a second clippy.toml");
    caught(&replaced(domain, "[package]\nedition.workspace = true\n"), "crates/domain/Cargo.toml: does not use the workspace's lints");
}

#[test]
fn the_lock_file_is_read() {
    caught(&replaced("Cargo.lock", &LOCK.replace("0.4.16", "0.4.15")), "Cargo.lock:4: h2 0.4.15");
    let old = "[[package]]\nname = \"tracing-subscriber\"\nversion = \"0.3.19\"\n";
    caught(&with("Cargo.lock", old), "Cargo.lock:7: tracing-subscriber 0.3.19");
    caught(&with("Cargo.lock", &"[[package]]\nname = \"a\"\n".repeat(450)), "Cargo.lock: 451 locked packages");
}

#[test]
fn files_that_no_mod_names_are_found() {
    caught(
        &with("crates/manager/src/health/forgotten.rs", "//! Forgotten.\n"),
        "crates/manager/src/health/forgotten.rs: no mod names this file",
    );
    let mut files = sound();
    files.insert("crates/manager/src/health/probe_tests.rs".into(), "//! Examples.\n".into());
    files
        .entry("crates/manager/src/health/mod.rs".into())
        .or_default()
        .push_str("#[cfg(test)]\n#[path = \"probe_tests.rs\"]\nmod tests;\n");
    assert_eq!(findings(files), Vec::<String>::new());
}

#[test]
fn words_are_replaced() {
    let health = "crates/manager/src/health/mod.rs";
    for (word, line) in [
        ("TODO", "// TODO: later"),
        ("FIXME", "// FIXME"),
        ("XXX", "// XXX"),
        ("sandbox", "// in a sandbox."),
        ("/work/", "// see /work/x"),
    ] {
        caught(&with(health, &format!("{line}\n")), &format!("crates/manager/src/health/mod.rs:3: the word {word:?}"));
    }
    caught(&with("README.md", "Runs in the sandbox\n"), "README.md:2: the word \"sandbox\"");
    assert_eq!(with("README.md", "https://example.com/work/x TODOS -XX:MaxHeap\n"), Vec::<String>::new());
    for word in ["dbg!", "println!", "eprintln!", "todo!", "unimplemented!"] {
        caught(&with(health, &format!("fn f() {{ {word}(1) }}\n")), &format!("crates/manager/src/health/mod.rs:3: {word}"));
    }
    caught(&with(health, "fn f() { std::process::exit(1) }\n"), "crates/manager/src/health/mod.rs:3: process::exit");
    caught(&with("crates/manager/tests/it/main.rs", "//! It.\nfn f() { dbg!(1) }\n"), "crates/manager/tests/it/main.rs:2: dbg!");
    assert_eq!(
        with("crates/manager/src/cli/mod.rs", "//! Words.\nfn f() { println!(\"x\") }\n").len(),
        1,
        "only that lib.rs does not declare cli"
    );
}

#[test]
fn tests_do_not_sleep_without_a_reason() {
    let test = "crates/manager/tests/it/main.rs";
    caught(&with(test, "//! It.\nfn f() { tokio::time::sleep(x).await }\n"), "crates/manager/tests/it/main.rs:2: a test that sleeps");
    caught(
        &with("crates/manager/src/health/mod.rs", "#[cfg(test)]\nmod tests {\n    fn f() { std::thread::sleep(x) }\n}\n"),
        "crates/manager/src/health/mod.rs:5: a test that sleeps",
    );
    assert_eq!(
        with(test, "//! It.\n// why: the log rotates by the second.\nfn f() { tokio::time::sleep(x).await }\n"),
        Vec::<String>::new()
    );
}
