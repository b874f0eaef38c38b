//! Contexts and the file they are in.

use std::os::unix::fs::PermissionsExt;

use crate::support::{Launch, TestApp};

fn launch(home: &Launch, arguments: &[&str]) -> Launch {
    Launch::command(arguments).variable("HOME", &home.folder().display().to_string())
}

#[tokio::test]
async fn a_context_is_set_used_and_forgotten() {
    let (app, home) = (TestApp::start().await, Launch::command(&[]));
    let set = launch(&home, &["context", "set", "here", "--server", &app.base()]).run().await;
    assert_eq!(set.code, Some(0), "{set:?}");
    launch(&home, &["context", "set", "away", "--server", "http://127.0.0.1:1"]).run().await;
    // The first one is the current one.
    assert_eq!(launch(&home, &["instances", "list"]).run().await.code, Some(0));
    assert_eq!(launch(&home, &["instances", "list", "--context", "away"]).run().await.code, Some(5));
    launch(&home, &["context", "use", "away"]).run().await;
    assert_eq!(launch(&home, &["instances", "list"]).run().await.code, Some(5));
    let list = launch(&home, &["context", "list"]).run().await;
    assert!(list.out.lines().any(|line| line.starts_with('*') && line.contains("away")), "{}", list.out);
    launch(&home, &["context", "remove", "away"]).run().await;
    assert_eq!(launch(&home, &["context", "use", "away"]).run().await.code, Some(3));
}

#[tokio::test]
async fn a_token_is_kept_only_when_asked_for_and_only_for_the_owner() {
    let home = Launch::command(&[]);
    let refer = ["context", "set", "a", "--server", "http://a", "--token-file", "t"];
    launch(&home, &refer).file("t", "secret-in-a-file").run().await;
    let file = home.folder().join(".config/peegeeq/contexts.json");
    let text = || std::fs::read_to_string(&file).expect("the file");
    assert!(!text().contains("secret") && text().contains("tokenFile"), "{}", text());
    assert_eq!(std::fs::metadata(&file).expect("the file").permissions().mode() & 0o777, 0o600);
    let stored = launch(&home, &["context", "set", "a", "--store-token"]).run_with_input("secret-given\n");
    assert_eq!(stored.code, Some(0), "{stored:?}");
    assert!(text().contains("secret-given") && !text().contains("tokenFile"), "{}", text());
    let list = launch(&home, &["context", "list"]).run().await;
    assert!(!list.out.contains("secret") && list.out.contains("stored"), "{}", list.out);
    std::fs::write(&file, "{").expect("a broken file");
    assert_eq!(launch(&home, &["instances", "list"]).run().await.code, Some(2));
}
