//! What is said, and the exit code, when something is wrong.

use insta::assert_snapshot;

use super::{ask, said};
use crate::support::{Launch, Plan, TestApp};

#[tokio::test]
async fn each_kind_of_failure_has_its_code_and_its_advice() {
    let app = TestApp::start().await;
    let base = app.base();
    let lines: [(&str, &[&str]); 6] = [
        ("unknown instance", &["instances", "get", "nobody"]),
        ("wrong fields", &["instances", "register", "x", "--host", "", "--port", "0"]),
        ("no path", &["route", "explain", "queues"]),
        ("no address", &["instances", "list", "--server", "ftp://x"]),
        ("no token file", &["instances", "list", "--token-file", "missing"]),
        ("no context", &["instances", "list", "--context", "nobody"]),
    ];
    let mut text = String::new();
    for (name, line) in lines {
        let launch = Launch::command(line).variable("PEEGEEQ_SERVER", &base).variable("XDG_CONFIG_HOME", "config");
        text += &format!("== {name}\n{}", said(&launch.run().await, &[]));
    }
    assert_snapshot!("failures", text);
}

#[tokio::test]
async fn a_manager_that_is_away_is_code_5() {
    let nobody = ask("http://127.0.0.1:1", &["instances", "list"]).await;
    assert_eq!(nobody.code, Some(5), "{nobody:?}");
    assert!(nobody.err.contains("Connection refused") && nobody.err.contains("nothing was sent"), "{}", nobody.err);
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", silent.local_addr().expect("an address"));
    let late = ask(&url, &["overview", "--timeout", "300ms"]).await;
    assert!(late.code == Some(5) && late.err.contains("no answer within 300 ms"), "{late:?}");
    assert_eq!(ask("http://127.0.0.1:1", &["doctor"]).await.code, Some(5));
}

#[tokio::test]
async fn who_may_not_is_told_what_is_missing() {
    let hashed = Launch::command(&["token", "hash", "--name", "eye", "--role", "read"]).run_with_input("a-token-that-nobody-guesses\n");
    let app = Plan::new().file("tokens", &hashed.out).with("-Dsecurity.tokens.file=tokens").start().await;
    let without = ask(&app.base(), &["instances", "list"]).await;
    assert!(without.code == Some(6) && without.err.contains("give a token"), "{without:?}");
    let launch = |line: &[&str]| {
        let launch = Launch::command(line).file("token", "a-token-that-nobody-guesses\n");
        launch.variable("PEEGEEQ_TOKEN_FILE", "token").variable("PEEGEEQ_SERVER", &app.base())
    };
    assert_eq!(launch(&["instances", "list"]).run().await.code, Some(0));
    let reader = launch(&["instances", "register", "a", "--host", "127.0.0.1", "--port", "1"]).run().await;
    assert!(reader.code == Some(6) && reader.err.contains("may look only"), "{reader:?}");
}

/// Settings of a manager that lie around must not keep an operator from asking another one.
#[tokio::test]
async fn faulty_settings_here_do_not_matter() {
    let app = TestApp::start().await;
    let launch = Launch::command(&["instances", "list"]).file("config.json", "{\"nonsense\": 1}").variable("PEEGEEQ_SERVER", &app.base());
    assert_eq!(launch.run().await.code, Some(0));
}

/// `… | head` ends with success.
#[tokio::test]
async fn a_reader_that_has_gone_is_no_failure() {
    let app = TestApp::start().await;
    let line = "\"$0\" instances list --watch=100ms | head -n 1; exit ${PIPESTATUS[0]}";
    let shell = Launch::command(&[]).under(&["bash", "-c", line]).variable("PEEGEEQ_SERVER", &app.base());
    let finished = shell.run().await;
    assert_eq!((finished.code, finished.err.as_str()), (Some(0), ""), "{finished:?}");
}
