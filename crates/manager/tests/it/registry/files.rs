//! Data directories that cannot be used: the manager refuses, says what to do, and touches nothing.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use redb::{Database, TableDefinition};
use rustix::process::Signal;
use serde_json::json;

use crate::support::Launch;

const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");

/// A registry as a manager left it.
async fn used() -> Launch {
    let launch = Launch::serve();
    let manager = launch.start().await;
    manager.register(&json!({"instanceId": "a", "host": "127.0.0.1", "port": 1})).await.expect("registered");
    manager.signal(Signal::TERM);
    assert_eq!(manager.finish().await.code, Some(0));
    launch
}

fn store(launch: &Launch) -> std::path::PathBuf {
    launch.data().join("registry.redb")
}

/// Starts and expects a refusal with this sentence, and the same bytes as before.
async fn is_refused_untouched(launch: &Launch, sentence: &str) {
    let before = std::fs::read(store(launch)).expect("the file");
    let refused = launch.try_start().await.err().expect("a refusal");
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains(sentence) && refused.err.contains("registry.redb"), "{}", refused.err);
    assert!(std::fs::read(store(launch)).expect("the file") == before, "the file was touched");
}

#[tokio::test]
async fn an_empty_file_is_refused() {
    let launch = used().await;
    std::fs::write(store(&launch), b"").expect("emptied");
    is_refused_untouched(&launch, "is empty").await;
}

#[tokio::test]
async fn a_foreign_file_is_refused() {
    let launch = used().await;
    for content in [&b"x"[..], b"SQLite format 3\0 and more", &[0; 4096]] {
        std::fs::write(store(&launch), content).expect("written");
        is_refused_untouched(&launch, "is not a registry file of this product").await;
    }
}

#[tokio::test]
async fn a_truncated_file_is_refused() {
    let launch = used().await;
    let whole = std::fs::read(store(&launch)).expect("the file");
    for length in [whole.len() / 2, 4096, 100] {
        std::fs::write(store(&launch), &whole[..length]).expect("truncated");
        is_refused_untouched(&launch, "").await;
    }
}

#[tokio::test]
async fn a_damaged_file_is_refused() {
    let launch = used().await;
    let mut bytes = std::fs::read(store(&launch)).expect("the file");
    bytes.iter_mut().skip(4096).step_by(3).for_each(|byte| *byte ^= 0x55);
    std::fs::write(store(&launch), bytes).expect("damaged");
    is_refused_untouched(&launch, "was not touched").await;
}

#[tokio::test]
async fn a_file_of_a_later_version_is_refused() {
    let launch = used().await;
    let database = Database::open(store(&launch)).expect("the store");
    let transaction = database.begin_write().expect("a transaction");
    transaction.open_table(META).expect("the table").insert("format", b"99".as_slice()).expect("written");
    transaction.commit().expect("committed");
    drop(database);
    is_refused_untouched(&launch, "has format 99").await;
}

#[tokio::test]
async fn two_managers_do_not_share_a_directory() {
    let launch = Launch::serve();
    let first = launch.start().await;
    let refused = launch.try_start().await.err().expect("a refusal");
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("in use by another manager (process ") && refused.err.contains("data.dir"), "{}", refused.err);
    first.register(&json!({"instanceId": "a", "host": "127.0.0.1", "port": 1})).await.expect("the first is undisturbed");
    first.kill().await;
    assert_eq!(launch.start().await.ids().await, ["a"], "a lock ends with its process");
}

#[tokio::test]
async fn a_directory_that_cannot_be_made_is_told() {
    let launch = Launch::serve().file("taken", "a file");
    for data in ["/proc/nowhere/data", "taken", "taken/below"] {
        let refused = launch.clone().arg(&format!("-Ddata.dir={data}")).try_start().await.err().expect("a refusal");
        assert_eq!(refused.code, Some(1), "{data}: {refused:?}");
        assert!(refused.err.contains("data.dir") && refused.err.trim_end().lines().count() == 1, "{data}: {}", refused.err);
        assert!(refused.err.contains("on the command line (-Ddata.dir)"), "{data}: {}", refused.err);
        let what = if data.starts_with('/') { "cannot be made" } else { "/taken is a file" };
        assert!(refused.err.contains(what), "{data}: {}", refused.err);
    }
}

#[tokio::test]
async fn a_directory_of_somebody_else_is_told() {
    let works = std::process::Command::new("setpriv").args(["--reuid=65534", "--clear-groups", "true"]).status();
    if !works.is_ok_and(|status| status.success()) {
        eprintln!("not run: a_directory_of_somebody_else_is_told: setpriv is missing or may not change the user");
        return;
    }
    let launch = Launch::serve();
    let mode = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a mode");
    mode(launch.folder(), 0o755);
    for of_directory in [0o700, 0o555] {
        std::fs::create_dir_all(launch.data()).expect("a directory");
        mode(launch.data(), of_directory);
        let somebody = launch.clone().under(&["setpriv", "--reuid=65534", "--clear-groups"]);
        let refused = somebody.try_start().await.err().expect("a refusal");
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(refused.err.contains("may not be read and written by this user") && refused.err.contains("chown"), "{}", refused.err);
        assert!(refused.err.contains("data.dir is set by default"), "{}", refused.err);
        assert_eq!(std::fs::read_dir(launch.data()).expect("readable").count(), 0, "nothing was written");
    }
}

#[tokio::test]
async fn a_port_in_use_is_told_before_anything_is_written() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let launch = Launch::command(&["serve", "-Dregistry.backend=embedded"]).arg(&format!("-Dservice.port={port}"));
    let refused = launch.try_start().await.err().expect("a refusal");
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("already in use") && refused.err.contains("-Dservice.port="), "{}", refused.err);
    assert_eq!(refused.err.trim_end().lines().count(), 1);
    assert!(!Path::new(launch.data()).exists(), "nothing was written");
}
